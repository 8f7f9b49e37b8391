"""The canvas that panes draw on: a grid of cells, each a character and a semantic role, never a colour.

A canvas is pure (no terminal, no Textual): a pane draws the same cells for a screen, a test or a plain-text report, and
the theme decides later what a role looks like. Text is clipped, measured in cells (wide characters take two) and made
safe on the way in. `inside` gives a smaller canvas on the same cells with its own origin, which is how borders and columns
are laid out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from rich.cells import cell_len as _cell_len
from rich.cells import get_character_cell_size

from .safe import safe_text

__all__ = [
    "BOLD",
    "LIT",
    "NARROW",
    "REVERSE",
    "ROLE_MASK",
    "Canvas",
    "Code",
    "Piece",
    "Role",
    "Spot",
    "cell_len",
    "fit",
    "fit_words",
]


class Role(IntEnum):
    """What a cell means. The five low bits of a cell's code; a theme maps each to a colour."""

    TEXT = 0
    DIM = 1  # labels, units, what may be skipped
    FAINT = 2  # axes, rules, empty parts of a gauge
    TITLE = 3
    ACCENT = 4  # what the eye should find first: a name, a selected word
    KEY = 5  # a key that can be pressed
    OK = 6  # states: up
    SLOW = 7  # slow, degraded, overloaded
    DOWN = 8  # down, failed
    FENCED = 9  # fenced, draining, out of the way on purpose
    FLASH = 10  # changed in the last two seconds
    YOU = 11  # done by a person's key
    BORDER = 12
    FOCUS = 13  # the border of the pane that has the keyboard
    CHART = 14  # the main series of a chart
    CHART2 = 15  # its second series, what it is compared with
    S0 = 16  # categories without order (shards, owners): S0..S7
    S1 = 17
    S2 = 18
    S3 = 19
    S4 = 20
    S5 = 21
    S6 = 22
    S7 = 23
    BAR = 24  # header and footer text
    BAR_DIM = 25
    BAR_KEY = 26
    BAR_OK = 27
    BAR_SLOW = 28
    BAR_DOWN = 29
    BAR_CHART = 30
    BAR_YOU = 31


Code = int
ROLE_MASK = 0x1F
BOLD = 0x20
REVERSE = 0x40
LIT = 0x80  # the row under the cursor


