"""A menu over the board: rows in columns, each with its keys; the lit row is explained below."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from ..cells import CellWidget
from ..charts import Glyphs
from ..draw import BOLD, LIT, Canvas, Role, cell_len, fit, fit_words
from ..frame import Verdict, draw_frame
from ..layout import bars
from ..menu import FOLDED, Close, Item, Menu, MenuState, Outcome, Stay, called, fold, press
from ..safe import safe_text
from ..theme import Palette
from ..units import plain

__all__ = ["MenuScreen", "MenuWidget", "columns_of"]

COLUMN, WIDE_COLUMN = 37, 54
BETWEEN = 3  # cells between columns
FRAME = 4  # cells that a frame takes of a width
FOOT = 4
FEW = 4  # rows of one letter that are not worth a list of their own, while there is room
NOTE = 5  # cell of a row where its title begins
RIM = 2  # cells of the board beside a menu that say nothing: a second border would stand in them


def columns_of(items: Sequence[Item], height: int) -> list[list[int | str]]:
    """Row indexes in columns of `height` lines; a family's name heads its rows, and again where a column begins with it."""
    columns: list[list[int | str]] = [[]]
    family = ""
    for index, item in enumerate(items):
        lines: list[int | str] = [index]
        if item.family and item.family != family:
            lines.insert(0, item.family)
        family = item.family
        if len(columns[-1]) + len(lines) > height and columns[-1]:
            columns.append([])
            if item.family and len(lines) == 1:
                lines.insert(0, item.family)
        columns[-1].extend(lines)
    return columns


