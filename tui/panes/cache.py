"""Pane 4, the cache: how many look-ups hit, what became of the rest, node by node; hot keys; why it fell."""

from __future__ import annotations

from collections.abc import Sequence

from engine.snapshot import Cache, CacheNode, HotKey, NodeState, Snapshot

from ..charts import Glyphs
from ..draw import BOLD, Canvas, Role, cell_len, fit
from ..frame import Verdict
from ..marks import attention_of, mark
from ..pane import Pane, PaneView
from ..safe import safe_text
from ..units import count, duration, percent, rate
from .history import History, fill_with_histories, room_for_histories
from .settings import draw_settings, on_off
from .table import Column, Fact, Table, after, dot, draw_lines, facts, named, rank, sound, spark, tendency

__all__ = ["CachePane"]

COLUMNS = (
    Column("mark", 1, 9),
    Column("name", 8, 9, 4),
    Column("hit", 6, 8, 0, ">", "hits"),
    Column("trend", 8, 4, 12),
    Column("rate", 8, 7, 0, ">", "look-ups"),
    Column("evict", 8, 3, 0, ">", "evict"),
    Column("fill", 8, 2, 8, "<", "full"),
    Column("keys", 6, 1, 0, ">", "keys"),
    Column("words", 11, 5, 34),
)
HOT = (
    Column("key", 10, 9, 0, "<", "hot key"),
    Column("share", 6, 7, 0, ">", "share"),
    Column("bar", 8, 3, 24),
    Column("rate", 8, 8, 0, ">", "rate"),
    Column("home", 8, 6, 6, "<", "home"),
    Column("cached", 8, 5, 6, "<", ""),
)
STALE = 0.01  # share of stale hits that is more than the ordinary
FALLEN = 0.03  # hits that fell by this much in a minute ask for a look


class CachePane(Pane):
    """Hit rates, counted from look-ups."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:  # noqa: ARG002 - the contract of Pane
        """The engine's words; a hit rate that fell asks for attention even when every node is up."""
        part = snapshot.cache
        worst = attention_of(*(n.state for n in part.nodes))
        early = part.hit_trend[-30:-10]
        if early and part.rate > 0 and sum(early) / len(early) - part.hit_share > FALLEN:
            worst = max(worst, 1)
        return Verdict(part.verdict or ("no cache yet" if not part.nodes else ""), worst)

    def targets(self, snapshot: Snapshot, view: PaneView) -> Sequence[str]:
        """Cache nodes, trouble first; zoomed also hot keys."""
        hot = [str(h.key) for h in snapshot.cache.hot] if view.zoomed else []
        return tuple(dict.fromkeys([*(n.name for n in _order(snapshot.cache, view)), *hot]))

    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        """Facts, nodes, then what there is room for: hot keys; zoomed history and settings."""
        part = snapshot.cache
        rows = _order(part, view)
        y = 0
        if canvas.height >= 4 or not rows:
            _now(canvas, 0, part, view.glyphs)
            y = 1
        if canvas.height >= len(rows) + 4:
            _why(canvas, 1, part)
            y = 2
        height = canvas.height - room_for_histories(canvas, _charts(part), zoomed=view.zoomed)
        if view.zoomed:
            y += 1 + draw_settings(canvas.inside(0, y + 1, canvas.width, height - y - 1), _settings(part), ("entries",)) + 1
        table = Table(canvas, named(COLUMNS, (n.name for n in rows)))
        at = next((i for i, n in enumerate(rows) if n.name == view.selected), -1)
        y = draw_lines(table, y, height, len(rows), at, view, lambda y, i: _row(table, y, rows[i], view.glyphs))
        if height - y >= 3 and part.hot:
            _hot(canvas.inside(0, y + 1, canvas.width, height - y - 1), part.hot, view.glyphs)
            y = min(height, y + 2 + len(part.hot))
        fill_with_histories(canvas, y, _charts(part), view.glyphs)


def _order(part: Cache, view: PaneView) -> list[CacheNode]:
    return sorted((n for n in part.nodes if view.matches(n.name, n.state.value, n.verdict)), key=lambda n: rank(n.state))


