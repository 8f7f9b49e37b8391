"""How panes write rows: columns that are left out by importance, lines of facts that do the same, and small trends.

Nothing is ever wrapped or cut off silently: a column that does not fit is left out whole, a text that does not fit ends in
an ellipsis. Where a column goes depends on the width alone, never on live numbers, so that nothing jumps about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from engine.snapshot import NodeState

from ..charts import Glyphs, sparkline
from ..draw import BOLD, Canvas, Code, Role, cell_len, fit
from ..marks import STATE_MARK, TREND_MARK, Mark, attention_of
from ..pane import PaneView, window
from ..safe import safe_text
from ..units import clock

__all__ = [
    "STRONG",
    "Column",
    "Fact",
    "Piece",
    "Table",
    "after",
    "before",
    "dot",
    "draw_more",
    "facts",
    "named",
    "rank",
    "some_of",
    "sound",
    "spark",
    "tendency",
    "when",
]

Piece = tuple[str, Code]
STRONG = Role.TEXT | BOLD
LARGEST = 1e15  # nothing in a system of ten million users is larger; beyond it a number is damaged
LEAST_SPAN = 0.1
STEADY = 0.02  # a change of less than this share of the mean is no tendency
STATE_ORDER = {state: number for number, state in enumerate(NodeState)}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of at least `width` cells that may take `grow` more. The one with the least `keep` is left out first."""

    id: str
    width: int
    keep: int
    grow: int = 0
    align: str = "<"
    title: str = ""


