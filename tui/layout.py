"""Where the panes go: a pure function from the size of the screen to regions. There is no size at which it gives up.

Wide and high screens show every pane in two or three columns; small ones the map and the pane that needs attention, one
below the other; very small ones a single pane. The rest is one key away (pages).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .pane import PaneSpec
from .view import ViewState

__all__ = ["Box", "arrange", "bars"]

MIN_PANE = 9  # rows that a pane needs to say more than its title
TWO_COLUMNS, THREE_COLUMNS = 108, 176


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of cells."""

    x: int
    y: int
    width: int
    height: int

    def holds(self, x: int, y: int) -> bool:
        """Whether a cell is in it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


def bars(height: int) -> tuple[int, int]:
    """Rows of header and footer."""
    if height < 8:
        return (1 if height > 2 else 0), 0
    return (1 if height < 20 else 2), 1


def arrange(specs: Sequence[PaneSpec], state: ViewState) -> dict[str, Box]:
    """The box of every pane that is shown, in the order of drawing."""
    specs = [spec for spec in specs if spec.id not in state.absent]
    top, bottom = bars(state.height)
    body = Box(0, top, state.width, max(0, state.height - top - bottom))
    if not specs or body.height == 0:
        return {}
    ids = [spec.id for spec in specs]
    focus = state.focus if state.focus in ids else ids[0]
    if state.zoomed:
        return {focus: body}
    tallest = max((_need(_column(specs, c, 2)) for c in (0, 1)), default=0)
    if state.width >= THREE_COLUMNS and body.height >= MIN_PANE * 3:
        return _columns(specs, body, 3)
    if state.width >= TWO_COLUMNS and body.height >= min(tallest, 28):
        return _columns(specs, body, 2)
    return _pages(ids, body, focus, state)


def _column(specs: Sequence[PaneSpec], column: int, columns: int) -> list[PaneSpec]:
    return [s for s in specs if s.column[columns - 2] == column]


def _need(specs: Sequence[PaneSpec]) -> int:
    return sum(min(spec.rows, MIN_PANE) for spec in specs)


def _columns(specs: Sequence[PaneSpec], body: Box, columns: int) -> dict[str, Box]:
    out: dict[str, Box] = {}
    groups = [group for c in range(columns) if (group := _column(specs, c, columns))]
    for number, group in enumerate(groups):
        x = body.width * number // len(groups)
        width = body.width * (number + 1) // len(groups) - x
        y = body.y
        for spec, rows in zip(group, _share(group, body.height), strict=True):
            if rows > 0:
                out[spec.id] = Box(x, y, width, rows)
            y += rows
    return out


def _share(group: Sequence[PaneSpec], height: int) -> list[int]:
    """Divide `height` among panes by the rows they want; what is over or short is shared in proportion, to the row."""
    want = sum(spec.rows for spec in group)
    out: list[int] = []
    done = wanted = 0
    for spec in group:
        wanted += spec.rows
        edge = height * wanted // want
        out.append(edge - done)
        done = edge
    return out


def _pages(ids: Sequence[str], body: Box, focus: str, state: ViewState) -> dict[str, Box]:
    """Small screens: the first pane (the map), then the focused one or the one that rose, as many as fit."""
    side_by_side = state.width >= TWO_COLUMNS
    across = 2 if side_by_side else 1
    count = max(1, min(len(ids), across * (body.height // MIN_PANE)))
    order = list(dict.fromkeys([ids[0], focus, *([state.risen] if state.risen in ids else []), *ids]))
    if count == 1:
        order = [focus]
    shown = order[:count]
    out: dict[str, Box] = {}
    rows = -(-len(shown) // across)
    for number, pane in enumerate(shown):
        row, column = divmod(number, across)
        wide = across if number < len(shown) - 1 or len(shown) % across == 0 else column + 1
        x = body.width * column // wide
        y = body.height * row // rows
        out[pane] = Box(x, body.y + y, body.width * (column + 1) // wide - x, body.height * (row + 1) // rows - y)
    return out
