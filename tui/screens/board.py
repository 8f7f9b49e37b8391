"""The main screen: holds the view state, turns keys into view messages and commands, opens the menus and pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from engine.commands import Command, Drain, Heal, HealAll, Inspect, Pause, Restart, Resume, SetSpeed, StepOnce, Undo, Undrain
from engine.snapshot import NodeState, Snapshot

from ..bindings import bindings, press
from ..board import Board
from ..boardwidget import BoardWidget
from ..keys import Context
from ..menu import Ask, Close, Menu, Outcome
from ..menus import change_menu, fault_menu, follow_ask, scale_menu, traffic_menu
from ..panes.requests import trace_target
from ..targets import describe
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
from .ask import AskScreen
from .menu import MenuScreen

if TYPE_CHECKING:
    from ..app import ScaletopApp

__all__ = ["SPEEDS", "BoardScreen"]

# Speeds that + and - walk through; 0 is as fast as the machine can.
SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 0.0)


class BoardScreen(Screen[None], inherit_bindings=False):
    """The board and everything that can be done from it."""

    BINDINGS = bindings(Context.BOARD)
    DEFAULT_CSS = "BoardScreen { layout: vertical; background: $background; }"

    def __init__(self, board: Board, state: ViewState, palette: Palette) -> None:
        super().__init__()
        self.board = board
        self.state = state
        self.widget = BoardWidget(board, state, palette)

    @property
    def host(self) -> ScaletopApp:
        """The app, which has the session."""
        return cast("ScaletopApp", self.app)

    def compose(self) -> ComposeResult:
        """The one widget."""
        yield self.widget

    # ---- view -------------------------------------------------------------------------------------------------------

    def change(self, message: Message) -> None:
        """Change the view and draw at once: what a key does to the view must not wait for a frame."""
        self.state = update(self.state, message)
        self.widget.state = self.state
        if not self.state.frozen and self.host.session.newest is not None:
            self.widget.shown = self.host.session.newest
        self.widget.redraw()

    def show(self, snapshot: Snapshot) -> None:
        """A new snapshot is there."""
        if not self.state.frozen:
            self.widget.shown = snapshot
            if len(self.board.boxes(self.state)) < len(self.board.specs):  # else nothing needs to rise
                self.state = self.widget.state = update(self.state, self.board.attention(snapshot, self.state))
        self.widget.redraw()

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
        for spec in self.board.specs:
            if spec.key == str(number):
                self.change(Focus(spec.id))

    def action_focus_pane(self, by: int) -> None:
        """Tab."""
        self.change(FocusNext(by, tuple(self.board.boxes(self.state)) if not self.state.zoomed else self.pane_ids()))

    def pane_ids(self) -> tuple[str, ...]:
        """All panes, in the table's order."""
        return tuple(spec.id for spec in self.board.specs)

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

    # ---- commands ---------------------------------------------------------------------------------------------------

    def send(self, command: Command) -> None:
        """Send it to the engine."""
        self.host.send(command)

    def _selected(self, words: str) -> str:
        if not self.state.selected:
            self.app.notify(f"select what to {words} first: arrows, or a click", markup=False, timeout=3)
        return self.state.selected

    def action_heal(self) -> None:
        """Take all faults off the selected part; with nothing selected, off the one that was hurt last."""
        target = self.state.selected
        shown = self.widget.shown
        if not target and shown is not None and shown.faults:
            target = max(shown.faults, key=lambda fault: fault.id).target
        if target:
            self.send(Heal(target=target))
        else:
            self.app.notify("nothing is broken by a fault", markup=False, timeout=2)

    def action_heal_all(self) -> None:
        """Take off all faults."""
        self.send(HealAll())

    def action_undo(self) -> None:
        """Take back the last thing done."""
        self.send(Undo())

    def action_restart(self) -> None:
        """Restart the selected node."""
        if target := self._selected("restart"):
            self.send(Restart(node=target))

    def action_drain(self) -> None:
        """Drain the selected web server, or let it back in."""
        target = self._selected("drain")
        shown = self.widget.shown
        if target and shown is not None:
            draining = any(n.name == target and n.state is NodeState.DRAINING for n in shown.map.nodes)
            self.send(Undrain(node=target) if draining else Drain(node=target))

    def action_pause(self) -> None:
        """Stop the world's clock, or let it run."""
        shown = self.host.session.newest
        if shown is not None:
            self.send(Resume() if shown.pace.paused else Pause())

    def action_step(self) -> None:
        """One step; a running world is paused first."""
        shown = self.host.session.newest
        if shown is not None and not shown.pace.paused:
            self.send(Pause())
        self.send(StepOnce())

    def action_speed(self, by: int) -> None:
        """The next speed of the series."""
        shown = self.host.session.newest
        if shown is not None:
            self.send(SetSpeed(speed=next_speed(shown.pace.asked, by)))

    def action_inspect(self) -> None:
        """All about the selected part."""
        traces = self.widget.shown.traces if self.widget.shown else ()
        if trace := next((t for t in traces if trace_target(t) == self.state.selected), None):
            self.host.open_trace(trace)
        elif target := self._selected("inspect"):
            self.send(Inspect(target=target))
            self.host.open_inspection(target)

    def action_follow(self) -> None:
        """Ask whose next request keeps its spans."""
        self._ask(follow_ask(self.state.selected))

    def action_copy(self) -> None:
        """The selected part's line to the clipboard (OSC 52)."""
        shown = self.widget.shown
        if shown is not None and (target := self._selected("copy")):
            self.app.copy_to_clipboard(f"{target}: {describe(target, shown)}")
            self.app.notify(f"copied: {target}", markup=False, timeout=2)

    # ---- menus ------------------------------------------------------------------------------------------------------

    def _open(self, menu: Menu) -> None:
        self.app.push_screen(MenuScreen(menu, self.widget.palette, self.state.glyphs), self.chosen)

    def chosen(self, outcome: Outcome | None) -> None:
        match outcome:
            case None | Close() | Menu():
                pass
            case Ask():
                self._ask(outcome)
            case _:
                self.send(cast("Command", outcome))

    def _ask(self, ask: Ask) -> None:
        def check(text: str) -> str:
            try:
                ask.make(text)
            except ValueError as error:
                return str(error)
            return ""

        def answered(text: str | None) -> None:
            if text is not None:
                self.send(ask.make(text))

        self.app.push_screen(AskScreen(ask.question, ask.now, check), answered)

    def action_faults(self) -> None:
        """The fault menu."""
        if (found := self.host.tables()) is not None:
            self._open(fault_menu(*found, self.state.selected))

    def action_scale(self) -> None:
        """The scale menu."""
        if (found := self.host.tables()) is not None:
            self._open(scale_menu(*found, self.state.selected))

    def action_change(self) -> None:
        """The menu of settings."""
        if (found := self.host.tables()) is not None:
            self.host.ask_settings()
            self._open(change_menu(found[0], self.host.session.settings))

    def action_traffic(self) -> None:
        """The traffic menu."""
        if (found := self.host.tables()) is not None:
            self.host.ask_settings()
            self._open(traffic_menu(*found, self.state.selected, self.host.session.settings))


def next_speed(asked: float, by: int, speeds: Sequence[float] = SPEEDS) -> float:
    """The speed `by` places on in the series; one that is not in it counts as the nearest."""
    order = [speed or float("inf") for speed in speeds]
    now = asked or float("inf")
    at = min(range(len(order)), key=lambda i: abs(order[i] - now) if order[i] != now else -1.0)
    return speeds[max(0, min(len(speeds) - 1, at + by))]