@dataclass(frozen=True, slots=True)
class Spot:
    """A stretch of cells that stands for something in the system: a click on it selects `target` (such as "web-3")."""

    x: int
    y: int
    width: int
    target: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle of cells as it was drawn, with its spots and watches (at their places on the whole drawing)."""

    chars: list[list[str]]
    codes: list[bytearray]
    spots: list[Spot]
    watches: list[tuple[Spot, object]]


# Characters known to be printable and one cell wide: text made of them (nearly all of it) is written by slices.
_RANGES = ((0x20, 0x7F), (0xA1, 0xAD), (0xAE, 0x300), (0x2500, 0x25FD), (0x2800, 0x2900))
NARROW = frozenset(chr(code) for start, stop in _RANGES for code in range(start, stop))

_RUNS = tuple(bytes((code,)) for code in range(256))


def cell_len(text: str) -> int:
    """Cells that `text` takes (it should be safe text)."""
    return len(text) if text.isascii() else _cell_len(text)


def fit(text: str, width: int, align: str = "<") -> str:
    """`text` in exactly `width` cells: padded (`align` "<", ">" or "^"), or cut with an ellipsis."""
    text = safe_text(text)
    have = cell_len(text)
    if have > width:
        if width <= 0:
            return ""
        while cell_len(text) > width - 1:
            text = text[:-1]
        text, have = text + "…", cell_len(text) + 1
    pad = width - have
    if align == ">":
        return " " * pad + text
    if align == "^":
        return " " * (pad // 2) + text + " " * (pad - pad // 2)
    return text + " " * pad


def fit_words(text: str, width: int) -> str:
    """`text` in at most `width` cells; one that is cut ends with a whole word and an ellipsis, if that leaves half of it."""
    text = safe_text(text)
    if cell_len(text) <= width:
        return text
    cut = fit(text, width)
    kept = cut[:-1]
    words = kept if text[len(kept)] == " " else kept.rpartition(" ")[0]
    words = words.rstrip() + " …"
    return words if width <= 2 * cell_len(words) and cell_len(words) <= width else cut


class Canvas:
    """`width` x `height` cells. Rows are lists of characters and bytearrays of codes, shared with canvases made by `inside`."""

    __slots__ = ("_chars", "_codes", "_left", "_top", "height", "spots", "watches", "width")

    def __init__(self, width: int, height: int) -> None:
        self.width = max(0, width)
        self.height = max(0, height)
        self._left = self._top = 0
        self._chars: list[list[str]] = [[" "] * self.width for _ in range(self.height)]
        self._codes: list[bytearray] = [bytearray(self.width) for _ in range(self.height)]
        self.spots: list[Spot] = []
        self.watches: list[tuple[Spot, object]] = []

    def inside(self, x: int, y: int, width: int, height: int) -> Canvas:
        """A canvas on a part of the same cells, clipped to this one."""
        x0, y0 = max(0, x), max(0, y)
        part = Canvas(0, 0)
        part._left, part._top = self._left + x0, self._top + y0
        part.width = max(0, min(x + width, self.width) - x0)
        part.height = max(0, min(y + height, self.height) - y0)
        part._chars, part._codes, part.spots, part.watches = self._chars, self._codes, self.spots, self.watches
        return part

    def text(self, x: int, y: int, text: str, code: Code = Role.TEXT) -> int:
        """Write `text` from cell (x, y), clipped to the canvas. Returns the x after it, so that calls can be chained."""
        if not text.isascii() or not text.isprintable():
            if not text.isprintable():
                text = safe_text(text)
            if not NARROW.issuperset(text):
                return self._wide_text(x, y, safe_text(text), code)
        end = x + len(text)
        if 0 <= y < self.height and x < self.width and end > 0:
            if x < 0:
                text, x = text[-x:], 0
            if end > self.width:
                text = text[: self.width - x]
            row, start = self._top + y, self._left + x
            stop = start + len(text)
            chars = self._chars[row]
            if chars[start] == "" or (stop < len(chars) and chars[stop] == ""):
                self._split(chars, start, stop)
            chars[start:stop] = text
            self._codes[row][start:stop] = _RUNS[code] * len(text)
        return end

    def _wide_text(self, x: int, y: int, text: str, code: Code) -> int:
        for char in text:
            size = get_character_cell_size(char)
            if size == 0:
                continue
            if 0 <= y < self.height and x >= 0 and x + size <= self.width:
                at, row = self._left + x, self._top + y
                chars = self._chars[row]
                self._split(chars, at, at + size)
                chars[at : at + size] = [char] if size == 1 else [char, ""]
                self._codes[row][at : at + size] = bytes((code,)) * size
            x += size
        return x

    @staticmethod
    def _split(chars: list[str], start: int, stop: int) -> None:
        """Blank the halves of wide characters that a write to start..stop would leave behind."""
        if chars[start] == "" and start > 0:
            chars[start - 1] = chars[start] = " "
        if stop < len(chars) and chars[stop] == "":
            chars[stop] = chars[stop - 1] = " "

    def right(self, x: int, y: int, text: str, code: Code = Role.TEXT) -> int:
        """Write `text` so that it ends before cell x. Returns the x where it starts."""
        start = x - cell_len(safe_text(text))
        self.text(start, y, text, code)
        return start

    def fill(self, x: int, y: int, width: int, height: int = 1, *, char: str = " ", code: Code = Role.TEXT) -> None:
        """Fill a rectangle with one single-cell character."""
        for row in range(max(0, y), min(y + height, self.height)):
            self.text(x, row, char * max(0, width), code)

    def paint(self, x: int, y: int, width: int, code: Code) -> None:
        """Give cells another role, keeping their characters."""
        start, stop = max(0, x), min(x + width, self.width)
        if 0 <= y < self.height and start < stop:
            self._codes[self._top + y][self._left + start : self._left + stop] = bytes((code,)) * (stop - start)

    def light(self, x: int, y: int, width: int, flag: Code = LIT) -> None:
        """Add a flag (LIT, BOLD, REVERSE) to cells, keeping characters and roles."""
        start, stop = max(0, x), min(x + width, self.width)
        if 0 <= y < self.height and start < stop:
            codes = self._codes[self._top + y]
            for at in range(self._left + start, self._left + stop):
                codes[at] |= flag

    def spot(self, target: str, x: int, y: int, width: int, height: int = 1) -> None:
        """These cells stand for `target`: a click there selects it, and the row lights up while it is selected."""
        for row in range(max(0, y), min(y + height, self.height)):
            start, stop = max(0, x), min(x + width, self.width)
            if start < stop:
                self.spots.append(Spot(self._left + start, self._top + row, stop - start, target))

    def relight(self, spot: Spot, code: Code) -> None:
        """Give the cells of a spot, whose place is that of the whole drawing, another role."""
        self._codes[spot.y][spot.x : spot.x + spot.width] = bytes((code,)) * spot.width

    def watch(self, key: str, value: object, x: int, y: int, width: int) -> None:
        """These cells flash for two seconds when `value` differs from what it was at the last frame under the same `key`."""
        if 0 <= y < self.height:
            start, stop = max(0, x), min(x + width, self.width)
            if start < stop:
                self.watches.append((Spot(self._left + start, self._top + y, stop - start, key), value))

    def cut(self, spots: int, watches: int) -> Piece:
        """Keep the cells of this canvas as they are; and of the spots and watches those after the first `spots`, `watches`."""
        rows, columns = range(self._top, self._top + self.height), slice(self._left, self._left + self.width)
        chars, codes = [self._chars[y][columns] for y in rows], [self._codes[y][columns] for y in rows]
        return Piece(chars, codes, self.spots[spots:], self.watches[watches:])

    def paste(self, piece: Piece) -> None:
        """Put back what was cut from the same place of a canvas of the same size."""
        columns = slice(self._left, self._left + self.width)
        for y, (chars, codes) in enumerate(zip(piece.chars, piece.codes, strict=True), self._top):
            self._chars[y][columns] = chars
            self._codes[y][columns] = codes
        self.spots += piece.spots
        self.watches += piece.watches

    def code(self, x: int, y: int) -> Code:
        """The code of a cell that is on the canvas."""
        return self._codes[self._top + y][self._left + x]

    def row(self, y: int) -> tuple[str, bytes]:
        """Row y as its text and the code of every cell (a wide character has two)."""
        return "".join(self._chars[y]), bytes(self._codes[y])

    def plain(self) -> list[str]:
        """The text of all rows, without trailing spaces: what tests and plain-text reports read."""
        return ["".join(chars).rstrip() for chars in self._chars]
