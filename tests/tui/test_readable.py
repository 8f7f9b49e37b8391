"""What made pictures hard to read: clipped words, counters that never stopped flashing, a dead replica that seemed near."""

from __future__ import annotations

import re

import msgspec
import pane_tools as tools
import pytest
import sample
from hypothesis import given
from hypothesis import strategies as st
from player import Player, play, shown, until
from test_theme import rgb
from textual.pilot import Pilot

from engine.catalogue import ALL_SETTINGS, Catalogue
from engine.scenarios.file import load
from engine.showing import snapshot as snapshot_of
from engine.showing.inspect import inspection
from engine.snapshot import Event, NodeState, Snapshot
from engine.tables import catalogue
from engine.world import World
from tui.app import ScaletopApp
from tui.bars import draw_header
from tui.charts import Glyphs
from tui.draw import ROLE_MASK, Canvas, Role, Spot, cell_len, fit_words
from tui.menu import FOLDED, Menu
from tui.menus import change_menu, fault_menu, scale_menu, traffic_menu
from tui.panes.table import Column, Table
from tui.screens.menu import MenuWidget
from tui.terminal import luminance
from tui.theme import THEMES, Palette
from tui.view import Select, ViewState, sideways

CALM, TROUBLE = sample.calm(), sample.trouble()


@given(st.text(alphabet="ab 日🙂", max_size=40), st.integers(0, 30))
def test_words_are_cut_between_words_within_the_room(text: str, width: int) -> None:
    cut = fit_words(text, width)
    assert cell_len(cut) <= width
    if cell_len(text) <= width:
        assert cut == text


def test_a_cut_sentence_ends_with_a_whole_word() -> None:
    assert fit_words("a web service under live traffic: break it", 38) == "a web service under live traffic: …"
    assert fit_words("x" * 50, 20) == "x" * 19 + "…"


def test_the_log_tells_long_events_in_full_where_it_has_rows() -> None:
    text = "db-a2 promoted to primary of s1: db-a1 does not answer, and it had the most of the log of all that were asked"
    events = tuple(Event(id=n, at=float(n), by="agent:failover s1", text=text, cause=n - 1, level="warn") for n in range(1, 5))
    snapshot = msgspec.structs.replace(CALM, events=events, faults=())
    roomy = " ".join(" ".join(tools.lines("log", snapshot, 60, 30)).split())
    assert roomy.count(text) == 4
    tight = tools.lines("log", snapshot, 60, 4)
    assert [row[:8] for row in tight] == [f"00:00:0{n}" for n in range(1, 5)]
    middle = tools.lines("log", snapshot, 60, 6)  # two rows to spare: the first event has them, no event is lost
    assert sum(row.startswith("00:00:0") for row in middle) == 4


def test_counters_do_not_flash_and_settings_do() -> None:
    def flashing(name: str, before: object, after: object) -> set[str]:
        watched = [
            {spot.target: value for spot, value in tools.draw(name, snapshot, 116, 36, zoomed=True).watches}  # type: ignore[arg-type]
            for snapshot in (before, after)
        ]
        return {key for key in watched[0] if watched[0][key] != watched[1].get(key)}

    totals = msgspec.structs.replace(CALM.totals, arrived=CALM.totals.arrived + 9, ok=CALM.totals.ok + 8, failed=7)
    cache = msgspec.structs.replace(CALM.cache, entries=CALM.cache.entries + 50)
    later = msgspec.structs.replace(CALM, totals=totals, cache=cache)
    assert not flashing("requests", CALM, later)
    assert not flashing("cache", CALM, later)
    set_anew = msgspec.structs.replace(CALM, cache=msgspec.structs.replace(cache, ttl=CALM.cache.ttl + 1))
    assert flashing("cache", CALM, set_anew) == {"setting.ttl"}


@pytest.mark.parametrize("state", [NodeState.DOWN, NodeState.FENCED])
def test_a_node_that_follows_nobody_has_no_seconds_behind(state: NodeState) -> None:
    shard = CALM.replication.shards[0]
    nodes = tuple(
        msgspec.structs.replace(n, state=state, role="fenced", lag_s=0.0, lag_txn=290) if n is shard.nodes[1] else n
        for n in shard.nodes
    )
    shards = (msgspec.structs.replace(shard, nodes=nodes), *CALM.replication.shards[1:])
    snapshot = msgspec.structs.replace(CALM, replication=msgspec.structs.replace(CALM.replication, shards=shards))
    row = next(r for r in tools.lines("replication", snapshot, 76, 20) if shard.nodes[1].name in r)
    assert " – " in row
    assert " ms" not in row.partition("290")[0]


