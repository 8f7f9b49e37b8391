"""The sessions pane: where sessions are kept, who holds how many, how many get lost and why."""

from __future__ import annotations

from collections.abc import Sequence

from engine.snapshot import LostSessions, NodeState, SessionHome, Sessions, Snapshot

from ..charts import Glyphs
from ..draw import Canvas, Role
from ..frame import CALM, Verdict
from ..marks import attention_of, mark
from ..pane import Pane, PaneView
from ..units import count, duration, percent, rate, size
from .history import History, fill_with_histories, room_for_histories
from .settings import draw_settings, on_off
from .table import STRONG, Column, Fact, Table, after, dot, draw_lines, facts, named, rank, spark, tendency

__all__ = ["SessionsPane"]

COLUMNS = (
    Column("mark", 1, 9),
    Column("name", 8, 9, 4),
    Column("count", 6, 8, 0, ">", "holds"),
    Column("share", 6, 7, 0, ">", "share"),
    Column("bar", 8, 4, 12),
    Column("trend", 8, 3, 12),
    Column("store", 8, 2, 0, "<", "store"),
    Column("rate", 8, 5, 0, ">", "look-ups"),
    Column("words", 12, 6, 30),
)
CAUSES = (
    Column("cause", 18, 9, 8, "<", "lost because"),
    Column("rate", 8, 8, 0, ">", "now"),
    Column("total", 8, 7, 0, ">", "in all"),
)
ENOUGH = 0.01  # share of all requests that lose their sessions: more asks for a look


class SessionsPane(Pane):
    """Sessions, counted place by place."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:  # noqa: ARG002 - the contract of Pane
        """The engine's words; sessions that are lost now, or cannot be asked for, ask for a look."""
        part = snapshot.sessions
        if part is None:
            return CALM
        worst = attention_of(*(home.state for home in part.homes if home.store == part.store))
        lost = part.lost_rate + part.without_rate
        if lost > 0:
            worst = max(worst, 3 if lost > ENOUGH * (part.found_rate + part.started_rate) else 2)
        return Verdict(part.verdict, worst)

    def targets(self, snapshot: Snapshot, view: PaneView) -> Sequence[str]:
        """Servers and store nodes that hold sessions, trouble first."""
        part = snapshot.sessions
        return () if part is None else tuple(dict.fromkeys(h.name for h in _order(part, view) if h.store not in ONE))

    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        """Facts, places, then what there is room for: causes; zoomed settings and history."""
        part = snapshot.sessions
        if part is None:
            return
        rows = _order(part, view)
        y = 0
        if canvas.height >= 4 or not rows:
            _now(canvas, 0, part, view.glyphs)
            y = 1
        if canvas.height >= len(rows) + 3:
            _more(canvas, 1, part)
            y = 2
        height = canvas.height - room_for_histories(canvas, _charts(part), zoomed=view.zoomed)
        if view.zoomed:
            y += 1 + draw_settings(canvas.inside(0, y + 1, canvas.width, height - y - 1), _settings(part)) + 1
        causes = len(part.causes) + 2 if part.causes and height - y >= len(rows) + len(part.causes) + 3 else 0
        y = _places(canvas.inside(0, 0, canvas.width, height - causes), y, rows, view)
        if causes:
            _causes(canvas.inside(0, y + 1, canvas.width, causes - 1), part.causes)
            y += causes
        fill_with_histories(canvas, y, _charts(part), view.glyphs)


ONE = ("database", "cookie")  # stores that are one place


def _order(part: Sessions, view: PaneView) -> list[SessionHome]:
    """Places by trouble, those of the store in use before the others."""
    shown = (h for h in part.homes if view.matches(h.name, h.store, h.state.value, h.verdict))
    return sorted(shown, key=lambda h: (rank(h.state), h.store != part.store))


def _now(canvas: Canvas, y: int, part: Sessions, glyphs: Glyphs) -> None:
    """Where sessions are, how many there are, what is lost."""
    length = max(8, min(24, canvas.width - 58))
    lost = Role.DOWN if part.lost_rate > 0 else Role.TEXT
    stick = (" sticky", Role.ACCENT) if part.sticky else ("", Role.DIM)
    facts(
        canvas,
        y,
        (
            Fact(9, (("in ", Role.DIM), (part.store, STRONG), stick)),
            Fact(8, ((count(part.alive), STRONG), (" alive", Role.DIM), (" ", Role.TEXT), tendency(part.alive_trend, glyphs))),
            Fact(4, ((spark(part.alive_trend, length, glyphs), Role.CHART),)),
            after(7, rate(part.lost_rate), "lost", lost),
            after(6, rate(part.without_rate), "find none", Role.DOWN) if part.without_rate > 0 else Fact(6, ()),
            after(5, rate(part.started_rate), "new"),
        ),
        gap=2,
    )


