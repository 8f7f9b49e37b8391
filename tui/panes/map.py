"""Pane 1, the map: cities, balancers with their address, web, cache and data, every node and link with its live state.

On a narrow or low canvas it is a list of tiers. A tier that does not fit is folded: counts, the broken ones by name, then a
mosaic with a cell for each node. Zoomed it adds a line for every link and every active fault.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from engine.snapshot import Link, Node, NodeState, Snapshot

from ..charts import Glyphs
from ..draw import BOLD, Canvas, Role, cell_len, fit
from ..frame import Verdict
from ..marks import attention_of, mark
from ..pane import Pane, PaneView
from ..ripple import lit
from ..safe import safe_text
from ..units import rate
from .history import fill_with_histories
from .map_plan import Stack, Tier, stacks_of, tiers_of
from .map_rows import Kind, counts, draw_row, label
from .map_strip import draw_strip, flow, strip_rows
from .map_wires import Ends, draw_bus, link_between
from .table import STRONG, Fact, dot, facts, rank

__all__ = ["MapPane"]

LEAST_WIDTH, LEAST_HEIGHT = 50, 6  # below this the map is a list


class MapPane(Pane):
    """The topology, live."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:  # noqa: ARG002 - the contract of Pane
        """Counts by state, from the engine, and the levels of DNS in trouble, which have no place on the map."""
        nodes, levels = snapshot.map.nodes, snapshot.dns.levels
        worst = attention_of(*(n.state for n in nodes), *(k.state for k in snapshot.map.links), *(v.state for v in levels))
        words = [snapshot.map.verdict or ("no nodes yet" if not nodes else "")]
        words += [f"DNS {v.name} {mark(v.state).word}" for v in levels if attention_of(v.state) >= 2]
        return Verdict(" · ".join(filter(None, words)), worst)

    def targets(self, snapshot: Snapshot, view: PaneView) -> Sequence[str]:
        """Nodes tier by tier, then links."""
        nodes = [n.name for tier in tiers_of(_shown(snapshot, view)) for n in tier.nodes]
        return tuple(dict.fromkeys([*nodes, *(k.name for k in snapshot.map.links)]))

    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        """Columns with wires between them, or a list of tiers."""
        nodes = _shown(snapshot, view)
        if not nodes:
            words = "nothing matches the filter" if snapshot.map.nodes else "no nodes yet"
            canvas.text(0, 0, fit(words, min(canvas.width, len(words))), Role.DIM)
            return
        tiers = tiers_of(nodes)
        if canvas.width < LEAST_WIDTH or canvas.height < LEAST_HEIGHT:
            y = _list(canvas, tiers, view.glyphs)
            y = _broken(canvas, y + 1, tiers, view.glyphs)
            draw_strip(canvas.inside(0, y, canvas.width, canvas.height - y), snapshot, view)
            return
        below = strip_rows(canvas.height, view.zoomed, snapshot)
        above = canvas.height - below
        used = _columns(canvas.inside(0, 0, canvas.width, above), tiers, snapshot, view)
        fill_with_histories(canvas.inside(0, 0, canvas.width, above), used, flow(snapshot), view.glyphs)
        if below:
            draw_strip(canvas.inside(0, above, canvas.width, below), snapshot, view)


def _shown(snapshot: Snapshot, view: PaneView) -> list[Node]:
    return [n for n in snapshot.map.nodes if view.matches(n.name, n.tier, n.group, n.at, n.state.value)]


def _columns(canvas: Canvas, tiers: Sequence[Tier], snapshot: Snapshot, view: PaneView) -> int:
    """Draw all columns and the wires between them; returns how many rows were used."""
    stacks, gap = stacks_of(tiers, canvas.width, canvas.height, view.selected)
    links: Sequence[Link] = snapshot.map.links
    reached = lit(snapshot)
    ends = [_stack(canvas, s, view.glyphs, reached) for s in stacks]
    for at, (left, right) in enumerate(pairwise(stacks)):
        joined = link_between(links, left, right)
        draw_bus(canvas, left.x + left.width, gap, ends[at], ends[at + 1], joined, view.glyphs)
    return max((sum(1 + len(t.rows) for t in s.tiers) for s in stacks), default=0)


