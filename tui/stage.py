"""The stage line under the header: where on the ladder the system stands, what is used up, and what the next step is for.

The first row tells stage and problem; the second what the last step changed and what the next one is, whichever matters more
now first, cut between words. Where there is one row only, it is the first.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.snapshot import Ladder

from .bars import PRESS
from .charts import Glyphs
from .draw import BOLD, Canvas, Code, Role, cell_len, fit_words
from .keymap import key_label
from .keys import Key
from .safe import safe_text
from .units import money
from .view import ViewState

__all__ = ["draw_stage"]

NAMED = 110  # cells from which on the stage is named also while it hurts: what is used up and what users feel say more
LEAST = 24  # cells in which a sentence still tells something


def draw_stage(canvas: Canvas, ladder: Ladder, state: ViewState, keymap: Sequence[Key]) -> None:
    """One row or two, by the height of the canvas."""
    for y in range(canvas.height):
        canvas.fill(0, y, canvas.width, code=Role.BAR)
    x = canvas.text(1, 0, "stage ", Role.BAR_DIM)
    x = canvas.text(x, 0, f"{ladder.stage}", Role.BAR | BOLD)
    x = canvas.text(x, 0, f"/{ladder.stages} ", Role.BAR_DIM)
    if canvas.width >= NAMED or not ladder.pressing:
        x = _words(canvas, x, 0, ladder.name, Role.BAR | BOLD)
    x += 2
    if canvas.height == 1 and ladder.under_way:
        _words(canvas, x, 0, ladder.under_way, Role.BAR_YOU)
    else:
        _words(canvas, x, 0, ladder.problem, Role.BAR_SLOW if ladder.pressing else Role.BAR_OK)
    if canvas.height < 2:
        return
    if ladder.under_way:
        x = canvas.text(1, 1, "under way: ", Role.BAR_DIM)
        x = _words(canvas, x, 1, safe_text(ladder.under_way), Role.BAR_YOU) + 3
        _changed(canvas, x, ladder)
    elif ladder.pressing or not ladder.changed:
        x = _next(canvas, 1, ladder, state, keymap)
        _changed(canvas, x + 3, ladder)
    else:
        x = _changed(canvas, 1, ladder)
        _next(canvas, x + 3, ladder, state, keymap)


def _words(canvas: Canvas, x: int, y: int, text: str, code: Code) -> int:
    """As much of a sentence as there is room for; the x after it."""
    return canvas.text(x, y, fit_words(text, max(0, canvas.width - 1 - x)), code)


def _changed(canvas: Canvas, x: int, ladder: Ladder) -> int:
    if not ladder.changed or canvas.width - x < LEAST:
        return x
    x = canvas.text(x, 1, "last step: ", Role.BAR_DIM)
    return _words(canvas, x, 1, ladder.changed, Role.BAR)


def _next(canvas: Canvas, x: int, ladder: Ladder, state: ViewState, keymap: Sequence[Key]) -> int:
    """Key, name, what it costs and what it is good for; a click on it takes the step."""
    row = next((row for row in keymap if row.id == "next-stage"), None)
    if canvas.width - x < LEAST:
        return x
    if not ladder.next or row is None:
        return canvas.text(x, 1, "the top of the ladder", Role.BAR_DIM)
    begin, dash = x, "-" if state.glyphs is Glyphs.ASCII else "–"
    x = canvas.text(x, 1, key_label(row.keys[0]), Role.BAR_KEY | BOLD)
    cost = money(ladder.costs).strip()
    x = canvas.text(x, 1, " next: ", Role.BAR_DIM)
    x = _words(canvas, x, 1, ladder.next, Role.BAR | BOLD)
    if x + 2 + cell_len(cost) < canvas.width:
        x = canvas.text(x + 1, 1, f"+{cost}", Role.BAR)
    if canvas.width - x > LEAST:
        x = _words(canvas, x, 1, f" {dash} {ladder.solves}", Role.BAR_DIM)
    canvas.spot(PRESS + row.action, begin, 1, x - begin)
    return x
