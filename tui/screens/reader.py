"""A page to read over the board: help, the log, an inspection. Lines are drawn on a canvas that scrolls."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from ..bindings import bindings, press
from ..cells import CellWidget
from ..charts import Glyphs
from ..draw import Canvas
from ..frame import Verdict, draw_frame
from ..keys import Context
from ..theme import Palette
from .ask import AskScreen

if TYPE_CHECKING:
    from ..app import ScaletopApp

__all__ = ["Page", "ReaderScreen"]

# A page draws itself on a canvas of any height and says how many rows it has: (canvas, first row, filter) -> rows.
Page = Callable[[Canvas, int, str], int]


class ReaderWidget(CellWidget, can_focus=False):
    """A page in a frame, from row `first` on."""

    def __init__(self, title: str, page: Page, palette: Palette, glyphs: Glyphs) -> None:
        super().__init__(palette, id="reader")
        self.title_words = title
        self.page = page
        self.glyphs = glyphs
        self.first = 0
        self.rows = 0
        self.filter = ""

    def paint(self, canvas: Canvas) -> None:
        """Frame and page; the title says where in the page this is."""
        room = max(0, canvas.height - 2)
        probe = Canvas(max(0, canvas.width - 4), room)
        self.rows = self.page(probe, self.first, self.filter)
        last = max(0, self.rows - room)
        self.first = min(self.first, last)
        where = f"{self.first + 1}-{min(self.rows, self.first + room)} of {self.rows}" if last else ""
        words = " · ".join(part for part in (where, f"/{self.filter}" if self.filter else "", "Esc: back") if part)
        ascii_only = self.glyphs is Glyphs.ASCII
        inside = draw_frame(canvas, "", self.title_words, Verdict(words), focused=True, ascii_only=ascii_only)
        self.page(inside, self.first, self.filter)

    def move(self, by: int) -> None:
        """Scroll."""
        self.first = max(0, min(self.first + by, max(0, self.rows - max(0, self.size.height - 2))))
        self.redraw()


class ReaderScreen(ModalScreen[None], inherit_bindings=False):
    """Shows a page until Esc. `refresh_page` is called by the app's tick, so that pages are live."""

    BINDINGS = bindings(Context.READER)
    DEFAULT_CSS = "ReaderScreen { background: transparent; } ReaderScreen > #reader { width: 100%; height: 100%; }"

    def __init__(self, title: str, page: Page, palette: Palette, glyphs: Glyphs, *, bottom: bool = False) -> None:
        super().__init__()
        self.widget = ReaderWidget(title, page, palette, glyphs)
        self._follows = bottom
        if bottom:
            self.widget.first = 1 << 30

    def compose(self) -> ComposeResult:
        """The one widget."""
        yield self.widget

    def refresh_page(self) -> None:
        """Draw it anew; a page that opens at its end (the log) stays there while the end is in sight."""
        widget = self.widget
        room = max(0, widget.size.height - 2)
        if self._follows and widget.rows and widget.first >= widget.rows - room:
            widget.first = 1 << 30
        widget.redraw()

    def action_move(self, _across: int, by: int) -> None:
        """A line up or down."""
        self.widget.move(by)

    def action_back(self) -> None:
        """Close."""
        if self.widget.filter:
            self.set_filter("")
        else:
            self.dismiss(None)

    def action_filter(self) -> None:
        """Ask for words."""
        self.app.push_screen(AskScreen("Show only lines that hold:", self.widget.filter), self._filtered)

    def _filtered(self, words: str | None) -> None:
        if words is not None:
            self.set_filter(words)

    def set_filter(self, words: str) -> None:
        """Show only lines that hold these words."""
        self.widget.filter = " ".join(words.lower().split())
        self.widget.redraw()

    async def on_key(self, event: events.Key) -> None:
        """Pages, start and end; what was typed right behind the key that closes the page is for what is below."""
        page = max(1, self.widget.size.height - 3)
        jump = {"pagedown": page, "space": page, "pageup": -page, "home": -(1 << 30), "end": 1 << 30}.get(event.key)
        if jump is not None:
            event.stop()
            self.widget.move(jump)
        else:
            await press(self, cast("ScaletopApp", self.app).settings.keymap, Context.READER, event)

    def on_mouse_scroll_down(self, _event: events.MouseScrollDown) -> None:
        """Three lines down."""
        self.widget.move(3)

    def on_mouse_scroll_up(self, _event: events.MouseScrollUp) -> None:
        """Three lines up."""
        self.widget.move(-3)
