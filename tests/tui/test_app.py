"""Keys do what the table says, on the real app with a scripted engine; every exit path leaves a status."""

from __future__ import annotations

import os
from time import monotonic
from unittest import mock

import pytest
from player import Player, play, shown, until
from rich.color import ColorSystem
from rich.console import Console
from termmodel import Screen
from textual._compositor import CompositorUpdate
from textual.pilot import Pilot

from engine.commands import AddNode, Heal, HealAll, Inject, Inspect, Pause, Resume, SetOption, SetSpeed, StepOnce, Undo
from engine.snapshot import Pace
from tui.app import ScaletopApp
from tui.board import Board
from tui.boardwidget import BoardWidget
from tui.draw import Canvas
from tui.keys import KEYMAP
from tui.output import Difference, Grid, diffable
from tui.panes import PANES
from tui.screens.acting import next_speed
from tui.screens.board import BoardScreen
from tui.screens.menu import MenuScreen
from tui.screens.reader import ReaderScreen
from tui.settings import Settings
from tui.theme import THEMES, Palette
from tui.view import ViewState


def test_one_key_commands() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("p", "plus", "minus", "full_stop", "u", "H")
        await until(pilot, lambda: len(player.sent) == 7)
        assert player.sent == [Pause(), SetSpeed(2.0), SetSpeed(0.5), Pause(), StepOnce(), Undo(), HealAll()]
        player.update(pace=Pace(1.0, 0.0, 0.0, True, 1))
        await until(pilot, lambda: app.session.newest is not None and app.session.newest.pace.paused)
        await pilot.press("p")
        await until(pilot, lambda: player.sent[-1] == Resume())

    assert play(story) == 0


def test_a_fault_is_at_most_two_keys_after_f_and_hits_what_is_selected() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        web = next(node.name for node in player.snapshot.map.nodes if node.tier == "web")
        await pilot.press("1")
        for _ in range(60):
            if app.board.state.selected == web:
                break
            await pilot.press("down")
        assert app.board.state.selected == web
        await pilot.press("f", "c")
        await until(pilot, lambda: bool(player.sent))
        assert player.sent == [Inject("crash", web, None)]
        await pilot.press("h")
        await until(pilot, lambda: player.sent[-1] == Heal(target=web))
        await pilot.press("f", "n", "l")
        await until(pilot, lambda: len(player.sent) == 3)
        assert isinstance(player.sent[-1], Inject)
        assert player.sent[-1].fault == "loss"

    play(story)


def test_heal_without_a_selection_heals_what_was_hurt_last() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        last = max(player.snapshot.faults, key=lambda fault: fault.id)
        await pilot.press("h")
        await until(pilot, lambda: player.sent == [Heal(target=last.target)])

    play(story)


def test_scale_change_and_a_number_out_of_range() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("g", "w")
        await until(pilot, lambda: player.sent == [AddNode("web")])
        await pilot.press("c", "b", "i")
        await until(pilot, lambda: len(player.sent) == 2)
        assert player.sent[-1] == SetOption("balancer.policy", "ip_hash")
        await pilot.press("c", "t")
        await pilot.pause()
        for key in ("0", "enter"):
            await pilot.press(key)
        await until(pilot, lambda: "from 1 to 86,400, please" in shown(app))
        await pilot.press("backspace", "3", "0", "enter")
        await until(pilot, lambda: player.sent[-1] == SetOption("cache.ttl", 30.0))

    play(story)


def test_menus_and_pages_open_close_and_scroll() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        for key, kind in (("f", MenuScreen), ("g", MenuScreen), ("c", MenuScreen), ("t", MenuScreen), ("l", ReaderScreen)):
            await pilot.press(key)
            assert isinstance(app.screen, kind)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, BoardScreen))
        await pilot.press("question_mark")
        assert "Look around" in shown(app)
        await pilot.press("end")
        assert "Look around" not in shown(app)
        await pilot.press("home")
        assert "Look around" in shown(app)
        await pilot.press("escape", "down", "i")
        await until(pilot, lambda: "connect time-out" in shown(app))
        assert Inspect(app.board.state.selected) in player.sent

    play(story)


def test_panes_zoom_back_and_freeze() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("4")
        assert app.board.board.focus(app.board.state) == "cache"
        await pilot.press("z")
        assert list(app.board.board.boxes(app.board.state)) == ["cache"]
        await pilot.press("escape")
        assert len(app.board.board.boxes(app.board.state)) > 1
        await pilot.press("space")
        before = app.board.widget.shown
        player.update(now=999.0)
        await until(pilot, lambda: app.session.newest is not None and app.session.newest.now == 999.0)
        await pilot.pause(0.15)
        assert app.board.widget.shown is before
        await pilot.press("space")
        assert app.board.widget.shown is app.session.newest

    play(story)


def test_the_filter_and_the_mouse() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("slash", "w", "e", "b", "enter")
        assert app.board.state.filter == "web"
        await pilot.press("escape")
        assert app.board.state.filter == ""
        spot = next(s for s in app.board.widget.spots if s.target)
        await pilot.click(offset=(spot.x, spot.y))
        assert app.board.state.selected == app.board.widget.spot_at(spot.x, spot.y)

    play(story)