class MenuWidget(CellWidget, can_focus=False):
    """Draws a menu and keeps its state; keys are given by the screen."""

    def __init__(self, menu: Menu, palette: Palette, glyphs: Glyphs) -> None:
        super().__init__(palette, id="menu")
        self.menu = menu
        self.state = MenuState()
        self.glyphs = glyphs
        self.trail = ""  # keys that led to this list
        self._above: list[tuple[Menu, MenuState, str]] = []  # the lists that led to it

    def fold_for(self, width: int, height: int) -> None:
        """Open with lists behind letters if not every row has its place in `width` x `height`."""
        for least in (FEW, 2):
            rows, across = max(1, height - FOOT - 2), max(1, (width - 6) // COLUMN)
            columns = len(columns_of(self.menu.items, rows))
            if columns > across or (columns > 1 and self._clips(width, height)):
                self.menu = fold(self.menu, least)

    def _clips(self, width: int, height: int) -> bool:
        """Would the words of a row be cut off?"""
        across, down = self.wanted(width, height)
        columns = len(columns_of(self.menu.items, down - 2 - FOOT))
        room = (across - FRAME) // columns - BETWEEN * (columns > 1) - NOTE
        items = self.menu.items
        return any(cell_len(item.title) + cell_len(self._note(n)) + 1 > room for n, item in enumerate(items) if item.menu is None)

    def wanted(self, width: int, height: int) -> tuple[int, int]:
        """The size that shows every row, within `width` x `height`: all of it where only a rim of the board would be left."""
        if self.menu.beside:
            note = max((cell_len(safe_text(item.note)) for item in self.menu.items), default=0)
            return self._rimless(max(62, NOTE + self.menu.beside + 2 + note + 4), len(self.menu.items) + FOOT + 2, width, height)
        families = len({item.family for item in self.menu.items if item.family})
        lines = len(self.menu.items) + families
        room = max(1, height - FOOT - 2)
        columns = min(max(1, -(-lines // room)), max(1, (width - 6) // COLUMN))
        rows = max(3, min(room, max(map(len, columns_of(self.menu.items, -(-lines // columns) + 1)), default=1)))
        across = max(min(columns * WIDE_COLUMN + 4, width - 6), columns * COLUMN + 4, 62)
        return self._rimless(across, rows + FOOT + 2, width, height)

    @staticmethod
    def _rimless(across: int, down: int, width: int, height: int) -> tuple[int, int]:
        return (across if width - across > 2 * RIM else width), (down if height - down > 2 * RIM else height)

    def paint(self, canvas: Canvas) -> None:
        """Frame, rows in columns, then what the lit row does and to what."""
        keys = self.trail + self.state.typed
        typed = f"typed: {keys}" if keys else "keys, or arrows, Enter"
        ascii_only = self.glyphs is Glyphs.ASCII
        inside = draw_frame(canvas, "", self.menu.title, Verdict(typed), focused=True, ascii_only=ascii_only)
        items = self.menu.items
        if not items:
            inside.text(0, 0, self.menu.empty, Role.DIM)
            return
        height = max(1, inside.height - FOOT)
        columns = columns_of(items, height)
        fit_columns = 1 if self.menu.beside else max(1, inside.width // COLUMN)
        here = next(c for c, column in enumerate(columns) if self.state.at in column)
        first = max(0, min(here - fit_columns + 1, len(columns) - fit_columns)) if here >= fit_columns else 0
        shown = columns[first : first + fit_columns]
        width = inside.width // max(1, len(shown))
        for number, column in enumerate(shown):
            part = inside.inside(number * width, 0, width - BETWEEN * (number < len(shown) - 1), height)
            for y, line in enumerate(column):
                if isinstance(line, str):
                    part.text(0, y, line, Role.DIM | BOLD)
                else:
                    self._row(part, y, line)
        self._foot(inside.inside(0, height, inside.width, FOOT))
        if len(columns) > fit_columns:
            inside.right(inside.width, height, f" ↓ or PgDn for more, {here + 1}/{len(columns)}", Role.DIM)

    def _row(self, canvas: Canvas, y: int, index: int) -> None:
        item, state = self.menu.items[index], self.state
        possible = item.keys.startswith(state.typed) if state.typed else True
        done = len(state.typed) if possible else 0
        x = canvas.text(1, y, item.keys[:done], Role.DIM)
        canvas.text(x, y, item.keys[done:], Role.KEY | BOLD if possible else Role.FAINT)
        if self.menu.beside:
            at = NOTE + self.menu.beside + 2
            canvas.text(NOTE, y, fit(item.title, min(self.menu.beside, canvas.width - NOTE)), Role.TEXT)
            canvas.text(at, y, fit_words(item.note, max(0, canvas.width - at)), item.tone)
            self._end_row(canvas, y, index)
            return
        note = self._note(index)
        room = canvas.width - 5
        note = fit(note, min(cell_len(note), max(14, room - cell_len(item.title) - 2), max(0, room - 12)))
        canvas.text(5, y, fit(item.title, room - cell_len(note) - 1), Role.TEXT if possible else Role.FAINT)
        canvas.right(canvas.width, y, note, item.tone if possible else Role.FAINT)
        self._end_row(canvas, y, index)

    def _note(self, index: int) -> str:
        """What a row says at its right: its value, or whom it is aimed at."""
        item = self.menu.items[index]
        return item.note or (called(self.state.target(self.menu.items, index)) if item.make is not None else "")

    def _end_row(self, canvas: Canvas, y: int, index: int) -> None:
        canvas.spot(f"#{index}", 0, y, canvas.width)
        if index == self.state.at:
            canvas.light(0, y, canvas.width, LIT)

    def _foot(self, canvas: Canvas) -> None:
        item, state = self.menu.items[self.state.at], self.state
        canvas.text(0, 0, ("-" if self.glyphs is Glyphs.ASCII else "─") * canvas.width, Role.FAINT)
        alone = bool(item.explain) and (item.make is not None or item.family == FOLDED)
        words = item.explain if alone else " · ".join(filter(None, (item.title, item.explain)))
        words = item.note if self.menu.beside else words
        for y, line in enumerate(textwrap.wrap(safe_text(words), max(8, canvas.width))[:2], 1):
            canvas.text(0, y, line, Role.TEXT)
        x = 0
        target = state.target(self.menu.items, state.at)
        if target:
            x = canvas.text(x, 3, "on ", Role.DIM)
            x = canvas.text(x, 3, called(target), Role.ACCENT | BOLD)
            if len(item.targets) > 1:
                x = canvas.text(x, 3, "  Tab", Role.KEY | BOLD)
                x = canvas.text(x, 3, f" another of {len(item.targets)}", Role.DIM)
            x += 3
        amount = state.amount(self.menu.items, state.at)
        if amount is not None:
            x = canvas.text(x, 3, f"{plain(amount)} {item.unit}".rstrip(), Role.ACCENT | BOLD)
            x = canvas.text(x, 3, "  + -", Role.KEY | BOLD)
            canvas.text(x, 3, " change", Role.DIM)

    def act(self, key: str) -> Outcome:
        """Give it a key; draws anew. A row that opens a list does so here; Escape or Backspace there leads back."""
        empty = not self.state.typed
        self.state, outcome = press(self.menu, self.state, key)
        if isinstance(outcome, Menu):
            self._above.append((self.menu, self.state, self.trail))
            self.trail += self.menu.items[self.state.at].keys
            self.menu, self.state = outcome, MenuState()
        elif self._above and empty and key in ("escape", "backspace"):
            self.menu, self.state, self.trail = self._above.pop()
            outcome = Stay()
        self.redraw()
        return outcome


class MenuScreen(ModalScreen[Outcome], inherit_bindings=False):
    """Ends with a command, a question, or `Close`."""

    DEFAULT_CSS = """
    MenuScreen { background: transparent; }
    MenuScreen > #menu { width: 62; height: 12; }
    """

    def __init__(self, menu: Menu, palette: Palette, glyphs: Glyphs) -> None:
        super().__init__()
        self.widget = MenuWidget(menu, palette, glyphs)
        self._ended = False

    def compose(self) -> ComposeResult:
        """The one widget."""
        yield self.widget

    def on_mount(self) -> None:
        """Take the size that shows every row."""
        size = self.app.size
        self.widget.fold_for(size.width, size.height - sum(bars(size.height)))
        self._size_up()

    def on_resize(self, _event: events.Resize) -> None:
        """Fit the new size."""
        self._size_up()

    def _size_up(self) -> None:
        size = self.app.size
        top, bottom = bars(size.height)
        room = size.height - top - bottom  # header and footer stay in sight
        width, height = self.widget.wanted(size.width, room)
        self.widget.styles.width, self.widget.styles.height = width, height
        self.widget.styles.offset = ((size.width - width) // 2, top + (room - height) // 2)

    def on_key(self, event: events.Key) -> None:
        """Every key is the menu's, but those that end the program or draw anew."""
        if event.key in ("ctrl+c", "ctrl+l", "ctrl+q"):
            return
        event.stop()
        event.prevent_default()
        if self._ended:  # typed right behind what closed this menu: it is for what is below
            self.app.post_message(events.Key(event.key, event.character))
            return
        printable = event.character if event.character and event.character.isprintable() else None
        self._finish(self.widget.act(printable or event.key))

    def _finish(self, outcome: Outcome) -> None:
        if isinstance(outcome, Stay | Menu):
            self._size_up()
        else:
            self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        self._ended = True
        self.dismiss(outcome)

    def on_click(self, event: events.Click) -> None:
        """A click on a row chooses it; outside, it closes."""
        offset = self.widget.region
        if not offset.contains(event.screen_x, event.screen_y):
            self._end(Close())
            return
        spot = self.widget.spot_at(event.screen_x - offset.x, event.screen_y - offset.y)
        if spot.startswith("#"):
            at = int(spot[1:])
            if at == self.widget.state.at:
                self._finish(self.widget.act("enter"))
            else:
                self.widget.state = MenuState(at, "", self.widget.state.chosen, self.widget.state.amounts)
                self.widget.redraw()
