"""Send only the cells that changed: a model of the terminal's screen, and updates written as differences to it.

Textual repaints whole rows of widgets and never compares cells; over a slow line that is most of the traffic. A `Grid` takes
Textual's updates, renders the same strips into cells, compares them with what the terminal already shows, and gives out the
difference, all at once or in portions. It uses names of Textual that are not promised (`CompositorUpdate`,
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

__all__ = ["Difference", "Grid", "diffable", "supported"]

# A gap of unchanged cells this long or shorter is written again: cheaper than a cursor movement.
MERGE_GAP = 5
# Spans of a row that are kept apart, each with its turn; more are joined.
MOST_SPANS = 6


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


class Rows:
    """Cells by row: for each its character ("" right of a wide one, None if unknown) and its style."""

    def __init__(self, width: int = 0, height: int = 0) -> None:
        self.chars: list[list[str | None]] = [[None] * width for _ in range(height)]
        self.styles: list[list[str]] = [[""] * width for _ in range(height)]

    def put(self, x: int, y: int, chars: list[str | None], styles: list[str]) -> None:
        """Overwrite cells of row y from column x. A unit that loses its head or tail to this is unknown from now on."""
        row, n = self.chars[y], len(chars)
        if x > 0 and row[x] == "" and chars[0] != "":
            at = x - 1
            while at > 0 and row[at] == "":
                row[at] = None
                at -= 1
            row[at] = None
        if x + n < len(row) and row[x + n] == "":
            row[x + n] = None
        row[x : x + n] = chars
        self.styles[y][x : x + n] = styles


class Grid:
    """What the terminal should show, what it does show, and where the two differ.

    Differences are kept as spans of cells by the update they came with, and written newest first: what a key has just opened
    comes before what an older repaint has left to do, which is what makes a slow line answer.
    """

    def __init__(self) -> None:
        self.size = (0, 0)
        self._wanted = Rows()
        self._shown = Rows()
        self._spans: list[list[tuple[int, int, int]]] = []  # by row: (update's number, first cell, last + 1), oldest first
        self._number = 0
        self._ansi: dict[Style, str] = {}

    def reset(self, width: int = 0, height: int = 0) -> None:
        """Forget everything: after a resize, a suspend, or anything else that may have written to the terminal."""
        self.size = (width, height)
        self._wanted, self._shown = Rows(width, height), Rows(width, height)
        self._spans = [[] for _ in range(height)]

    @property
    def pending(self) -> bool:
        """Whether something is left to be written."""
        return any(self._spans)

    def put(self, update: LayoutUpdate | ChopsUpdate, system: ColorSystem) -> None:
        """Take over what an update wants to be shown."""
        if isinstance(update, _compositor.LayoutUpdate):
            size = (update.region.right, update.region.bottom)
            if size != self.size:
                self.reset(*size)
        self._number += 1
        for x, y, strips in _pieces(update):
            if y < len(self._spans):
                self._want(x, y, *self._cells(strips, system))

    def _want(self, x: int, y: int, chars: list[str | None], styles: list[str]) -> None:
        old_chars, old_styles = self._wanted.chars[y], self._wanted.styles[y]
        n = min(len(chars), len(old_chars) - x)
        del chars[n:], styles[n:]
        if old_chars[x : x + n] == chars and old_styles[x : x + n] == styles:
            return
        changed = [i for i in range(n) if chars[i] != old_chars[x + i] or styles[i] != old_styles[x + i]]
        self._wanted.put(x, y, chars, styles)
        first, last = x + changed[0], x + changed[-1] + 1
        spans = [span for span in self._spans[y] if span[1] < first or span[2] > last]
        if len(spans) >= MOST_SPANS:
            (number, one, end), (_, other, stop) = spans[0], spans[1]
            spans[:2] = [(number, min(one, other), max(end, stop))]
        self._spans[y] = [*spans, (self._number, first, last)]

    def take(self, room: int) -> str:
        """The sequences that make the terminal show what is wanted; the newest about `room` bytes of them, at least one span."""
        out: list[str] = []
        length = 0
        todo = sorted((-number, y, first, last) for y, spans in enumerate(self._spans) for number, first, last in spans)
        for number, y, first, last in todo:
            if length >= room:
                break
            start = len(out)
            self._write(y, first, last, out)
            self._spans[y].remove((-number, first, last))
            length += sum(len(part) if part.isascii() else len(part.encode()) for part in out[start:])
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

    def _write(self, y: int, first: int, last: int, out: list[str]) -> None:
        """Write what differs of row y from cell `first` to before `last`, whole units."""
        row = self._wanted.chars[y]
        cells = self._widen(row, first, last - 1, len(row))
        x, chars, styles = cells.start, row[cells.start : cells.stop], self._wanted.styles[y][cells.start : cells.stop]
        old_chars, old_styles = self._shown.chars[y], self._shown.styles[y]
        n = len(chars)
        changed = [i for i in range(n) if chars[i] != old_chars[x + i] or styles[i] != old_styles[x + i]]
        start = end = -1
        for i in changed:
            if start >= 0 and i - end <= MERGE_GAP:
                end = i
                continue
            if start >= 0:
                self._run(x, y, self._widen(chars, start, end, n), chars, styles, out)
            start = end = i
        if start >= 0:
            self._run(x, y, self._widen(chars, start, end, n), chars, styles, out)
            self._shown.put(x, y, chars, styles)

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


class Difference(CompositorUpdate):
    """Stands in for Textual's update where the app writes it: about `room` bytes of what the grid has to write."""

    def __init__(self, grid: Grid, room: int) -> None:
        self._grid = grid
        self._room = room
        self.written = 0  # bytes, about

    def render_segments(self, console: Console) -> str:  # noqa: ARG002 - Textual's signature
        """Called by the app when it writes; only then does the grid count cells as shown."""
        text = self._grid.take(self._room)
        self.written = len(text.encode())
        return text
