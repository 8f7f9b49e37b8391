"""Pane 3, the load balancer: who gets which share, how many are open, how fast each answers; who is slow or out comes first."""

from __future__ import annotations

from collections.abc import Sequence

from engine.snapshot import Backend, Balancer, Headline, Node, NodeState, Snapshot

from ..charts import Glyphs
from ..draw import Canvas, Role, cell_len, fit
from ..frame import Verdict
from ..marks import attention_of, mark
from ..pane import Pane, PaneView, window
from ..safe import safe_text
from ..units import count, duration, percent, plain, rate, whole
from .guards import acting, guard_lines, room_for_guards
from .history import History, fill_with_histories, room_for_histories, swing
from .table import STRONG, Column, Fact, Table, before, dot, facts, named, rank, sound, spark, tendency

__all__ = ["BalancerPane"]

COLUMNS = (
    Column("mark", 1, 9),
    Column("name", 7, 9, 6),
    Column("bar", 6, 4, 26),
    Column("share", 6, 8, 0, ">", "share"),
    Column("way", 1, 3),
    Column("rate", 8, 5, 0, ">", "rate"),
    Column("open", 6, 6, 0, ">", "open"),
    Column("p50", 7, 1, 0, ">", "p50"),
    Column("p99", 7, 7, 0, ">", "p99"),
    Column("words", 11, 2, 40),
)
ZOOMED = (
    *COLUMNS[:-1],
    Column("trend", 20, 2, 20, "<", "share, last seconds"),
    Column("weight", 6, 1, 0, ">", "weight"),
    Column("busy", 6, 4, 0, ">", "busy"),
    Column("waits", 6, 3, 0, ">", "waits"),
    Column("at", 6, 0, 4, "<", "zone"),
    COLUMNS[-1],
)
MOVED = 0.03  # of all requests: a share that moved so far within a minute is worth a chart


class BalancerPane(Pane):
    """How the requests are shared out."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:  # noqa: ARG002 - the contract of Pane
        """The engine's words; nobody healthy is the worst that can be said here."""
        part = snapshot.balancer
        worst = attention_of(*(b.state for b in part.backends))
        if part.fail_open or (part.backends and not any(b.healthy for b in part.backends)):
            worst = 3
        verdict = Verdict(part.verdict or ("no web servers yet" if not part.backends else ""), worst)
        return acting(snapshot.automation, verdict)

    def targets(self, snapshot: Snapshot, view: PaneView) -> Sequence[str]:
        """Web servers, trouble first."""
        return tuple(b.name for b in _order(snapshot.balancer, view))

    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        """A line of facts, then the servers; zoomed also history and a row of totals."""
        part = snapshot.balancer
        rows = _order(part, view)
        y = 0
        if canvas.height >= 4 or not rows:
            _facts(canvas, part)
            y = 1
        charts = _charts(part, rows)
        if view.zoomed:
            charts = (charts[0], *_answers(snapshot.headline), *charts[1:3])
        nodes = {node.name: node for node in snapshot.map.nodes} if view.zoomed else {}
        guards = room_for_guards(snapshot.automation, canvas.height, zoomed=view.zoomed)
        height = canvas.height - room_for_histories(canvas, charts, zoomed=view.zoomed) - guards
        table = Table(canvas, named(ZOOMED if view.zoomed else COLUMNS, (b.name for b in rows)))
        if rows and (height - y > len(rows) or view.zoomed):
            table.head(y)
            y += 1
        elif y and table.x("share"):  # no row for titles: they share that of the facts
            canvas.fill(0, 0, canvas.width)
            _facts(canvas.inside(0, 0, table.x("share") - 1, 1), part)
            table.head(0)
        room = height - y
        at = next((i for i, b in enumerate(rows) if b.name == view.selected), -1)
        shown = room - 1 if len(rows) > room > 1 else room
        top = max((sound(b.share) for b in rows), default=0.0)
        lines = window(len(rows), shown, at, view.scroll)
        for line, i in enumerate(lines, y):
            _row(table, line, rows[i], top, view.glyphs)
            _machine(table, line, nodes.get(rows[i].name))
        if len(rows) > room > 1:
            _rest(canvas, y + shown, [b for i, b in enumerate(rows) if i not in lines], view.glyphs)
        foot = y + min(room, len(rows))
        guard_lines(canvas, foot, snapshot.automation, guards, zoomed=view.zoomed)
        fill_with_histories(canvas, foot + guards, charts, view.glyphs)


def _order(part: Balancer, view: PaneView) -> list[Backend]:
    found = [b for b in part.backends if view.matches(b.name, b.state.value, b.verdict)]
    return sorted(found, key=lambda b: (rank(b.state), b.healthy))


def _charts(part: Balancer, rows: Sequence[Backend]) -> tuple[History, ...]:
    """How much is asked, and the shares that moved in the last minute (of those in trouble first)."""
    moved = [b for b in rows if swing(b.share_trend) >= MOVED]
    shares = [(f"share of {b.name}", b.share_trend, _share, Role.CHART2) for b in moved[:3]]
    return (("asked", part.rate_trend, lambda v: rate(v, 0), Role.CHART), *shares)


