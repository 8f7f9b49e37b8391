"""Pane 8, requests: sampled ones with where their time went, failed and slow first; zoomed one of them as a waterfall.

The bar of a request is its time from birth to end, so that it shows at a glance whether a queue, a server or the wire made
it slow. How long it took is the number beside it: a time-out would flatten all others on a common scale.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.snapshot import Snapshot, Trace

from ..charts import Glyphs
from ..draw import BOLD, Canvas, Role, cell_len
from ..frame import Verdict
from ..pane import Pane, PaneView
from ..safe import safe_text
from ..timing import Kind, parts_of, rest_of
from ..units import count, duration, percent, plain, whole
from ..waterfall import draw_waterfall, height_of
from .settings import draw_settings, on_off
from .table import Column, Table, after, draw_more, facts, some_of, sound

__all__ = ["RequestsPane", "trace_target"]

COLUMNS = (
    Column("end", 8, 9, 0, "<", "end"),
    Column("route", 8, 4, 4, "<", "route"),
    Column("key", 10, 6, 2, "<", "key"),
    Column("time", 7, 9, 0, ">", "took"),
    Column("bar", 10, 5, 50, "<", "by hop"),
    Column("slowest", 17, 8, 8, "<", "mostly"),
    Column("city", 10, 2, 2, "<", "from"),
    Column("try", 3, 1, 0, ">", "try"),
)
OK_MARK = ("●", "o")
FAIL_MARK = ("✕", "x")
OUTLAST = 10.0  # times its own latency that a span is drawn at most
COUNTED = ("retry budget left", "arrived", "answered well", "failed", "shed", "work for nobody")
LEAST = 0.02  # share of a request from which a part has a cell of its own, however short the bar
FAILING = 0.001  # share of failed requests that counts as degraded


def trace_target(trace: Trace) -> str:
    """What a request is called while it is selected."""
    return f"#{trace.id}"


class RequestsPane(Pane):
    """Requests that kept their spans."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:  # noqa: ARG002 - the contract of Pane
        """What fails and why, or how slow the slowest are."""
        head = snapshot.headline
        causes = [c for c in head.causes if c.rate > 0]
        if causes and head.error_share > 0:
            words = ", ".join(f"{count(c.rate, 0)}/s {c.name}" for c in causes[:2])
            return Verdict(f"{percent(head.error_share, 0)} fail: {words}", 2 if head.error_share > FAILING else 1)
        if not snapshot.traces:
            return Verdict("no request sampled yet")
        return Verdict(f"p99 {duration(head.p99_ms / 1e3, 0)}, {percent(head.error_share, 0)} fail")

    def targets(self, snapshot: Snapshot, view: PaneView) -> Sequence[str]:
        """Requests, failed and slow first."""
        return tuple(trace_target(t) for t in _order(snapshot, view))

    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        """What is in flight, then requests; zoomed the selected (or worst) one as a waterfall above them."""
        rows = _order(snapshot, view)
        y = 0
        if canvas.height >= 4 or not rows:
            _facts(canvas, snapshot)
            y = 1
        at = next((i for i, t in enumerate(rows) if trace_target(t) == view.selected), -1)
        if view.zoomed and rows:
            y += (
                1 + draw_settings(canvas.inside(0, y, canvas.width, 4), _clients(snapshot), COUNTED) if canvas.height >= 20 else 0
            )
            chosen = rows[max(0, at)]
            room = min(height_of(chosen), canvas.height - y)
            draw_waterfall(canvas.inside(0, y, canvas.width, room), _drawable(chosen), view.glyphs)
            y += room + 1
        table = Table(canvas, COLUMNS)
        if rows and canvas.height - y > 4:
            table.head(y)
            y += 1
        shown, hidden = some_of(len(rows), canvas.height - y, at, view.scroll)
        for i in shown:
            _row(table, y, rows[i], view.glyphs)
            y += 1
        draw_more(canvas, y, hidden, view.glyphs)


def _order(snapshot: Snapshot, view: PaneView) -> list[Trace]:
    found = [
        t
        for t in snapshot.traces
        if view.matches(t.route, f"item:{t.key}", t.city, t.outcome, t.cause, *(span.node for span in t.spans))
    ]
    return sorted(found, key=lambda t: (t.outcome == "ok", -sound(t.latency_ms), t.id))


