"""Pane 5, replication: how far each replica is behind, what that costs in stale reads, and a failover as a timeline.

When not every node finds a line, each shard is told in one (its worst replica named) and the worst shards are opened.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.snapshot import Failover, MultiPrimary, NodeState, Replica, Replication, Shard, Snapshot

from ..charts import Glyphs, nice_top
from ..draw import BOLD, Canvas, Role
from ..frame import Verdict
from ..marks import attention_of, mark
from ..pane import Pane, PaneView
from ..units import count, duration, percent, rate, size, whole
from .failover import draw_failovers
from .history import History, fill_with_histories, lively, room_for_histories
from .table import Column, Fact, Table, dot, draw_more, facts, named, rank, some_of, sound, spark

__all__ = ["ReplicationPane"]

COLUMNS = (
    Column("shard", 3, 7, 4, "<", ""),
    Column("mark", 1, 9),
    Column("name", 6, 10, 4),
    Column("role", 7, 3),
    Column("lag", 7, 8, 0, ">", "behind"),
    Column("bar", 6, 4, 14),
    Column("txn", 7, 6, 0, ">", "txn"),
    Column("stale", 6, 5, 0, ">", "stale"),
    Column("rate", 8, 2, 0, ">", "rate"),
    Column("words", 10, 1, 34),
)
ZOOMED = (
    *COLUMNS[:6],
    Column("trend", 12, 2, 18, "<", "last seconds"),
    *COLUMNS[6:8],
    Column("bytes", 8, 1, 0, ">", "bytes"),
    Column("position", 10, 1, 0, ">", "position"),
    Column("busy", 6, 1, 0, ">", "busy"),
    Column("wait", 6, 1, 0, ">", "wait"),
    *COLUMNS[8:],
)
WORTH = 0.01  # seconds behind that a chart is drawn for
LAGS, FAR = 1.0, 10.0  # seconds behind that ask for a look, and that count as degraded
LATELY = 60.0  # seconds for which a failover that is over keeps its lines
Line = tuple[Shard, Replica | None]  # a node of a shard, or the shard as a whole


class ReplicationPane(Pane):
    """The log and who has how much of it."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:  # noqa: ARG002 - the contract of Pane
        """The engine's words; a shard that nobody may write to is the worst."""
        part = snapshot.replication
        nodes = [n for shard in part.shards for n in shard.nodes]
        worst = attention_of(*(n.state for n in nodes))
        lag = max((sound(n.lag_s) for n in nodes), default=0.0)
        worst = max(worst, 2 if lag >= FAR else 1 if lag >= LAGS else 0)
        if any(shard.writable != 1 for shard in part.shards):  # none, or two: split brain
            worst = 3
        words = part.verdict or ("no database yet" if not nodes else "")
        lost = next((n for n in sorted(nodes, key=lambda n: rank(n.state)) if attention_of(n.state) >= 2), None)
        if lost is not None and lost.name not in words and all(shard.writable == 1 for shard in part.shards):
            words = f"{lost.name} {mark(lost.state).word} · {words}"  # calm words about the others are not enough
        return Verdict(words, worst)

    def targets(self, snapshot: Snapshot, view: PaneView) -> Sequence[str]:
        """Database nodes, the worst shard first."""
        return tuple(n.name for shard in _order(snapshot.replication, view) for n in _nodes(shard))

    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        """Facts, a failover if there was one lately, then shards and nodes."""
        part = snapshot.replication
        shards = _order(part, view)
        y = 0
        if canvas.height >= 4 or not shards:
            _facts(canvas, part)
            y = 1
        charts = _charts(part, shards)
        height = canvas.height - room_for_histories(canvas, charts, zoomed=view.zoomed)
        lately = part.failovers if view.zoomed else [f for f in part.failovers if _lately(f, snapshot.now)]
        if lately and height - y >= 5:
            rows = min(height - y - 4, 12 if view.zoomed else 2)
            y += draw_failovers(canvas.inside(0, y, canvas.width, rows), lately, view)
        table = Table(canvas, named(ZOOMED if view.zoomed else COLUMNS, (n.name for s in shards for n in s.nodes)))
        lines = _lines(shards, height - y - 1, view.selected)
        if height - y > len(lines) > 0:
            table.head(y)
            y += 1
        else:
            lines = _lines(shards, height - y, view.selected)
        top = nice_top([n.lag_s for s in shards for n in s.nodes], 0.1)
        at = next((i for i, (_, n) in enumerate(lines) if n is not None and n.name == view.selected), -1)
        shown, hidden = some_of(len(lines), height - y, at, view.scroll)
        for i in shown:
            shard, node = lines[i]
            if node is None:
                _folded(table, y, shard, top, view.glyphs)
            else:
                first = i == 0 or lines[i - 1][0] is not shard or i == shown.start
                _row(table, y, shard if first else None, node, top, view.glyphs)
            y += 1
        draw_more(canvas, y, hidden, view.glyphs)
        fill_with_histories(canvas, y, charts, view.glyphs)


