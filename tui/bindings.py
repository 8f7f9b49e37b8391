"""Textual bindings made from the table of keys."""

from __future__ import annotations

from collections.abc import Iterable

from textual import events
from textual.binding import Binding, BindingType
from textual.screen import Screen

from .keys import KEYMAP, Context, Key

__all__ = ["bindings", "keymap_of", "press"]


def bindings(context: Context, keymap: Iterable[Key] = KEYMAP) -> list[BindingType]:
    """The bindings of a context. Their ids are the table's, so that Textual's keymap can move them."""
    return [
        Binding(",".join(row.keys), row.action, row.words, show=False, id=row.id, tooltip=row.explain)
        for row in keymap
        if context in row.contexts
    ]


async def press(screen: Screen[None], keymap: Iterable[Key], context: Context, event: events.Key) -> None:
    """Do at once what a key on a screen does, or give it to the screen that the key before it has opened.

    Textual would send it up to the app first; of two keys that arrive together ("fc") the second was then nobody's.
    """
    row = next((row for row in keymap if event.key in row.keys and context in row.contexts), None)
    above = screen.app.screen
    if above is screen and row is None:
        return
    event.stop()
    event.prevent_default()
    if above is not screen:
        above.post_message(events.Key(event.key, event.character))
    elif row is not None:
        await screen.run_action(row.action)


def keymap_of(keymap: Iterable[Key]) -> dict[str, str]:
    """What `App.set_keymap` wants: keys by id, for rows that differ from the defaults."""
    defaults = {row.id: row.keys for row in KEYMAP}
    return {row.id: ",".join(row.keys) for row in keymap if row.keys != defaults[row.id]}
