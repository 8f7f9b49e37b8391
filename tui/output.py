"""Send only the cells that changed: a model of the terminal's screen, and updates written as differences to it.

Textual repaints whole rows of widgets and never compares cells; over a slow line that is most of the traffic. `DiffUpdate`
stands in for Textual's own update where the app writes it: it renders the same strips into cells, compares them with what
the terminal already shows, and writes the rest. It uses names of Textual that are not promised (`CompositorUpdate`,
`LayoutUpdate`, `ChopsUpdate`, `Strip.render_ansi`, `App._display`); `supported()` is false if one is missing, and then the
stock output is used. The result is tested to equal stock output cell for cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeGuard

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style
from textual import _compositor
from textual._compositor import CompositorUpdate
from textual.strip import Strip

from .draw import NARROW

if TYPE_CHECKING:
    from rich.console import Console
    from textual._compositor import ChopsUpdate, LayoutUpdate

__all__ = ["DiffUpdate", "Grid", "diffable", "supported"]

# A gap of unchanged cells this long or shorter is written again: cheaper than a cursor movement.
MERGE_GAP = 5


def supported() -> bool:
    """Whether this Textual still has every private name that is used here and by the app."""
    from textual.app import App

    return (
        all(hasattr(_compositor, name) for name in ("CompositorUpdate", "LayoutUpdate", "ChopsUpdate"))
        and hasattr(Strip, "render_ansi")
        and hasattr(App, "_display")
    )


def diffable(update: object) -> TypeGuard[LayoutUpdate | ChopsUpdate]:
    """Whether `update` is one of the two kinds that hold strips of cells (an inline update or a renderable is not)."""
    return isinstance(update, _compositor.LayoutUpdate | _compositor.ChopsUpdate)


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Iterable[Strip]]]:
    """(x, y, strips) of an update, cut as its own `render_segments` cuts them."""
    if isinstance(update, _compositor.LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield update.region.x, y, strips
        return
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x > x2 or end <= x1:
                continue
            whole = x1 <= x < x2 and end <= x2
            yield x, y, (strip if whole else strip.crop(0, min(end, x2) - x),)


class Grid:
    """What the terminal shows: for each cell its character ("" right of a wide one, None if unknown) and its style."""

    def __init__(self) -> None:
        self.size = (0, 0)
        self._chars: list[list[str | None]] = []
        self._styles: list[list[str]] = []
        self._ansi: dict[Style, str] = {}

    def reset(self, width: int = 0, height: int = 0) -> None:
        """Forget everything: after a resize, a suspend, or anything else that may have written to the terminal."""
        self.size = (width, height)
        self._chars = [[None] * width for _ in range(height)]
        self._styles = [[""] * width for _ in range(height)]

    def update(self, update: LayoutUpdate | ChopsUpdate, system: ColorSystem) -> str:
        """Apply an update and return the sequences that make the terminal show it."""
        if isinstance(update, _compositor.LayoutUpdate):
            size = (update.region.right, update.region.bottom)
            if size != self.size:
                self.reset(*size)
        out: list[str] = []
        for x, y, strips in _pieces(update):
            chars, styles = self._cells(strips, system)
            if y < len(self._chars):
                self._write(x, y, chars, styles, out)
        if out:
            out.append("\x1b[0m")
        return "".join(out)

    def _cells(self, strips: Iterable[Strip], system: ColorSystem) -> tuple[list[str | None], list[str]]:
        """Characters and styles, cell by cell. Text that is not plainly one cell a character stays one unit."""
        chars: list[str | None] = []
        styles: list[str] = []
        known = self._ansi
        for strip in strips:
            for text, style, control in strip:
                if control or not text:
                    continue
                if style is None:
                    ansi = ""
                else:
                    found = known.get(style)
                    if found is None:
                        found = known[style] = Strip.render_ansi(style, system)
                    ansi = found
                if NARROW.issuperset(text):
                    chars.extend(text)
                    styles.extend([ansi] * len(text))
                else:
                    width = cell_len(text)
                    if width:
                        chars.append(text)
                        chars.extend([""] * (width - 1))
                        styles.extend([ansi] * width)
        if len(known) > 4096:
            known.clear()
        return chars, styles

    def _write(self, x: int, y: int, chars: list[str | None], styles: list[str], out: list[str]) -> None:
        """Compare a run of cells with row y from column x and write what differs."""
        old_chars, old_styles = self._chars[y], self._styles[y]
        n = min(len(chars), len(old_chars) - x)
        if old_chars[x : x + n] == chars[:n] and old_styles[x : x + n] == styles[:n]:
            return
        changed = [i for i in range(n) if chars[i] != old_chars[x + i] or styles[i] != old_styles[x + i]]
        first = last = -1
        for i in changed:
            if first >= 0 and i - last <= MERGE_GAP:
                last = i
                continue
            if first >= 0:
                self._run(x, y, self._widen(chars, first, last, n), chars, styles, out)
            first = last = i
        if first >= 0:
            self._run(x, y, self._widen(chars, first, last, n), chars, styles, out)
        # A unit that lost its head or tail to this write is unknown now, and will be written when its turn comes.
        if x > 0 and old_chars[x] == "" and chars[0] != "":
            self._unknown(old_chars, x - 1)
        if x + n < len(old_chars) and old_chars[x + n] == "":
            old_chars[x + n] = None
        old_chars[x : x + n] = chars[:n]
        old_styles[x : x + n] = styles[:n]

    @staticmethod
    def _unknown(chars: list[str | None], at: int) -> None:
        while at > 0 and chars[at] == "":
            chars[at] = None
            at -= 1
        chars[at] = None

    @staticmethod
    def _widen(chars: list[str | None], first: int, last: int, n: int) -> range:
        """Whole units only: start at the head of a unit, end after its last cell."""
        while first > 0 and chars[first] == "":
            first -= 1
        stop = last + 1
        while stop < n and chars[stop] == "":
            stop += 1
        return range(first, stop)

    def _run(self, x: int, y: int, cells: range, chars: list[str | None], styles: list[str], out: list[str]) -> None:
        """Write cells one after another; the cursor is placed anew after a unit whose width a terminal may see otherwise."""
        place = True
        current: str | None = None
        for i in cells:
            char = chars[i]
            if not char:
                continue
            if place:
                out.append(f"\x1b[{y + 1};{x + i + 1}H")
                place = False
            if styles[i] != current:
                current = styles[i]
                out.append(f"\x1b[0;{current}m" if current else "\x1b[0m")
            out.append(char)
            place = len(char) > 1 or char not in NARROW


class DiffUpdate(CompositorUpdate):
    """Textual's update, written as the difference to what the terminal shows."""

    def __init__(self, grid: Grid, update: LayoutUpdate | ChopsUpdate) -> None:
        self._grid = grid
        self._update = update

    def render_segments(self, console: Console) -> str:
        """Called by the app when it writes; only then is the model changed."""
        return self._grid.update(self._update, console._color_system or ColorSystem.TRUECOLOR)
