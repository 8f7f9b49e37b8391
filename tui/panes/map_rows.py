"""What a tier looks like in a few rows: every node, a row for each shard, or counts, the broken ones named and a mosaic."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from math import isfinite

from engine.snapshot import Node, NodeState

from ..charts import Glyphs
from ..draw import BOLD, Canvas, Code, Role, cell_len, fit
from ..marks import STATE_MARK, attention_of, mark
from ..safe import safe_text
from ..units import count, duration, rate
from .table import STATE_ORDER, rank, sound

__all__ = ["Kind", "Row", "Widths", "counts", "draw_row", "label", "rows_of", "wanted"]

LOAD_LEVELS = "▁▂▃▄▅"  # never a full cell: rows of a mosaic stay apart, and what is broken stands out
UNKNOWN = "– %"
EACH, MOST = 12, 60  # rows that a tier gets before others have theirs, and that it wants at all
SHORTER = {NodeState.FROZEN: "stuck", NodeState.UNREACHABLE: "cut"}  # where a state's word has five cells
BY_RATE = ("city",)  # tiers whose load is a rate, not a share of their workers


class Kind(Enum):
    """What a row stands for."""

    NODE = auto()
    GROUP = auto()  # a shard: its primary by name, its replicas as marks
    COUNTS = auto()  # ✕2 ◐1 ●397
    MOSAIC = auto()  # one cell a node
    MORE = auto()  # those that found no row of their own


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a tier and the nodes that it stands for."""

    kind: Kind
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Widths:
    """Cells of the parts of a node's row; 0 = left out. They follow the mark, in this order, a blank before each."""

    name: int
    role: int = 0
    bar: int = 0
    load: int = 0
    address: int = 0
    verdict: int = 0
    detail: int = 0

    @property
    def total(self) -> int:
        """Cells of the whole row."""
        parts = (self.name, self.role, self.bar, self.load, self.address, self.verdict, self.detail)
        return 1 + sum(1 + part for part in parts if part)


def groups(nodes: Sequence[Node]) -> list[tuple[Node, ...]]:
    """Nodes by their group (shard), in order of first appearance."""
    found: dict[str, list[Node]] = {}
    for node in nodes:
        found.setdefault(node.group, []).append(node)
    return [tuple(group) for group in found.values()]


