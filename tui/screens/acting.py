"""What can be done from the board: the half of its screen that turns keys into commands, menus and questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from textual.screen import Screen

from engine.commands import (
    Climb,
    Command,
    Drain,
    Heal,
    HealAll,
    Inspect,
    Pause,
    Restart,
    Resume,
    SetSpeed,
    StepOnce,
    Undo,
    Undrain,
)
from engine.snapshot import NodeState

from ..board import Board
from ..boardwidget import BoardWidget
from ..menu import Ask, Close, Go, Menu, Outcome
from ..menus import change_menu, fault_menu, follow_ask, scale_menu, traffic_menu
from ..panes.requests import trace_target
from ..targets import describe
from ..theme import Palette
from ..view import ViewState
from .ask import AskScreen
from .menu import MenuScreen

if TYPE_CHECKING:
    from ..app import ScaletopApp

__all__ = ["SPEEDS", "ActingScreen", "next_speed"]

# Speeds that + and - walk through; 0 is as fast as the machine can.
SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 0.0)


class ActingScreen(Screen[None], inherit_bindings=False):
    """Commands, menus and questions about what the viewer has selected."""

    def __init__(self, board: Board, state: ViewState, palette: Palette) -> None:
        super().__init__()
        self.board = board
        self.state = state
        self.widget = BoardWidget(board, state, palette)

    @property
    def host(self) -> ScaletopApp:
        """The app, which has the session."""
        return cast("ScaletopApp", self.app)

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

    def action_climb(self, by: int) -> None:
        """A stage up the ladder, or one back; what forbids it is the engine's to say."""
        self.send(Climb(up=by > 0))

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
        """What a menu ended with; where to look is the other half's."""
        match outcome:
            case None | Close() | Menu() | Go():
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
