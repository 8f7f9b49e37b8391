"""The stage line: where on the ladder, what hurts, what is next; its key takes the step; where there is none, there is none."""

from __future__ import annotations

import msgspec
import pytest
import sample
from player import Player, play, shown, until
from textual.pilot import Pilot

from engine.commands import Climb
from engine.snapshot import Ladder, Snapshot
from tui.app import ScaletopApp
from tui.bars import PRESS
from tui.board import Board
from tui.draw import Canvas, cell_len
from tui.keys import KEYMAP
from tui.layout import arrange
from tui.palette import commands
from tui.panes import PANES
from tui.view import Present, ViewState, update

HURTS = Ladder(
    stage=2,
    stages=11,
    name="database replicas",
    problem="db-a1 works 97 % of its time, 41 wait there; users feel p99 2.4 s, 3.1 % of requests fail",
    pressing=True,
    next="a cache",
    solves="what many ask for comes from memory, the database sees only what is new",
    costs=0.364,
    before="a web server and its database",
    changed="+$0.728/h, p99 3.9 s → 2.4 s, failures 9.0 % → 3.1 %, busiest db-a1 100 % → db-a1 97 %",
)
WELL = msgspec.structs.replace(HURTS, pressing=False, problem="all is well: db-a1 works 31 % of its time, p99 120 ms")
COPIES = msgspec.structs.replace(HURTS, under_way="db-a2 and db-a3 still copy")
TOP = msgspec.structs.replace(WELL, stage=11, name="database shards", next="", solves="", costs=0.0)


def with_ladder(ladder: Ladder | None) -> Snapshot:
    return msgspec.structs.replace(sample.trouble(), ladder=ladder)


def screen(ladder: Ladder | None, width: int, height: int) -> list[str]:
    canvas = Canvas(width, height)
    Board(PANES, KEYMAP).draw(canvas, with_ladder(ladder), ViewState(width, height))
    return canvas.plain()


def test_at_80x24_stage_problem_and_the_next_step_with_its_key_are_read() -> None:
    first, second = screen(HURTS, 80, 24)[2:4]
    assert first.startswith(" stage 2/11   db-a1 works 97 % of its time, 41 wait there; users feel p99 2.4")
    assert second.startswith(" n next: a cache +$0.36/h – what many ask for comes from memory")
    named, calm = screen(WELL, 80, 24)[2:4]
    assert named == " stage 2/11 database replicas  all is well: db-a1 works 31 % of its time, p99 …"
    assert calm.startswith(" last step: +$0.728/h, p99 3.9 s → 2.4 s, failures 9.0 % → 3.1 %")
    _, busy = screen(COPIES, 80, 24)[2:4]
    assert busy.startswith(" under way: db-a2 and db-a3 still copy")
    assert "n next" not in busy
    wide = screen(WELL, 200, 60)[3]
    assert wide.index("last step:") < wide.index("n next: a cache +$0.36/h")
    assert "the top of the ladder" in screen(TOP, 200, 60)[3]


@pytest.mark.parametrize("ladder", [HURTS, WELL, COPIES, TOP], ids=["hurts", "well", "copies", "top"])
@pytest.mark.parametrize("size", [(12, 5), (24, 11), (50, 18), (80, 24), (120, 40), (200, 60)])
def test_the_line_takes_its_rows_from_the_panes_and_is_never_wrapped(ladder: Ladder, size: tuple[int, int]) -> None:
    rows, without = screen(ladder, *size), screen(None, *size)
    assert all(cell_len(row) <= size[0] for row in rows)
    taken = 0 if size[1] < 12 else 1 if size[1] < 24 else 2
    assert sum("stage" in row and "/11" in row for row in rows) == bool(taken)
    assert not any("/11" in row for row in without)
    state = update(ViewState(*size), Present(frozenset(), ladder=True))
    assert min(box.y for box in arrange(PANES, state).values()) == taken + min(
        box.y for box in arrange(PANES, ViewState(*size)).values()
    )


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_footer_shows_the_key_and_a_click_on_the_line_takes_the_step(size: tuple[int, int]) -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.board.state.ladder)
        assert "n next stage" in shown(app).split("\n")[-1]
        spots = [s for s in app.board.widget.spots if s.target == f"{PRESS}climb(1)"]
        assert {spot.y for spot in spots} == {3, size[1] - 1}
        for spot in spots:
            await pilot.click(offset=(spot.x + 1, spot.y))
        await until(pilot, lambda: player.sent == [Climb(up=True)] * 2)
        assert any(command.title == "next stage (n)" for command in commands(app, app.board))
        player.update(ladder=None)
        await until(pilot, lambda: "stage 2/11" not in shown(app))
        assert "next stage" not in shown(app)
        assert not any(command.title == "next stage (n)" for command in commands(app, app.board))

    play(story, size=size, snapshot=with_ladder(HURTS))


def test_words_of_the_engine_do_nothing_to_the_terminal() -> None:
    evil = msgspec.structs.replace(HURTS, problem="\x1b[2Jall gone", changed="\x07\u202e", under_way="a\nb")
    assert all(char.isprintable() for row in screen(evil, 120, 40) for char in row)
