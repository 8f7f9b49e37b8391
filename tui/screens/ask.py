"""A question with one line for the answer: a number for a setting, words for the filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ..safe import safe_text

__all__ = ["AskScreen"]


class Line(Input):
    """The line for the answer. Enter and Escape work at once: what is typed right behind them is not the answer's any more."""

    async def _on_key(self, event: events.Key) -> None:
        screen = self.screen
        if isinstance(screen, AskScreen) and (screen.ended or event.key in ("enter", "escape")):
            await screen.on_key(event)


class AskScreen(ModalScreen[str | None]):
    """Ends with the answer, or None. `check` says what is wrong with an answer ("" if nothing)."""

    DEFAULT_CSS = """
    AskScreen { align: center middle; background: transparent; }
    AskScreen > Vertical { width: 62; max-width: 100%; height: auto; padding: 0 1; }
    AskScreen > Vertical { border: round $accent; background: $background; }
    AskScreen Input, AskScreen Input:focus { border: none; height: 1; padding: 0; background: $surface; }
    AskScreen Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "back", show=False),
        Binding("ctrl+c", "cancel", "back", show=False),
    ]

    def __init__(self, question: str, now: str = "", check: Callable[[str], str] | None = None) -> None:
        super().__init__()
        self._question = safe_text(question)
        self._now = safe_text(now)
        self._check = check
        self.ended = False
        self._early = False  # whether something was typed before the line had the keyboard

    def compose(self) -> ComposeResult:
        """Question, answer, what is wrong with it."""
        with Vertical():
            yield Static(self._question, markup=False)
            yield Line(self._now, max_length=80, select_on_focus=True)
            yield Static("Enter: take it   Esc: leave it", markup=False, id="wrong")

    async def on_key(self, event: events.Key) -> None:
        """What was typed right behind the key that asked, before the line had the keyboard, is the answer's beginning."""
        line = self.query_one(Input)
        ours = self.ended or event.key in ("enter", "escape")
        if self.focused is line and event.is_forwarded and not ours:  # the line had it first and left it
            return
        event.stop()
        event.prevent_default()
        if self.ended:  # typed right behind the answer: it is for what is below
            self.app.screen.post_message(events.Key(event.key, event.character))
        elif event.key == "escape":
            self.action_cancel()
        elif event.key == "enter":
            self._submit(line.value)
        elif event.is_printable and event.character:
            if not self._early:
                line.select_on_focus = False
                line.value = ""
            self._early = True
            line.insert_text_at_cursor(event.character)

    def _submit(self, answer: str) -> None:
        """Take the answer if it is right."""
        wrong = self._check(answer) if self._check else ""
        if wrong:
            self.query_one("#wrong", Static).update(safe_text(wrong))
        else:
            self._end(answer)

    def action_cancel(self) -> None:
        """No answer."""
        self._end(None)

    def _end(self, answer: str | None) -> None:
        """Once: a second Enter may be on its way already."""
        if not self.ended:
            self.ended = True
            self.dismiss(answer)