def _answers(head: Headline) -> tuple[History, ...]:
    """What comes back of what is asked: for whom there is much room."""
    return (
        ("answered well", head.goodput_trend, lambda v: rate(v, 0), Role.CHART),
        ("p99 of all requests", head.p99_trend, lambda v: duration(v / 1e3, 0), Role.CHART2),
        ("share that fails", head.error_trend, _share, Role.DOWN),
    )


def _machine(table: Table, y: int, node: Node | None) -> None:
    """What the server itself says, beside what the balancer sees of it."""
    if node is None:
        return
    busy = Role.SLOW if node.state is NodeState.SLOW else Role.TEXT
    table.put(y, "busy", percent(node.utilisation, 6), busy)
    table.put(y, "waits", count(node.waiting, 5), busy if node.waiting else Role.DIM)
    table.put(y, "at", node.at, Role.DIM)


def _share(value: float) -> str:
    return percent(value, 0)


def _facts(canvas: Canvas, part: Balancer) -> None:
    policy = part.policy.replace("_", " ")
    holder = (("on ", Role.DIM), (part.active, Role.TEXT)) if part.active else (("held by nobody", Role.DOWN),)
    end = facts(
        canvas,
        0,
        (
            Fact(9, ((policy, STRONG),) if policy else ()),
            Fact(10, (("fail open: all are unhealthy, all are tried", Role.DOWN),) if part.fail_open else ()),
            Fact(7, ((rate(part.rate), Role.TEXT),)),
            Fact(5, ((part.address, Role.ACCENT), (" ", Role.TEXT), *holder), part.active) if part.address else Fact(0, ()),
            before(3, "sent again", whole(part.redispatched)),
            before(2, "private asked", whole(part.refused_private), Role.SLOW if part.refused_private else Role.TEXT),
        ),
        gap=2,
    )
    canvas.watch("balancer.policy", part.policy, 0, 0, min(end, len(policy)))


def _row(table: Table, y: int, backend: Backend, top: float, glyphs: Glyphs) -> None:
    state = mark(backend.state)
    gone = attention_of(backend.state) >= 3 or not backend.healthy
    number = Role.DIM if gone else Role.TEXT
    table.canvas.spot(backend.name, 0, y, table.canvas.width)
    table.put(y, "mark", *dot(backend.state, glyphs))
    table.put(y, "name", backend.name, state.role if attention_of(backend.state) >= 2 else Role.TEXT)
    words = backend.verdict or ("checks fail" if not backend.healthy and not attention_of(backend.state) else "")
    words = words or (state.word if backend.state is not NodeState.UP else "")
    if gone and words and not backend.rate:  # it gets nothing: the room of its numbers is for why
        x = table.x("bar") if table.width("bar") else table.x("share")
        role = state.role if attention_of(backend.state) else Role.DOWN  # the node is well, but nobody is sent there
        table.canvas.text(x, y, fit(words, max(0, min(cell_len(safe_text(words)), table.canvas.width - x))), role)
        table.canvas.watch(f"balancer.{backend.name}", _but_numbers(words), x, y, cell_len(safe_text(words)))
        return
    colour = state.role if attention_of(backend.state) else Role.CHART
    table.bar(y, "bar", backend.share / top if top > 0 else 0.0, glyphs, colour)
    table.put(y, "share", percent(backend.share, 6), number)
    table.put(y, "way", *tendency(backend.share_trend, glyphs))
    table.put(y, "rate", rate(backend.rate), number)
    table.put(y, "open", count(backend.open, 5), number)
    table.put(y, "p50", duration(backend.p50_ms / 1e3 if backend.rate else None), Role.DIM)
    table.put(
        y,
        "p99",
        duration(backend.p99_ms / 1e3 if backend.rate else None),
        state.role if backend.state is NodeState.SLOW else number,
    )
    table.put(y, "trend", spark(backend.share_trend, table.width("trend"), glyphs), Role.CHART)
    table.put(y, "weight", plain(backend.weight), Role.DIM)
    table.put(y, "words", words, state.role if attention_of(backend.state) else Role.DIM)
    if table.width("words"):
        wide = max(1, min(table.width("words"), cell_len(safe_text(words))))
        table.canvas.watch(f"balancer.{backend.name}", _but_numbers(words), table.x("words"), y, wide)


def _but_numbers(words: str) -> str:
    """What flashes when it changes: seconds that count down are no change."""
    return "".join(c for c in words if not c.isdigit())


def _rest(canvas: Canvas, y: int, rest: Sequence[Backend], glyphs: Glyphs) -> None:
    """The servers that found no line: how many, their share together, and the range of their p99."""
    if not rest:
        return
    quick, slow = min(b.p99_ms for b in rest), max(b.p99_ms for b in rest)
    dots = "..." if glyphs is Glyphs.ASCII else "…"
    facts(
        canvas,
        y,
        (
            Fact(9, ((f"+{len(rest)} more", Role.DIM),)),
            Fact(7, ((percent(sum(b.share for b in rest), 6), Role.TEXT),)),
            Fact(6, ((rate(sum(b.rate for b in rest)), Role.TEXT),)),
            before(5, "open", count(sum(b.open for b in rest), 0)),
            before(4, "p99", fit(f"{duration(quick / 1e3, 0)} {dots} {duration(slow / 1e3, 0)}", 17)),
        ),
    )
