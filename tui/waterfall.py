"""One request as a waterfall: every hop with its wait and service, to scale, and why it was slow."""

from __future__ import annotations

from engine.snapshot import Span, Trace

from .charts import Glyphs, nice_top
from .draw import BOLD, Canvas, Code, Role, fit
from .units import duration, whole

__all__ = ["draw_waterfall", "height_of"]

LEFT = 46  # cells of words before the bars, on a wide canvas


def height_of(trace: Trace) -> int:
    """Rows that the drawing takes."""
    return 1 + len(trace.spans) + len(trace.why)


def draw_waterfall(canvas: Canvas, trace: Trace, glyphs: Glyphs = Glyphs.BRAILLE) -> None:
    """A head line with a scale, a line for each span, then the reasons. Wait is shaded, service solid, the wire a line."""
    ok = trace.outcome == "ok"
    x = canvas.text(0, 0, f"request {whole(trace.id)}  ", Role.DIM)
    x = canvas.text(x, 0, f"{trace.route} item:{trace.key}", Role.TITLE | BOLD)
    x = canvas.text(x, 0, f"  user {whole(trace.user)} {trace.city}  ", Role.DIM)
    x = canvas.text(x, 0, duration(trace.latency_ms / 1e3, 0) + "  ", Role.TEXT | BOLD)
    if trace.attempt:  # the first is 0
        x = canvas.text(x, 0, f"attempt {trace.attempt + 1}  ", Role.SLOW)
    x = canvas.text(x, 0, trace.outcome if ok else f"{trace.outcome}: {trace.cause}", Role.OK if ok else Role.DOWN)
    left = min(LEFT, canvas.width * 45 // 100)
    room = canvas.width - left - 9
    top = nice_top([trace.latency_ms])
    if room >= 10:
        scale = duration(top / 1e3, 0)
        if x + 2 < canvas.width - len(scale):
            canvas.right(canvas.width, 0, scale, Role.FAINT)
    for y, span in enumerate(trace.spans, 1):
        _row(canvas.inside(0, y, canvas.width, 1), span, left, top, glyphs)
    for y, why in enumerate(trace.why, 1 + len(trace.spans)):
        arrow = "why: " if y == 1 + len(trace.spans) else "  -> " if glyphs is Glyphs.ASCII else "  →  "
        canvas.text(0, y, arrow, Role.DIM)
        canvas.text(5, y, why, Role.TEXT)


def _row(canvas: Canvas, span: Span, left: int, top_ms: float, glyphs: Glyphs) -> None:
    total = span.wait_ms + span.service_ms + span.wire_ms
    name = span.node or span.hop
    canvas.text(0, 0, fit(name, 12), Role.ACCENT)
    canvas.spot(name, 0, 0, canvas.width)
    canvas.text(13, 0, fit(span.note or span.address, left - 14), Role.DIM)
    canvas.text(left, 0, duration(total / 1e3, 7), Role.TEXT)
    x0 = left + 9
    room = canvas.width - x0
    if room < 4 or top_ms <= 0:
        return
    marks = (".", "=", "#") if glyphs is Glyphs.ASCII else ("─", "▒", "█")
    at = span.start_ms
    parts: tuple[tuple[float, str, Code], ...] = (
        (span.wire_ms, marks[0], Role.FAINT),
        (span.wait_ms, marks[1], Role.SLOW),
        (span.service_ms, marks[2], Role.CHART),
    )
    for length, char, role in parts:
        first, last = int(at / top_ms * room), int((at + length) / top_ms * room)
        if length > 0:
            canvas.text(x0 + first, 0, char * max(1, last - first), role)
        at += length