def _stack(whole: Canvas, stack: Stack, glyphs: Glyphs, reached: Collection[str]) -> Ends:
    """Draw a column, lit what trouble reached; returns where wires may meet it. A title may reach one cell into the gap."""
    canvas = whole.inside(stack.x, 0, stack.width, whole.height)
    y = 0
    ends = Ends({}, {})
    for tier in stack.tiers:
        title = tier.title if len(tier.nodes) == 1 else f"{tier.title} ×{len(tier.nodes)}"
        if cell_len(safe_text(title)) > stack.width + 1:
            title = tier.title
        whole.text(
            stack.x,
            y,
            fit(title, min(stack.width + 1, cell_len(safe_text(title)))),
            Role.FLASH | BOLD if tier.name in reached else Role.DIM | BOLD,
        )
        canvas.spot(tier.name, 0, y, canvas.width)
        ends.titles[tier.name] = y
        y += 1
        mosaics = sum(row.kind is Kind.MOSAIC for row in tier.rows)
        done = 0
        for row in tier.rows:
            draw_row(canvas, y, row, stack.widths, glyphs, (done, mosaics), reached)
            done += row.kind is Kind.MOSAIC
            if row.kind not in (Kind.MOSAIC, Kind.MORE):
                ends.rows[y] = (row.nodes[0].state if row.kind is Kind.NODE else NodeState.UP, tier.name)
            y += 1
    return ends


def _list(canvas: Canvas, tiers: Sequence[Tier], glyphs: Glyphs) -> int:
    """A line for each tier: mark, name, how many in which state, who is broken, how much it does. Returns the rows used."""
    order = list(tiers)
    if len(order) > canvas.height:  # what is broken stays
        order.sort(key=lambda t: -attention_of(*(n.state for n in t.nodes)))
        order = [t for t in tiers if t in order[: canvas.height]]
    for y, tier in enumerate(order):
        worst = min(tier.nodes, key=lambda n: rank(n.state))
        canvas.spot(worst.name if attention_of(worst.state) >= 2 else tier.name, 0, y, canvas.width)
        x = canvas.text(0, y, *dot(worst.state, glyphs)) + 1
        x = canvas.text(x, y, fit(tier.title, 10), STRONG) + 1
        broken = [n for n in sorted(tier.nodes, key=lambda n: rank(n.state)) if attention_of(n.state) >= 2]
        tally = tuple((text + " ", code) for text, code in counts(tier.nodes, glyphs))
        names = tuple((label(n), mark(n.state).role) for n in broken[:1])
        words = tuple((n.verdict or mark(n.state).word, mark(n.state).role) for n in broken[:1])
        more = ((f"+{len(broken) - 1}", Role.DIM),) if len(broken) > 1 else ()
        flow = rate(sum(n.rate for n in tier.nodes), 9)
        facts(
            canvas,
            y,
            (Fact(9, tally), Fact(3, ((flow, Role.DIM),) if not broken else ()), Fact(8, names), Fact(2, words), Fact(4, more)),
            x,
            gap=1,
        )
    return min(len(order), canvas.height)


def _broken(canvas: Canvas, y: int, tiers: Sequence[Tier], glyphs: Glyphs) -> int:
    """Where a list leaves room: every node in trouble with what is wrong. Returns the row after them."""
    nodes = [n for tier in tiers for n in tier.nodes if attention_of(n.state) >= 2]
    for node in sorted(nodes, key=lambda n: rank(n.state))[: max(0, canvas.height - y - 1)]:
        state = mark(node.state)
        canvas.spot(node.name, 0, y, canvas.width)
        items = (
            Fact(9, (dot(node.state, glyphs), (f" {label(node)}", state.role))),
            Fact(8, ((node.verdict or state.word, state.role),)),
        )
        facts(canvas, y, items, gap=2)
        y += 1
    return y
