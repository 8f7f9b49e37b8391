"""Keys that arrive together, as a slow line or quick fingers send them: none is lost, none is given to the wrong screen."""

from __future__ import annotations

import pytest
from player import Player, play, shown, until
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from engine.commands import AddNode, Command, Heal, Inject, Inspect, SetOption
from tui.app import ScaletopApp
from tui.screens.reader import ReaderScreen

NAMES = {"/": "slash", "\r": "enter", "\x1b": "escape", "↓": "down", "?": "question_mark"}


def type_at_once(app: ScaletopApp, keys: str) -> None:
    for key in keys:
        app.post_message(events.Key(NAMES.get(key, key), key if key.isprintable() and key != "↓" else None))


def answer(app: ScaletopApp) -> str:
    """What stands in the line below the question, as it is seen."""
    rows = shown(app).split("\n")
    y = next((y for y, row in enumerate(rows) if "Show only lines that hold" in row), None)
    if y is None:
        return ""
    x = rows[y].index("Show only lines")
    return rows[y + 1][x:].split("│")[0].strip()


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        ("fc", [Inject(fault="crash", target="web-1")]),
        ("gs", [AddNode(tier="shard", parent="")]),
        ("l\x1bfc", [Inject(fault="crash", target="web-1")]),
        ("f\x1bfc", [Inject(fault="crash", target="web-1")]),
        ("cct12\r", [SetOption(option="cache.ttl", value=12.0)]),
        ("cct12\r\r\r", [SetOption(option="cache.ttl", value=12.0)]),
        ("↓h", [Heal(target="Seoul")]),
        ("↓i\x1bh", [Inspect(target="Seoul"), Heal(target="Seoul")]),
    ],
)
def test_no_key_is_lost_between_screens(keys: str, sent: list[Command]) -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        type_at_once(app, keys)
        await until(pilot, lambda: len(player.sent) >= len(sent))
        await pilot.pause(0.05)
        assert player.sent[: len(sent)] == sent
        assert not any(isinstance(command, Inject | AddNode | SetOption) for command in player.sent[len(sent) :])

    assert play(story) == 0


def test_words_typed_right_behind_the_filters_key_are_its_words() -> None:
    async def story(app: ScaletopApp, _player: Player, pilot: Pilot[None]) -> None:
        type_at_once(app, "/web")
        await until(pilot, lambda: answer(app) == "web")
        await pilot.press("-", "2", "enter")
        await until(pilot, lambda: app.board.state.filter == "web-2")

    play(story)


def test_the_answer_of_before_is_replaced_by_what_is_typed_ahead() -> None:
    async def story(app: ScaletopApp, _player: Player, pilot: Pilot[None]) -> None:
        for words in ("cache", "db"):
            type_at_once(app, f"/{words}\r")
            await until(pilot, lambda words=words: app.board.state.filter == words)

    play(story)


@pytest.mark.parametrize("slowly", [False, True])
def test_what_is_typed_right_behind_one_filter_is_the_next(slowly: bool) -> None:
    """Whether or not the line has the keyboard already: nothing is lost, and nothing gets into the filter before."""

    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        for words, more in (("cache", "db-1"), ("x", "web")):
            if slowly:
                await pilot.press("slash")
                await until(pilot, lambda: isinstance(app.focused, Input))
                type_at_once(app, f"{words}\r/{more}\r")
            else:
                type_at_once(app, f"/{words}\r/{more}\r")
            await until(pilot, lambda more=more: app.board.state.filter == more and app.screen is app.board)
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.focused, Input))
        type_at_once(app, "db\r/\x1b/q\x1bfc")
        await until(pilot, lambda: player.sent == [Inject(fault="crash", target="web-1")])
        assert app.board.state.filter == "db"

    assert play(story) == 0


def test_quit_behind_help_quits() -> None:
    async def story(app: ScaletopApp, _player: Player, pilot: Pilot[None]) -> None:
        type_at_once(app, "?q")
        await until(pilot, lambda: not app.is_running)

    assert play(story) == 0


def test_a_page_over_a_page_is_closed_once() -> None:
    async def story(app: ScaletopApp, _player: Player, pilot: Pilot[None]) -> None:
        type_at_once(app, "l?")
        await until(pilot, lambda: isinstance(app.screen, ReaderScreen) and "Look around" in shown(app))
        type_at_once(app, "\x1b\x1b\x1b")
        await until(pilot, lambda: app.screen is app.board)

    assert play(story) == 0