def wanted(nodes: Sequence[Node], width: int) -> tuple[int, int]:
    """(rows to show every node, rows to show the tier well). A large tier is shown by its shards or as a mosaic."""
    some = len(groups(nodes)) if any(node.group for node in nodes) else len(nodes)
    well = some if some <= EACH else min(len(nodes), 4)
    if len(nodes) <= MOST:
        return len(nodes), well
    mosaic = 1 + sum(attention_of(node.state) >= 2 for node in nodes) + -(-len(nodes) // max(1, width))
    return max(mosaic, some if some <= MOST else 0), well


def rows_of(nodes: Sequence[Node], room: int, width: int, selected: str = "") -> list[Row]:
    """The tier in at most `room` rows. If not all nodes fit: shards, or counts, then who is broken, then a mosaic of all."""
    if room <= 0 or not nodes:
        return []
    if len(nodes) <= room:
        return [Row(Kind.NODE, (node,)) for node in nodes]
    grouped = groups(nodes)
    if 1 < len(grouped) <= room and any(node.group for node in nodes):
        return [Row(Kind.GROUP, group) for group in grouped]
    everyone = tuple(nodes)
    if room == 1:
        return [Row(Kind.COUNTS, everyone)]
    if len(nodes) <= 2 * room:
        order = sorted(nodes, key=lambda n: rank(n.state))
        at = next((i for i, n in enumerate(order) if n.name == selected), 0)
        if at >= room - 1:  # the selected one has a row in any case; the others stay where they are
            order.insert(room - 2, order.pop(at))
        return [*(Row(Kind.NODE, (node,)) for node in order[: room - 1]), Row(Kind.MORE, tuple(order[room - 1 :]))]
    named = sorted((n for n in nodes if attention_of(n.state) >= 2 or n.name == selected), key=lambda n: rank(n.state))
    space = room - 2 if len(named) > 1 or room > 3 else room - 1
    shown = named[: max(space, 1)] if named else []
    rows = [Row(Kind.COUNTS, everyone), *(Row(Kind.NODE, (node,)) for node in shown)]
    rows += [Row(Kind.MOSAIC, everyone)] * min(room - len(rows), -(-len(nodes) // max(1, width)))
    return rows


def counts(nodes: Sequence[Node], glyphs: Glyphs) -> list[tuple[str, Code]]:
    """How many are in each state, the worst first: ✕2 ◐1 ●397."""
    found: dict[NodeState, int] = {}
    for node in nodes:
        found[node.state] = found.get(node.state, 0) + 1
    return [(f"{mark(s).show(glyphs)}{found[s]}", mark(s).role) for s in sorted(found, key=lambda s: STATE_ORDER[s])]


def label(node: Node) -> str:
    """Its name as the map writes it: a city needs no word before its name there."""
    return node.name.removeprefix("city:")


def load_of(node: Node) -> str:
    """Its load: how busy it is, or for users how much they ask."""
    if node.tier in BY_RATE:
        return rate(node.rate, 0)
    return f"{node.utilisation * 100:.0f} %" if isfinite(node.utilisation) else UNKNOWN


def draw_row(
    canvas: Canvas,
    y: int,
    row: Row,
    widths: Widths,
    glyphs: Glyphs,
    part: tuple[int, int] = (0, 1),
    lit: Collection[str] = (),
) -> None:
    """Draw a row over the width of the canvas. part: (which, of how many) rows of a mosaic; lit: names that trouble reached."""
    if row.kind is Kind.NODE:
        _node(canvas, y, row.nodes[0], widths, glyphs)
        if row.nodes[0].name in lit:
            canvas.paint(0, y, min(canvas.width, 2 + widths.name), Role.FLASH | BOLD)
    elif row.kind is Kind.GROUP:
        _group(canvas, y, row.nodes, glyphs)
        if row.nodes[0].group in lit:
            canvas.paint(0, y, min(canvas.width, cell_len(safe_text(row.nodes[0].group))), Role.FLASH | BOLD)
        for spot in [s for s in canvas.spots if s.target in lit and s.target in {n.name for n in row.nodes}]:
            canvas.relight(spot, Role.FLASH | BOLD)
    elif row.kind in (Kind.COUNTS, Kind.MORE):
        _counts(canvas, y, row.nodes, glyphs, more=row.kind is Kind.MORE)
    else:
        _mosaic(canvas, y, row.nodes, glyphs, *part)


def _node(canvas: Canvas, y: int, node: Node, widths: Widths, glyphs: Glyphs) -> None:
    state = mark(node.state)
    bad = attention_of(node.state) >= 2
    canvas.spot(node.name, 0, y, canvas.width)
    x = canvas.text(0, y, state.show(glyphs), state.role)
    canvas.watch(f"map.{node.name}", node.state, 0, y, 1)
    x = canvas.text(x + 1, y, fit(label(node), widths.name), state.role if bad else Role.TEXT)
    gone = attention_of(node.state) >= 3
    if widths.role:
        role = node.role if not gone else state.word
        x = canvas.text(x + 1, y, fit(role, widths.role), state.role if gone else Role.DIM)
    if widths.bar:
        x = _bar(canvas, x + 1, y, node, widths.bar, glyphs)
    if widths.load:
        words = state.word if gone and not widths.role and not widths.verdict else "" if gone else load_of(node)
        if gone and cell_len(words) > widths.load:
            words = SHORTER.get(node.state, words)
        x = canvas.text(x + 1, y, fit(words, widths.load, ">"), state.role if bad else Role.TEXT)
    if widths.address:
        x = canvas.text(x + 1, y, fit(node.address, widths.address), Role.DIM)
    if widths.verdict:
        verdict = node.verdict or (state.word if node.state is not NodeState.UP and not widths.role else "")
        x = canvas.text(x + 1, y, fit(verdict, widths.verdict), state.role if bad else Role.DIM)
    if widths.detail:
        words = "" if gone or node.tier in BY_RATE else f"{count(node.waiting, 5)} wait {duration(node.p99_ms / 1e3, 7)}"
        canvas.text(x + 1, y, fit(words, widths.detail), Role.DIM)


def _bar(canvas: Canvas, x: int, y: int, node: Node, width: int, glyphs: Glyphs) -> int:
    ascii_only = glyphs is Glyphs.ASCII
    busy = min(1.0, max(0.0, sound(node.utilisation)))
    full = round(busy * width)
    role = mark(node.state).role if attention_of(node.state) else Role.CHART
    x = canvas.text(x, y, ("#" if ascii_only else "━") * full, role)
    return canvas.text(x, y, ("." if ascii_only else "─") * (width - full), Role.FAINT)


def _group(canvas: Canvas, y: int, nodes: tuple[Node, ...], glyphs: Glyphs) -> None:
    """A shard: its name, the primary with mark and name, a mark for each replica, then what is wrong or how busy."""
    primaries = [n for n in nodes if n.role == "primary"]
    others = [n for n in nodes if n.role != "primary"]
    worst = min(nodes, key=lambda n: rank(n.state))
    bad = attention_of(worst.state) >= 2
    x = canvas.text(0, y, fit(nodes[0].group, min(max(3, cell_len(safe_text(nodes[0].group))), 8)), Role.DIM) + 1
    for node in (*primaries, *others):
        state = mark(node.state)
        canvas.spot(node.name, x, y, 1)
        canvas.watch(f"map.{node.name}", node.state, x, y, 1)
        start = x
        x = canvas.text(x, y, fit(state.show(glyphs), min(1, canvas.width - x)), state.role) if x < canvas.width else x
        if node in primaries and x + 8 < canvas.width:
            name = fit(node.name, min(cell_len(safe_text(node.name)), 8))
            x = canvas.text(x + 1, y, name, state.role if attention_of(node.state) >= 2 else Role.TEXT) + 1
            canvas.spot(node.name, start, y, x - start)
    room = canvas.width - x - 1
    lead = primaries[0] if primaries else worst
    words = (f"{worst.name} {worst.verdict or mark(worst.state).word}" if bad else load_of(lead)) if room >= 5 else ""
    canvas.text(
        x + 1, y, fit(words, min(room, cell_len(safe_text(words)))) if words else "", mark(worst.state).role if bad else Role.TEXT
    )


def _counts(canvas: Canvas, y: int, nodes: tuple[Node, ...], glyphs: Glyphs, *, more: bool) -> None:
    """How many in which state and how busy they are on average; `more`: these are the rest."""
    tally = counts(nodes, glyphs)
    x = canvas.text(0, y, fit(f"+{len(nodes)} ", min(canvas.width, 2 + len(str(len(nodes))))), Role.DIM) if more else 0
    gap = 1 if x + sum(len(text) + 1 for text, _ in tally) <= canvas.width + 1 else 0
    for text, code in tally:
        if x + len(text) > canvas.width:
            return
        x = canvas.text(x, y, text, code if more else code | BOLD) + gap
    if more:
        return
    busy = [n.utilisation for n in nodes if isfinite(n.utilisation) and attention_of(n.state) < 3]
    by_rate = nodes[0].tier in BY_RATE or not busy
    mean = rate(sum(n.rate for n in nodes), 0) if by_rate else f"mean {sum(busy) / len(busy) * 100:.0f} %"
    if x + len(mean) <= canvas.width:
        canvas.text(x, y, mean, Role.DIM)


def _mosaic(canvas: Canvas, y: int, nodes: tuple[Node, ...], glyphs: Glyphs, which: int, rows: int) -> None:
    """One row of a mosaic: a cell for each node (or the worst of a few), its height the load, its mark the trouble."""
    cells = canvas.width * rows
    per = -(-len(nodes) // cells) if cells else 1
    for x in range(canvas.width):
        first = (which * canvas.width + x) * per
        some = nodes[first : first + per]
        if not some:
            return
        worst = min(some, key=lambda n: (rank(n.state), -sound(n.utilisation)))
        canvas.spot(worst.name, x, y, 1)
        state = STATE_MARK[worst.state]
        if attention_of(worst.state) or glyphs is Glyphs.ASCII or worst.state is NodeState.STANDBY:
            canvas.text(x, y, state.show(glyphs), state.role)
        else:
            level = round(min(1.0, max(0.0, sound(worst.utilisation))) * (len(LOAD_LEVELS) - 1))
            canvas.text(x, y, LOAD_LEVELS[level], state.role)