def _order(part: Replication, view: PaneView) -> list[Shard]:
    """Shards, those with the worst state or the most lag first."""
    shown = [s for s in part.shards if view.matches(s.name, *(n.name for n in s.nodes))]

    def key(shard: Shard) -> tuple[int, int]:
        lag = max((sound(n.lag_s) for n in shard.nodes), default=0.0)
        return min((rank(n.state) for n in shard.nodes), default=99), -int(min(lag, 1e9) / LAGS)

    return sorted(shown, key=key)


def _troubled(shard: Shard) -> bool:
    return attention_of(*(n.state for n in shard.nodes)) >= 2 or any(n.lag_s >= LAGS for n in shard.nodes)


def _lately(failover: Failover, now: float) -> bool:
    """Whether it runs, or ended less than LATELY ago."""
    return not failover.done or not failover.steps or now - failover.steps[-1][0] < LATELY


def _nodes(shard: Shard) -> list[Replica]:
    return sorted(shard.nodes, key=lambda n: (rank(n.state), n.role != "primary"))


def _lines(shards: Sequence[Shard], room: int, selected: str) -> list[Line]:
    """All nodes if they fit; else a line a shard, those in trouble (and the selected) opened while there is room."""
    total = sum(len(s.nodes) for s in shards)
    if total <= room:
        return [(s, n) for s in shards for n in _nodes(s)]
    spare = room - len(shards)
    opened: set[str] = set()
    chosen = [s for s in shards if selected and any(n.name == selected for n in s.nodes)]
    for shard in (*chosen, *(s for s in shards if _troubled(s))):
        if shard.name not in opened and len(shard.nodes) - 1 <= spare:
            opened.add(shard.name)
            spare -= len(shard.nodes) - 1
    lines: list[Line] = []
    for shard in shards:
        lines += [(shard, n) for n in _nodes(shard)] if shard.name in opened else [(shard, None)]
    return lines


def _facts(canvas: Canvas, part: Replication) -> None:
    def counted(keep: int, label: str, value: int) -> Fact:
        return Fact(keep, ((whole(value), Role.DOWN if value else Role.TEXT), (" " + label, Role.DIM)))

    mode = part.mode.replace("_", "-")
    fallback = (
        ((mode, Role.TEXT | BOLD), (" fell back to async", Role.SLOW)) if part.semi_sync_fallback else ((mode, Role.TEXT | BOLD),)
    )
    stale = Role.SLOW if part.stale_reads > 0 else Role.TEXT
    facts(
        canvas,
        0,
        (
            Fact(9, fallback if mode else ()),
            *(_writers(part.multi) if part.multi is not None else ()),
            Fact(8, ((rate(part.stale_reads), stale), (" stale reads", Role.DIM))),
            counted(7, "writes lost", part.lost_writes),
            counted(6, "own writes not seen", part.ryw_violations),
            counted(5, "diverged", part.diverged_writes),
        ),
        gap=2,
    )
    canvas.watch("replication.mode", part.mode, 0, 0, len(mode))


