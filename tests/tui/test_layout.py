"""Eight panes or twelve on every screen: all of the body is used, each pane can be read, and nothing jumps while one reads."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sample
from hypothesis import given
from hypothesis import strategies as st
from player import Player, play, until
from textual.pilot import Pilot

from engine.snapshot import Snapshot
from tui.app import ScaletopApp
from tui.board import Board
from tui.draw import Canvas
from tui.keys import KEYMAP
from tui.layout import MIN_MAP, MIN_PANE, SHORT, Box, arrange, bars, settle
from tui.pane import Pane, PaneSpec, PaneView, Verdict
from tui.panes import PANES
from tui.rising import HOLD, Rising
from tui.view import Focus, FocusNext, Message, Present, Resize, Rise, Select, ViewState, update

EIGHT = tuple(spec for spec in PANES if spec.key in set("12345678"))


class PlainPane(Pane):
    """Something with a sentence in it."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:
        return Verdict("all is well")

    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        canvas.text(0, 0, "nothing to tell")


MORE = (
    PaneSpec("more-9", "9", "Edge", PlainPane, (1, 1), 11, "w"),
    PaneSpec("more-0", "0", "Jobs", PlainPane, (0, 0), 9, "x"),
    PaneSpec("more-s", "", "Stores", PlainPane, (0, 2), 8, "y"),
    PaneSpec("more-r", "", "Places", PlainPane, (1, 0), 9, "z"),
)
TWELVE = (*EIGHT, *MORE)
IDS = tuple(spec.id for spec in TWELVE)
TABLES = {"eight": EIGHT, "twelve": TWELVE}


def board(specs: tuple[PaneSpec, ...], state: ViewState, *messages: Message) -> ViewState:
    """The state after messages, each pane keeping its place between them, as the screen does it."""
    state = replace(state, slots=settle(specs, state))
    for message in messages:
        state = update(state, message)
        state = replace(state, slots=settle(specs, state))
    return state


def moved(before: dict[str, Box], after: dict[str, Box]) -> set[str]:
    return {pane for pane in before.keys() & after.keys() if before[pane] != after[pane]}


LEVELS = st.tuples(*[st.integers(0, 3)] * (len(IDS) - 1)).map(lambda levels: Rise(tuple(zip(IDS[1:], levels, strict=True))))
ALIKE = st.one_of(
    st.builds(Focus, st.sampled_from(IDS)),
    st.builds(FocusNext, st.sampled_from([-1, 1]), st.just(IDS)),
    st.builds(Select, st.just("web-1"), st.sampled_from(IDS)),
    LEVELS,
)
CHANGES = st.one_of(
    ALIKE,
    st.builds(Resize, st.integers(1, 260), st.integers(3, 90)),
    st.builds(Present, st.frozensets(st.sampled_from(IDS[1:]))),
)


@pytest.mark.parametrize("name", TABLES)
@given(messages=st.lists(CHANGES, max_size=12))
def test_panes_fill_the_body_without_overlap_and_the_one_with_the_keyboard_is_there(name: str, messages: list[Message]) -> None:
    specs = TABLES[name]
    state = board(specs, ViewState(), *messages)
    boxes = arrange(specs, state)
    top, bottom = bars(state.height)
    body = max(0, state.height - top - bottom) * state.width
    cells = [(x, y) for b in boxes.values() for x in range(b.x, b.x + b.width) for y in range(b.y, b.y + b.height)]
    assert len(cells) == len(set(cells)) == body
    present = [spec.id for spec in specs if spec.id not in state.absent]
    assert set(boxes) <= set(present)
    if body:
        assert (state.focus if state.focus in present else present[0]) in boxes
    assert settle(specs, state) == state.slots, "what has settled stays as it is"


