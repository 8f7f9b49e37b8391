"""The lines between the columns of the map: a bus that joins the rows on both sides, coloured by the state of the link."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.snapshot import Link, NodeState

from ..charts import Glyphs
from ..draw import Canvas, Code, Role
from ..marks import attention_of, mark
from ..units import rate
from .map_plan import Stack

__all__ = ["Ends", "draw_bus", "link_between"]

# (left, right, up, down) -> the character of a bus cell
_JOINTS = {
    (1, 0, 0, 1): "┐",
    (1, 0, 1, 0): "┘",
    (1, 0, 1, 1): "┤",
    (0, 1, 0, 1): "┌",
    (0, 1, 1, 0): "└",
    (0, 1, 1, 1): "├",
    (1, 1, 0, 1): "┬",
    (1, 1, 1, 0): "┴",
    (1, 1, 1, 1): "┼",
    (1, 1, 0, 0): "─",
    (0, 0, 1, 1): "│",
    (1, 0, 0, 0): "─",
    (0, 1, 0, 0): "─",
}


@dataclass(frozen=True, slots=True)
class Ends:
    """Where wires meet a column. rows: y -> (state of what stands there, its tier); titles: tier -> y."""

    rows: dict[int, tuple[NodeState, str]]
    titles: dict[str, int]


def link_between(links: Iterable[Link], left: Stack, right: Stack) -> list[Link]:
    """The links that this bus stands for, the worst first."""
    ones, others = {t.name for t in left.tiers}, {t.name for t in right.tiers}
    found = [k for k in links if (k.a in ones and k.b in others) or (k.b in ones and k.a in others)]
    return sorted(found, key=lambda k: -attention_of(k.state))


def draw_bus(canvas: Canvas, x: int, width: int, left: Ends, right: Ends, links: Sequence[Link], glyphs: Glyphs) -> None:
    """A bus in `width` cells from `x` on. A link's way to its tier has the link's state; the bus itself the state of all."""
    ys = [*left.rows, *right.rows]
    if width < 3 or not ys:
        return
    by_tier: dict[str, Link] = {}
    for worst in links:  # the worst comes first
        for tier in (worst.a, worst.b):
            by_tier.setdefault(tier, worst)
    roles = {tier: mark(k.state).role if attention_of(k.state) else Role.BORDER for tier, k in by_tier.items()}
    trunk = next(iter(roles.values()), Role.BORDER) if len(links) == 1 else Role.BORDER
    bus = x + width // 2
    ascii_only = glyphs is Glyphs.ASCII
    for y in range(min(ys), max(ys) + 1):
        on_left, on_right = y in left.rows, y in right.rows
        char = _JOINTS.get((int(on_left), int(on_right), int(y > min(ys)), int(y < max(ys))), "│")
        if ascii_only:
            char = {"│": "|", "─": "-"}.get(char, "+")
        canvas.text(bus, y, char, trunk)
        if on_left:
            _stub(canvas, x, bus, y, left.rows[y][0], trunk, ascii_only)
        link: Link | None = links[0] if links else None
        if on_right:
            state, tier = right.rows[y]
            link = by_tier.get(tier)
            _stub(canvas, bus + 1, x + width, y, state, roles.get(tier, Role.BORDER), ascii_only)
        if link is not None:
            canvas.spot(link.name, x, y, width)
    for tier, y in right.titles.items():
        if tier in by_tier:
            _label(canvas, x, y, width, by_tier[tier], glyphs)


def _stub(canvas: Canvas, start: int, stop: int, y: int, state: NodeState, role: Code, ascii_only: bool) -> None:
    """The way from the bus to a node: broken if nothing comes through."""
    gone = attention_of(state) >= 3
    char = (" " if ascii_only else "╌") if gone else ("-" if ascii_only else "─")
    canvas.text(start, y, char * max(0, stop - start), Role.FAINT if gone else role)


def _label(canvas: Canvas, x: int, y: int, width: int, link: Link, glyphs: Glyphs) -> None:
    """Beside the title of the tier that the link leads to: how much flows through, or what is wrong with it."""
    state = mark(link.state)
    at = x + width // 2
    canvas.watch(f"map.{link.name}", link.state, at, y, 1)
    if attention_of(link.state) >= 2:
        canvas.text(at, y, state.show(glyphs), state.role)
    elif y == 0 and len(text := rate(link.rate, 0)) + 1 <= width:
        canvas.text(x + (width - len(text)) // 2, y, text, Role.DIM)
    canvas.spot(link.name, x, y, width)
