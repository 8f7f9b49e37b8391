"""What is made of the one table of keys (`tui.keys`): footer, help, labels and remapping.

To remap, give new keys for a row's id in the configuration; an unknown id or a clash is refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace

from .keys import KEYMAP, PANE_GROUP, Context, Key

__all__ = ["KEYMAP", "Context", "Key", "KeymapError", "clashes", "digits", "footer_for", "key_label", "merge_group", "remap"]

_LABELS = {
    "question_mark": "?",
    "slash": "/",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "full_stop": ".",
    "escape": "Esc",
    "space": "Space",
    "enter": "Enter",
    "tab": "Tab",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}
_GROUP_WORDS = {PANE_GROUP: "pane", "±": "speed", "arrows": "move", "tab": "next pane"}


class KeymapError(ValueError):
    """A remapping that cannot be: an unknown id, no key, or a key that something else has in the same context."""


def key_label(key: str) -> str:
    """A key's name as it is printed on a screen: "Ctrl+P", "?", "Shift+Tab"."""
    *modifiers, name = key.split("+") if key != "+" else ["+"]
    shown = _LABELS.get(name, name if len(name) == 1 else name.capitalize())
    if modifiers and len(shown) == 1:
        shown = shown.upper()
    return "+".join([*(m.capitalize() for m in modifiers), shown])


def digits(keys: Iterable[str]) -> str:
    """The number keys of the panes that there are, as one label: "1-8", "1-9 0", "1 3-5"."""
    runs: list[list[int]] = []
    for number in sorted(int(key) or 10 for key in keys if key.isdecimal()):
        if runs and number == runs[-1][-1] + 1 < 10:
            runs[-1].append(number)
        else:
            runs.append([number])
    return " ".join(f"{run[0] % 10}" if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def merge_group(rows: Iterable[Key], panes: str) -> list[tuple[str, str, Key]]:
    """(keys, words, first row) with each group as one entry, in order. panes: the label of the panes' keys (`digits`)."""
    out: list[tuple[str, str, Key]] = []
    seen: set[str] = set()
    for row in rows:
        if row.group:
            if row.group not in seen:
                seen.add(row.group)
                out.append((panes if row.group == PANE_GROUP else row.group, _GROUP_WORDS[row.group], row))
        else:
            out.append((key_label(row.keys[0]), row.words, row))
    return out


def footer_for(keymap: Iterable[Key], panes: str, *, selected: bool, parts: Container[str] = ()) -> list[tuple[str, str, Key]]:
    """(key, words, row) for the footer, in order; what needs a selection, or a part of the system, only while it is there."""
    there = (k for k in keymap if k.footer and (selected or not k.target) and (not k.needs or k.needs in parts))
    rows = sorted(there, key=lambda k: k.footer)
    return merge_group(rows, panes)


def clashes(keymap: Iterable[Key]) -> list[tuple[str, str, str]]:
    """(key, id, id) of every two rows that share a key in a context."""
    taken: dict[tuple[Context, str], str] = {}
    out: list[tuple[str, str, str]] = []
    for row in keymap:
        for context in sorted(row.contexts):
            for key in row.keys:
                other = taken.setdefault((context, key), row.id)
                if other != row.id:
                    out.append((key, other, row.id))
    return out


def remap(keymap: Iterable[Key], wanted: Mapping[str, Iterable[str]]) -> tuple[Key, ...]:
    """The table with other keys for some ids. Raises KeymapError with a sentence that says what is wrong."""
    rows = tuple(keymap)
    unknown = sorted(set(wanted) - {row.id for row in rows})
    if unknown:
        raise KeymapError(f"there is no action called {unknown[0]!r}")
    changed: list[Key] = []
    for row in rows:
        keys = tuple(dict.fromkeys(wanted.get(row.id, row.keys)))
        if not keys:
            raise KeymapError(f"the action {row.id!r} would have no key")
        changed.append(replace(row, keys=keys))
    both = clashes(changed)
    if both:
        key, one, other = both[0]
        raise KeymapError(f"the key {key!r} is wanted by {one!r} and by {other!r}")
    return tuple(changed)
