"""Panes that are put back instead of drawn look the same, can be clicked and flash as if drawn; none stays old for long."""

from __future__ import annotations

import msgspec
import sample
from player import Player, play, until
from textual.pilot import Pilot

from tui.app import ScaletopApp
from tui.board import Board
from tui.boardwidget import EVERY
from tui.draw import Canvas
from tui.keys import KEYMAP
from tui.panes import PANES
from tui.view import ViewState


def test_a_screen_of_kept_panes_equals_one_that_is_drawn() -> None:
    board, world = Board(PANES, KEYMAP), sample.trouble()
    for width, height in ((80, 24), (120, 40), (200, 60), (30, 9)):
        state = ViewState(width=width, height=height, absent=board.found(world).absent)
        drawn, again = Canvas(width, height), Canvas(width, height)
        pieces = board.draw(drawn, world, state)
        assert pieces.keys() == board.boxes(state).keys()
        board.draw(again, world, state, pieces)
        assert [again.row(y) for y in range(height)] == [drawn.row(y) for y in range(height)]
        assert sorted(again.spots, key=repr) == sorted(drawn.spots, key=repr)
        assert sorted(again.watches, key=repr) == sorted(drawn.watches, key=repr)


def test_news_is_drawn_after_a_few_frames_everywhere_and_at_once_when_something_happened() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        widget = app.board.widget
        cache = player.snapshot.cache
        widget.redraw()
        for _ in range(EVERY):
            changed = msgspec.structs.replace(player.snapshot, cache=msgspec.structs.replace(cache, hit_share=0.123))
            widget.shown = changed
            widget.redraw()
            if any("12.3 %" in text for text, _ in widget._rows):
                break
        else:
            raise AssertionError("the cache pane stayed old")
        event = msgspec.structs.replace(changed.events[-1], id=10_000, text="a thing happened")
        widget.shown = msgspec.structs.replace(changed, events=(*changed.events, event))
        widget.redraw()
        assert any("a thing happened" in text for text, _ in widget._rows)
        player.update(now=player.snapshot.now + 1)
        await until(pilot, lambda: widget.shown is app.session.newest)

    play(story, size=(200, 60))
