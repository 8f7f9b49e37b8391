"""What surprised somebody who pressed keys for the first time stays mended."""

from __future__ import annotations

import msgspec
import pane_tools as tools
import sample
from player import Player, play, shown, until
from textual.pilot import Pilot

from engine.snapshot import NodeState
from tui.app import ScaletopApp
from tui.panes.map_rows import Kind, rows_of
from tui.screens.reader import ReaderScreen

CALM = sample.calm()


def test_selecting_down_a_folded_list_leaves_the_others_in_their_places() -> None:
    nodes = [n for n in CALM.map.nodes if n.tier == "city"]
    room = len(nodes) - 1
    assert len(nodes) <= 2 * room
    plain = [row.nodes[0].name for row in rows_of(nodes, room, 20) if row.kind is Kind.NODE]
    for node in nodes:
        rows = [row.nodes[0].name for row in rows_of(nodes, room, 20, node.name) if row.kind is Kind.NODE]
        assert node.name in rows
        assert rows[: room - 2] == plain[: room - 2]


def test_seconds_that_count_down_do_not_flash() -> None:
    def watched(words: str, state: NodeState) -> dict[str, object]:
        part = CALM.balancer
        gone = msgspec.structs.replace(part.backends[0], state=state, verdict=words, rate=0.0)
        part = msgspec.structs.replace(part, backends=(gone, *part.backends[1:]))
        canvas = tools.draw("balancer", msgspec.structs.replace(CALM, balancer=part), 100, 20)
        return {spot.target: value for spot, value in canvas.watches if spot.target == f"balancer.{gone.name}"}

    six, five = (watched(f"put aside for {n} s more", NodeState.DOWN) for n in (6, 5))
    assert six
    assert six == five
    assert six != watched("down by health check", NodeState.DOWN)


def test_an_inspection_opens_at_its_beginning_however_late_it_comes() -> None:
    async def story(app: ScaletopApp, _player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("8", "down", "i")
        await until(pilot, lambda: isinstance(app.screen, ReaderScreen))
        reader = app.screen
        assert isinstance(reader, ReaderScreen)
        page = reader.widget.page
        reader.widget.page = lambda _canvas, _first, _words: 1  # nothing but "asking"
        reader.widget.redraw()
        await until(pilot, lambda: reader.widget.rows == 1)
        reader.widget.page = lambda canvas, first, words: 200 + 0 * page(canvas, first, words)
        reader.refresh_page()
        await until(pilot, lambda: reader.widget.rows == 200)
        assert reader.widget.first == 0
        assert "1-" in shown(app)

    play(story, size=(80, 24))
