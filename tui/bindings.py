"""Textual bindings made from the table of keys."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding, BindingType

from .keys import KEYMAP, Context, Key

__all__ = ["bindings", "keymap_of"]


def bindings(context: Context, keymap: Iterable[Key] = KEYMAP) -> list[BindingType]:
    """The bindings of a context. Their ids are the table's, so that Textual's keymap can move them."""
    return [
        Binding(",".join(row.keys), row.action, row.words, show=False, id=row.id, tooltip=row.explain)
        for row in keymap
        if context in row.contexts
    ]


def keymap_of(keymap: Iterable[Key]) -> dict[str, str]:
    """What `App.set_keymap` wants: keys by id, for rows that differ from the defaults."""
    defaults = {row.id: row.keys for row in KEYMAP}
    return {row.id: ",".join(row.keys) for row in keymap if row.keys != defaults[row.id]}
