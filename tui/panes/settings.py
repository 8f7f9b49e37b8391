"""Settings as a block: names and values in as many columns as fit, filled row by row."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..draw import Canvas, Role, cell_len, fit
from ..safe import safe_text

__all__ = ["draw_settings", "on_off"]

GAP = 4


def on_off(value: bool) -> str:
    """A switch as a word."""
    return "on" if value else "off"


def draw_settings(canvas: Canvas, settings: Sequence[tuple[str, str]], counted: Collection[str] = ()) -> int:
    """Draw (name, value) pairs; returns the rows used. A value that changes flashes, but not those that are `counted`."""
    if not settings or canvas.height <= 0 or canvas.width <= 0:
        return 0
    label = max(cell_len(safe_text(name)) for name, _ in settings)
    width = label + 1 + max(10, *(cell_len(safe_text(value)) for _, value in settings))
    across = max(1, (canvas.width + GAP) // (width + GAP))
    rows = -(-len(settings) // across)
    for number, (name, value) in enumerate(settings):
        row, column = divmod(number, across)
        x = column * (width + GAP)
        here = canvas.inside(x, row, width, 1)
        after = here.text(0, 0, fit(name, min(label, here.width)), Role.DIM) + 1
        here.text(after, 0, fit(value, min(cell_len(safe_text(value)), max(0, here.width - after))), Role.TEXT)
        if name not in counted:
            here.watch(f"setting.{name}", value, after, 0, cell_len(safe_text(value)))
    return min(rows, canvas.height)
