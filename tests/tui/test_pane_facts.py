"""What people must find in each pane: the number that matters, the broken one on top, the main facts on 80x24."""

from __future__ import annotations

import msgspec
import pane_tools as tools
import pytest
import sample

from engine.snapshot import NodeState
from tui.draw import ROLE_MASK, Role
from tui.pane import PaneView

CALM, TROUBLE, HUGE, EMPTY = sample.calm(), sample.trouble(), sample.huge(), sample.empty()
SMALL = (76, 8)  # the inside of a pane on 80x24


def text(name: str, snapshot: object = TROUBLE, size: tuple[int, int] = SMALL, **view: object) -> str:
    return "\n".join(tools.lines(name, snapshot, *size, **view))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("map", ["Seoul", "lb-1", "active", "web-1", "web-6", "99 %", "cache-2", "down", "db-3", "+20 ms"]),
        ("dns", ["browser 71.2 %", "1.90 k/s", "152 ms", "203.0.113.10", "ttl 5m00s", "61 of 2,000", "203.0.113.4", "+100 ms"]),
        ("balancer", ["least connections", "43.1 k/s", "203.0.113.10", "web-6", "7.4 %", "402 ms", "slow ×4"]),
        ("cache", ["61.8 %", "36.0 k/s", "13.7 k/s fills", "cache-2", "down 00:09", "88.2 %", "18.0 k/s"]),
        ("replication", ["async", "86/s stale", "12 writes lost", "db-3", "11.4 s", "13.7 k", "2.1 %"]),
        ("shards", ["61.0 %", "12.4 k of 20.3 k", "40.0 s left", "s4", "25.0 %", "7.92 k", "47 ms"]),
        ("log", ["you f c crash cache-2", "33 % of keys", "9 time-outs", "00:03:32"]),
        ("sessions", ["memory sticky", "28.9 k alive", "26/s lost", "48/s new", "5.78 k", "20.0 %", "web-6", "cold: users"]),
        ("requests", ["500 in flight", "190/s time-outs", "failed", "time-out", "item:911", "2.00 s", "412 ms", "wait web-6"]),
    ],
)
def test_the_main_facts_fit_on_80x24(name: str, facts: list[str]) -> None:
    drawn = text(name)
    missing = [fact for fact in facts if fact not in drawn]
    assert not missing, drawn


@pytest.mark.parametrize(
    ("name", "broken", "within"),
    [
        ("balancer", "web-17", 2),
        ("cache", "cache-2", 3),
        ("replication", "db-3", 4),
        ("map", "web-17", 3),
        ("requests", "failed", 3),
    ],
)
@pytest.mark.parametrize("size", [(34, 4), SMALL, (56, 9)])
def test_the_broken_one_is_in_the_first_rows_of_hundreds(name: str, broken: str, within: int, size: tuple[int, int]) -> None:
    rows = tools.lines(name, HUGE, *size)
    assert any(broken in row for row in rows[:within]), "\n".join(rows)


def test_a_state_is_glyph_word_and_colour() -> None:
    canvas = tools.draw("cache", TROUBLE, *SMALL)
    y = next(y for y, row in enumerate(canvas.plain()) if "cache-2" in row)
    row, codes = canvas.row(y)
    assert row.startswith("✕ cache-2")
    assert "down" in row
    assert codes[0] & ROLE_MASK == Role.DOWN


@pytest.mark.parametrize(
    ("name", "calm", "troubled"), [("map", 0, 3), ("balancer", 0, 2), ("cache", 0, 3), ("replication", 0, 2)]
)
def test_attention_follows_the_state(name: str, calm: int, troubled: int) -> None:
    pane = tools.pane(name)
    assert pane.verdict(CALM, PaneView()).attention == calm
    assert pane.verdict(TROUBLE, PaneView()).attention == troubled


def test_verdicts_are_the_engines_words_and_never_empty() -> None:
    parts = {
        "map": "map",
        "dns": "dns",
        "balancer": "balancer",
        "cache": "cache",
        "replication": "replication",
        "shards": "shards",
        "sessions": "sessions",
    }
    for name, part in parts.items():
        words = tools.pane(name).verdict(TROUBLE, PaneView()).words
        assert words.removesuffix(" · DNS authority slow") == getattr(TROUBLE, part).verdict
    for name in (name for name in tools.SPECS if tools.present(name, EMPTY)):
        assert tools.pane(name).verdict(EMPTY, PaneView()).words


def test_a_split_brain_and_a_shard_without_a_writer_ask_for_the_most_attention() -> None:
    for writers in (0, 2):
        shards = tuple(msgspec.structs.replace(s, writable=writers) for s in CALM.replication.shards)
        part = msgspec.structs.replace(CALM.replication, shards=shards)
        snapshot = msgspec.structs.replace(CALM, replication=part)
        assert tools.pane("replication").verdict(snapshot, PaneView()).attention == 3


def test_guards_that_turn_people_away_are_told_with_the_balancer() -> None:
    verdict = tools.pane("balancer").verdict(HUGE, PaneView())
    assert verdict.words.startswith("rate limit turns 1,240/s away")
    assert verdict.attention >= 2
    assert "queue delay turns 86/s away" in text("balancer", HUGE)
    zoomed = "\n".join(tools.lines("balancer", HUGE, 116, 36, zoomed=True))
    assert "40/s a city, burst 80" in zoomed
    assert "in all 91,400" in zoomed