@lru_cache(maxsize=1024)
def _place(columns: tuple[Column, ...], width: int, gap: int) -> dict[str, tuple[int, int, str]]:
    """(x, width, alignment) of the columns that fit, by id."""
    kept = list(columns)

    def over() -> int:
        return width - sum(c.width for c in kept) - gap * (len(kept) - 1)

    while len(kept) > 1 and over() < 0:
        kept.remove(min(reversed(kept), key=lambda c: c.keep))
    widths = {c.id: min(c.width, max(0, width)) for c in kept}
    room = max(0, over())
    limits = {c.id: c.width + c.grow for c in kept}
    while room > 0:
        hungry = [name for name in widths if widths[name] < limits[name]]
        if not hungry:
            break
        for name in hungry:
            more = min(max(1, room // len(hungry)), limits[name] - widths[name], room)
            widths[name] += more
            room -= more
    out: dict[str, tuple[int, int, str]] = {}
    x = 0
    for column in kept:
        out[column.id] = (x, widths[column.id], column.align)
        x += widths[column.id] + gap
    return out


def named(columns: tuple[Column, ...], names: Iterable[str], most: int = 14) -> tuple[Column, ...]:
    """The same columns with the one called "name" as wide as these names need (5..most)."""
    width = max(5, min(most, max((cell_len(safe_text(name)) for name in names), default=0)))
    return tuple(replace(c, width=width, grow=0) if c.id == "name" else c for c in columns)


def some_of(count: int, room: int, at: int, scroll: int) -> tuple[range, int]:
    """Which of `count` lines to draw in `room`, and how many are left out; if any are, a line is kept to say so."""
    lines = window(count, room - 1 if count > room > 1 else room, at, scroll)
    return lines, count - len(lines)


def draw_lines(table: Table, y: int, bottom: int, count: int, at: int, view: PaneView, row: Callable[[int, int], None]) -> int:
    """From row y to above `bottom`: titles if there is room for all, a line for each of `count` that fits, how many are left out.

    at: which is selected, -1 = none; row(y, i) draws the i-th. Returns the row after.
    """
    if bottom - y > count > 0:
        table.head(y)
        y += 1
    shown, hidden = some_of(count, bottom - y, at, view.scroll)
    for i in shown:
        row(y, i)
        y += 1
    draw_more(table.canvas, y, hidden, view.glyphs)
    return y + (hidden > 0)


def draw_more(canvas: Canvas, y: int, hidden: int, glyphs: Glyphs) -> None:
    """The line that tells of those left out."""
    if hidden > 0 and y < canvas.height:
        text = f"{'...' if glyphs is Glyphs.ASCII else '…'} {hidden} more"
        canvas.text(0, y, fit(text, min(canvas.width, len(text))), Role.FAINT)


class Table:
    """Rows of cells under the same columns on a canvas."""

    __slots__ = ("_columns", "_slots", "canvas")

    def __init__(self, canvas: Canvas, columns: tuple[Column, ...], gap: int = 1) -> None:
        self.canvas = canvas
        self._columns = columns
        self._slots = _place(columns, canvas.width, gap)

    def width(self, column: str) -> int:
        """Cells of this column, 0 if it was left out."""
        return self._slots[column][1] if column in self._slots else 0

    def x(self, column: str) -> int:
        """Where it begins."""
        return self._slots[column][0] if column in self._slots else 0

    def put(self, y: int, column: str, text: str, code: Code = Role.TEXT, watch: str = "") -> None:
        """Write into a cell, padded or cut to it. `watch`: a key under which a change of the text flashes."""
        slot = self._slots.get(column)
        if slot is not None and y < self.canvas.height:
            x, width, align = slot
            self.canvas.text(x, y, fit(text, width, align), code)
            if watch and text:  # only words flash: an empty stretch that lights up says nothing
                lit = min(width, cell_len(safe_text(text)))
                self.canvas.watch(watch, text, x + (width - lit if align == ">" else 0), y, lit)

    def bar(self, y: int, column: str, share: float, glyphs: Glyphs, code: Code, *, rail: bool = False) -> None:
        """A thin horizontal bar, so that bars in neighbouring rows stay apart. `rail`: show the full length faintly."""
        slot = self._slots.get(column)
        if slot is None or y >= self.canvas.height:
            return
        x, width, _ = slot
        plain = glyphs is Glyphs.ASCII
        halves = round(min(1.0, max(0.0, sound(share))) * width * 2)
        halves = max(1, halves) if share > 0 else 0
        line = ("=" if plain else "━") * (halves // 2) + (("-" if plain else "╸") if halves % 2 else "")
        after = self.canvas.text(x, y, line, code)
        if rail:
            self.canvas.text(after, y, ("." if plain else "─") * (x + width - after), Role.FAINT)

    def head(self, y: int) -> None:
        """The titles of the columns."""
        for column in self._columns:
            if column.title:
                self.put(y, column.id, column.title, Role.FAINT)


@dataclass(frozen=True, slots=True)
class Fact:
    """A few pieces that belong together on a line. The one with the least `keep` is left out first; a click selects `target`."""

    keep: int
    pieces: tuple[Piece, ...]
    target: str = ""


def before(keep: int, label: str, value: str, code: Code = Role.TEXT, target: str = "") -> Fact:
    """A label and then its value: "cold p99 152 ms"."""
    return Fact(keep, ((label + " ", Role.DIM), (value, code)), target)


def after(keep: int, value: str, label: str, code: Code = Role.TEXT, target: str = "") -> Fact:
    """A value and then what it counts: "1.92 k/s look-ups"."""
    return Fact(keep, ((value, code), (" " + label, Role.DIM)), target)


def facts(canvas: Canvas, y: int, items: Sequence[Fact], x: int = 0, gap: int = 3) -> int:
    """Write facts one after another in one line; leave out the least important until the rest fits. Returns the x after."""
    kept = [item for item in items if item.pieces]
    room = canvas.width - x

    def total() -> int:
        return sum(cell_len(safe_text(text)) for item in kept for text, _ in item.pieces) + gap * (len(kept) - 1)

    while len(kept) > 1 and total() > room:
        kept.remove(min(reversed(kept), key=lambda item: item.keep))
    for item in kept:
        start = x
        pad = 0  # blanks that keep a number's width fixed come last, where nobody sees them
        for text, code in item.pieces:
            whole = safe_text(text)
            text = whole if whole.isspace() else whole.lstrip()
            text = " " + text if whole != text and x > start else text
            pad += cell_len(whole) - cell_len(text)
            x = canvas.text(x, y, fit(text, min(cell_len(text), max(0, canvas.width - x))), code)
        if item.target:
            canvas.spot(item.target, start, y, x - start)
        x += pad + gap
    return max(0, x - gap)


def rank(state: NodeState) -> int:
    """Sorting key that brings trouble to the top and leaves the rest (up, standby) in its own order."""
    return STATE_ORDER[state] if attention_of(state) else len(STATE_ORDER)


def sound(value: float) -> float:
    """The value if it can be drawn to scale, else 0: a damaged number must not stop a picture."""
    return value if abs(value) < LARGEST else 0.0


def when(seconds: float) -> str:
    """A moment of virtual time, to the second: 00:03:41."""
    return clock(seconds)[:-3] if abs(seconds) < LARGEST else "--:--:--"


def dot(state: NodeState, glyphs: Glyphs) -> Piece:
    """A state's glyph and role."""
    found: Mark = STATE_MARK[state]
    return found.show(glyphs), found.role


def spark(values: Sequence[float], width: int, glyphs: Glyphs) -> str:
    """The last seconds of a trend, one a cell, around their own mean: a steady one is a line at half height, however large.

    The scale spans at least a tenth of the mean either way, so that noise stays small. Blank when there is nothing yet.
    """
    shown = [v for v in values[-width:] if abs(v) < LARGEST] if width > 0 else []
    if not shown:
        return ""
    mean = sum(shown) / len(shown)
    half = max(max(shown) - mean, mean - min(shown), abs(mean) * LEAST_SPAN)
    return sparkline(shown, width, low=mean - half, high=mean + half, glyphs=glyphs)


def tendency(values: Sequence[float], glyphs: Glyphs) -> Piece:
    """An arrow if the last three seconds differ from the ten before them."""
    late, early = [sound(v) for v in values[-3:]], [sound(v) for v in values[-13:-3]]
    way = 0
    if late and early:
        now, then = sum(late) / len(late), sum(early) / len(early)
        if abs(now - then) > STEADY * max(abs(now), abs(then)):
            way = 1 if now > then else -1
    found = TREND_MARK[way]
    return found.show(glyphs), Role.ACCENT if way else found.role
