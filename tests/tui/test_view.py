"""The view is a value that pure messages change; layouts cover the body without overlap at every size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.charts import Glyphs
from tui.layout import arrange, bars
from tui.pane import always, window
from tui.panes import PANES
from tui.view import (
    Back,
    Focus,
    FocusNext,
    Freeze,
    NextGlyphs,
    Resize,
    Rise,
    Search,
    Select,
    ViewState,
    Zoom,
    step_through,
    update,
)

IDS = tuple(spec.id for spec in PANES)
MESSAGES = st.one_of(
    st.builds(Resize, st.integers(0, 300), st.integers(0, 100)),
    st.builds(Focus, st.sampled_from(IDS)),
    st.builds(FocusNext, st.sampled_from([-1, 1]), st.just(IDS)),
    st.builds(Select, st.sampled_from(["", "web-1", "db-1"])),
    st.builds(Search, st.text(max_size=5)),
    st.sampled_from([Zoom(), Back(), Freeze(), NextGlyphs(), Rise(tuple((pane, 1) for pane in IDS[1:]))]),
)


@given(st.lists(MESSAGES, max_size=30))
def test_whatever_is_done_the_layout_holds(messages: list[object]) -> None:
    state = ViewState()
    for message in messages:
        state = update(state, message)
    boxes = arrange(PANES, state)
    top, bottom = bars(state.height)
    taken: set[tuple[int, int]] = set()
    for box in boxes.values():
        cells = {(x, y) for x in range(box.x, box.x + box.width) for y in range(box.y, box.y + box.height)}
        assert not cells & taken
        taken |= cells
    body = max(0, state.height - top - bottom) * state.width
    assert len(taken) == body, "the panes fill the body, and nothing else"
    assert not boxes or state.width == 0 or (state.focus or IDS[0]) in boxes or state.width >= 108


@given(st.lists(MESSAGES, max_size=12))
def test_esc_ends_in_the_plain_board(messages: list[object]) -> None:
    state = ViewState()
    for message in messages:
        state = update(state, message)
    for _ in range(4):
        state = update(state, Back())
    assert (state.zoomed, state.filter, state.selected, state.frozen) == (False, "", "", False)


def test_small_screens_show_the_map_and_the_pane_in_trouble_until_another_is_asked_for() -> None:
    state = ViewState(width=80, height=24)
    state = update(state, Rise((("dns", 0), ("cache", 3), ("shards", 1))))
    assert list(arrange(PANES, state)) == ["map", "cache"]
    state = update(state, Focus("dns"))
    assert list(arrange(PANES, state)) == ["map", "dns"]
    assert list(arrange(PANES, update(state, Resize(50, 18)))) == ["dns"]
    base = tuple(spec for spec in PANES if spec.present is always)  # systems that every world has
    assert set(arrange(base, update(state, Resize(120, 40)))) == {spec.id for spec in base}


def test_a_pane_that_rose_stays_while_none_is_worse() -> None:
    state = update(ViewState(), Rise((("dns", 2), ("cache", 1))))
    assert (state.risen, state.worth) == (("dns",), ("cache",))
    assert update(state, Rise((("cache", 2), ("dns", 2)))).risen == ("dns", "cache")
    assert update(state, Rise((("cache", 3), ("dns", 2)))).risen == ("cache", "dns")


def test_focusing_again_zooms_and_glyphs_go_round() -> None:
    state = update(ViewState(), Focus("dns"))
    assert update(state, Focus("dns")).zoomed
    for _ in Glyphs:
        state = update(state, NextGlyphs())
    assert state.glyphs is Glyphs.BRAILLE


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.sampled_from("abcdefg"), st.sampled_from([-1, 1]))
def test_walking_through_lines_stops_at_the_ends(targets: list[str], selected: str, by: int) -> None:
    found = step_through(targets, selected, by)
    assert found in targets if targets else found == selected


@given(st.integers(0, 50), st.integers(0, 20), st.integers(-1, 60), st.integers(-5, 60))
def test_a_window_shows_as_much_as_fits_and_the_line_asked_for(count: int, height: int, at: int, scroll: int) -> None:
    shown = window(count, height, at, scroll)
    assert len(shown) == min(count, height)
    assert all(0 <= line < count for line in shown)
    if 0 <= at < count and height:
        assert at in shown
