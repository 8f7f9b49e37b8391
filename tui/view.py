"""The viewer's own state as one frozen value, and the pure function that changes it. Nothing of the world is in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .charts import Glyphs
from .draw import Spot

__all__ = [
    "Back",
    "Focus",
    "FocusNext",
    "Freeze",
    "Message",
    "NextGlyphs",
    "Present",
    "Resize",
    "Rise",
    "Search",
    "Select",
    "ViewState",
    "Zoom",
    "sideways",
    "step_through",
    "update",
]


TROUBLE = 2  # the attention from which on a pane goes before those that one looked at lately


@dataclass(frozen=True, slots=True)
class ViewState:
    """What this viewer looks at. `focus`: pane id; `selected`: target or "".

    absent: panes of systems that this world does not have; ladder: there is a stage line; risen: panes in trouble, the worst
    first; worth: those worth a look; recent: panes that had the keyboard, the latest first; slots: who stands where if not all
    have room.
    """

    width: int = 80
    height: int = 24
    glyphs: Glyphs = Glyphs.BRAILLE
    focus: str = ""
    zoomed: bool = False
    selected: str = ""
    filter: str = ""
    frozen: bool = False
    absent: frozenset[str] = frozenset()
    ladder: bool = False
    risen: tuple[str, ...] = ()
    worth: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Present:
    """Which panes have no system to show now (what the viewer looked at may be among them); whether there is a stage line."""

    absent: frozenset[str]
    ladder: bool = False


@dataclass(frozen=True, slots=True)
class Resize:
    """The screen has another size, in cells."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Focus:
    """Give a pane the keyboard; if it has it already, zoom it or back."""

    pane: str


@dataclass(frozen=True, slots=True)
class FocusNext:
    """Give the keyboard to the pane `by` places on, of those in `panes`."""

    by: int
    panes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Select:
    """Select a target (\"\" for none), in a pane if one is named."""

    target: str
    pane: str = ""


@dataclass(frozen=True, slots=True)
class Zoom:
    """Show only the focused pane, or all again."""


@dataclass(frozen=True, slots=True)
class Back:
    """Undo the nearest of zoom, filter, selection, held picture."""


@dataclass(frozen=True, slots=True)
class Search:
    """Show only lines that hold every word of `words`."""

    words: str


@dataclass(frozen=True, slots=True)
class Freeze:
    """Hold the picture, or let it go."""


@dataclass(frozen=True, slots=True)
class NextGlyphs:
    """The next glyph set."""


@dataclass(frozen=True, slots=True)
class Rise:
    """How much attention each pane asks for (pane, 0..3), in table order. The worst come first; of equals, who was before."""

    attention: tuple[tuple[str, int], ...]


Message = Present | Resize | Focus | FocusNext | Select | Zoom | Back | Search | Freeze | NextGlyphs | Rise


def update(state: ViewState, message: Message) -> ViewState:  # noqa: PLR0911 - one case a message
    """The state after `message`."""
    match message:
        case Present(absent, ladder):
            if (absent, ladder) == (state.absent, state.ladder):
                return state
            came = tuple(sorted(state.absent - absent))  # what has just come is what one wants to see
            recent = (*came, *(pane for pane in state.recent if pane not in came))
            kept = replace(state, absent=absent, ladder=ladder, recent=recent)
            return replace(kept, focus="", zoomed=False) if state.focus in absent else kept
        case Resize(width, height):
            return replace(state, width=width, height=height)
        case Focus(pane):
            return _focused(state, pane) if pane != state.focus else replace(state, zoomed=not state.zoomed)
        case FocusNext(by, panes):
            at = panes.index(state.focus) if state.focus in panes else -1 if by > 0 else 0
            return _focused(state, panes[(at + by) % len(panes)]) if panes else state
        case Select(target, pane):
            return replace(_focused(state, pane) if pane else state, selected=target)
        case Zoom():
            return replace(state, zoomed=not state.zoomed)
        case Back():
            return _back(state)
        case Search(words):
            return replace(state, filter=" ".join(words.lower().split()))
        case Freeze():
            return replace(state, frozen=not state.frozen)
        case NextGlyphs():
            sets = list(Glyphs)
            return replace(state, glyphs=sets[(sets.index(state.glyphs) + 1) % len(sets)])
        case Rise(attention):
            return _rise(state, attention)


def _back(state: ViewState) -> ViewState:
    if state.zoomed:
        return replace(state, zoomed=False)
    if state.filter:
        return replace(state, filter="")
    if state.selected:
        return replace(state, selected="")
    return replace(state, frozen=False)


def _focused(state: ViewState, pane: str) -> ViewState:
    return replace(state, focus=pane, recent=(pane, *(other for other in state.recent if other != pane)))


def _rise(state: ViewState, attention: tuple[tuple[str, int], ...]) -> ViewState:
    levels = dict(attention)
    before = {pane: rank for rank, pane in enumerate((*state.risen, *state.worth))}
    order = sorted(levels, key=lambda pane: (-levels[pane], before.get(pane, len(before))))
    risen = tuple(pane for pane in order if levels[pane] >= TROUBLE)
    worth = tuple(pane for pane in order if 0 < levels[pane] < TROUBLE)
    return state if (risen, worth) == (state.risen, state.worth) else replace(state, risen=risen, worth=worth)


def sideways(spots: Sequence[Spot], selected: str, by: int) -> str:
    """The target nearest to the selected one in the next column to the right (`by` > 0) or left; "" if there is none."""
    spots = list({s.target: s for s in reversed(spots)}.values())  # where each stands first: below the map it is only named
    here = next((s for s in spots if s.target == selected), None)
    if here is None:
        return ""

    def gap(spot: Spot) -> int:
        return spot.x - here.x - here.width if by > 0 else here.x - spot.x - spot.width

    beside = [s for s in spots if gap(s) >= 0]
    return min(beside, key=lambda s: (gap(s), abs(s.y - here.y))).target if beside else ""


def step_through(targets: Sequence[str], selected: str, by: int) -> str:
    """The target `by` lines on from the selected one; from none, the first (or last). Ends stop, they do not wrap."""
    if not targets:
        return selected
    if selected not in targets:
        return targets[0] if by > 0 else targets[-1]
    return targets[max(0, min(len(targets) - 1, targets.index(selected) + by))]
