"""Pane 6, shards: who owns which part of the ring, what moves, how that compares with theory, and which keys are hot."""

from __future__ import annotations

from collections.abc import Sequence

from engine.snapshot import HotKey, Joins, Shards, ShardShare, Snapshot

from ..charts import Glyphs, gauge
from ..draw import BOLD, REVERSE, Canvas, Code, Role
from ..frame import Verdict
from ..pane import Pane, PaneView
from ..units import count, duration, percent, plain, rate, times
from .history import History, fill_with_histories, room_for_histories, swing
from .settings import draw_settings
from .table import Column, Fact, Table, before, draw_more, facts, named, some_of, sound

__all__ = ["ShardsPane"]

COUNTED = ("writes done again for copies", "reads of copies", "still to move", "moved", "busiest over mean")
SERIES: tuple[Code, ...] = (Role.S0, Role.S1, Role.S2, Role.S3, Role.S4, Role.S5, Role.S6, Role.S7)
NUMBERS = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
COLUMNS = (
    Column("number", 1, 9),
    Column("name", 4, 9, 6),
    Column("bar", 6, 4, 22),
    Column("keys", 6, 8, 0, ">", "keys"),
    Column("load", 6, 7, 0, ">", "load"),
    Column("rate", 8, 5, 0, ">", "rate"),
    Column("p99", 7, 6, 0, ">", "p99"),
    Column("move", 9, 7, 0, ">", "moving"),
    Column("hot", 14, 2, 8, "<", "hottest key"),
)
UNEVEN = 1.5  # the busiest shard over the mean that asks for a look


class ShardsPane(Pane):
    """Placement of keys, and rebalancing."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:  # noqa: ARG002 - the contract of Pane
        """The engine's words; keys on the move and uneven load ask for a look."""
        part = snapshot.shards
        look = part.moving or part.imbalance >= UNEVEN
        return Verdict(part.verdict or ("no shards yet" if not part.shards else ""), int(look))

    def targets(self, snapshot: Snapshot, view: PaneView) -> Sequence[str]:
        """Shards, then hot keys when zoomed."""
        hot = [str(h.key) for h in snapshot.shards.hot] if view.zoomed else []
        return tuple(dict.fromkeys([*(s.name for _, s in _order(snapshot.shards, view)), *hot]))

    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        """The ring as a strip, the move if there is one, shards; then hot keys; zoomed history and settings."""
        part = snapshot.shards
        rows = _order(part, view)
        if not part.shards:
            canvas.text(0, 0, "no shards yet"[: canvas.width], Role.DIM)
            return
        y = 0
        if canvas.height >= 4 and part.ring:
            _ring(canvas, y, part.ring, view.glyphs)
            y += 1
        if canvas.height >= 3:
            y += _move(canvas, y, part, view.glyphs)
        if canvas.height - y >= len(rows) + 2 and not view.zoomed:
            _theory(canvas, y, part)
            y += 1
        height = canvas.height - room_for_histories(canvas, _charts(part), zoomed=view.zoomed)
        if view.zoomed:
            y += 1 + draw_settings(canvas.inside(0, y + 1, canvas.width, height - y - 1), _settings(part), COUNTED) + 1
        table = Table(canvas, named(COLUMNS, (s.name for _, s in rows)))
        if height - y > len(rows):
            table.head(y)
            y += 1
        at = next((i for i, (_, s) in enumerate(rows) if s.name == view.selected), -1)
        top = max((sound(s.load_share) for s in part.shards), default=0.0)
        shown, hidden = some_of(len(rows), height - y, at, view.scroll)
        for i in shown:
            _row(table, y, *rows[i], top, view.glyphs)
            y += 1
        draw_more(canvas, y, hidden, view.glyphs)
        if height - y >= 3 and part.hot:
            _hot(canvas.inside(0, y + 1, canvas.width, height - y - 1), part.hot)
            y += 2
        fill_with_histories(canvas, y, _charts(part), view.glyphs)


def _charts(part: Shards) -> tuple[History, ...]:
    """The move, while there is one and for a minute after it."""
    moved: History = ("keys moved", part.moved_trend, lambda v: count(v, 0), Role.CHART)
    return (moved,) if part.moving or swing(part.moved_trend) > 0 else ()


def _order(part: Shards, view: PaneView) -> list[tuple[int, ShardShare]]:
    """(index, shard): those that take or give keys first, then by index, so that the colours stay in order."""
    shown = [(i, s) for i, s in enumerate(part.shards) if view.matches(s.name)]
    return sorted(shown, key=lambda row: (row[1].moving_in == 0, row[1].moving_out == 0))


