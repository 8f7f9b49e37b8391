"""The menu on the real app: it leaves no rim of the board beside it, and a key behind Escape is for the board."""

from __future__ import annotations

import pytest
from player import Player, play, until
from textual import events
from textual._xterm_parser import XTermParser
from textual.pilot import Pilot

from tui.app import ScaletopApp
from tui.layout import bars
from tui.screens.menu import RIM, MenuScreen

# what the terminal sends for Escape and c: in two reads, in one (read as Alt and c), with the answer to a status query behind
READS = (("\x1b\x1b[1;1R", "c"), ("\x1bc",), ("\x1bc\x1b[1;1R",))


@pytest.mark.parametrize("reads", READS)
def test_a_key_right_behind_escape_is_not_for_the_menu_that_closes(reads: tuple[str, ...]) -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, MenuScreen))
        first = app.screen
        parser = XTermParser()
        found = [event for read in reads for event in parser.feed(read)]
        if not found:  # Escape may be the begin of more: read on until the parser has waited long enough
            await until(pilot, lambda: bool(found.extend(parser.tick()) or found))
        keys = [event for event in found if isinstance(event, events.Key)]
        assert keys
        for event in keys:
            app.post_message(event)
        await until(pilot, lambda: isinstance(app.screen, MenuScreen) and app.screen is not first)
        assert isinstance(app.screen, MenuScreen)
        assert app.screen.widget.menu.title.startswith("Change")
        assert not player.sent  # in the scale menu, c adds a cache node

    assert play(story) == 0


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (100, 30), (50, 18), (64, 20), (200, 60)])
@pytest.mark.parametrize("key", ["f", "g", "c", "t"])
def test_a_menu_covers_all_or_leaves_more_than_a_rim(size: tuple[int, int], key: str) -> None:
    async def story(app: ScaletopApp, _player: Player, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, MenuScreen))
        assert isinstance(app.screen, MenuScreen)
        widget = app.screen.widget
        await until(pilot, lambda: widget.size.height > 3)
        top, bottom = bars(size[1])
        left, above = widget.region.x, widget.region.y - top
        right, below = size[0] - widget.region.right, size[1] - bottom - widget.region.bottom
        assert above >= 0
        assert below >= 0
        for one, other in ((left, right), (above, below)):
            assert one + other == 0 or min(one, other) >= RIM

    play(story, size=size)
