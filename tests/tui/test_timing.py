"""Where a request's time went: every millisecond once, whatever the hops account for."""

from __future__ import annotations

import msgspec
import pytest
import sample
from hypothesis import given
from hypothesis import strategies as st

from engine.snapshot import Span, Trace
from tui.charts import Glyphs
from tui.draw import Canvas
from tui.pane import PaneView
from tui.panes.requests import RequestsPane
from tui.timing import MARKS, Kind, parts_of, rest_of
from tui.waterfall import draw_waterfall, height_of

LOOK = Span("dns", "resolver", "203.0.113.10", 0.0, 0.0, 0.0, 29.0, "TTL left 249 s")
BALANCE = Span("balancer", "lb-1", "203.0.113.10", 129.0, 0.0, 0.05, 0.0, "")
SERVE = Span("web", "web-2", "10.0.1.11", 129.5, 4.0, 8.0, 0.5, "")


def trace(*spans: Span, latency: float = 242.0, attempt: int = 0, cause: str = "") -> Trace:
    base = sample.trouble().traces[0]
    outcome = "failed" if cause else "ok"
    return msgspec.structs.replace(
        base, city="Sydney", latency_ms=latency, attempt=attempt, cause=cause, outcome=outcome, spans=spans, why=()
    )


def test_the_look_up_is_a_part_of_its_own_and_the_wire_is_what_is_left() -> None:
    whole = trace(LOOK, BALANCE, SERVE)
    parts = [part for span in whole.spans for part in parts_of(span)]
    assert [(p.kind, p.name) for p in parts] == [
        (Kind.DNS, "resolver"),
        (Kind.SERVE, "lb-1"),
        (Kind.WIRE, "web-2"),
        (Kind.WAIT, "web-2"),
        (Kind.SERVE, "web-2"),
    ]
    (rest,) = rest_of(whole)
    assert rest.words == "wire Sydney"
    assert rest.length + sum(p.length for p in parts) == pytest.approx(whole.latency_ms)


def test_of_a_request_that_was_tried_again_the_time_before_is_told_apart() -> None:
    again = msgspec.structs.replace(LOOK, node="os", start_ms=2_100.0, wire_ms=0.0)
    late = [msgspec.structs.replace(span, start_ms=span.start_ms + 2_000.0) for span in (BALANCE, SERVE)]
    whole = trace(LOOK, BALANCE, again, *late, latency=2_300.0, attempt=1)
    tries, wire = rest_of(whole)
    assert tries.words == "earlier tries"
    assert tries.length == pytest.approx(2_100.0 - 29.0 - 0.05)
    assert (wire.words, wire.start) == ("wire Sydney", 2_100.0)
    assert wire.length == pytest.approx(200.0 - 0.05 - 12.5)


def test_of_a_request_that_nobody_answered_the_wait_is_not_called_wire() -> None:
    (rest,) = rest_of(trace(LOOK, BALANCE, latency=2_000.0, cause="time-out"))
    assert rest.words == "no answer"
    (quick,) = rest_of(trace(LOOK, latency=230.0, cause="connection refused"))
    assert quick.words == "wire Sydney"


@given(st.lists(st.floats(0.0, 500.0), min_size=1, max_size=8), st.floats(0.0, 900.0))
def test_spans_and_rest_make_the_whole_time(lengths: list[float], wire: float) -> None:
    spans, at = [], wire / 2
    for number, length in enumerate(lengths):
        spans.append(Span("web", f"web-{number}", "", at, length / 4, length / 2, length / 4))
        at += length
    whole = trace(*spans, latency=at + wire / 2)
    total = sum(part.length for span in whole.spans for part in parts_of(span)) + sum(p.length for p in rest_of(whole))
    assert total == pytest.approx(whole.latency_ms, abs=1e-6)


def test_no_two_kinds_are_told_apart_by_colour_alone() -> None:
    told = [kind for kind in Kind if kind is not Kind.REST]  # the rest of an answered request is wire, and looks so
    for glyph in (0, 1):
        assert len({MARKS[kind][glyph] for kind in told}) == len(told)


def test_the_bar_runs_from_birth_to_end_with_each_part_in_its_place() -> None:
    snapshot = msgspec.structs.replace(sample.calm(), traces=(trace(LOOK, BALANCE, SERVE),))
    canvas = Canvas(116, 12)
    RequestsPane().draw(canvas, snapshot, PaneView(glyphs=Glyphs.BLOCK))
    row = next(row for row in canvas.plain() if "item:" in row)
    first, last = row.index("━"), row.rindex("─")
    bar = row[first : last + 1]
    assert bar.count("━") == round(29 / 242 * len(bar))
    assert bar.strip("━─▒█") == ""
    assert abs(bar.index("█") - (129.0 + 4.5) / 242 * len(bar)) <= 1.5
    assert "wire Sydney 200 ms" in row


def test_a_waterfall_has_a_line_for_what_no_span_accounts_for() -> None:
    whole = trace(LOOK, BALANCE, SERVE)
    canvas = Canvas(116, height_of(whole))
    draw_waterfall(canvas, whole, Glyphs.BLOCK)
    rows = canvas.plain()
    assert rows[0].endswith("242 ms")
    assert rows[-1].startswith("wire Sydney")
    assert "200 ms" in rows[-1]
    gap = rows[-1][55:].index(" ", 12)  # open where the server worked
    assert abs(gap / (116 - 55) - 129.0 / 242) < 0.05