def _ring(canvas: Canvas, y: int, ring: Sequence[int], glyphs: Glyphs) -> None:
    """The ring cut open: each cell the number of its owner on the owner's colour; a piece on the move is shaded."""
    n = len(ring)
    for x in range(canvas.width):
        piece = ring[(2 * x + 1) * n // (2 * canvas.width)]
        owner = piece if piece >= 0 else -1 - piece
        colour = SERIES[owner % len(SERIES)]
        if piece < 0:
            canvas.text(x, y, "~" if glyphs is Glyphs.ASCII else "▒", colour)
        else:
            canvas.text(x, y, NUMBERS[owner % len(NUMBERS)], colour | REVERSE)


def _move(canvas: Canvas, y: int, part: Shards, glyphs: Glyphs) -> int:
    """The running move in one line; none when nothing moves."""
    if not part.moving:
        return 0
    planned = part.moved + part.to_move  # to_move is what is left
    done = part.moved / planned if planned > 0 else 0.0
    facts(
        canvas,
        y,
        (
            Fact(9, ((gauge(done, 14, glyphs), Role.CHART), (percent(done), Role.TEXT | BOLD))),
            Fact(
                8,
                ((count(part.moved, 0), Role.TEXT), (" of ", Role.DIM), (count(planned, 0), Role.TEXT), (" keys", Role.DIM)),
            ),
            Fact(7, ((duration(part.eta_s, 0), Role.TEXT), (" left", Role.DIM))),
            Fact(6, ((f"{plain(part.throttle_mb_s)} MB/s", Role.TEXT),)),
        ),
        gap=2,
    )
    return 1


def _theory(canvas: Canvas, y: int, part: Shards) -> None:
    """What moved against what should, and how even the load is."""
    moved = part.moving or part.moved_share > 0
    facts(
        canvas,
        y,
        (
            Fact(9, ((part.placement, Role.TEXT | BOLD),) if part.placement else ()),
            before(8, "moved", percent(part.moved_share, 0)) if moved else Fact(0, ()),
            before(7, "ring theory", percent(part.theory_ring, 0)) if moved else Fact(0, ()),
            before(6, "modulo", percent(part.theory_modulo, 0)) if moved else Fact(0, ()),
            before(7, "busiest", times(part.imbalance), Role.SLOW if part.imbalance >= UNEVEN else Role.TEXT),
            before(3, "read from both", count(part.double_reads, 0)) if moved else Fact(0, ()),
        ),
        gap=2,
    )
    canvas.watch("shards.placement", part.placement, 0, y, len(part.placement))


def _settings(part: Shards) -> tuple[tuple[str, str], ...]:
    return (
        ("placement", part.placement),
        ("throttle", f"{plain(part.throttle_mb_s)} MB/s"),
        ("still to move", count(part.to_move, 0)),
        ("moved", f"{count(part.moved, 0)} = {percent(part.moved_share, 0)} of all"),
        ("ring theory", percent(part.theory_ring, 0)),
        ("modulo theory", percent(part.theory_modulo, 0)),
        ("read from both owners", count(part.double_reads, 0)),
        ("busiest over mean", times(part.imbalance)),
        *_joins(part.joins),
        *((("hot keys split off", ", ".join(map(str, part.split))),) if part.split else ()),
        *(_copies(part) if part.spread else ()),
    )


def _copies(part: Shards) -> tuple[tuple[str, str], ...]:
    return (
        ("hot keys on every shard", ", ".join(map(str, part.spread))),
        ("writes done again for copies", count(part.copied_writes, 0)),
        ("reads of copies", f"{count(part.copy_reads, 0)}, {count(part.copy_stale, 0)} of them stale"),
    )


def _joins(joins: Joins | None) -> tuple[tuple[str, str], ...]:
    if joins is None:
        return ()
    lost = f", {count(joins.failed, 0)} failed" if joins.failed else ""
    return (
        ("joins", f"{count(joins.joins, 0)} of {count(joins.parts, 0)} parts{lost}"),
        ("a join takes", f"{duration(joins.mean_ms / 1e3)}, a part {duration(joins.part_ms / 1e3)}"),
        ("joined data with their key", f"{'yes' if joins.denormalised else 'no'}, {count(joins.rewritten, 0)} writes again"),
    )


def _row(table: Table, y: int, index: int, shard: ShardShare, top: float, glyphs: Glyphs) -> None:
    colour = SERIES[index % len(SERIES)]
    table.canvas.spot(shard.name, 0, y, table.canvas.width)
    table.put(y, "number", NUMBERS[index % len(NUMBERS)], colour | BOLD)
    table.put(y, "name", shard.name)
    table.bar(y, "bar", shard.load_share / top if top > 0 else 0.0, glyphs, colour)
    table.put(y, "keys", percent(shard.key_share, 6))
    table.put(y, "load", percent(shard.load_share, 6))
    table.put(y, "rate", rate(shard.rate), Role.DIM)
    table.put(y, "p99", duration(shard.p99_ms / 1e3), Role.TEXT)
    ways = ("<-", "->") if glyphs is Glyphs.ASCII else ("←", "→")
    if shard.moving_in:
        table.put(y, "move", f"{ways[0]}{count(shard.moving_in, 0)}", Role.ACCENT)
    elif shard.moving_out:
        table.put(y, "move", f"{ways[1]}{count(shard.moving_out, 0)}", Role.DIM)
    if shard.alone and shard.hottest < 0:
        table.put(y, "hot", "for one key", Role.DIM)
    if shard.hottest >= 0:
        table.put(y, "hot", f"item:{shard.hottest} {percent(shard.hottest_share, 0)}", Role.DIM)


def _hot(canvas: Canvas, hot: Sequence[HotKey]) -> None:
    """Hot keys beside one another, the hottest first."""
    items = [
        Fact(50 - n, ((f"item:{h.key} ", Role.ACCENT), (percent(h.share, 0), Role.TEXT), (f" {h.home}", Role.DIM)), str(h.key))
        for n, h in enumerate(hot)
    ]
    facts(canvas, 0, (Fact(99, (("hot", Role.DIM),)), *items), gap=2)