def test_every_web_server_of_400_can_be_found_in_the_mosaic() -> None:
    canvas = tools.draw("map", HUGE, 196, 55, zoomed=True)
    spots = {spot.target for spot in canvas.spots}
    assert {f"web-{i + 1}" for i in range(400)} <= spots
    drawn = "\n".join(canvas.plain())
    assert "web ×400" in drawn
    assert "✕2" in drawn
    assert "●397" in drawn


def test_the_selected_node_is_named_even_in_a_folded_tier() -> None:
    assert "web-77" not in text("map", HUGE)
    assert "web-77" in text("map", HUGE, selected="web-77")
    assert "web-77" in text("balancer", HUGE, selected="web-77")


def test_a_link_is_drawn_in_its_state_and_can_be_selected() -> None:
    canvas = tools.draw("map", TROUBLE, *SMALL)
    spots = {spot.target for spot in canvas.spots}
    assert {"city~balancer", "balancer~web", "web~cache", "web~db"} <= spots
    marks = [(y, x) for y in range(8) for x, char in enumerate(canvas.row(y)[0]) if char == "◐"]
    spot = next(s for s in canvas.spots if s.target == "web~db" and (s.y, s.x + s.width // 2) in marks)
    assert canvas.row(spot.y)[1][spot.x + spot.width // 2] & ROLE_MASK == Role.SLOW


def test_an_unknown_tier_has_a_place_on_the_map() -> None:
    extra = msgspec.structs.replace(TROUBLE.map.nodes[-1], name="queue-1", tier="queue", group="")
    part = msgspec.structs.replace(TROUBLE.map, nodes=(*TROUBLE.map.nodes, extra))
    snapshot = msgspec.structs.replace(TROUBLE, map=part)
    assert "queue-1" in text("map", snapshot, (116, 30))
    assert "queue" in text("map", snapshot, (34, 6))


def test_effects_stand_below_their_cause_one_step_in() -> None:
    rows = tools.lines("log", TROUBLE, 76, 12)
    at = next(y for y, row in enumerate(rows) if "crash cache-2" in row)
    columns = [rows[at + step].index(words) for step, words in enumerate(("you", "└─", "└─", "└─"))]
    assert columns == sorted(columns)
    assert len(set(columns)) == 4


def test_a_long_story_keeps_its_cause_and_its_latest_effect() -> None:
    first = TROUBLE.events[6]
    story = (first, *(msgspec.structs.replace(first, id=100 + i, cause=first.id, text=f"effect {i}") for i in range(50)))
    rows = tools.lines("log", msgspec.structs.replace(TROUBLE, events=story), 76, 6)
    assert "crash cache-2" in rows[0]
    assert "46 more" in rows[1]
    assert "effect 49" in rows[5]


def test_the_filter_keeps_only_matching_lines() -> None:
    drawn = text("balancer", HUGE, filter="web-17")
    assert "web-17" in drawn
    assert "web-2 " not in drawn
    assert "nothing matches" in text("log", TROUBLE, filter="no such words")


def test_zoom_shows_settings_history_and_the_waterfall_with_its_reasons() -> None:
    big = (116, 36)
    cache = text("cache", size=big, zoomed=True)
    assert all(words in cache for words in ("eviction", "lru", "60.0 s fixed", "single flight", "60 s ago", "hot key"))
    requests = text("requests", size=big, zoomed=True)
    assert all(words in requests for words in ("request 8,123,777", "queue 88", "why: cache-2 crashed", "fills on db-1"))
    chosen = text("requests", size=big, zoomed=True, selected="#8123004")
    assert "request 8,123,004" in chosen
    assert "db-4 stops answering" in text("replication", size=big, zoomed=True)
    assert "1,939 resolvers answer" in text("dns", size=big, zoomed=True)


def test_numbers_keep_their_place_from_frame_to_frame() -> None:
    rows = []
    for share, speed in ((0.05, 9.0), (0.5, 54_321.0), (1.0, 999.0)):
        backends = tuple(msgspec.structs.replace(b, share=share, rate=speed) for b in CALM.balancer.backends)
        part = msgspec.structs.replace(CALM.balancer, backends=backends)
        drawn = tools.lines("balancer", msgspec.structs.replace(CALM, balancer=part), 76, 8)
        rows.append([row.index("/s") for row in drawn[2:8]])
    assert rows[0] == rows[1] == rows[2]


def test_a_change_of_state_is_watched_so_that_it_flashes() -> None:
    def watched(snapshot: object) -> dict[str, object]:
        return {spot.target: value for spot, value in tools.draw("map", snapshot, *SMALL).watches}  # type: ignore[arg-type]

    before, now = watched(CALM), watched(TROUBLE)
    assert before["map.cache-2"] is NodeState.UP
    assert now["map.cache-2"] is NodeState.DOWN


def test_nothing_yet_is_said_in_words() -> None:
    for name in (name for name in tools.SPECS if tools.present(name, EMPTY)):
        assert "yet" in text(name, EMPTY) or "yet" in tools.pane(name).verdict(EMPTY, PaneView()).words
