"""What the command palette offers: made from the table of keys, the engine's tables and the parts that exist now."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from engine.commands import Heal

from .keymap import key_label
from .keys import PANE_GROUP, Key
from .menu import Menu, MenuState, called, choose
from .menus import change_menu, fault_menu, scale_menu, traffic_menu
from .safe import safe_text
from .view import Select

if TYPE_CHECKING:
    from .app import ScaletopApp
    from .screens.board import BoardScreen

__all__ = ["commands"]


def commands(app: ScaletopApp, board: BoardScreen) -> Iterator[SystemCommand]:
    """Actions, then parts to select, then what can be broken, healed, added, taken away and changed."""

    def there(row: Key) -> bool:
        return not row.needs or getattr(app.session.newest, row.needs, None) is not None

    for row in app.settings.keymap:
        if row.id not in ("palette", "up", "down", "left", "right") and row.group != PANE_GROUP and there(row):
            words = f"{row.words} ({key_label(row.keys[0])})"
            yield SystemCommand(words, row.explain, partial(app.run_action, row.action, board))
    for spec in board.board.present(board.state):
        words = f"pane: {spec.title} ({spec.shortcut})" if spec.shortcut else f"pane: {spec.title}"
        yield SystemCommand(words, "Show this pane.", partial(board.show_pane, spec.id))
    session = app.session
    if session.newest is None:
        return
    for node in session.newest.map.nodes:
        name = safe_text(node.name)
        yield SystemCommand(
            f"select {name}", safe_text(f"{node.state} {node.verdict}"), partial(board.change, Select(node.name))
        )
    for fault in session.newest.faults:
        words = safe_text(f"heal: {fault.text or fault.fault}")
        yield SystemCommand(words, "Take this one fault off.", partial(app.send, Heal(fault_id=fault.id)))
    if session.catalogue is not None:
        tables = session.catalogue, session.newest, board.state.selected
        yield from _rows(board, fault_menu(*tables), "fault: ")
        yield from _rows(board, scale_menu(*tables), "")
        yield from _rows(board, change_menu(session.catalogue, session.settings), "change: ")
        yield from _rows(board, traffic_menu(*tables, session.settings), "traffic: ")


def _rows(board: BoardScreen, menu: Menu, prefix: str) -> Iterator[SystemCommand]:
    """The rows of a menu, each aimed at its likeliest target; a row that leads to a list gives one for each of its words."""
    for item in menu.items:
        if item.menu is not None:
            yield from _rows(board, item.menu, f"{prefix}{item.title}: ")
            continue
        outcome = choose((item,), MenuState(), 0)
        target = f" on {called(item.targets[0])}" if item.targets else ""
        note = f" ({item.note})" if item.note else ""
        title = safe_text(f"{prefix}{item.title}{target}{note}")
        yield SystemCommand(title, safe_text(item.explain or menu.title), partial(board.chosen, outcome))
