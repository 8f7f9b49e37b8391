"""The main screen: holds the view state, turns keys into view messages and commands, opens the menus and pages."""

from __future__ import annotations

from time import monotonic

from textual import events
from textual.app import ComposeResult

from engine.snapshot import Snapshot

from ..bindings import bindings, press
from ..board import Board
from ..boardwidget import BoardWidget
from ..keys import Context
from ..menu import Go, Outcome
from ..pane import PaneSpec
from ..panemenu import pane_menu
from ..rising import Rising
from ..theme import Palette
from ..view import (
    Back,
    Focus,
    FocusNext,
    Freeze,
    Message,
    NextGlyphs,
    Resize,
    Search,
    Select,
    ViewState,
    Zoom,
    step_through,
    update,
)
from .acting import ActingScreen
from .ask import AskScreen

__all__ = ["BoardScreen"]


class BoardScreen(ActingScreen, inherit_bindings=False):
    """The board: what is looked at, and (from its base) everything that can be done from it."""

    BINDINGS = bindings(Context.BOARD)
    DEFAULT_CSS = "BoardScreen { layout: vertical; background: $background; }"

    def __init__(self, board: Board, state: ViewState, palette: Palette) -> None:
        super().__init__(board, state, palette)
        self._rising = Rising()

    def compose(self) -> ComposeResult:
        """The one widget."""
        yield self.widget

    # ---- view -------------------------------------------------------------------------------------------------------

    def change(self, message: Message) -> None:
        """Change the view and draw at once: what a key does to the view must not wait for a frame."""
        self.state = update(self.state, message)
        if not self.state.frozen and self.host.session.newest is not None:
            self._take(self.host.session.newest)
        self._draw()

    def _draw(self) -> None:
        self.state = self.widget.state = self.board.settled(self.state)
        self.widget.redraw()

    def _take(self, snapshot: Snapshot) -> None:
        """This is what is drawn from now on; systems may have come or gone."""
        self.widget.shown = snapshot
        self.state = update(self.state, self.board.found(snapshot))

    def show(self, snapshot: Snapshot) -> None:
        """A new snapshot is there."""
        if not self.state.frozen:
            self._take(snapshot)
            if len(self.board.boxes(self.state)) < len(self.board.present(self.state)):  # else nothing needs to rise
                attention = self.board.attention(snapshot, self.state)
                self.state = update(self.state, self._rising.held(attention, monotonic()))
        self._draw()

    async def on_key(self, event: events.Key) -> None:
        """What was typed ahead while a menu was opening is meant for the menu."""
        await press(self, self.host.settings.keymap, Context.BOARD, event)

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new size."""
        self.change(Resize(event.size.width, event.size.height))

    def on_board_widget_moved(self, message: BoardWidget.Moved) -> None:
        """The mouse."""
        self.change(message.change)
        if message.inspect:
            self.action_inspect()

    async def on_board_widget_pressed(self, message: BoardWidget.Pressed) -> None:
        """A click on the footer."""
        await self.run_action(message.action)

    def action_pane(self, number: int) -> None:
        """A number key."""
        spec = next((spec for spec in self.board.specs if spec.key == str(number)), None)
        if spec is None:
            self.host.say(f"no pane has the key {number}: v lists all panes")
        elif self._is_there(spec):
            self.change(Focus(spec.id))

    def show_pane(self, pane: str) -> None:
        """Give a pane the keyboard, however it is asked for; one that has it already keeps it."""
        spec = next(spec for spec in self.board.specs if spec.id == pane)
        if self._is_there(spec) and self.board.focus(self.state) != pane:
            self.change(Focus(pane))

    def _is_there(self, spec: PaneSpec) -> bool:
        """Whether there is something to show; if not, why not is said."""
        if spec.id in self.state.absent:
            self.host.say(spec.absent)
        return spec.id not in self.state.absent

    def chosen(self, outcome: Outcome | None) -> None:
        """What a menu ended with."""
        if isinstance(outcome, Go):
            self.show_pane(outcome.pane)
        else:
            super().chosen(outcome)

    def action_panes(self) -> None:
        """The menu of all panes."""
        if self.widget.shown is not None:
            self._open(pane_menu(self.board, self.widget.shown, self.state))

    def action_focus_pane(self, by: int) -> None:
        """Tab: as they stand if all are shown, else in the table's order, so that each has its turn."""
        ids, shown = tuple(spec.id for spec in self.board.present(self.state)), tuple(self.board.boxes(self.state))
        self.change(FocusNext(by, shown if len(shown) == len(ids) else ids))

    def action_move(self, across: int, down: int) -> None:
        """Arrows: walk through the pane's lines; sideways over the map's columns, and from its edge to the next pane."""
        if self.widget.shown is None:
            return
        pane = self.board.focus(self.state)
        if across:
            beside = self.widget.beside(across) if pane == self.board.specs[0].id else ""
            if beside:
                self.change(Select(beside, pane))
            else:
                self.action_focus_pane(across)
            return
        targets = self.board.targets_of(pane, self.widget.shown, self.state)
        self.change(Select(step_through(targets, self.state.selected, down), pane))

    def action_zoom(self) -> None:
        """Only this pane."""
        self.change(Zoom())

    def action_back(self) -> None:
        """Esc."""
        self.change(Back())

    def action_freeze(self) -> None:
        """Hold the picture."""
        self.change(Freeze())

    def action_next_glyphs(self) -> None:
        """Braille, blocks, ASCII."""
        self.change(NextGlyphs())
        self.app.notify(f"glyphs: {self.state.glyphs.value}", markup=False, timeout=2)

    def action_filter(self) -> None:
        """Ask for words."""
        self.app.push_screen(AskScreen("Show only lines that hold:", self.state.filter), self._filtered)

    def _filtered(self, words: str | None) -> None:
        if words is not None:
            self.change(Search(words))
