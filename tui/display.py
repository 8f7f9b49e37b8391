"""The app's way to the terminal: differences instead of repaints, and frames paced by the far end.

`App._display` is where Textual writes an update; it is overridden here and nowhere else. If a name it needs is gone from
Textual (`output.supported`), stock output is used.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from textual import events
from textual.app import App

from .output import DiffUpdate, Grid, diffable, supported
from .pacing import Pacer

__all__ = ["PacedApp"]


class PacedApp(App[None]):
    """An app whose output is the difference to what is shown. `pacer` says when the next frame may be drawn."""

    def __init__(self, *, interval: float = 0.1, diff: bool = True, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self.pacer = Pacer(interval)
        self.grid = Grid()
        self._diff = diff and supported()

    def _display(self, screen: Any, renderable: Any) -> None:
        """Write an update as a difference, and ask the terminal to tell when it has read it."""
        if self._diff and diffable(renderable):
            update: Any = DiffUpdate(self.grid, renderable)
        else:
            update = renderable
            if renderable is not None:
                self.grid.reset()
        super()._display(screen, update)
        driver = self._driver
        if renderable is not None and driver is not None and not self.is_headless and self._running:
            query = self.pacer.query(monotonic())
            if query:
                driver.write(query)

    def on_cursor_position(self, _event: events.CursorPosition) -> None:
        """The terminal has read the frame."""
        self.pacer.answered(monotonic())

    def on_resize(self, _event: events.Resize) -> None:
        """Terminals rewrap and clip as they like: nothing is known about what they show now."""
        self.grid.reset()

    def redraw_everything(self) -> None:
        """Forget what the terminal shows and write it all."""
        self.grid.reset()
        self.screen.refresh(layout=True)
