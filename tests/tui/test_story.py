"""The log as a story: every effect under its cause, however events arrive, and no damaged log makes it run for ever."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
import tables
from hypothesis import given
from hypothesis import strategies as st

from engine.snapshot import Event, Setting
from tui.charts import Glyphs
from tui.draw import Canvas
from tui.pages import inspection_rows, log_page, rows_page
from tui.story import Story, chain, draw_wrapped, weave
from tui.waterfall import draw_waterfall, height_of

EVENTS = st.lists(
    st.builds(
        Event, id=st.integers(1, 30), at=st.floats(0, 1e5), by=st.just("you"), text=st.text(max_size=9), cause=st.integers(0, 40)
    ),
    max_size=30,
    unique_by=lambda event: event.id,
)


@given(EVENTS)
def test_every_event_is_told_once_and_right_after_what_led_to_it(events: list[Event]) -> None:
    lines = weave(events)
    assert sorted(line.event.id for line in lines) == sorted(event.id for event in events)
    place = {line.event.id: n for n, line in enumerate(lines)}
    depth = {line.event.id: line.depth for line in lines}
    for event in events:
        if event.cause in place and event.cause < event.id:
            assert place[event.cause] < place[event.id]
            assert depth[event.id] == depth[event.cause] + 1
            between = lines[place[event.cause] + 1 : place[event.id]]
            assert all(line.depth > depth[event.cause] for line in between)
        else:
            assert depth[event.id] == 0


@given(EVENTS, st.integers(1, 30))
def test_a_chain_leads_from_the_first_cause_to_the_symptom(events: list[Event], start: int) -> None:
    found = chain(events, start)
    for cause, effect in pairwise(found):
        assert effect.cause == cause.id < effect.id
    assert not found or found[-1].id == start


@given(st.lists(EVENTS, max_size=4))
def test_a_story_keeps_each_event_once_up_to_its_limit(batches: list[list[Event]]) -> None:
    story = Story(limit=20)
    for batch in batches:
        story.add(batch)
        story.add(batch)
    ids = [event.id for event in story.events()]
    assert ids == sorted(set(ids))
    assert len(ids) <= 20


@given(EVENTS, st.integers(0, 60), st.integers(0, 8), st.sampled_from(["", "x", "you"]))
def test_the_page_of_the_log_draws_at_every_size(events: list[Event], width: int, height: int, words: str) -> None:
    rows = log_page(Canvas(width, height), events, 0, words, Glyphs.ASCII)
    assert rows <= sum(1 + len(event.text) for event in events)  # a text goes on below itself
    assert rows >= (0 if words else len(events))


def test_a_waterfall_is_to_scale() -> None:
    trace = tables.trace()
    canvas = Canvas(120, height_of(trace))
    draw_waterfall(canvas, trace)
    text = canvas.plain()
    assert "GET item:7" in text[0]
    web = text[2]
    longest = max(trace.spans, key=lambda span: span.wait_ms)
    assert longest.node == "web-4"
    assert web.count("▒") > 10 * text[1].count("█")
    assert "why: cache-2 crashed" in text[5]
    assert [s.target for s in canvas.spots] == ["lb-1", "web-4", "cache-3", "db-1"]


def test_an_inspection_tells_state_faults_requests_and_the_source_of_every_setting() -> None:
    found = tables.inspection()
    canvas = Canvas(110, 60)
    rows = inspection_rows(found, Glyphs.BLOCK, 110)
    assert rows_page(canvas, rows, 0, "") == len(rows)
    text = "\n".join(canvas.plain())
    for words in ("slow", "99 %", "4 × slower", "GET item:7", "connect time-out", "nginx default"):
        assert words in text
    assert rows_page(Canvas(110, 60), rows, 0, "nginx") == 1


@pytest.mark.parametrize("width", [30, 60, 76, 200])
def test_a_page_of_the_log_leaves_nothing_out(width: int) -> None:
    words = "web-6 is unhealthy: 3 checks in a row: no answer in the time that a check has, which is what it is for"
    events = [
        Event(id=n, at=float(n), by="agent:health lb-1", text=words, cause=n - 1, level="bad", target="x") for n in range(1, 9)
    ]
    lines = weave(events)
    high = Canvas(width, 400)
    rows = draw_wrapped(high, lines, 0)
    plain = [row.strip() for row in high.plain()[:rows]]
    assert all(plain)
    assert not any(row.strip() for row in high.plain()[rows:])
    assert "".join("".join(plain).split()).count("".join(words.split())) == 8
    assert width < 76 or sum("health lb-1 " in row for row in plain) == 8  # nor of who tells it
    for first in (0, 1, 2, rows - 3):  # any part of it is the same part of the whole
        low = Canvas(width, 5)
        assert draw_wrapped(low, lines, first) == rows
        assert low.plain() == high.plain()[first : first + 5]


@pytest.mark.parametrize("width", [36, 50, 76, 116, 196])
def test_where_a_setting_comes_from_is_told_in_full_at_every_width(width: int) -> None:
    words = "answers of failure that went to another server, not to the user"
    setting = Setting("tried again", "0", words)
    found = msgspec.structs.replace(tables.inspection(), state_lines=(setting,), settings=(setting,), traces=())
    canvas = Canvas(width, 60)
    rows_page(canvas, inspection_rows(found, Glyphs.BLOCK, width), 0, "")
    text = " ".join(" ".join(canvas.plain()).split())
    assert text.count(words) == 2
    assert "…" not in text.partition("State")[2].partition("Faults")[0]