def test_what_the_engine_refuses_is_said_as_text_not_markup() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        player.reject("no [bold]such[/] node \x1b[31mweb-99")
        await until(pilot, lambda: "no [bold]such[/] node" in shown(app))
        assert "\x1b" not in shown(app)

    play(story)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_quitting_is_status_0_from_the_board_and_from_a_menu(key: str) -> None:
    async def from_board(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press(key)

    async def from_menu(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("f", "ctrl+c")

    assert play(from_board) == 0
    assert play(from_menu) == 0


def test_the_end_of_the_engine_ends_the_screen_with_status_1() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        player.end("the engine failed: no more memory")
        await until(pilot, lambda: app.return_code == 1)

    assert play(story) == 1


@pytest.mark.parametrize("size", [(50, 18), (80, 24), (120, 40), (200, 60), (20, 5), (4, 2), (300, 20)])
def test_there_is_something_at_every_size(size: tuple[int, int]) -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        lines = shown(app).split("\n")
        assert len(lines) == size[1]
        if size[0] >= 50:
            assert "p99" in shown(app)
            await pilot.press("f")
            assert "crash" in shown(app)

    play(story, size=size)


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_every_theme_draws_everything_and_without_colour_nothing_crashes(theme: str) -> None:
    """Under NO_COLOR a segment with style None crashes Textual's filter."""

    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("f", "escape", "question_mark", "escape", "slash", "escape", "ctrl+p")
        await pilot.pause()
        for strip in app.screen._compositor.render_strips():
            assert all(segment.style is not None for segment in strip)

    with mock.patch.dict(os.environ, {"NO_COLOR": "1"} if theme == "mono" else {}):
        play(story, theme=theme, size=(80, 24))


def test_a_whole_session_written_as_differences_equals_stock_output() -> None:
    """Resizes, modals, toasts, zoom and themes: after every update both terminals show the same cells."""
    console = Console(color_system="truecolor", force_terminal=True, legacy_windows=False)
    seen: list[int] = []

    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        grid = Grid()
        screens: list[Screen] = []

        def compare(_screen: object, update: object) -> None:
            if not diffable(update):
                return
            width, height = app.size
            if not screens or (screens[0].width, screens[0].height) != (width, height):
                screens[:] = [Screen(width, height), Screen(width, height)]
                grid.reset(width, height)
            stock = update.render_segments(console)
            grid.put(update, ColorSystem.TRUECOLOR)
            ours = Difference(grid, 1 << 20).render_segments(console)
            screens[0].feed(stock)
            screens[1].feed(ours)
            seen.append(len(stock) - len(ours))
            assert screens[0].differences(screens[1]) == []

        with mock.patch.object(app, "_display", compare):
            app.redraw_everything()
            await pilot.pause()
            for key in ("down", "f", "escape", "z", "z", "question_mark", "escape", "T", "2", "ctrl+p", "escape"):
                await pilot.press(key)
            player.reject("日本語 🙂 in a toast")
            for _ in range(3):
                player.update(now=player.snapshot.now + 1.23)
                await pilot.pause(0.12)
            await pilot.resize_terminal(80, 24)
            await pilot.press("f", "escape")
            await pilot.resize_terminal(130, 50)
            await pilot.pause()

    play(story)
    assert len(seen) > 10
    assert sum(seen) > 0
    assert issubclass(Difference, CompositorUpdate)


def test_keys_can_be_moved() -> None:
    from tui.keymap import KEYMAP, remap

    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("x")
        await until(pilot, lambda: player.sent == [Undo()])
        await pilot.press("u")
        await pilot.pause()
        assert player.sent == [Undo()]

    play(story, settings=Settings(keymap=remap(KEYMAP, {"undo": ["x"]})))


def test_the_series_of_speeds_has_ends() -> None:
    assert next_speed(1.0, 1) == 2.0
    assert next_speed(100.0, 1) == 0.0
    assert next_speed(0.0, 1) == 0.0
    assert next_speed(0.0, -1) == 100.0
    assert next_speed(0.25, -1) == 0.25
    assert next_speed(3.0, 1) == 5.0


def test_what_cannot_be_inspected_is_said_once_and_shown_on_the_page() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        player.answers = False
        await pilot.press("down", "i")
        player.reject("there is nothing of that name")
        player.reject("there is nothing of that name")
        await until(pilot, lambda: "there is nothing of that name" in shown(app).split("\n")[1])
        assert len(app._notifications) == 1

    play(story)


def test_while_a_big_world_is_made_the_seconds_count_up() -> None:
    widget = BoardWidget(Board(PANES, KEYMAP), ViewState(width=80, height=24), Palette(THEMES["dark"]))
    began = monotonic()

    def words() -> str:
        canvas = Canvas(80, 24)
        widget.paint(canvas)
        return canvas.plain()[12]

    widget.wait(began + 1.5)
    assert "waiting for the engine" in words()
    for seconds in (3, 4):
        widget.wait(began + seconds + 0.5)
        assert f"makes its users and keys ... {seconds} s" in words()