def _writers(multi: MultiPrimary) -> tuple[Fact, ...]:
    """What writers who are equals do to each other."""
    waits = ((whole(multi.row_waits), Role.TEXT), (" waits for a row, ", Role.DIM), (duration(multi.row_wait_s, 0), Role.TEXT))
    return (
        Fact(9, ((rate(multi.conflict_rate), Role.SLOW if multi.conflict_rate else Role.TEXT), (" conflicts", Role.DIM))),
        Fact(8, ((whole(multi.overwritten), Role.DOWN if multi.overwritten else Role.TEXT), (" overwritten", Role.DIM))),
        Fact(7, ((whole(multi.rejected), Role.DOWN), (" refused", Role.DIM)) if multi.rejected else ()),
        Fact(7, waits if multi.row_waits else ()),
    )


def _charts(part: Replication, shards: Sequence[Shard]) -> tuple[History, ...]:
    """The farthest of all, then the nodes that are farthest behind now; what was never WORTH a look is no chart."""

    def show(seconds: float) -> str:
        return duration(seconds, 0)

    nodes = sorted((n for s in shards for n in s.nodes if n.role != "primary"), key=lambda n: -sound(n.lag_s))
    found: tuple[History, ...] = (
        ("farthest behind", part.lag_trend, show, Role.CHART2),
        *((f"{n.name} behind", n.lag_trend, show, Role.CHART) for n in nodes),
    )
    return lively(found, WORTH)[:4]


def _row(table: Table, y: int, shard: Shard | None, node: Replica, top: float, glyphs: Glyphs) -> None:
    state = mark(node.state)
    bad = attention_of(node.state) >= 2
    leads = node.role == "primary"
    table.canvas.spot(node.name, 0, y, table.canvas.width)
    if shard is not None:
        table.put(y, "shard", shard.name, Role.DIM)
    table.put(y, "mark", *dot(node.state, glyphs))
    table.put(y, "name", node.name, state.role if bad else Role.TEXT)
    table.put(y, "role", node.role, Role.ACCENT if leads else Role.DIM, watch=f"replication.{node.name}.role")
    table.put(y, "rate", rate(node.writes if leads else node.reads), Role.DIM)
    table.put(y, "position", whole(node.position), Role.DIM)
    table.put(y, "busy", percent(node.utilisation, 6), Role.DIM)
    table.put(y, "wait", count(node.waiting), Role.DIM)
    words = node.verdict or (state.word if node.state is not NodeState.UP else "")
    table.put(y, "words", words, state.role if attention_of(node.state) else Role.DIM, watch=f"replication.{node.name}")
    if leads:
        table.put(y, "lag", "head", Role.DIM)
        return
    if node.state in (NodeState.DOWN, NodeState.FENCED):  # it follows nobody: no seconds tell how far it is
        table.put(y, "lag", "–", Role.DIM)
        table.put(y, "txn", count(node.lag_txn, 7), Role.DIM)
        return
    far = Role.SLOW if node.lag_s >= LAGS else Role.TEXT
    table.put(y, "lag", duration(node.lag_s), far)
    table.bar(y, "bar", node.lag_s / top, glyphs, Role.SLOW if node.lag_s >= LAGS else Role.CHART)
    table.put(y, "trend", spark(node.lag_trend, table.width("trend"), glyphs), Role.CHART2)
    table.put(y, "txn", count(node.lag_txn, 7), Role.TEXT)
    table.put(y, "bytes", size(node.lag_bytes), Role.DIM)
    table.put(y, "stale", percent(node.stale_share, 6), Role.SLOW if node.stale_share > 0 else Role.DIM)


def _folded(table: Table, y: int, shard: Shard, top: float, glyphs: Glyphs) -> None:
    """A shard in one line: its worst replica speaks for it, a mark for each node stands where the words would be."""
    nodes = _nodes(shard)
    replicas = [n for n in nodes if n.role != "primary"] or nodes
    if not nodes:
        table.put(y, "shard", shard.name, Role.DIM)
        return
    trouble = attention_of(nodes[0].state) >= 2
    speaker = nodes[0] if trouble else max(replicas, key=lambda n: sound(n.lag_s))
    _row(table, y, shard, speaker, top, glyphs)
    table.put(y, "role", "".join(dot(n.state, glyphs)[0] for n in nodes), Role.DIM)
