"""Trouble lights up what it reached, cause before effect, and goes out again; calm worlds stay dark."""

from __future__ import annotations

import msgspec
import sample
from hypothesis import given
from hypothesis import strategies as st

from engine.snapshot import Event, Inspection, NodeState, Pace
from tui.charts import Glyphs
from tui.draw import Canvas, Role
from tui.pages import inspection_rows, rows_page
from tui.pane import PaneView
from tui.panes.map import MapPane
from tui.ripple import STAGGER, STAY, lit, ripples

STORY = (
    Event(1, 5.0, "scenario", "begins", level="good"),
    Event(2, 10.0, "you", "cache-2 crashed", level="bad", target="cache-2"),
    Event(3, 10.0, "world", "two of three cache nodes left", cause=2, level="bad", target="cache"),
    Event(4, 10.5, "world", "db-1 is saturated", cause=3, level="warn", target="db-1"),
    Event(5, 10.6, "you", "web-1 added", level="good", target="web-1"),
)


def at(now: float, speed: float = 1.0) -> frozenset[str]:
    pace = Pace(speed, speed)
    return lit(msgspec.structs.replace(sample.calm(), events=STORY, now=now, pace=pace))


def test_causes_light_up_before_their_effects_and_all_go_out() -> None:
    assert at(9.9) == set()
    assert at(10.0) == {"cache-2"}
    assert at(10.0 + STAGGER + 0.01) == {"cache-2", "cache"}
    assert at(10.5 + 2 * STAGGER + 0.01) == {"cache-2", "cache", "db-1"}
    assert at(10.0 + STAY + 0.01) == {"cache", "db-1"}
    assert at(10.5 + 2 * STAGGER + STAY + 0.01) == set()


def test_good_news_light_nothing_and_a_fast_world_does_not_flicker() -> None:
    assert "web-1" not in {target for _, _, target in ripples(STORY)}
    assert at(10.0 + 9.0, speed=10.0) >= {"cache-2"}


events = st.builds(
    Event,
    id=st.integers(-3, 30),
    at=st.floats(0, 100),
    by=st.just("world"),
    text=st.just("x"),
    cause=st.integers(-3, 40),
    level=st.sampled_from(["info", "good", "warn", "bad"]),
    target=st.sampled_from(["", "a", "b", "c"]),
)


@given(st.lists(events, max_size=20, unique_by=lambda e: e.id))
def test_any_log_has_ripples_that_name_each_target_once_a_story(log: list[Event]) -> None:
    found = ripples(log)
    places = [place for _, place, _ in found]
    assert all(place == 0 or place == before + 1 for before, place in zip([-1, *places], places, strict=False))


def test_the_map_shows_it() -> None:
    for size in ((56, 12), (76, 9), (120, 50)):
        world = msgspec.structs.replace(sample.calm(), pace=Pace(1.0, 1.0))
        name = next(n.name for n in world.map.nodes if n.tier == "web")
        hit = Event(9, world.now, "you", f"{name} crashed", level="bad", target=name)
        canvases = []
        for log in ((), (hit,)):
            canvas = Canvas(*size)
            MapPane().draw(canvas, msgspec.structs.replace(world, events=log), PaneView())
            canvases.append(canvas)
        spot = next(s for s in canvases[1].spots if s.target == name)
        assert [canvases[i].code(spot.x, spot.y) & 0x1F == Role.FLASH for i in (0, 1)] == [False, True], size


def test_an_inspection_leads_a_symptom_back_to_its_first_cause() -> None:
    found = Inspection("db-1", "db-1", NodeState.SLOW, (), ())
    rows = inspection_rows(found, Glyphs.BLOCK, 100, STORY)
    canvas = Canvas(100, 20)
    rows_page(canvas, rows, 0, "")
    shown = [line for line in canvas.plain() if line]
    assert shown[1] == "What happened, and why"
    assert [words in line for words, line in zip(("cache-2 crashed", "└─ world two", "└─ world db-1"), shown[2:], strict=True)]
    assert all("web-1 added" not in line for line in shown)