@pytest.mark.parametrize("name", TABLES)
@given(width=st.integers(20, 260), height=st.integers(12, 90), messages=st.lists(ALIKE, max_size=6))
def test_a_pane_that_is_shown_beside_others_can_be_read(name: str, width: int, height: int, messages: list[Message]) -> None:
    specs = TABLES[name]
    state = board(specs, ViewState(width, height), *messages)
    boxes = {} if state.zoomed else arrange(specs, state)
    if len(boxes) > 1:
        assert min(box.height for box in boxes.values()) >= SHORT - 1
        if len(boxes) < len(specs):
            assert min(box.height for box in boxes.values()) >= MIN_PANE
            assert len(boxes) < 4 or boxes["map"].height >= min(MIN_MAP, (height - 3) // 2)


@pytest.mark.parametrize(
    ("size", "eight", "twelve"), [((80, 24), 2, 2), ((120, 40), 8, 7), ((120, 60), 8, 12), ((200, 60), 8, 12)]
)
def test_how_many_panes_each_size_shows(size: tuple[int, int], eight: int, twelve: int) -> None:
    assert len(arrange(EIGHT, ViewState(*size))) == eight
    assert len(arrange(TWELVE, ViewState(*size))) == twelve
    assert min(box.height for box in arrange(TWELVE, ViewState(*size)).values()) >= SHORT


@pytest.mark.parametrize("size", [(80, 24), (120, 24), (120, 40), (200, 30), (100, 40)])
@given(messages=st.lists(ALIKE, max_size=10), last=ALIKE)
def test_nothing_that_stays_moves_when_something_comes(size: tuple[int, int], messages: list[Message], last: Message) -> None:
    before = board(TWELVE, ViewState(*size), *messages)
    after = board(TWELVE, before, last)
    if not before.zoomed and not after.zoomed:
        assert moved(arrange(TWELVE, before), arrange(TWELVE, after)) == set()


def test_trouble_and_what_was_looked_at_last_come_before_the_rest() -> None:
    calm = Rise(tuple((pane, 0) for pane in IDS[1:]))
    state = board(TWELVE, ViewState(120, 40), calm)
    hidden = [pane for pane in IDS if pane not in arrange(TWELVE, state)]
    assert len(hidden) == 5
    sick = board(TWELVE, state, Rise(tuple((pane, 3 if pane == hidden[-1] else 0) for pane in IDS[1:])))
    assert hidden[-1] in arrange(TWELVE, sick)
    assert len(arrange(TWELVE, state).keys() & arrange(TWELVE, sick).keys()) == 6
    well = board(TWELVE, sick, calm)
    assert arrange(TWELVE, well) == arrange(TWELVE, sick), "it stays until its place is wanted"
    looked = board(TWELVE, well, *(Focus(pane) for pane in hidden[:4]), Focus("map"))
    assert set(hidden[:4]) <= set(arrange(TWELVE, looked))
    worst = next(pane for pane in IDS if pane not in arrange(TWELVE, looked))
    everywhere = board(TWELVE, looked, *(Focus(pane) for pane in IDS[1:] if pane != worst), Focus("map"))
    assert not everywhere.zoomed
    assert worst not in arrange(TWELVE, everywhere)
    assert worst in arrange(TWELVE, board(TWELVE, everywhere, Rise(((worst, 2),)))), "trouble goes before what was looked at"


def test_what_only_this_world_has_is_shown_from_the_first_and_when_it_comes() -> None:
    specs = (*TWELVE[:-1], replace(TWELVE[-1], present=lambda _: True, absent="not here."))
    last = specs[-1].id
    assert last not in arrange(TWELVE, ViewState(120, 40))
    assert last in arrange(specs, ViewState(120, 40))
    without = board(TWELVE, ViewState(120, 40), Present(frozenset({last})), *(Focus(pane) for pane in IDS[1:7]), Focus("map"))
    assert last not in arrange(TWELVE, without)
    came = board(TWELVE, without, Present(frozenset()))
    assert last in arrange(TWELVE, came)
    assert moved(arrange(TWELVE, without), arrange(TWELVE, came)) == set()


def test_trouble_that_comes_and_goes_does_not_flap() -> None:
    rising, state, seen = Rising(), ViewState(80, 24), set()
    for step in range(100):
        now = step * 0.1
        one, other = (3, 2) if step % 2 else (2, 3)
        state = board(TWELVE, state, rising.held([("dns", one), ("cache", other)], now))
        if step > 1:
            seen.add(state.slots)
    assert len(seen) == 1
    assert rising.held([("dns", 0), ("cache", 0)], 10.1).attention == (("dns", 3), ("cache", 3))
    assert rising.held([("dns", 0), ("cache", 0)], 10.1 + HOLD).attention == (("dns", 0), ("cache", 0))
    assert rising.held([("dns", 1)], 10.2 + HOLD).attention == (("dns", 1),), "up at once"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (24, 8)])
def test_twelve_panes_are_all_reached_and_drawn(size: tuple[int, int]) -> None:
    async def story(app: ScaletopApp, _player: Player, pilot: Pilot[None]) -> None:
        seen = set()
        for _ in IDS:
            await pilot.press("tab")
            state = app.board.state
            assert state.focus in app.board.board.boxes(state)
            seen.add(state.focus)
        assert seen == set(IDS)
        await pilot.press("0")
        await until(pilot, lambda: app.board.state.focus == "more-0")
        await pilot.press("v", "z")
        await until(pilot, lambda: app.board.state.focus == "more-r")

    play(story, size=size, panes=TWELVE)


def test_a_large_screen_shows_all_twelve() -> None:
    canvas = Canvas(200, 60)
    Board(TWELVE, KEYMAP).draw(canvas, sample.trouble(), ViewState(200, 60))
    text = "\n".join(canvas.plain())
    assert all(f" {spec.title} " in text for spec in TWELVE)
    assert "1-9 0 pane" in canvas.plain()[-1]
