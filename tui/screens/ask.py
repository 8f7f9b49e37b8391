"""A question with one line for the answer: a number for a setting, words for the filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ..safe import safe_text

__all__ = ["AskScreen"]


class AskScreen(ModalScreen[str | None]):
    """Ends with the answer, or None. `check` says what is wrong with an answer ("" if nothing)."""

    DEFAULT_CSS = """
    AskScreen { align: center middle; background: transparent; }
    AskScreen > Vertical { width: 62; max-width: 100%; height: auto; padding: 0 1; }
    AskScreen > Vertical { border: round $accent; background: $background; }
    AskScreen Input { border: none; height: 1; padding: 0; background: $surface; }
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

    def compose(self) -> ComposeResult:
        """Question, answer, what is wrong with it."""
        with Vertical():
            yield Static(self._question, markup=False)
            yield Input(self._now, max_length=80, select_on_focus=True)
            yield Static("Enter: take it   Esc: leave it", markup=False, id="wrong")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the answer if it is right."""
        event.stop()
        wrong = self._check(event.value) if self._check else ""
        if wrong:
            self.query_one("#wrong", Static).update(safe_text(wrong))
        else:
            self.dismiss(event.value)

    def action_cancel(self) -> None:
        """No answer."""
        self.dismiss(None)