@pytest.fixture(scope="module")
def real() -> tuple[Catalogue, Snapshot, dict[str, str]]:
    """The engine's own tables, and every setting of the default scenario as it is."""
    world = World(load("default"), 7)
    found = inspection(world, ALL_SETTINGS)
    assert found is not None
    return catalogue(world), snapshot_of(world), {setting.name: setting.value for setting in found.settings}


def painted(menu: Menu, size: tuple[int, int], keys: tuple[str, ...] = ()) -> list[str]:
    widget = MenuWidget(menu, Palette(THEMES["dark"]), Glyphs.BLOCK)
    widget.fold_for(*size)
    for key in keys:
        widget.act(key)
    canvas = Canvas(*widget.wanted(*size))
    widget.paint(canvas)
    return canvas.plain()


@pytest.mark.parametrize("size", [(120, 37), (200, 57)])
def test_no_word_of_a_menu_is_clipped_where_there_is_room(
    size: tuple[int, int], real: tuple[Catalogue, Snapshot, dict[str, str]]
) -> None:
    tables, snapshot, values = real
    for menu in (
        fault_menu(tables, snapshot, ""),
        scale_menu(tables, snapshot, ""),
        change_menu(tables, values),
        traffic_menu(tables, snapshot, "", values),
    ):
        widget = MenuWidget(menu, Palette(THEMES["dark"]), Glyphs.BLOCK)
        widget.fold_for(*size)
        # a row that opens a list names as much of it as has room; the list itself is looked at
        lists = [item for item in widget.menu.items if item.family == FOLDED]
        rows = painted(menu, size)
        named = {row for row in rows for item in lists if row.startswith(f"│  {item.keys}   {item.title}")}
        assert len(named) == len(lists)
        assert not [row for row in rows if "…" in row and row not in named], menu.title
        for item in lists:
            assert not [row for row in painted(menu, size, (item.keys,)) if "…" in row], f"{menu.title}, {item.title}"


def test_a_title_that_is_clipped_is_told_in_full_below(real: tuple[Catalogue, Snapshot, dict[str, str]]) -> None:
    rows = painted(change_menu(real[0], real[2]), (40, 21), ("b", "down", "down"))
    assert any("slow start" in row and "…" in row for row in rows)
    assert any(row.startswith("│ slow start of a returned server") for row in rows)


def test_a_flash_crowd_is_aimed_at_an_item(real: tuple[Catalogue, Snapshot, dict[str, str]]) -> None:
    row = next(row for row in painted(fault_menu(real[0], CALM, ""), (120, 37)) if "flash crowd" in row)
    assert f" item:{CALM.shards.hot[0].key} " in row


SPOTS = [Spot(2, y, 8, f"a{y}") for y in range(3)] + [Spot(14, y, 8, f"b{y}") for y in range(5)] + [Spot(30, 4, 8, "c4")]


