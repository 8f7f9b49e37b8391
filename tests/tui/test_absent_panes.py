"""Panes of systems that a world may lack: not drawn, not walked to, not in the palette; their keys say why; `v` lists all."""

from __future__ import annotations

import msgspec
import pytest
import sample
from player import Player, play, shown, until
from textual.pilot import Pilot

from engine.snapshot import Snapshot
from tui.app import ScaletopApp
from tui.board import Board
from tui.draw import Canvas
from tui.keys import KEYMAP
from tui.palette import commands
from tui.pane import Pane, PaneSpec, PaneView, Verdict
from tui.panes import PANES
from tui.screens.menu import MenuScreen
from tui.view import Focus, Present, ViewState, Zoom, update

NO_CDN = "this system has no moving parts: add a shard (g s) to have some."
BASE = tuple(spec for spec in PANES if spec.id in ("map", "dns", "balancer", "cache", "log"))


class MovingPane(Pane):
    """Something that is there only while shards move."""

    def verdict(self, snapshot: Snapshot, view: PaneView) -> Verdict:
        assert snapshot.shards.moving, "asked while it is absent"
        return Verdict("parts are moving", 2)

    def draw(self, canvas: Canvas, snapshot: Snapshot, view: PaneView) -> None:
        assert snapshot.shards.moving, "drawn while it is absent"
        canvas.text(0, 0, "moved so far")


def moving(snapshot: Snapshot) -> bool:
    return snapshot.shards.moving


SPECS = (
    *BASE,
    PaneSpec("moves", "9", "Moves", MovingPane, (1, 1), 9, "n", moving, NO_CDN),
    PaneSpec("moves-2", "", "More moves", MovingPane, (0, 2), 9, "s", moving, NO_CDN),
)
THERE = sample.trouble()
GONE = msgspec.structs.replace(THERE, shards=msgspec.structs.replace(THERE.shards, moving=False))
SIZES = [(80, 24), (120, 40), (200, 60)]


def test_the_two_samples_differ_in_what_the_test_is_about() -> None:
    assert THERE.shards.moving
    assert not GONE.shards.moving


@pytest.mark.parametrize("size", SIZES)
def test_an_absent_pane_is_not_drawn_not_walked_to_and_not_offered(size: tuple[int, int]) -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        seen = set()
        for _ in range(2 * len(SPECS)):
            await pilot.press("tab")
            seen.add(app.board.board.focus(app.board.state))
            assert "moving" not in shown(app)
        assert seen == {spec.id for spec in BASE}
        assert not [c.title for c in commands(app, app.board) if "oves" in c.title]
        footer = shown(app).split("\n")[-1]
        assert "v panes" in footer
        assert "9" not in footer
        player.update(shards=THERE.shards)  # and now it comes
        await until(pilot, lambda: not app.board.state.absent)
        for _ in range(2 * len(SPECS)):
            await pilot.press("tab")
            seen.add(app.board.board.focus(app.board.state))
        assert seen == {spec.id for spec in SPECS}
        titles = [c.title for c in commands(app, app.board)]
        assert "pane: Moves (9)" in titles
        assert "pane: More moves (v s)" in titles

    play(story, size=size, snapshot=GONE, panes=SPECS)


@pytest.mark.parametrize("keys", [("9",), ("v", "n"), ("v", "s")])
def test_the_keys_of_an_absent_pane_say_why_and_of_a_present_one_show_it(keys: tuple[str, ...]) -> None:
    async def absent(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press(*keys)
        await until(pilot, lambda: "no moving parts" in " ".join(shown(app).split()))
        assert app.board.state.focus == ""

    async def present(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press(*keys)
        await until(pilot, lambda: app.board.state.focus.startswith("moves") and "moved so far" in shown(app))
        assert not app.board.state.zoomed

    play(absent, size=(80, 24), snapshot=GONE, panes=SPECS)
    play(present, size=(80, 24), snapshot=THERE, panes=SPECS)


@pytest.mark.parametrize("size", [(50, 18), *SIZES])
def test_v_lists_every_pane_with_its_letter_and_what_it_says(size: tuple[int, int]) -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, MenuScreen) and "Panes" in shown(app))
        text = shown(app)
        for spec in SPECS:
            assert spec.title in text
        assert "not here" in text
        await pilot.press("l")
        await until(pilot, lambda: app.screen is app.board and app.board.state.focus == "log")
        await pilot.press("v", "l")  # again: it stays, and is not zoomed
        await until(pilot, lambda: app.screen is app.board)
        assert not app.board.state.zoomed

    play(story, size=size, snapshot=GONE, panes=SPECS)


def test_a_pane_that_goes_while_it_is_looked_at_gives_the_keyboard_back() -> None:
    state = update(update(ViewState(), Focus("moves")), Zoom())
    assert update(state, Present(frozenset({"shards"}))).focus == "moves"
    gone = update(state, Present(frozenset({"moves"})))
    assert (gone.focus, gone.zoomed) == ("", False)
    board = Board(SPECS, KEYMAP)
    for snapshot in (THERE, GONE):  # a picture made of one and the state of the other
        canvas = Canvas(120, 40)
        board.draw(canvas, snapshot, ViewState(120, 40, focus="moves"))
        assert ("moved so far" in "\n".join(canvas.plain())) is snapshot.shards.moving
