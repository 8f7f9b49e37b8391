"""What the map says of DNS and of faults, and how the rows that a pane has left are used."""

from __future__ import annotations

import msgspec
import pane_tools as tools
import pytest
import sample

from engine.snapshot import NodeState
from tui.charts import Glyphs
from tui.draw import Canvas, Role
from tui.pane import PaneView
from tui.panes.history import LEAST_ROWS, History, fill_with_histories

CALM, TROUBLE = sample.calm(), sample.trouble()


@pytest.mark.parametrize(("state", "word"), [(NodeState.DOWN, "down"), (NodeState.SLOW, "slow"), (NodeState.FROZEN, "frozen")])
def test_the_title_of_the_map_names_a_level_of_dns_in_trouble(state: NodeState, word: str) -> None:
    levels = tuple(msgspec.structs.replace(v, state=state) if v.name == "tld" else v for v in CALM.dns.levels)
    snapshot = msgspec.structs.replace(CALM, dns=msgspec.structs.replace(CALM.dns, levels=levels))
    found = tools.pane("map").verdict(snapshot, PaneView())
    assert f"DNS tld {word}" in found.words
    assert found.attention == (2 if state is NodeState.SLOW else 3)
    assert "DNS" not in tools.pane("map").verdict(CALM, PaneView()).words


@pytest.mark.parametrize("width", [64, 118, 198])
def test_lines_of_faults_stand_in_columns(width: int) -> None:
    one = TROUBLE.faults[0]
    faults = tuple(
        msgspec.structs.replace(one, id=n, text=text, by="you", since=at)
        for n, (text, at) in enumerate((("crashed", 10.0), ("loses 30 % of packets for a while", 200.0)))
    )
    snapshot = msgspec.structs.replace(TROUBLE, faults=faults)
    rows = [line for line in tools.lines("map", snapshot, width, 56, zoomed=True) if line.startswith("fault")]
    assert len(rows) == 2
    assert len({row.index("by you") for row in rows}) == 1
    assert len({row.index("since ") for row in rows}) == 1


@pytest.mark.parametrize("free", range(12))
def test_rows_that_are_left_show_history_if_a_chart_fits(free: int) -> None:
    canvas = Canvas(40, 20)
    values = [float(n) for n in range(60)]
    fill_with_histories(canvas, 20 - free, (("good", values, str, Role.CHART),), Glyphs.BLOCK)
    drawn = [y for y in range(20) if canvas.row(y)[0].strip()]
    assert bool(drawn) == (free >= LEAST_ROWS)
    if drawn:
        assert drawn[-1] == 19
        assert drawn[0] - (20 - free) <= 1  # no more than one blank row above it


def test_a_large_map_leaves_no_block_of_empty_rows() -> None:
    rows = tools.lines("map", TROUBLE, 198, 56, zoomed=True)
    blank = [not row.strip() for row in rows]
    assert not any(all(blank[y : y + 3]) for y in range(len(rows) - 2))


def histories(*heights: float) -> tuple[History, ...]:
    return tuple((f"chart {n}", [high * (s % 7) for s in range(60)], str, Role.CHART) for n, high in enumerate(heights))


def test_what_was_nothing_all_minute_is_no_chart() -> None:
    canvas = Canvas(80, 12)
    fill_with_histories(canvas, 0, histories(0.0, 2.0, 0.0), Glyphs.BLOCK)
    rows = canvas.plain()
    assert rows[1].startswith("chart 1")
    assert not any("chart 0" in row or "chart 2" in row for row in rows)
    assert rows[1].index("top") > 40  # and the other one has all the room
    empty = Canvas(80, 12)
    fill_with_histories(empty, 0, histories(0.0, 0.0), Glyphs.BLOCK)
    assert not any(empty.plain())