@pytest.mark.parametrize(
    ("here", "by", "there"),
    [("a1", 1, "b1"), ("b4", -1, "a2"), ("b0", 1, "c4"), ("c4", -1, "b4"), ("a0", -1, ""), ("c4", 1, ""), ("gone", 1, "")],
)
def test_sideways_goes_to_the_nearest_of_the_next_column(here: str, by: int, there: str) -> None:
    assert sideways(SPOTS, here, by) == there


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_the_map_is_walked_sideways_and_left_at_its_edge(size: tuple[int, int]) -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        first = next(node for node in player.snapshot.map.nodes if node.tier == "city")
        app.board.change(Select(first.name, "map"))
        seen = []
        for _ in range(3):
            await pilot.press("right")
            seen.append(app.board.state.selected.partition("-")[0])
        assert seen[:2] == ["lb", "web"]
        assert seen[2] in ("cache", "db")
        assert app.board.state.focus == "map"
        for _ in range(4):
            await pilot.press("left")
        assert app.board.state.focus != "map"

    play(story, size=size)


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light", "dark", "light"])
def test_every_word_of_the_palette_can_be_read(theme: str) -> None:
    async def story(app: ScaletopApp, _player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Close, unzoom" in shown(app) and "One more cache node" in shown(app))
        words = [
            (segment.text, segment.style)
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if "Close, unzoom" in segment.text or "One more cache node" in segment.text  # lit, and not
        ]
        assert len(words) == 2
        for text, style in words:
            assert style is not None
            assert not style.dim, text
            front, back = (
                rgb(colour, THEMES[theme], foreground) for colour, foreground in ((style.color, True), (style.bgcolor, False))
            )
            light, dark = sorted((luminance(*front), luminance(*back)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.0, text

    play(story, theme=theme)


def test_only_the_words_of_a_cell_flash_not_the_room_behind_them() -> None:
    canvas = Canvas(40, 2)
    table = Table(canvas, (Column("left", 10, 1), Column("right", 10, 1, 0, ">")))
    table.put(0, "left", "up", watch="a")
    table.put(0, "right", "12", watch="b")
    table.put(1, "left", "", watch="c")
    assert [(s.x, s.width) for s, _ in canvas.watches] == [(0, 2), (19, 2)]


def test_a_fault_is_told_in_full_below_a_map_of_three_columns() -> None:
    one = msgspec.structs.replace(TROUBLE.faults[0], target="db-a1", text="db-a1, the primary, crashed", by="you", since=17.0)
    rows = tools.lines("map", msgspec.structs.replace(TROUBLE, faults=(one,)), 62, 33)
    assert any("db-a1, the primary, crashed" in row and "by you" in row for row in rows)


@pytest.mark.parametrize("theme", ["dark", "light", "ansi-dark", "mono"])
def test_an_answer_is_seen_while_it_is_typed(theme: str) -> None:
    async def story(app: ScaletopApp, _player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("slash")
        await until(pilot, lambda: "Show only lines that hold" in shown(app))
        await pilot.press(*"zebra")
        await until(pilot, lambda: "zebra" in shown(app))
        rows = shown(app).split("\n")
        y = next(y for y, row in enumerate(rows) if "Show only lines that hold" in row)
        assert "zebra" in rows[y + 1]
        assert "Enter: take it" in rows[y + 2]

    play(story, theme=theme)


def test_bounds_are_written_as_people_do(real: tuple[Catalogue, Snapshot, dict[str, str]]) -> None:
    item = next(item for item in change_menu(real[0], real[2]).items if item.title.startswith("time to live"))
    assert item.ask is not None
    assert item.ask.question.endswith(": 0 to 2,592,000 s")
    with pytest.raises(ValueError, match="from 0 to 2,592,000, please"):
        item.ask.make("9e9")


def test_a_fault_that_is_long_is_cut_and_not_left_out() -> None:
    one = msgspec.structs.replace(
        TROUBLE.faults[0], text="record www.example.com changed to 203.0.113.99, which is nobody's " * 2
    )
    rows = tools.lines("map", msgspec.structs.replace(TROUBLE, faults=(one,)), 56, 11)
    assert any(row.startswith("fault  ") and "record www.example.com changed" in row for row in rows), rows


@pytest.mark.parametrize(
    ("state", "word"), [(NodeState.FROZEN, "stuck"), (NodeState.UNREACHABLE, "  cut"), (NodeState.DOWN, " down")]
)
def test_the_word_of_a_state_is_whole_beside_a_name(state: NodeState, word: str) -> None:
    nodes = tuple(msgspec.structs.replace(n, state=state) if n.name == "web-2" else n for n in CALM.map.nodes)
    rows = tools.lines("map", msgspec.structs.replace(CALM, map=msgspec.structs.replace(CALM.map, nodes=nodes)), 56, 11)
    assert any(f"web-2 {word}" in row for row in rows), rows


def test_who_is_sent_nothing_is_not_told_in_the_colour_of_health() -> None:
    part = CALM.balancer
    gone = msgspec.structs.replace(part.backends[0], healthy=False, rate=0.0, share=0.0, verdict="down by health check")
    snapshot = msgspec.structs.replace(CALM, balancer=msgspec.structs.replace(part, backends=(gone, *part.backends[1:])))
    canvas = tools.draw("balancer", snapshot, 56, 9)
    y = next(y for y, row in enumerate(canvas.plain()) if "down by health check" in row)
    text, codes = canvas.row(y)
    assert codes[text.index("down by")] & ROLE_MASK == Role.DOWN


def test_where_nobody_is_answered_no_latency_is_made_up() -> None:
    head = msgspec.structs.replace(CALM.headline, p50_ms=0.0, p95_ms=0.0, p99_ms=0.0, goodput=0.0)
    for height in (1, 2):
        canvas = Canvas(120, height)
        draw_header(canvas, msgspec.structs.replace(CALM, headline=head), ViewState(width=120))
        drawn = " ".join(" ".join(canvas.plain()).split())
        assert "p99 –" in drawn
        assert "0 ms" not in drawn


def test_a_message_is_told_in_full_on_a_narrow_screen() -> None:
    async def story(app: ScaletopApp, _player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("i")
        await until(pilot, lambda: "select what to inspect" in shown(app))
        words = ["select", "what", "to", "inspect", "first:", "arrows,", "or", "a", "click"]
        assert all(word in shown(app) for word in words)

    play(story, size=(40, 10))


def test_shares_of_the_caches_are_told_apart_without_colour() -> None:
    row = tools.lines("dns", CALM, 60, 9)[1]
    shares = [level.hit_share for level in CALM.dns.levels if level.name not in ("root", "tld", "authority")]
    runs = [len(run) for run in re.findall(r"━+|─+", row)]  # neighbours differ
    assert runs == pytest.approx([60 * share for share in shares], abs=1)
