"""The main screen as a pure drawing: header, panes in their boxes, footer, from (snapshot, view state) to cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.snapshot import Snapshot

from .bars import draw_footer, draw_header
from .charts import Glyphs
from .draw import Canvas, Piece, Role
from .frame import draw_frame
from .keymap import digits
from .keys import Key
from .layout import Box, arrange, bars, settle, stage_rows
from .pane import Pane, PaneSpec, PaneView, Verdict
from .stage import draw_stage
from .view import Present, ViewState, update

__all__ = ["Board", "draw_waiting"]


class Board:
    """All panes of the table, made once, and how to draw them. Holds nothing that changes."""

    def __init__(self, specs: Sequence[PaneSpec], keymap: Sequence[Key]) -> None:
        self.specs = tuple(specs)
        self.keymap = tuple(keymap)
        self._panes: dict[str, Pane] = {spec.id: spec.factory() for spec in specs}

    def present(self, state: ViewState) -> tuple[PaneSpec, ...]:
        """The panes whose systems this world has, in the table's order."""
        return tuple(spec for spec in self.specs if spec.id not in state.absent)

    def found(self, snapshot: Snapshot) -> Present:
        """Which systems are there."""
        absent = frozenset(spec.id for spec in self.specs if not spec.present(snapshot))
        return Present(absent, snapshot.ladder is not None)

    def verdict_of(self, pane: str, snapshot: Snapshot, state: ViewState) -> Verdict:
        """What a present pane says in its title."""
        return self._panes[pane].verdict(snapshot, self.view(pane, state))

    def boxes(self, state: ViewState) -> dict[str, Box]:
        """Where each shown pane is."""
        return arrange(self.specs, state)

    def view(self, pane: str, state: ViewState) -> PaneView:
        """What the pane may know about the viewer."""
        return PaneView(
            glyphs=state.glyphs,
            focused=pane == self.focus(state),
            zoomed=state.zoomed,
            selected=state.selected,
            filter=state.filter,
        )

    def focus(self, state: ViewState) -> str:
        """The pane that has the keyboard."""
        if state.focus in self._panes and state.focus not in state.absent:
            return state.focus
        return self.specs[0].id if self.specs else ""

    def targets_of(self, pane: str, snapshot: Snapshot, state: ViewState) -> Sequence[str]:
        """What the cursor keys walk through in a pane."""
        found = self._panes.get(pane)
        return () if found is None or pane in state.absent else found.targets(snapshot, self.view(pane, state))

    def attention(self, snapshot: Snapshot, state: ViewState) -> list[tuple[str, int]]:
        """How much attention each pane asks for, the map left out (it is always shown)."""
        return [(s.id, self.verdict_of(s.id, snapshot, state).attention) for s in self.present(state)[1:]]

    def settled(self, state: ViewState) -> ViewState:
        """The same, with who stands where, so that who stays keeps its place when something changes."""
        slots = settle(self.specs, state)
        return state if slots == state.slots else replace(state, slots=slots)

    def draw(
        self, canvas: Canvas, snapshot: Snapshot, state: ViewState, kept: Mapping[str, Piece] | None = None
    ) -> dict[str, Piece]:
        """The whole screen; returns each pane as drawn. Those `kept` (from a screen of this size) are put back."""
        state = update(state, self.found(snapshot))
        top, bottom = bars(state.height)
        draw_header(canvas.inside(0, 0, canvas.width, top), snapshot, state)
        if snapshot.ladder is not None:
            draw_stage(canvas.inside(0, top, canvas.width, stage_rows(state)), snapshot.ladder, state, self.keymap)
        pieces: dict[str, Piece] = dict(kept or {})
        titles = {spec.id: spec for spec in self.specs}
        for pane_id, box in self.boxes(state).items():
            whole = canvas.inside(box.x, box.y, box.width, box.height)
            if pane_id in pieces:
                whole.paste(pieces[pane_id])
                continue
            view = self.view(pane_id, state)
            pane = self._panes[pane_id]
            marks = len(canvas.spots), len(canvas.watches)
            inside = draw_frame(
                whole,
                titles[pane_id].shortcut,
                titles[pane_id].title,
                pane.verdict(snapshot, view),
                focused=view.focused,
                ascii_only=state.glyphs is Glyphs.ASCII,
            )
            pane.draw(inside, snapshot, view)
            pieces[pane_id] = whole.cut(*marks)
        if bottom:
            keys = digits(spec.key for spec in self.present(state))
            draw_footer(canvas.inside(0, canvas.height - 1, canvas.width, 1), snapshot, state, self.keymap, keys)
        return pieces

    def pane_at(self, x: int, y: int, state: ViewState) -> str:
        """The pane under a cell, or ""."""
        for pane_id, box in self.boxes(state).items():
            if box.holds(x, y):
                return pane_id
        return ""


def draw_waiting(canvas: Canvas, words: str) -> None:
    """Before the first snapshot."""
    canvas.text(max(0, (canvas.width - len(words)) // 2), canvas.height // 2, words, Role.DIM)
