"""How the map is laid out: which tiers stand in which column, how many rows each gets, how wide each column is.

All of it follows from the tiers that exist and the size of the pane, never from live numbers, so that a map stands still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.snapshot import Node

from ..draw import cell_len
from ..safe import safe_text
from .map_rows import Row, Widths, label, rows_of, wanted

__all__ = ["TITLES", "Stack", "Tier", "stacks_of", "tiers_of"]

TITLES = {"city": "users", "balancer": "balancer", "web": "web", "cache": "cache", "db": "data", "store": "sessions",
          "broker": "queue", "worker": "workers", "pop": "CDN"}  # fmt: skip
COLUMNS = (("city",), ("balancer", "pop"), ("web",), ("cache", "store", "db"))
GAP, MOST_GAP = 3, 11
NAME = 10  # cells of a name in a narrow column
# what is added while there is room, in this order: (tier that the column begins with, part, cells)
STEPS = (
    ("web", "load", 5),
    ("cache", "load", 5),
    ("balancer", "role", 7),
    ("city", "load", 8),
    ("*", "gap", 2),
    ("web", "bar", 6),
    ("cache", "bar", 6),
    ("web", "verdict", 14),
    ("cache", "verdict", 14),
    ("balancer", "load", 5),
    ("*", "gap", 6),
    ("cache", "verdict", 12),
    ("cache", "role", 7),
    ("web", "verdict", 10),
    ("web", "address", 11),
    ("cache", "address", 11),
    ("balancer", "address", 11),
    ("web", "bar", 6),
    ("cache", "bar", 6),
    ("web", "detail", 18),
    ("cache", "detail", 18),
    ("balancer", "verdict", 14),
)


@dataclass(slots=True)
class Tier:
    """A tier in a column: its nodes and the rows that it was given."""

    name: str
    nodes: list[Node]
    rows: list[Row] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES.get(self.name, self.name)


@dataclass(slots=True)
class Stack:
    """A column of the map: tiers one below the other."""

    tiers: list[Tier]
    widths: Widths
    x: int = 0
    width: int = 0


def tiers_of(nodes: Sequence[Node]) -> list[Tier]:
    """The tiers that exist: the known ones in the order of a request's way, then others."""
    found: dict[str, list[Node]] = {}
    for node in nodes:
        found.setdefault(node.tier, []).append(node)
    known = [name for column in COLUMNS for name in column]
    names = [name for name in known if name in found] + [name for name in found if name not in known]
    return [Tier(name, found[name]) for name in names]


def stacks_of(tiers: Sequence[Tier], width: int, height: int, selected: str) -> tuple[list[Stack], int]:
    """Columns that fill `width` x `height`, and the gap between them. Tiers without a column of their own stand with the data."""
    place = {name: number for number, names in enumerate(COLUMNS) for name in names}
    by_column: dict[int, list[Tier]] = {}
    for tier in tiers:
        by_column.setdefault(place.get(tier.name, len(COLUMNS) - 1), []).append(tier)
    columns = [by_column[number] for number in sorted(by_column)]
    stacks = [Stack(column, Widths(_name_width(column))) for column in columns]
    gap = _widen(stacks, width)
    x = 0
    for stack in stacks:
        stack.x, stack.width = x, min(stack.widths.total, max(0, width - x))
        x += stack.width + gap
        _give_rows(stack, height, selected)
    return stacks, gap


def _name_width(tiers: Sequence[Tier]) -> int:
    names = [cell_len(safe_text(label(n))) for tier in tiers for n in tier.nodes[:200]]
    titles = [cell_len(tier.title) - 3 for tier in tiers]
    return max(1, min(NAME, max(names, default=1)), *titles)


def _widen(stacks: list[Stack], width: int) -> int:
    """Add parts while they fit; returns the gap."""
    gap = GAP
    gaps = len(stacks) - 1

    def room() -> int:
        return width - sum(s.widths.total for s in stacks) - gap * gaps

    for first, part, cells in STEPS:
        if part == "gap":
            if room() >= cells * gaps:
                gap += cells
            continue
        for stack in stacks:
            if stack.tiers[0].name == first or (first == "cache" and stack.tiers[0].name == "db"):
                had = getattr(stack.widths, part)
                if room() >= cells + (0 if had else 1):
                    stack.widths = replace(stack.widths, **{part: had + cells})
    if stacks and room() > 0:
        last = stacks[-1]
        if last.widths.verdict:
            last.widths = replace(last.widths, verdict=last.widths.verdict + min(room(), 20))
    return min(gap, MOST_GAP)


def _give_rows(stack: Stack, height: int, selected: str) -> None:
    """Share the rows of a column: each tier what it needs to be told well, then all its nodes, in order."""
    tiers = stack.tiers
    room = height - len(tiers)  # a title each
    full, well = zip(*(wanted(tier.nodes, stack.width) for tier in tiers), strict=True)
    given = [0] * len(tiers)
    for goal in ([1] * len(tiers), well, full):
        for at in range(len(tiers)):
            more = max(0, min(goal[at] - given[at], room))
            given[at] += more
            room -= more
    for tier, rows in zip(tiers, given, strict=True):
        tier.rows = rows_of(tier.nodes, rows, stack.width, selected)
