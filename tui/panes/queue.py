"""Pane 0, the message queue: how deep and old it is, what comes and what is done, who does it, what is done twice or never."""

from __future__ import annotations

from collections.abc import Sequence

from engine.snapshot import NodeState, Queue, QueueNode, Snapshot

from ..charts import Glyphs
from ..draw import BOLD, Canvas, Role
from ..frame import CALM, Verdict
from ..marks import attention_of, mark
from ..pane import Pane, PaneView
from ..units import count, duration, percent, rate, whole
from .history import History, fill_with_histories, room_for_histories
from .settings import draw_settings, on_off
from .table import Column, Fact, Table, after, before, dot, draw_lines, facts, named, rank, spark, tendency

__all__ = ["QueuePane"]

COLUMNS = (
    Column("mark", 1, 9),
    Column("name", 8, 9, 4),
    Column("holds", 12, 8, 0, ">", "has"),
    Column("busy", 6, 7, 0, ">", "busy"),
    Column("bar", 6, 3, 18),
    Column("rate", 8, 6, 0, ">", "does"),
    Column("p99", 8, 4, 0, ">", "p99"),
    Column("words", 10, 5, 30),
)
BACKLOG = 2  # messages a thread that wait before the pane asks for a look


class QueuePane(Pane):
    """Depth, age, pace; brokers and workers."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:  # noqa: ARG002 - the contract of Pane
        """The engine's words; a backlog that does not drain is trouble even when every machine is up."""
        part = snapshot.queue
        if part is None:
            return CALM
        worst = attention_of(*(n.state for n in part.nodes))
        if part.ready > BACKLOG * max(1, part.threads):
            worst = max(worst, 1 if part.drains_s > 0 else 2)
        if part.stopped or not part.nodes:
            worst = max(worst, 2 if part.ready else 1)
        return Verdict(part.verdict or "no message yet", worst)

    def targets(self, snapshot: Snapshot, view: PaneView) -> Sequence[str]:
        """The queue, then its machines, trouble first."""
        part = snapshot.queue
        return () if part is None else ("queue", *dict.fromkeys(n.name for n in _order(part, view)))

    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        """Depth and pace, what went wrong, then machines; zoomed history and settings."""
        part = snapshot.queue
        if part is None:
            return
        rows = _order(part, view)
        _depth(canvas, 0, part, view.glyphs)
        y = 1
        if canvas.height >= 3:
            _pace(canvas, 1, part)
            y = 2
        if canvas.height >= 6:
            _wrong(canvas, 2, part)
            y = 3
        height = canvas.height - room_for_histories(canvas, _charts(part), zoomed=view.zoomed)
        if view.zoomed:
            room = canvas.inside(0, y + 1, canvas.width, height - y - 1)
            y += 1 + draw_settings(room, _settings(part)) + 1
        table = Table(canvas, named(COLUMNS, (n.name for n in rows)))
        at = next((i for i, n in enumerate(rows) if n.name == view.selected), -1)
        y = draw_lines(table, y, height, len(rows), at, view, lambda y, i: _row(table, y, rows[i], view.glyphs))
        fill_with_histories(canvas, min(height, y), _charts(part), view.glyphs)


def _order(part: Queue, view: PaneView) -> list[QueueNode]:
    return sorted((n for n in part.nodes if view.matches(n.name, n.state.value, n.verdict)), key=lambda n: rank(n.state))


def _depth(canvas: Canvas, y: int, part: Queue, glyphs: Glyphs) -> None:
    """How many wait, with the last minute, and since when."""
    deep = part.ready > BACKLOG * max(1, part.threads)
    length = max(8, min(30, canvas.width - 52))
    facts(
        canvas,
        y,
        (
            Fact(
                9,
                (
                    (count(part.ready), (Role.SLOW if deep else Role.TEXT) | BOLD), (" wait", Role.DIM), (" ", Role.TEXT),
                    tendency(part.depth_trend, glyphs),
                ),
                "queue",
            ),
            Fact(6, ((spark(part.depth_trend, length, glyphs), Role.CHART),)),
            before(8, "oldest", duration(part.oldest_s, 0), Role.SLOW if deep else Role.TEXT),
            before(7, "empty in", duration(part.drains_s, 0)) if part.drains_s > 0 else Fact(0, ()),
        ),
        gap=2,
    )  # fmt: skip


def _pace(canvas: Canvas, y: int, part: Queue) -> None:
    """What comes, what is done, by how many."""
    facts(
        canvas,
        y,
        (
            after(8, rate(part.in_rate), "in"),
            after(9, rate(part.out_rate), "done"),
            Fact(7, ((f"{whole(part.busy)} of {whole(part.threads)}", Role.TEXT), (" threads at work", Role.DIM))),
            before(6, "ready after", duration(part.ready_p50_ms / 1e3, 0)),
            after(5, rate(part.inline_rate), "done inline", Role.SLOW) if part.inline_rate else Fact(0, ()),
        ),
        gap=2,
    )


def _wrong(canvas: Canvas, y: int, part: Queue) -> None:
    """What was done again, twice, or never."""

    def told(keep: int, value: int, label: str, role: Role) -> Fact:
        return after(keep, whole(value), label, role if value else Role.TEXT)

    facts(
        canvas,
        y,
        (
            told(9, part.redelivered, "delivered again", Role.SLOW),
            told(8, part.duplicates, "done twice", Role.SLOW),
            told(7, part.dead, "dead letters", Role.DOWN),
            told(6, part.refused + part.unsent, "not taken", Role.DOWN),
            told(5, part.lost, "lost", Role.DOWN),
        ),
        gap=2,
    )


def _charts(part: Queue) -> tuple[History, ...]:
    return (
        ("waiting", part.depth_trend, lambda v: count(v, 0), Role.CHART),
        ("age of the oldest", part.age_trend, lambda v: duration(v, 0), Role.CHART2),
        ("in", part.in_trend, lambda v: rate(v, 0), Role.CHART2),
        ("done", part.out_trend, lambda v: rate(v, 0), Role.CHART),
    )


def _settings(part: Queue) -> tuple[tuple[str, str], ...]:
    return (
        ("jobs are done by", "workers" if part.mode == "queue" else "web servers"),
        ("hidden for", duration(part.visibility, 0)),
        ("dead after", f"{whole(part.max_receives)} receives"),
        ("capacity", count(part.capacity, 0) if part.capacity else "no limit"),
        ("written down", on_off(part.persistent)),
        ("workers by backlog", on_off(part.autoscale)),
    )


def _row(table: Table, y: int, node: QueueNode, glyphs: Glyphs) -> None:
    state = mark(node.state)
    number = Role.DIM if attention_of(node.state) >= 3 else Role.TEXT
    table.canvas.spot(node.name, 0, y, table.canvas.width)
    table.put(y, "mark", *dot(node.state, glyphs))
    table.put(y, "name", node.name, state.role if attention_of(node.state) >= 2 else Role.TEXT)
    what = f"{count(node.holds, 0).strip()} ready" if node.kind == "broker" else f"{whole(node.holds)} of {whole(node.threads)}"
    table.put(y, "holds", what, number)
    table.put(y, "busy", percent(node.utilisation, 5), number)
    table.bar(y, "bar", node.utilisation, glyphs, Role.CHART, rail=True)
    table.put(y, "rate", rate(node.rate), number)
    table.put(y, "p99", duration(node.p99_ms / 1e3), Role.DIM)
    words = node.verdict or (state.word if node.state is not NodeState.UP else "")
    table.put(y, "words", words, state.role if attention_of(node.state) else Role.DIM, watch=f"queue.{node.name}")
