"""What the command palette offers: made from the table of keys, the engine's tables and the parts that exist now."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from .keymap import key_label
from .menu import called
from .menus import fault_menu
from .safe import safe_text
from .view import Select

if TYPE_CHECKING:
    from .app import ScaletopApp
    from .screens.board import BoardScreen

__all__ = ["commands"]


def commands(app: ScaletopApp, board: BoardScreen) -> Iterator[SystemCommand]:
    """Actions, then parts to select, then faults on their likeliest targets."""
    for row in app.settings.keymap:
        if row.id not in ("palette", "up", "down", "left", "right"):
            words = f"{row.words} ({key_label(row.keys[0])})"
            yield SystemCommand(words, row.explain, partial(app.run_action, row.action, board))
    session = app.session
    if session.newest is not None:
        for node in session.newest.map.nodes:
            name = safe_text(node.name)
            yield SystemCommand(
                f"select {name}", safe_text(f"{node.state} {node.verdict}"), partial(board.change, Select(node.name))
            )
        if session.catalogue is not None:
            menu = fault_menu(session.catalogue, session.newest, board.state.selected)
            for item in menu.items:
                if item.make is not None and item.targets:
                    target = item.targets[0]
                    command = item.make(target, item.amount)
                    yield SystemCommand(
                        safe_text(f"fault: {item.title} on {called(target)}"), safe_text(item.explain), partial(app.send, command)
                    )