def test_much_room_is_used_for_lines_of_charts_of_one_size() -> None:
    canvas = Canvas(196, 44)
    fill_with_histories(canvas, 0, histories(1.0, 2.0, 3.0), Glyphs.BLOCK)
    rows = canvas.plain()
    places = [(x, y) for n in range(3) for y, row in enumerate(rows) if (x := row.find(f"chart {n}")) >= 0]
    assert len(places) == 3
    assert places[0][1] == places[1][1] < places[2][1]
    assert places[0][0] == places[2][0]


@pytest.mark.parametrize(("name", "words"), [("replication", "behind "), ("shards", "keys moved"), ("dns", "old answer")])
def test_a_calm_system_has_no_empty_charts(name: str, words: str) -> None:
    calm = CALM
    shards = msgspec.structs.replace(calm.shards, moving=False, moved_trend=(12_400.0,) * 60)
    nodes = tuple(
        msgspec.structs.replace(s, nodes=tuple(msgspec.structs.replace(n, lag_s=0.0, lag_trend=(0.0005,) * 60) for n in s.nodes))
        for s in calm.replication.shards
    )
    replication = msgspec.structs.replace(calm.replication, shards=nodes, lag_trend=(0.0005,) * 60)
    dns = msgspec.structs.replace(calm.dns, stale_trend=(0.0,) * 60)
    snapshot = msgspec.structs.replace(calm, shards=shards, replication=replication, dns=dns)
    for size in ((62, 16), (116, 36), (196, 56)):
        text = tools.lines(name, snapshot, *size, zoomed=size[0] > 100)
        charts = [row for row in text if words in row and "top " in row]
        assert not charts, "\n".join(text)


def test_a_replica_that_was_behind_and_a_move_that_ended_are_charts_for_a_minute() -> None:
    assert any("db-3 behind" in row for row in tools.lines("replication", TROUBLE, 116, 40, zoomed=True))
    done = msgspec.structs.replace(TROUBLE.shards, moving=False, moved_trend=(0.0,) * 30 + (20_000.0,) * 30)
    rows = tools.lines("shards", msgspec.structs.replace(TROUBLE, shards=done), 116, 40, zoomed=True)
    assert any("keys moved" in row for row in rows)


def test_walks_stand_in_columns() -> None:
    one = CALM.dns.walks[0]
    walks = tuple(
        msgspec.structs.replace(one, resolver=name, steps=(("root", "cached"), ("tld", "cached"), ("ns1", cost)))
        for name, cost in (("resolver 7 in Pune", "199 ms"), ("resolver 1794 in São Paulo", "9 ms"))
    )
    snapshot = msgspec.structs.replace(CALM, dns=msgspec.structs.replace(CALM.dns, walks=walks))
    rows = [row for row in tools.lines("dns", snapshot, 116, 36, zoomed=True) if row.startswith("walk resolver")]
    assert len(rows) == 2
    assert len({row.index("root") for row in rows}) == 1
    assert len({row.index(" = ") for row in rows}) == 1


def test_a_zoomed_balancer_tells_what_its_servers_say_and_what_comes_back() -> None:
    rows = tools.lines("balancer", TROUBLE, 196, 55, zoomed=True)
    text = "\n".join(rows)
    assert all(
        words in text for words in ("busy", "waits", "zone", "asked", "answered well", "p99 of all requests", "share that fails")
    )
    web = next(node for node in TROUBLE.map.nodes if node.name == "web-6")
    assert f"{web.utilisation * 100:.1f} %" in next(row for row in rows if "web-6" in row and "402 ms" in row)
    assert not any(words in "\n".join(tools.lines("balancer", TROUBLE, 96, 20)) for words in ("waits", "answered well"))


@pytest.mark.parametrize("name", ["balancer", "dns"])
@pytest.mark.parametrize("kind", [CALM, TROUBLE], ids=["calm", "trouble"])
def test_a_zoomed_pane_uses_a_large_screen(name: str, kind: object) -> None:
    rows = tools.lines(name, kind, 196, 55, zoomed=True)  # type: ignore[arg-type]
    used = max(y for y, row in enumerate(rows) if row.strip())
    assert used >= 42, "three quarters of it"
