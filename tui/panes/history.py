"""A minute of history as a chart with a title, the value now, a scale and a time axis. The window is always sixty seconds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..charts import Glyphs, Sample, area, nice_top
from ..draw import BOLD, Canvas, Code, Role, cell_len, fit

__all__ = ["WINDOW", "History", "draw_history", "fill_with_histories", "lively", "room_for_histories", "swing", "window_of"]

WINDOW = 60  # seconds, samples of a trend
LEAST_ROWS, MOST_ROWS = 3, 9  # of one chart: a title and two rows, and more than enough
HIGH, HIGHEST = 13, 17  # rows from which two lines of charts are better than one, and beyond which there is only more ink
LEAST = 26  # cells of a chart beside another one

History = tuple[str, Sequence[float], Callable[[float], str], Code]  # title, one sample a second, how to write one, colour


def window_of(values: Sequence[float], columns: int) -> list[Sample]:
    """The last minute in exactly `columns` samples; seconds before the first one are gaps."""
    minute: list[Sample] = [None] * (WINDOW - len(values[-WINDOW:])) + list(values[-WINDOW:])
    return [minute[column * WINDOW // columns] for column in range(columns)]


def draw_history(canvas: Canvas, history: History, glyphs: Glyphs, high: float | None = None) -> None:
    """Title and value on the first row, time axis on the last, the chart between; the top of the scale is written in it."""
    title, values, show, role = history
    if canvas.height < 2 or canvas.width < 8:
        return
    top = high if high is not None else nice_top(values[-WINDOW:])
    now = show(values[-1]).strip() if values else "–"
    x = canvas.text(0, 0, fit(title, min(cell_len(title), canvas.width)), Role.DIM) + 1
    canvas.text(x, 0, fit(now, min(cell_len(now), max(0, canvas.width - x))), Role.TEXT | BOLD)
    scale = show(top).strip()
    x += cell_len(now) + 2
    for words in (f"top {scale}", scale):
        if x + cell_len(words) <= canvas.width:
            canvas.right(canvas.width, 0, words, Role.FAINT)
            break
    axis = canvas.height >= 4
    rows = canvas.height - 1 - axis
    columns = canvas.width * 2 if glyphs is Glyphs.BRAILLE else canvas.width
    chart = area(window_of(values, columns), canvas.width, rows, high=top, glyphs=glyphs)
    for y, line in enumerate(chart, 1):
        canvas.text(0, y, line, role)
    if axis:
        rule = "-" if glyphs is Glyphs.ASCII else "─"
        ends = ("60 s ago ", " now")
        middle = canvas.width - len(ends[0]) - len(ends[1])
        canvas.text(0, canvas.height - 1, (ends[0] + rule * middle + ends[1])[: canvas.width], Role.FAINT)


def swing(values: Sequence[float]) -> float:
    """How far the last minute reached from its lowest to its highest."""
    recent = [v for v in values[-WINDOW:] if math.isfinite(v)]
    return max(recent) - min(recent) if recent else 0.0


def lively(histories: Sequence[History], least: float = 0.0) -> tuple[History, ...]:
    """Those that were above `least` in the last minute: a chart of zeros is a hole in the picture, the number is told anyway."""
    return tuple(h for h in histories if any(math.isfinite(v) and v > least for v in h[1][-WINDOW:]))


def room_for_histories(canvas: Canvas, histories: Sequence[History], *, zoomed: bool) -> int:
    """Rows at the bottom that the other lines of a pane leave to charts in any case; more if there is more room."""
    return MOST_ROWS if zoomed and lively(histories) and canvas.height >= 2 * MOST_ROWS + 4 else 0


def fill_with_histories(canvas: Canvas, y: int, histories: Sequence[History], glyphs: Glyphs) -> None:
    """Use what is free from row y on for charts, if it is enough to read them: side by side, below one another if it is much.

    All charts have the same size, so that a moment has the same place in those of a column.
    """
    histories = lively(histories)
    free = canvas.height - y
    if free < LEAST_ROWS or not histories:
        return
    rows = free - (free > LEAST_ROWS + 1)  # a blank row before it, unless the chart needs it
    top = canvas.height - rows
    beside = max(1, (canvas.width + 3) // (LEAST + 3))
    lines = max(1, min(-(-len(histories) // min(2, beside)), (rows + 1) // (HIGH + 1)))
    across = min(beside, -(-len(histories) // lines))
    high = min(HIGHEST, (rows + 1) // lines - 1)
    for at, history in enumerate(histories[: across * lines]):
        line, column = divmod(at, across)
        x = (canvas.width + 3) * column // across
        width = (canvas.width + 3) * (column + 1) // across - 3 - x
        draw_history(canvas.inside(x, top + line * (high + 1), width, high), history, glyphs)
