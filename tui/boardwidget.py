"""The board on the screen: a cell widget that draws `tui.board` and turns the mouse into view messages."""

from __future__ import annotations

from time import monotonic

from textual import events
from textual.message import Message as TextualMessage

from engine.snapshot import Snapshot

from .bars import PRESS
from .board import Board, draw_waiting
from .cells import CellWidget
from .draw import Canvas, Piece
from .theme import Palette
from .view import Focus, Message, Select, ViewState, sideways, step_through

__all__ = ["EVERY", "BoardWidget"]

EVERY = 3  # frames from one drawing of a pane without the keyboard to the next; most figures are of the last second anyway
PATIENT_S = 2  # seconds without a first snapshot after which the wait is counted


class BoardWidget(CellWidget, can_focus=False):
    """Shows a snapshot as the view state says. `shown` is set by the screen; None before the first snapshot."""

    class Moved(TextualMessage):
        """The mouse asks for a change of view."""

        def __init__(self, change: Message, *, inspect: bool = False) -> None:
            super().__init__()
            self.change = change
            self.inspect = inspect

    class Pressed(TextualMessage):
        """An entry of the footer was clicked: its action."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, board: Board, state: ViewState, palette: Palette) -> None:
        super().__init__(palette, id="board")
        self.board = board
        self.state = state
        self.shown: Snapshot | None = None
        self.waiting = "waiting for the engine ..."
        self._since = monotonic()
        self._turn = 0
        self._pieces: dict[str, Piece] = {}
        self._pieces_of: object = None

    def paint(self, canvas: Canvas) -> None:
        """The whole screen from (snapshot, view)."""
        if self.shown is None:
            draw_waiting(canvas, self.waiting)
        else:
            self._pieces = self.board.draw(canvas, self.shown, self.state, self._keep(self.shown))

    def wait(self, now: float) -> None:
        """Nothing is there to be shown yet, at a moment (s, monotonic): a big system takes its time, so say that it goes on."""
        seconds = int(now - self._since)
        words = f"the engine makes its users and keys ... {seconds} s"
        if seconds >= PATIENT_S and words != self.waiting:
            self.waiting = words
            self.redraw(now)

    def _keep(self, shown: Snapshot) -> dict[str, Piece]:
        """Panes to leave as they are: none if the view or the log is another, else two of three that lack the keyboard."""
        events = shown.events
        same = (self.state, self.size, events[-1].id if events else 0, len(shown.faults), shown.pace.paused)
        if same != self._pieces_of or shown.pace.paused:
            self._pieces_of = same
            return {}
        self._turn += 1
        focus = self.board.focus(self.state)
        order = enumerate(sorted(self._pieces), self._turn)
        return {pane: self._pieces[pane] for place, pane in order if place % EVERY and pane != focus}

    def lit_target(self) -> str:
        """What is selected lights up wherever it is drawn."""
        return self.state.selected

    def beside(self, by: int) -> str:
        """The node in the next column of the focused pane to the right (`by` > 0) or left of the selected one, "" if none."""
        box = self.board.boxes(self.state).get(self.board.focus(self.state))
        if self.shown is None or box is None:
            return ""
        names = {node.name for node in self.shown.map.nodes}
        spots = [s for s in self.spots if s.target in names and box.holds(s.x, s.y) and 2 * s.width < box.width]
        return sideways(spots, self.state.selected, by)

    def on_click(self, event: events.Click) -> None:
        """A click selects what is under it and focuses its pane, a second one inspects; on the footer it is the key."""
        target = self.spot_at(event.x, event.y)
        pane = self.board.pane_at(event.x, event.y, self.state)
        if target.startswith(PRESS):
            self.post_message(self.Pressed(target.removeprefix(PRESS)))
        elif target:
            self.post_message(self.Moved(Select(target, pane), inspect=event.chain == 2))
        elif pane and pane != self.board.focus(self.state):
            self.post_message(self.Moved(Focus(pane)))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel walks through the lines of the pane under it."""
        self._wheel(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel walks through the lines of the pane under it."""
        self._wheel(event, -1)

    def _wheel(self, event: events.MouseEvent, by: int) -> None:
        pane = self.board.pane_at(event.x, event.y, self.state)
        if self.shown is None or not pane:
            return
        targets = self.board.targets_of(pane, self.shown, self.state)
        target = step_through(targets, self.state.selected, by)
        if target:
            self.post_message(self.Moved(Select(target, pane)))
