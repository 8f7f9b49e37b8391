"""A pane's border: rounded box, number key, title, and the verdict that answers "is it well, what changed, why"."""

from __future__ import annotations

from dataclasses import dataclass

from .draw import BOLD, Canvas, Code, Role, cell_len, fit, fit_words
from .safe import safe_text

__all__ = ["CALM", "Verdict", "draw_frame"]

UNICODE = ("╭", "╮", "╰", "╯", "─", "│")
ASCII = ("+", "+", "+", "+", "-", "|")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line about the state of a part. `attention` orders panes: 0 calm, 1 worth a look, 2 degraded, 3 broken."""

    words: str
    attention: int = 0


CALM = Verdict("")
_ROLE: dict[int, Code] = {0: Role.DIM, 1: Role.ACCENT, 2: Role.SLOW, 3: Role.DOWN}


def draw_frame(canvas: Canvas, key: str, title: str, verdict: Verdict, *, focused: bool, ascii_only: bool = False) -> Canvas:
    """Draw the border around the whole canvas and return the canvas inside it (one blank column on each side).

    The title is never cut before the verdict; a verdict that does not fit ends in an ellipsis.
    """
    width, height = canvas.width, canvas.height
    if width < 4 or height < 2:
        return canvas
    tl, tr, bl, br, across, down = ASCII if ascii_only else UNICODE
    line = Role.FOCUS if focused else Role.BORDER
    if ascii_only and focused:
        across = "="
    canvas.text(0, 0, tl + across * (width - 2) + tr, line)
    canvas.text(0, height - 1, bl + across * (width - 2) + br, line)
    for y in range(1, height - 1):
        canvas.text(0, y, down, line)
        canvas.text(width - 1, y, down, line)
    x = 1
    if key:
        x = canvas.text(x, 0, " " + key, Role.KEY | BOLD)
    room = width - 2 - x
    name = safe_text(title)
    if room > 3:
        x = canvas.text(x, 0, " " + fit(name, min(cell_len(name), room - 2)), Role.TITLE | BOLD)
        x = canvas.text(x, 0, " ", line)
    words = safe_text(verdict.words)
    room = width - 2 - (x + 2)
    if words and room >= 4:
        x = canvas.text(x, 0, across + " ", line)
        x = canvas.text(x, 0, fit_words(words, room - 1), _ROLE[verdict.attention])
        canvas.text(x, 0, " ", line)
    return canvas.inside(2, 1, width - 4, height - 2)
