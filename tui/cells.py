"""A widget made of cells: draws a canvas, keeps it as strips and asks Textual to repaint only the rows that changed.

Overriding `render_lines` passes by Textual's styles cache, which is what makes ten frames a second cheap (see the measured
table in docs); the price is that line filters (NO_COLOR, ANSI) are applied here.
"""

from __future__ import annotations

from time import monotonic

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from .draw import BOLD, LIT, ROLE_MASK, Canvas, Role, Spot
from .theme import Palette

__all__ = ["FLASH_SECONDS", "CellWidget", "strip_of"]

FLASH_SECONDS = 2.0


def strip_of(text: str, codes: bytes, palette: Palette) -> Strip:
    """A row of cells as a strip: one segment for each run of equal codes."""
    width = len(codes)
    segments: list[Segment] = []
    start = 0
    wide = len(text) != width  # a wide character is one character with two codes
    chars = _by_cell(text, width) if wide else text
    while start < width:
        code = codes[start]
        stop = start + 1
        while stop < width and codes[stop] == code:
            stop += 1
        segments.append(Segment("".join(chars[start:stop]), palette.style(code)))
        start = stop
    return Strip(segments, width)


def _by_cell(text: str, width: int) -> list[str]:
    cells = list(text)
    extra = width - len(cells)
    out: list[str] = []
    for char in cells:
        out.append(char)
        if extra and Segment(char).cell_length == 2:
            out.append("")
            extra -= 1
    return out


class CellWidget(Widget, can_focus=True):
    """Base of the board and of the menus. Subclasses draw in `paint`; `redraw` is called when something may have changed."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "CellWidget { width: 1fr; height: 1fr; }"

    def __init__(self, palette: Palette, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.palette = palette
        self.spots: list[Spot] = []
        self._rows: list[tuple[str, bytes]] = []
        self._strips: list[Strip] = []
        self._seen: dict[str, object] = {}
        self._flash: dict[str, float] = {}

    def paint(self, canvas: Canvas) -> None:
        """Draw the whole widget. Pure but for what the subclass looks up."""
        raise NotImplementedError

    def lit_target(self) -> str:
        """The target whose rows are lit, or ""."""
        return ""

    @property
    def flashing(self) -> bool:
        """Whether something still flashes, so that a frame without news must be drawn."""
        return bool(self._flash)

    def set_palette(self, palette: Palette) -> None:
        """Another theme: every strip is made anew."""
        self.palette = palette
        self._rows = []
        self.redraw()

    def redraw(self, now: float | None = None) -> int:
        """Draw, compare with what is shown, ask for the rows that changed. Returns how many; `now` in seconds, monotonic."""
        width, height = self.size
        if width == 0 or height == 0:
            return 0
        canvas = Canvas(width, height)
        self.paint(canvas)
        self._mark_changes(canvas, monotonic() if now is None else now)
        lit = self.lit_target()
        if lit:
            for spot in canvas.spots:
                if spot.target == lit:
                    canvas.light(spot.x, spot.y, spot.width, LIT)
        self._end_rows(canvas)
        self.spots = canvas.spots
        rows = [canvas.row(y) for y in range(height)]
        if len(rows) != len(self._rows) or (rows and len(rows[0][1]) != len(self._rows[0][1])):
            self._rows, self._strips = rows, [self._strip(row) for row in rows]
            self.refresh()
            return height
        changed = [y for y in range(height) if rows[y] != self._rows[y]]
        for y in changed:
            self._rows[y], self._strips[y] = rows[y], self._strip(rows[y])
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))
        return len(changed)

    @staticmethod
    def _end_rows(canvas: Canvas) -> None:
        """Let each row end in bold, so that the next one, which begins plain, has to state its whole style.

        A pane captured from a multiplexer leaves out what has not changed since the row above; tools that then read it row
        by row would lose the colours there. On a border or a blank it is hardly seen.
        """
        last = canvas.width - 1
        for y in range(canvas.height - 1 if last >= 0 else 0):
            if not canvas.code(0, y + 1) & BOLD:
                canvas.light(last, y, 1, BOLD)

    def _mark_changes(self, canvas: Canvas, now: float) -> None:
        """Flash watched cells whose value is new. Charts and numbers that always move should not be watched."""
        self._flash = {key: since for key, since in self._flash.items() if now - since < FLASH_SECONDS}
        seen: dict[str, object] = {}
        for spot, value in canvas.watches:
            key = spot.target
            seen[key] = value
            if key in self._seen and self._seen[key] != value:
                self._flash[key] = now
            if key in self._flash:
                canvas.paint(spot.x, spot.y, spot.width, Role.FLASH | BOLD)
        self._seen = seen

    def _strip(self, row: tuple[str, bytes]) -> Strip:
        strip = strip_of(*row, self.palette)
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, self.background_colors[1])
        return strip

    def render_lines(self, crop: Region) -> list[Strip]:
        """What Textual's compositor asks for; the whole point of this class."""
        if len(self._rows) != self.size.height or (self._rows and len(self._rows[0][1]) != self.size.width):
            self.redraw()
        strips = self._strips[crop.y : crop.bottom]
        if crop.x or crop.width != self.size.width:
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

    def spot_at(self, x: int, y: int) -> str:
        """The target under a cell; of nested spots the one drawn last."""
        for spot in reversed(self.spots):
            if spot.y == y and spot.x <= x < spot.x + spot.width:
                return spot.target
        return ""

    def code_at(self, x: int, y: int) -> int:
        """The role of a shown cell (for tests)."""
        return self._rows[y][1][x] & ROLE_MASK