def _drawable(trace: Trace) -> Trace:
    """The trace with damaged times cut to what can be drawn to scale: work may outlast its request, but not without end."""
    latency = max(0.0, sound(trace.latency_ms))

    def cut(ms: float) -> float:
        return min(max(0.0, sound(ms)), OUTLAST * latency)

    spans = tuple(
        msgspec.structs.replace(
            span,
            start_ms=cut(span.start_ms),
            wait_ms=cut(span.wait_ms),
            service_ms=cut(span.service_ms),
            wire_ms=cut(span.wire_ms),
        )
        for span in trace.spans
    )
    return msgspec.structs.replace(trace, latency_ms=latency, spans=spans)


def _facts(canvas: Canvas, snapshot: Snapshot) -> None:
    clients, totals = snapshot.clients, snapshot.totals
    late = Role.SLOW if clients.timeout_rate > 0 else Role.TEXT
    facts(
        canvas,
        0,
        (
            after(8, whole(totals.in_flight), "in flight"),
            after(7, f"{count(clients.timeout_rate, 0)}/s", "time-outs", late),
            after(6, f"{count(clients.retry_rate, 0)}/s", "retries"),
            after(5, f"×{plain(clients.attempts_per_request)}", "attempts each"),
        ),
        gap=2,
    )


def _clients(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """What clients do, and what became of all requests since the start."""
    clients, totals = snapshot.clients, snapshot.totals
    return (
        ("retries", on_off(clients.retries_on)),
        ("back-off", clients.backoff),
        ("retry budget left", percent(clients.budget_left, 0)),
        ("traffic", f"×{plain(clients.multiplier)}"),
        ("arrived", whole(totals.arrived)),
        ("answered well", whole(totals.ok)),
        ("failed", whole(totals.failed)),
        ("shed", whole(totals.shed)),
        ("work for nobody", whole(totals.wasted)),
    )


def _slowest(trace: Trace, room: int) -> str:
    """Where most of the time went: "wait web-6 352 ms", in `room` cells without the name if that is too long."""
    parts = [*rest_of(trace), *(part for span in trace.spans for part in parts_of(span))]
    if not parts:
        return ""
    most = max(parts, key=lambda part: part.length)
    long, short = (f"{words} {duration(most.length / 1e3, 0)}" for words in (most.words, most.short))
    return long if cell_len(safe_text(long)) <= room else short


def _row(table: Table, y: int, trace: Trace, glyphs: Glyphs) -> None:
    ok = trace.outcome == "ok"
    plain = glyphs is Glyphs.ASCII
    table.canvas.spot(trace_target(trace), 0, y, table.canvas.width)
    table.put(y, "end", f"{(OK_MARK if ok else FAIL_MARK)[plain]} {trace.outcome}", Role.OK if ok else Role.DOWN)
    table.put(y, "route", trace.route, Role.TEXT)
    table.put(y, "key", f"item:{trace.key}", Role.ACCENT)
    table.put(y, "time", duration(trace.latency_ms / 1e3), Role.TEXT | BOLD)
    table.put(y, "city", trace.city, Role.DIM)
    table.put(y, "try", str(trace.attempt + 1), Role.SLOW if trace.attempt else Role.DIM)
    slowest = _slowest(trace, table.width("slowest"))
    both = f"{trace.cause} · {slowest}"
    words = slowest if ok else both if cell_len(safe_text(both)) <= table.width("slowest") else trace.cause
    table.put(y, "slowest", words, Role.DIM if ok else Role.DOWN)
    width = table.width("bar")
    if width:
        _bar(table.canvas.inside(table.x("bar"), y, width, 1), trace, glyphs)


def _bar(canvas: Canvas, trace: Trace, glyphs: Glyphs) -> None:
    """The request from its birth to its end: name, wait and service of every hop where they were, the wire between them."""
    total = trace.latency_ms
    if not 0 < total < float("inf"):
        return
    for part in (*rest_of(trace)[::-1], *(part for span in trace.spans for part in parts_of(span))):
        end = total if part.kind is Kind.REST else part.start + part.length
        first, last = (round(min(at, total) / total * canvas.width) for at in (part.start, end))
        if part.length >= LEAST * total:
            first = min(first, canvas.width - 1)
            last = max(last, first + 1)
        char, role = part.mark(glyphs)
        canvas.text(first, 0, char * (last - first), role)
