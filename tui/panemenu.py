"""The menu of all panes: each with its letter, its number and what it says now; those that are not there say why."""

from __future__ import annotations

from engine.snapshot import Snapshot

from .board import Board
from .draw import Code, Role, cell_len
from .menu import Go, Item, Menu, unique_keys
from .pane import PaneSpec
from .view import ViewState

__all__ = ["pane_menu"]

_TONE: tuple[Code, ...] = (Role.DIM, Role.ACCENT, Role.SLOW, Role.DOWN)  # by the attention that a pane asks for


def pane_menu(board: Board, snapshot: Snapshot, state: ViewState) -> Menu:
    """Every pane of the table, in its order, those of absent systems last."""
    present = board.present(state)
    gone = [spec for spec in board.specs if spec not in present]
    rows = [_row(board, spec, snapshot, state) for spec in present]
    rows += [Item(spec.letter, spec.title, f"not here: {spec.absent}", go=Go(spec.id), tone=Role.FAINT) for spec in gone]
    return Menu("Panes: which shall be shown?", unique_keys(rows), beside=max(cell_len(row.title) for row in rows))


def _row(board: Board, spec: PaneSpec, snapshot: Snapshot, state: ViewState) -> Item:
    verdict = board.verdict_of(spec.id, snapshot, state)
    title = f"{spec.key} {spec.title}" if spec.key else f"  {spec.title}"
    return Item(spec.letter, title, verdict.words, go=Go(spec.id), tone=_TONE[verdict.attention])
