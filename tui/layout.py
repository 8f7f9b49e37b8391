"""Where the panes go: a pure function from the size of the screen to regions. There is no size at which it gives up.

Wide and high screens show every pane in columns. Where not all have room, as many as do: the map, the one with the keyboard,
those in trouble, those looked at last; the rest is one key away. Then each keeps its place (`settle`) until it has to leave,
and who comes takes the place of who went: nothing else moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .pane import PaneSpec, always
from .view import ViewState

__all__ = ["Box", "arrange", "bars", "settle", "stage_rows"]

MIN_PANE = 9  # rows that a pane needs to say more than its title
MIN_MAP = 12  # rows of the map beside several others
SHORT, FEW = 7, 4  # so few panes of a column may be a little short before one of them is a page away
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


def stage_rows(state: ViewState) -> int:
    """Rows of the stage line, below the header."""
    return 0 if not state.ladder or state.height < 12 else 1 if state.height < 24 else 2


def arrange(specs: Sequence[PaneSpec], state: ViewState) -> dict[str, Box]:
    """The box of every pane that is shown, in the order of drawing."""
    specs = [spec for spec in specs if spec.id not in state.absent]
    body = _body(state)
    if not specs or body.height == 0:
        return {}
    ids = [spec.id for spec in specs]
    if state.zoomed:
        return {state.focus if state.focus in ids else ids[0]: body}
    columns = _columns(specs, body)
    if columns is not None:
        return _boxes([[spec.id for spec in group] for group in columns], [[s.rows for s in group] for group in columns], body)
    slots, places = _slots(specs, state, body), _places(body)
    groups, begin = [], 0
    for count in places:
        groups.append(list(slots[begin : begin + count]))
        begin += count
    groups = [group for group in groups if group]
    return _boxes(groups, [_weights(len(group), first=not number) for number, group in enumerate(groups)], body)


def settle(specs: Sequence[PaneSpec], state: ViewState) -> tuple[str, ...]:
    """Who stands in which place where not all panes have room; () where they have."""
    specs = [spec for spec in specs if spec.id not in state.absent]
    body = _body(state)
    if not specs or body.height == 0 or _columns(specs, body) is not None:
        return ()
    return _slots(specs, state, body)


def _body(state: ViewState) -> Box:
    top, bottom = bars(state.height)
    top += stage_rows(state)
    return Box(0, top, state.width, max(0, state.height - top - bottom))


def _across(body: Box) -> int:
    return 3 if body.width >= THREE_COLUMNS and body.height >= MIN_PANE * 3 else 2 if body.width >= TWO_COLUMNS else 1


def _columns(specs: Sequence[PaneSpec], body: Box) -> list[list[PaneSpec]] | None:
    """Every pane in its column, or in one with more room if there are too many; None if that is no way to show them all."""
    across = _across(body)
    if across == 1:
        return None
    groups = [[s for s in specs if s.column[across - 2] == c] for c in range(across)]
    while max(map(_need, groups)) > body.height:
        fullest, emptiest = max(groups, key=_need), min(groups, key=_need)
        if _need(emptiest) + _need(fullest[-1:]) >= _need(fullest):
            break
        emptiest.append(fullest.pop())
    groups = [group for group in groups if group]
    longest = max(map(len, groups))
    least = min(max(map(_need, groups)), SHORT * FEW) if longest <= FEW else max(map(_need, groups))
    return groups if body.height >= least else None


def _need(specs: Sequence[PaneSpec]) -> int:
    return sum(min(spec.rows, MIN_PANE) for spec in specs)


def _boxes(groups: Sequence[Sequence[str]], rows: Sequence[Sequence[int]], body: Box) -> dict[str, Box]:
    """Columns of equal width, in each the panes one below the other."""
    out: dict[str, Box] = {}
    for number, group in enumerate(groups):
        x = body.width * number // len(groups)
        width = body.width * (number + 1) // len(groups) - x
        y = body.y
        for pane, height in zip(group, _share(rows[number], body.height), strict=True):
            if height > 0:
                out[pane] = Box(x, y, width, height)
            y += height
    return out


def _share(wants: Sequence[int], height: int) -> list[int]:
    """Divide `height` by the rows that are wanted; what is over or short is shared in proportion, to the row."""
    total = sum(wants)
    out: list[int] = []
    done = wanted = 0
    for rows in wants:
        wanted += rows
        edge = height * wanted // total
        out.append(edge - done)
        done = edge
    return out


def _places(body: Box) -> list[int]:
    """How many places each column has: the first holds the map, which needs more if it is not half of it."""
    first = max(1, min(2, body.height // MIN_PANE), 1 + (body.height - MIN_MAP) // MIN_PANE)
    return [first, *[max(1, body.height // MIN_PANE)] * (_across(body) - 1)]


def _weights(count: int, *, first: bool) -> list[int]:
    return [MIN_MAP if first and count > 2 else MIN_PANE, *[MIN_PANE] * (count - 1)]


def _slots(specs: Sequence[PaneSpec], state: ViewState, body: Box) -> tuple[str, ...]:
    """The panes that have a place, by place, column by column."""
    ids = [spec.id for spec in specs]
    places = _places(body)
    focus = state.focus if state.focus in ids else ids[0]
    special = [spec.id for spec in specs if spec.present is not always]  # not every world has them: this one is about them
    ranked = [pane for pane in (*state.risen, *state.recent, *state.worth, *state.slots, *special) if pane in ids]
    wanted = list(dict.fromkeys([ids[0], focus, *ranked, *ids]))[: sum(places)] if sum(places) > 1 else [focus]
    slots = [pane if pane in wanted else "" for pane in state.slots] if len(state.slots) == len(wanted) else []
    if not slots or slots[0] != wanted[0]:
        slots = _afresh([spec for spec in specs if spec.id in wanted], places)
    newcomers = iter(pane for pane in wanted if pane not in slots)
    return tuple(pane or next(newcomers) for pane in slots)


def _afresh(specs: Sequence[PaneSpec], places: Sequence[int]) -> list[str]:
    """Each pane in its own column while that has a place; "" where one is left for another."""
    columns: list[list[str]] = [[] for _ in places]
    for spec in specs:
        own = spec.column[len(places) - 2] if len(places) > 1 else 0
        if len(columns[own]) < places[own]:
            columns[own].append(spec.id)
    free = len(specs) - sum(map(len, columns))
    for column, count in zip(columns, places, strict=True):
        blanks = min(free, count - len(column))
        column += [""] * blanks
        free -= blanks
    return [pane for column in columns for pane in column]
