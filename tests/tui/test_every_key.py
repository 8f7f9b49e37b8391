"""No key is dead: each row of the table of keys is pressed at 80x24 and does what it says; the mouse does the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sample
from player import Player, play, shown, until
from textual.command import CommandPalette
from textual.events import Key as Pressed
from textual.events import MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot

from engine.commands import Climb, Drain, Heal, HealAll, Inspect, Pause, Restart, SetSpeed, StepOnce, Undo
from tui.app import ScaletopApp
from tui.bars import PRESS
from tui.charts import Glyphs
from tui.keymap import KEYMAP
from tui.keys import Context, Key
from tui.panes import PANES
from tui.screens.ask import AskScreen
from tui.screens.board import BoardScreen
from tui.screens.menu import MenuScreen
from tui.screens.reader import ReaderScreen
from tui.view import Select

Done = Callable[[ScaletopApp, Player], bool]
SMALL = (80, 24)
WEB = "web-1"


def sent(command: object) -> Done:
    return lambda _app, player: command in player.sent


def over(kind: type, words: str = "") -> Done:
    return lambda app, _player: isinstance(app.screen, kind) and words in shown(app)


def view(**wanted: object) -> Done:
    return lambda app, _player: all(getattr(app.board.state, name) == value for name, value in wanted.items())


def pane(key: str) -> Done:
    """The pane of this key has the keyboard; of a system that is not there, why not is said."""
    spec = next((spec for spec in PANES if spec.key == key), None)
    if spec is None:
        return lambda app, _player: f"no pane has the key {key}" in shown(app)
    if not spec.present(sample.trouble()):
        return lambda app, _player: spec.absent in shown(app)
    return view(focus=spec.id)


# What can be seen, or what the engine is told, after each key with web-1 selected in the map.
DOES: dict[str, Done] = {
    "quit": lambda app, _: app.return_code == 0 and not app.is_running,
    "help": over(ReaderScreen, "Look around"),
    "palette": over(CommandPalette),
    "back": view(selected=""),
    **{f"pane-{n}": pane(str(n)) for n in range(10)},
    "pane-1": view(focus="map", zoomed=True),  # it has the keyboard already
    "panes": over(MenuScreen, "Panes"),
    "zoom": view(zoomed=True),
    "next-pane": lambda app, _: app.board.state.focus not in ("map", ""),
    "prev-pane": lambda app, _: app.board.state.focus not in ("map", ""),
    "down": view(selected="web-2"),
    "up": lambda app, _: app.board.state.selected not in (WEB, ""),
    "left": lambda app, _: app.board.state.selected.startswith("lb-") and app.board.state.focus == "map",
    "right": lambda app, _: app.board.state.selected.startswith("cache-") and app.board.state.focus == "map",
    "filter": over(AskScreen, "Show only lines that hold"),
    "inspect": lambda app, player: Inspect(WEB) in player.sent and isinstance(app.screen, ReaderScreen),
    "follow": over(AskScreen, "Keep every hop of the next request"),
    "log": over(ReaderScreen, "Log"),
    "freeze": view(frozen=True),
    "faults": over(MenuScreen, "crash"),
    "next-stage": sent(Climb(up=True)),
    "stage-back": sent(Climb(up=False)),
    "heal": sent(Heal(target=WEB)),
    "heal-all": sent(HealAll()),
    "restart": sent(Restart(node=WEB)),
    "drain": sent(Drain(node=WEB)),
    "undo": sent(Undo()),
    "scale": over(MenuScreen, "add web server"),
    "change": over(MenuScreen, "Change"),
    "traffic": over(MenuScreen, "Traffic"),
    "pause": sent(Pause()),
    "faster": sent(SetSpeed(2.0)),
    "slower": sent(SetSpeed(0.5)),
    "step": sent(StepOnce()),
    "theme": lambda app, _: app.look.name != "dark",
    "glyphs": view(glyphs=Glyphs.ASCII),
    "copy": lambda app, _: app.clipboard.startswith(f"{WEB}: "),
    "screenshot": lambda _app, _player: bool(list(Path.cwd().rglob("*.svg"))),
    "redraw": lambda app, _: app.grid.size == (0, 0),  # forgotten: without a terminal nothing is written anew
}
BOARD_KEYS = [(row, key) for row in KEYMAP if Context.BOARD in row.contexts for key in row.keys]


def test_every_row_of_the_table_has_its_check() -> None:
    assert set(DOES) == {row.id for row in KEYMAP if Context.BOARD in row.contexts}


async def select_web(app: ScaletopApp, pilot: Pilot[None]) -> None:
    await pilot.press("1")
    app.board.change(Select(WEB, "map"))
    await pilot.pause()


@pytest.mark.parametrize(("row", "key"), BOARD_KEYS, ids=[f"{row.id}:{key}" for row, key in BOARD_KEYS])
def test_each_key_does_what_its_row_says(row: Key, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = DOES[row.id]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_PICTURES_DIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await select_web(app, pilot)
        app.grid.reset(*SMALL)
        assert not done(app, player), "it was so before"
        await pilot.press(key)
        await until(pilot, lambda: done(app, player))

    play(story, size=SMALL)


def test_escape_and_a_key_at_once_close_the_menu_and_then_press_the_key() -> None:
    """A multiplexer that waits for the rest of a sequence sends both in one piece, which reads as Alt and the key."""

    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("g")
        assert isinstance(app.screen, MenuScreen)
        app.post_message(Pressed("alt+u", "u"))
        await until(pilot, lambda: isinstance(app.screen, BoardScreen) and player.sent == [Undo()])

    play(story, size=SMALL)


@pytest.mark.parametrize("size", [SMALL, (120, 40), (200, 60)], ids=str)
def test_a_click_on_a_node_of_the_map_selects_it_and_a_double_click_inspects(size: tuple[int, int]) -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        spot = next(s for s in app.board.widget.spots if s.target == WEB)
        await pilot.click(offset=(spot.x + 3, spot.y))
        assert app.board.state.selected == WEB
        assert shown(app).split("\n")[-1].startswith(f" {WEB}:"), "the footer names it"
        await pilot.click(offset=(spot.x + 3, spot.y), times=2)
        await until(pilot, lambda: isinstance(app.screen, ReaderScreen) and Inspect(WEB) in player.sent)

    play(story, size=size)


def test_a_click_on_each_entry_of_the_footer_is_its_key() -> None:
    entries: list[str] = []

    async def names(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        entries.extend(s.target for s in app.board.widget.spots if s.target.startswith(PRESS))

    play(names, size=(160, 40))
    assert len(entries) >= 10
    by_action = {row.action: row for row in KEYMAP}
    for entry in entries:
        row = by_action[entry.removeprefix(PRESS)]

        async def story(app: ScaletopApp, player: Player, pilot: Pilot[None], entry: str = entry, row: Key = row) -> None:
            app.board.change(Select("", "map"))
            await pilot.pause()
            spot = next(s for s in app.board.widget.spots if s.target == entry)
            await pilot.click(offset=(spot.x, spot.y))
            await until(pilot, lambda: DOES[row.id](app, player))

        play(story, size=(160, 40))


def test_the_wheel_walks_through_the_pane_under_it_and_scrolls_pages() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        box = app.board.board.boxes(app.board.state)["map"]
        app.board.change(Select(WEB, "map"))
        await pilot._post_mouse_events([MouseScrollDown], offset=(box.x + 2, box.y + 2))
        await until(pilot, lambda: app.board.state.selected == "web-2")
        await pilot._post_mouse_events([MouseScrollUp], offset=(box.x + 2, box.y + 2))
        await until(pilot, lambda: app.board.state.selected == WEB)
        await pilot.press("question_mark")
        await until(pilot, lambda: "Look around" in shown(app))
        await pilot._post_mouse_events([MouseScrollDown], offset=(20, 10))
        await until(pilot, lambda: "Look around" not in shown(app))

    play(story, size=SMALL)


def test_a_request_that_is_selected_is_inspected_as_a_waterfall() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("8", "down", "i")
        await until(pilot, lambda: isinstance(app.screen, ReaderScreen))
        worst = next(t for t in player.snapshot.traces if t.outcome != "ok")
        assert f"request {worst.id:,}" in shown(app)
        assert all(span.node in shown(app) for span in worst.spans)
        assert not any(isinstance(command, Inspect) for command in player.sent)

    play(story, size=SMALL)
