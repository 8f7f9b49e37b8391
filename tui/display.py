"""The app's way to the terminal: differences instead of repaints, and frames paced by the far end.

`App._display` is where Textual writes an update; it is overridden here and nowhere else. If a name it needs is gone from
Textual (`output.supported`), stock output is used.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from rich.color import ColorSystem
from textual import events
from textual.app import App

from .output import Difference, Grid, diffable, supported
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
        """Take an update into the grid and write as much of the difference as the line takes now."""
        if self._diff and self._on_terminal and diffable(renderable):
            if not self._batch_count:  # as the overridden one: what is batched is drawn again when the batch ends
                self.grid.put(renderable, self.console._color_system or ColorSystem.TRUECOLOR)
                self.write_on()
            return
        if renderable is not None:
            self.grid.reset()
        super()._display(screen, renderable)
        if renderable is not None and self._on_terminal:
            self._ask(0)

    @property
    def _on_terminal(self) -> bool:
        return self._driver is not None and not self.is_headless and self._running and not self._closed

    def write_on(self) -> None:
        """Write the next portion of what differs, and ask the terminal to tell when it has read it."""
        if self._batch_count or not self._on_terminal or not self.grid.pending or not self.pacer.free(monotonic()):
            return
        difference = Difference(self.grid, self.pacer.room)
        update: Any = difference  # Textual's own updates are no renderables to a type checker either
        super()._display(self.screen, update)
        self._ask(difference.written)

    def _ask(self, written: int) -> None:
        query = self.pacer.query(monotonic(), written)
        if query and self._driver is not None:
            self._driver.write(query)

    def on_cursor_position(self, _event: events.CursorPosition) -> None:
        """The terminal has read what was written: on with the rest."""
        self.pacer.answered(monotonic())
        self.write_on()

    def on_resize(self, _event: events.Resize) -> None:
        """Terminals rewrap and clip as they like: nothing is known about what they show now."""
        self.grid.reset()

    def redraw_everything(self) -> None:
        """Forget what the terminal shows and write it all."""
        self.grid.reset()
        self.screen.refresh(layout=True)
