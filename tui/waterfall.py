"""One request as a waterfall: every hop with its wait and service, to scale, and why it was slow."""

from __future__ import annotations

from engine.snapshot import Span, Trace

from .charts import Glyphs, nice_top
from .draw import BOLD, Canvas, Code, Role, cell_len, fit
from .safe import safe_text
from .units import duration, whole

__all__ = ["draw_waterfall", "height_of"]

LEFT = 46  # cells of words before the bars, on a wide canvas


def height_of(trace: Trace) -> int:
    """Rows that the drawing takes."""
    return 1 + len(trace.spans) + len(trace.why)


def draw_waterfall(canvas: Canvas, trace: Trace, glyphs: Glyphs = Glyphs.BRAILLE) -> None:
    """A head line with a scale, a line for each span, then the reasons. Wait is shaded, service solid, the wire a line."""
    x = _head(canvas, trace)
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


def _head(canvas: Canvas, trace: Trace) -> int:
    """What was asked, by whom, how long it took and how it ended; on a narrow canvas the end goes before the rest. Returns x."""
    ok = trace.outcome == "ok"
    pieces: list[tuple[int, str, Code]] = [
        (3, f"request {whole(trace.id)}", Role.DIM),
        (5, f"{trace.route} item:{trace.key}", Role.TITLE | BOLD),
        (1, f"user {whole(trace.user)}", Role.DIM),
        (2, safe_text(trace.city), Role.DIM),
        (6, duration(trace.latency_ms / 1e3, 0), Role.TEXT | BOLD),
        (4, f"attempt {trace.attempt + 1}" if trace.attempt else "", Role.SLOW),  # the first is 0
        (7, safe_text(trace.outcome if ok else f"{trace.outcome}: {trace.cause}"), Role.OK if ok else Role.DOWN),
    ]
    pieces = [piece for piece in pieces if piece[1]]
    while len(pieces) > 1 and sum(2 + cell_len(text) for _, text, _ in pieces) - 2 > canvas.width:
        pieces.remove(min(pieces))
    x = 0
    for _, text, role in pieces:
        x = canvas.text(x, 0, text, role) + 2
    return x - 2


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
