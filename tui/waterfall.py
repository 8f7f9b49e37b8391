"""One request as a waterfall: every hop with its wait and service, to scale, and why it was slow."""

from __future__ import annotations

from engine.snapshot import Span, Trace

from .charts import Glyphs
from .draw import BOLD, Canvas, Code, Role, cell_len, fit
from .safe import safe_text
from .timing import Kind, Part, parts_of, rest_of
from .units import duration, whole

__all__ = ["draw_waterfall", "height_of"]

LEFT = 46  # cells of words before the bars, on a wide canvas


def height_of(trace: Trace) -> int:
    """Rows that the drawing takes."""
    return 1 + len(trace.spans) + len(rest_of(trace)) + len(trace.why)


def draw_waterfall(canvas: Canvas, trace: Trace, glyphs: Glyphs = Glyphs.BRAILLE) -> None:
    """A head line with a scale, a line for each span, one for what no span accounts for, then the reasons.

    Wait is shaded, service solid, the name a thick line, the wire a thin one; the scale ends with the request.
    """
    x = _head(canvas, trace)
    left = min(LEFT, canvas.width * 45 // 100)
    room = canvas.width - left - 9
    top = trace.latency_ms
    if room >= 10:
        scale = duration(top / 1e3, 0)
        if x + 2 < canvas.width - len(scale):
            canvas.right(canvas.width, 0, scale, Role.FAINT)
        if x + 2 < left + 9:
            canvas.text(left + 9, 0, "0", Role.FAINT)
    y = 1
    for span in trace.spans:
        _row(canvas.inside(0, y, canvas.width, 1), span, left, top, glyphs)
        y += 1
    for part in rest_of(trace):
        _rest(canvas.inside(0, y, canvas.width, 1), part, trace, left, glyphs)
        y += 1
    for number, why in enumerate(trace.why):
        arrow = "why: " if not number else "  -> " if glyphs is Glyphs.ASCII else "  →  "
        canvas.text(0, y + number, arrow, Role.DIM)
        canvas.text(5, y + number, why, Role.TEXT)


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
    for part in parts_of(span):
        _stretch(canvas, part, part.start, part.start + part.length, left, top_ms, glyphs)


def _rest(canvas: Canvas, part: Part, trace: Trace, left: int, glyphs: Glyphs) -> None:
    """What no span accounts for: a line over the whole attempt, open where a span stands."""
    canvas.text(0, 0, fit(part.words, left - 1), Role.DIM)
    canvas.text(left, 0, duration(part.length / 1e3, 7), Role.TEXT)
    if part.kind is not Kind.REST:
        _stretch(canvas, part, part.start, part.start + part.length, left, trace.latency_ms, glyphs)
        return
    at = part.start
    for known in sorted((p for span in trace.spans for p in parts_of(span) if p.start >= at), key=lambda p: p.start):
        if known.start > at:
            _stretch(canvas, part, at, known.start, left, trace.latency_ms, glyphs)
        at = max(at, known.start + known.length)
    if at < trace.latency_ms:
        _stretch(canvas, part, at, trace.latency_ms, left, trace.latency_ms, glyphs)


def _stretch(canvas: Canvas, part: Part, start: float, end: float, left: int, top_ms: float, glyphs: Glyphs) -> None:
    """The cells from `start` to `end` (milliseconds), at least one."""
    x0 = left + 9
    room = canvas.width - x0
    if room < 4 or top_ms <= 0:
        return
    first, last = (int(min(at, top_ms) / top_ms * room) for at in (start, end))
    char, role = part.mark(glyphs)
    first = min(first, room - 1)
    canvas.text(x0 + first, 0, char * max(1, last - first), role)