def _more(canvas: Canvas, y: int, part: Sessions) -> None:
    """How sessions end, how many move, and what their cookies weigh."""
    facts(
        canvas,
        y,
        (
            after(6, rate(part.found_rate), "found"),
            after(5, rate(part.ended_rate), "logged out"),
            after(4, rate(part.expired_rate), "expired"),
            after(7, rate(part.carried_rate), "carried over", Role.ACCENT) if part.carried_rate > 0 else Fact(7, ()),
            after(8, count(part.old), "elsewhere", Role.SLOW) if part.old > 0 else Fact(8, ()),
            after(3, rate(part.query_rate), "queries") if part.query_rate > 0 else Fact(3, ()),
            after(2, f"{size(part.cookie_rate)}/s", "cookies"),
        ),
        gap=2,
    )


def _places(canvas: Canvas, y: int, rows: Sequence[SessionHome], view: PaneView) -> int:
    """A line a place from row y on; returns the row after."""
    stores = {h.store for h in rows}
    told = {"rate": "shared" in stores, "store": len(stores) > 1}  # columns that say something here
    table = Table(canvas, named(tuple(c for c in COLUMNS if told.get(c.id, True)), (h.name for h in rows)))
    at = next((i for i, h in enumerate(rows) if h.name == view.selected), -1)
    return draw_lines(table, y, canvas.height, len(rows), at, view, lambda y, i: _row(table, y, rows[i], view.glyphs))


def _row(table: Table, y: int, home: SessionHome, glyphs: Glyphs) -> None:
    state = mark(home.state)
    gone = attention_of(home.state) >= 3
    if home.store not in ONE:
        table.canvas.spot(home.name, 0, y, table.canvas.width)
    table.put(y, "mark", *dot(home.state, glyphs))
    table.put(y, "name", home.name, state.role if attention_of(home.state) >= 2 else Role.TEXT)
    words = home.verdict or (state.word if home.state is not NodeState.UP else "")
    number = Role.DIM if gone else Role.TEXT
    table.put(y, "count", count(home.sessions, 6), number, watch=f"sessions.{home.store}.{home.name}" if gone else "")
    table.put(y, "share", percent(home.share, 6), number)
    table.bar(y, "bar", home.share, glyphs, Role.CHART, rail=True)
    table.put(y, "trend", spark(home.share_trend, table.width("trend"), glyphs), Role.CHART)
    table.put(y, "store", home.store, Role.DIM)
    table.put(y, "rate", rate(home.rate) if home.store == "shared" else "", number)
    table.put(y, "words", words, state.role if attention_of(home.state) else Role.DIM, watch=f"sessions.{home.name}")


def _causes(canvas: Canvas, causes: Sequence[LostSessions]) -> None:
    table = Table(canvas, CAUSES)
    table.head(0)
    for y, cause in enumerate(causes[: max(0, canvas.height - 1)], 1):
        table.put(y, "cause", cause.cause, Role.DOWN if cause.rate > 0 else Role.TEXT)
        table.put(y, "rate", rate(cause.rate), Role.DOWN if cause.rate > 0 else Role.DIM)
        table.put(y, "total", count(cause.total, 8), watch=f"sessions.lost.{cause.cause}")


def _charts(part: Sessions) -> tuple[History, ...]:
    return (
        ("alive", part.alive_trend, lambda v: count(v, 0), Role.CHART),
        ("lost", part.lost_trend, lambda v: rate(v, 0), Role.CHART2),
    )


def _settings(part: Sessions) -> tuple[tuple[str, str], ...]:
    return (
        ("store", part.store),
        ("sticky", on_off(part.sticky)),
        ("migrate", on_off(part.migrate)),
        ("a lost session", "log in again" if part.on_loss == "login" else part.on_loss),
        ("idle life", duration(part.life, 0)),
        ("mean stay", duration(part.stay, 0) if part.stay else "for ever"),
        ("session", size(part.bytes)),
        ("cookie", size(part.cookie)),
        ("not revoked", count(part.totals.unrevoked, 0)),
    )