def _now(canvas: Canvas, y: int, part: Cache, glyphs: Glyphs) -> None:
    """The hit rate with its last minute, and what misses cost."""
    length = max(8, min(30, canvas.width - 52))
    known = part.hit_share if part.rate > 0 else None
    facts(
        canvas,
        y,
        (
            Fact(
                9,
                ((percent(known, 6), Role.TEXT | BOLD), (" hits", Role.DIM), (" ", Role.TEXT), tendency(part.hit_trend, glyphs)),
            ),
            Fact(6, ((spark(part.hit_trend, length, glyphs), Role.CHART),)),
            Fact(8, ((rate(part.rate), Role.TEXT),)),
            after(7, rate(part.fills), "fills"),
        ),
        gap=2,
    )


def _why(canvas: Canvas, y: int, part: Cache) -> None:
    """What else became of look-ups and entries, each a second."""
    facts(
        canvas,
        y,
        (
            after(8, rate(part.stale), "stale", Role.SLOW if part.stale > STALE * part.rate else Role.TEXT),
            after(7, rate(part.coalesced), "wait for a fill"),
            after(6, rate(part.expired), "expired"),
            after(5, rate(part.invalidated), "invalidated"),
        ),
        gap=2,
    )


def _charts(part: Cache) -> tuple[History, ...]:
    return (
        ("hits", part.hit_trend, lambda v: percent(v, 0), Role.CHART),
        ("misses", part.miss_trend, lambda v: rate(v, 0), Role.CHART2),
        ("fills from the database", part.fills_trend, lambda v: rate(v, 0), Role.CHART2),
    )


def _settings(part: Cache) -> tuple[tuple[str, str], ...]:
    return (
        ("eviction", part.policy),
        ("ttl", duration(part.ttl, 0) + (" sliding" if part.sliding else " fixed")),
        ("single flight", on_off(part.single_flight)),
        ("early expiry", on_off(part.early_expiry)),
        ("stale while revalidate", duration(part.stale_while_revalidate, 0) if part.stale_while_revalidate else "off"),
        ("writes", part.write_mode),
        ("entries", f"{count(part.entries, 0)} of {count(part.capacity, 0)}"),
    )


def _row(table: Table, y: int, node: CacheNode, glyphs: Glyphs) -> None:
    state = mark(node.state)
    gone = attention_of(node.state) >= 3
    number = Role.DIM if gone else Role.TEXT
    table.canvas.spot(node.name, 0, y, table.canvas.width)
    table.put(y, "mark", *dot(node.state, glyphs))
    table.put(y, "name", node.name, state.role if attention_of(node.state) >= 2 else Role.TEXT)
    words = node.verdict or (state.word if node.state is not NodeState.UP else "")
    if gone and words:  # numbers of a dead node say nothing: the room is for what happened
        x = table.x("hit")
        table.canvas.text(x, y, fit(words, max(0, min(cell_len(safe_text(words)), table.canvas.width - x))), state.role)
        table.canvas.watch(f"cache.{node.name}", words, x, y, 6)
        return
    table.put(y, "hit", percent(node.hit_share if node.rate > 0 else None, 6), number)
    table.put(y, "trend", spark(node.hit_trend, table.width("trend"), glyphs), Role.CHART)
    table.put(y, "rate", rate(node.rate), number)
    table.put(y, "evict", rate(node.evictions), Role.DIM)
    table.bar(y, "fill", node.fill, glyphs, Role.CHART, rail=True)
    table.put(y, "keys", percent(node.key_share, 6), Role.DIM)
    table.put(y, "words", words, state.role if attention_of(node.state) else Role.DIM, watch=f"cache.{node.name}")


def _hot(canvas: Canvas, hot: Sequence[HotKey], glyphs: Glyphs) -> None:
    table = Table(canvas, HOT)
    table.head(0)
    top = max((sound(h.share) for h in hot), default=0.0)
    for y, key in enumerate(hot[: canvas.height - 1], 1):
        canvas.spot(str(key.key), 0, y, canvas.width)
        table.put(y, "key", f"item:{key.key}", Role.ACCENT)
        table.put(y, "share", percent(key.share, 6))
        table.bar(y, "bar", key.share / top if top > 0 else 0.0, glyphs, Role.CHART)
        table.put(y, "rate", rate(key.rate))
        table.put(y, "home", key.home, Role.DIM)
        table.put(y, "cached", "cached" if key.cached else "not cached", Role.OK if key.cached else Role.DIM)
