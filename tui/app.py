"""The screen's app: starts the session, draws frames, shows messages, opens pages, ends in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import monotonic

from textual import events
from textual.app import SystemCommand
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input

from engine.catalogue import ALL_SETTINGS, Catalogue
from engine.commands import Command, Inspect
from engine.snapshot import Snapshot, Trace

from .bindings import keymap_of
from .board import Board
from .display import PacedApp
from .draw import Canvas
from .pages import help_rows, inspection_rows, log_page, rows_page, trace_rows
from .palette import commands
from .pane import PaneSpec
from .safe import safe_text
from .screens.board import BoardScreen
from .screens.reader import Page, ReaderScreen
from .session import Link, Session
from .settings import Settings, picture_folder
from .terminal import leave_now
from .theme import THEMES, Palette, Theme
from .themes import textual_theme
from .view import ViewState

__all__ = ["ScaletopApp"]

INSPECT_EVERY = 1.0  # seconds between two questions about what is being inspected
TOAST = 4.0  # seconds that a sentence can be read
DEADLINE = 3.0  # seconds to leave in order after a signal
SETTLED_S = 1.5  # after so long everything is loaded and drawn once


def settle() -> None:
    """What is there by now stays for good: collections leave it out and take 10 ms instead of 30 to 55 (a key waits for them)."""
    gc.collect()
    gc.freeze()


class ScaletopApp(PacedApp):
    """Shows the engine that `connect` reaches; what ends the conversation ends the app. owns_process: nothing else runs in it."""

    owns_process = False

    TITLE = "scaletop"
    # lines under what is lit without colour: Textual (8.2) drops "reverse" from the styles of the parts of a widget
    ENABLE_COMMAND_PALETTE = True
    CSS = """
    Toast { padding: 0 1; width: auto; max-width: 100%; }
    CommandPalette SearchIcon { display: none; }
    CommandPalette > .command-palette--help-text { text-style: not bold not dim; }
    CommandPalette:nocolor .option-list--option-highlighted { text-style: bold underline; }
    Input:nocolor > .input--cursor { text-style: bold underline; }
    """
    BINDINGS = [Binding("ctrl+c", "leave", "quit", show=False, priority=True, id="quit-now")]  # noqa: RUF012 - as Textual has it

    def __init__(
        self, connect: Callable[[], Awaitable[Link]], panes: Sequence[PaneSpec], theme: Theme, settings: Settings
    ) -> None:
        super().__init__(interval=settings.interval(), ansi_color=theme.ansi)
        self.settings = settings
        self.session = Session(connect, self.say)
        self.look = theme
        state = ViewState(glyphs=settings.glyphs)
        self.board = BoardScreen(Board(panes, settings.keymap), state, Palette(theme))
        self._leaving = False
        self._inspecting = ""
        self._refused = ""
        self._said = ("", -TOAST)
        self._asked_at = 0.0
        self._drawn: Snapshot | None = None
        self._settings_of, self._settings_at = -1, -INSPECT_EVERY  # the newest event, and when, at the last question for settings
        self._sends: set[asyncio.Task[None]] = set()

    # ---- life -------------------------------------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[None]:
        """The board is the first screen."""
        return self.board

    def on_mount(self) -> None:
        """Themes, keys, signals, the conversation and the clock of frames."""
        for theme in THEMES.values():
            self.register_theme(textual_theme(theme))
        self.theme = f"scaletop-{self.look.name}"
        self.set_keymap(keymap_of(self.settings.keymap))
        self._catch_signals()
        self.run_worker(self._converse(), name="session", exit_on_error=True)
        self.set_interval(self.settings.interval() / 2, self.tick)
        if self.owns_process:
            self.set_timer(SETTLED_S, settle)

    async def _converse(self) -> None:
        """Until the engine ends, which ends the screen."""
        try:
            await self.session.run()
        except OSError as error:
            self.session.goodbye = str(error)
        if self._leaving:
            return
        reason = self.session.goodbye or "the engine has ended"
        self.exit(return_code=1, message=f"scaletop: {safe_text(reason)}")

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self._signalled, number)

    def _signalled(self, number: int) -> None:
        """Leave in order; if the terminal is gone and that hangs, leave anyway."""
        self._leaving = True
        guard = threading.Timer(DEADLINE, leave_now, (128 + number,))
        guard.daemon = True
        guard.start()
        self.exit(return_code=128 + number)

    async def on_event(self, event: events.Event) -> None:
        """A key right after Escape (a multiplexer sends both at once) is read as Alt and the key: take it as typed.

        If the terminal's answer to a status query comes right behind the two, Textual makes a ^ of the Escape instead.
        """
        if not isinstance(event, events.Key) or self._bound(event.key):
            await super().on_event(event)
        elif event.key == "circumflex_accent" and not isinstance(self.focused, Input):
            await super().on_event(events.Key("escape", "\x1b"))
        elif event.key.startswith("alt+"):
            await super().on_event(events.Key("escape", "\x1b"))
            # behind the Escape in the queue of the screen that gets it, so that it is for what is below
            self.screen.call_later(self.post_message, events.Key(event.key.removeprefix("alt+"), event.character))
        else:
            await super().on_event(event)

    def _bound(self, key: str) -> bool:
        return any(key in row.keys for row in self.settings.keymap)

    def tick(self) -> None:
        """A frame, if one is due, the last has arrived, and there is something new to draw."""
        now = monotonic()
        if not self.is_headless and not os.isatty(sys.__stdin__.fileno() if sys.__stdin__ else 0):
            self._signalled(signal.SIGHUP)
        self.write_on()
        if self.grid.pending or not self.pacer.ready(now):
            return
        newest = self.session.newest
        if newest is None:
            return self.board.widget.wait(now)
        if newest is self._drawn and not self.board.widget.flashing:
            return
        self._drawn = newest
        self._watch_settings(newest, now)
        self.pacer.drawn(now)
        self.board.show(newest)
        if isinstance(self.screen, ReaderScreen):
            self.screen.refresh_page()
            if self._inspecting and now - self._asked_at > INSPECT_EVERY:
                self._asked_at = now
                self.send(Inspect(target=self._inspecting))

    # ---- talking ----------------------------------------------------------------------------------------------------

    def say(self, words: str) -> None:
        """A sentence for the person; not again while it can still be read. What is being inspected may be refused, too."""
        if self._inspecting and (self.session.inspection is None or self.session.inspection.target != self._inspecting):
            self._refused, self._inspecting = words, ""
            if isinstance(self.screen, ReaderScreen):
                self.screen.refresh_page()
        now = monotonic()
        if words != self._said[0] or now - self._said[1] > TOAST:
            self._said = (words, now)
            self.notify(safe_text(words), markup=False, severity="warning", timeout=TOAST)

    def send(self, command: Command) -> None:
        """Send a command without waiting for it."""
        task = asyncio.ensure_future(self._send(command))
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def _send(self, command: Command) -> None:
        try:
            await self.session.send(command)
        except OSError as error:
            self.say(f"not sent: {error}")

    def _watch_settings(self, newest: Snapshot, now: float) -> None:
        """Whoever changes a setting, it is in the log: so ask when the log has grown, but not too often."""
        last = newest.events[-1].id if newest.events else 0
        if last != self._settings_of and now - self._settings_at >= INSPECT_EVERY:
            self._settings_of, self._settings_at = last, now
            self.ask_settings()

    def ask_settings(self) -> None:
        """Ask what every setting is now, for the menus."""
        self.send(Inspect(target=ALL_SETTINGS))

    def tables(self) -> tuple[Catalogue, Snapshot] | None:
        """The engine's tables and the newest snapshot; None, with a word, before they are there."""
        session = self.session
        if session.catalogue is None or session.newest is None:
            self.say("the engine has not said yet what can be done")
            return None
        return session.catalogue, session.newest

    # ---- pages ------------------------------------------------------------------------------------------------------

    def _read(self, title: str, page: Page, *, bottom: bool = False) -> None:
        if isinstance(self.screen, ReaderScreen):
            self.screen.dismiss(None)
        palette, glyphs = self.board.widget.palette, self.board.state.glyphs
        self.push_screen(ReaderScreen(title, page, palette, glyphs, bottom=bottom), self._page_closed)

    def _page_closed(self, _result: None) -> None:
        if not isinstance(self.screen, ReaderScreen):
            self._inspecting = ""

    def action_help(self) -> None:
        """Every key and what it does, every mark and what it means."""
        keymap, catalogue, glyphs = self.settings.keymap, self.session.catalogue, self.board.state.glyphs

        def page(canvas: Canvas, first: int, words: str) -> int:
            return rows_page(canvas, help_rows(keymap, catalogue, glyphs, canvas.width), first, words)

        self._read("Help", page)

    def action_log(self) -> None:
        """The story so far."""
        story, state = self.session.story, self.board.state
        self._read("Log", lambda canvas, first, words: log_page(canvas, story.events(), first, words, state.glyphs), bottom=True)

    def open_inspection(self, target: str) -> None:
        """All about a part; asked again while it is read."""
        self._inspecting, self._asked_at, self._refused = target, monotonic(), ""
        glyphs = self.board.state.glyphs

        def page(canvas: Canvas, first: int, words: str) -> int:
            found = self.session.inspection
            if found is None or found.target != target:
                canvas.text(0, 0, self._refused or "asking the engine ...")
                return 1
            return rows_page(canvas, inspection_rows(found, glyphs, canvas.width, self.session.story.events()), first, words)

        self._read(f"Inspect {safe_text(target)}", page)

    def open_trace(self, trace: Trace) -> None:
        """One sampled request; the screen has all of it already."""
        glyphs = self.board.state.glyphs
        page = lambda canvas, first, words: rows_page(canvas, trace_rows(trace, glyphs, canvas.width), first, words)  # noqa: E731
        self._read("Inspect a request", page)

    # ---- actions of every screen --------------------------------------------------------------------------------------

    async def action_leave(self) -> None:
        """Quit."""
        self._leaving = True
        self.exit(return_code=0)
        await self.session.close()

    def action_redraw_all(self) -> None:
        """After another program wrote on the terminal."""
        self.redraw_everything()

    def action_next_theme(self) -> None:
        """The next look."""
        names = [name for name in THEMES if name != "mono"]
        if self.look.name == "mono":
            self.say("NO_COLOR is set")
            return
        self.look = THEMES[names[(names.index(self.look.name) + 1) % len(names)]]
        self.ansi_color = self.look.ansi
        self.theme = f"scaletop-{self.look.name}"
        self.board.widget.set_palette(Palette(self.look))
        self.redraw_everything()
        self.notify(f"theme: {self.look.title}", markup=False, timeout=2)

    def action_save_picture(self) -> None:
        """An SVG of the screen."""
        folder = picture_folder()
        folder.mkdir(parents=True, exist_ok=True)
        self.notify(f"saved {self.save_screenshot(path=str(folder))}", markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002 - Textual's signature
        """The palette: every action of the table of keys, every fault, every part."""
        yield from commands(self, self.board)
