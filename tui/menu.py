"""Menus as values: rows with keys, and the pure function that says what a key press does. No Textual in here.

A row is chosen by typing its one or two keys, or with the arrows and Enter. A row may have several targets (Tab changes)
and an amount (+ and - change). What comes out is a command, another menu, or a question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from engine.commands import Command

from .draw import Code, Role

__all__ = ["Ask", "Close", "Go", "Item", "Menu", "MenuState", "Outcome", "Stay", "called", "fold", "press", "unique_keys"]

STEPS = (1.0, 2.0, 5.0)
PAGE = 10  # rows that Page Down goes on
FOLDED = "one key more"  # heads the rows that open a list


@dataclass(frozen=True, slots=True)
class Ask:
    """A question for a number or a word; `make` turns the answer into a command or says what is wrong (ValueError)."""

    question: str
    now: str
    make: Callable[[str], Command]


@dataclass(frozen=True, slots=True)
class Go:
    """Show this pane."""

    pane: str


@dataclass(frozen=True, slots=True)
class Item:
    """A row. Exactly one of `make`, `menu`, `ask` and `go` is set. `targets`: what it may be aimed at, the likeliest first.

    tone: the role of the note, by what it tells.
    """

    keys: str
    title: str
    note: str = ""
    explain: str = ""
    family: str = ""
    targets: tuple[str, ...] = ()
    amount: float | None = None
    unit: str = ""
    make: Callable[[str, float | None], Command] | None = None
    menu: Menu | None = None
    ask: Ask | None = None
    go: Go | None = None
    tone: Code = Role.DIM


@dataclass(frozen=True, slots=True)
class Menu:
    """A title, rows, and what to say when there are none. beside: cells of the titles, if the notes are sentences beside them."""

    title: str
    items: tuple[Item, ...]
    empty: str = "nothing to choose from"
    beside: int = 0


@dataclass(frozen=True, slots=True)
class MenuState:
    """Where the menu is: the lit row, what was typed of its keys, and per row the chosen target and amount."""

    at: int = 0
    typed: str = ""
    chosen: dict[int, int] = field(default_factory=dict)
    amounts: dict[int, float] = field(default_factory=dict)

    def target(self, items: Sequence[Item], index: int) -> str:
        """The target of a row, "" if it has none."""
        targets = items[index].targets
        return targets[self.chosen.get(index, 0) % len(targets)] if targets else ""

    def amount(self, items: Sequence[Item], index: int) -> float | None:
        """The amount of a row."""
        return self.amounts.get(index, items[index].amount)


@dataclass(frozen=True, slots=True)
class Stay:
    """Nothing yet."""


@dataclass(frozen=True, slots=True)
class Close:
    """The menu was left."""


Outcome: TypeAlias = Stay | Close | Menu | Ask | Go | Command


def press(menu: Menu, state: MenuState, key: str) -> tuple[MenuState, Outcome]:  # noqa: PLR0911 - one case a key
    """What `key` (Textual's name, or the character) does to the menu."""
    items = menu.items
    if key == "escape":
        return (replace(state, typed=""), Stay()) if state.typed else (state, Close())
    if not items:
        return state, Close() if key in ("enter", "q") else Stay()
    match key:
        case "down" | "up":
            at = (state.at + (1 if key == "down" else -1)) % len(items)
            return replace(state, at=at, typed=""), Stay()
        case "pagedown" | "pageup":
            at = state.at + (PAGE if key == "pagedown" else -PAGE)
            return replace(state, at=max(0, min(len(items) - 1, at)), typed=""), Stay()
        case "tab" | "right" | "shift+tab" | "left":
            by = 1 if key in ("tab", "right") else -1
            return replace(state, chosen={**state.chosen, state.at: state.chosen.get(state.at, 0) + by}), Stay()
        case "plus" | "minus" | "+" | "-" | "equals_sign" | "=":
            return _adjust(items, state, up=key not in ("minus", "-")), Stay()
        case "enter":
            return state, choose(items, state, state.at)
        case "backspace":
            return replace(state, typed=state.typed[:-1]), Stay()
    return _type(items, state, key) if len(key) == 1 else (state, Stay())


def _type(items: Sequence[Item], state: MenuState, key: str) -> tuple[MenuState, Outcome]:
    """One more character of a row's keys. What fits no row starts anew with this character, or is ignored."""
    for typed in (state.typed + key, key):
        fits = [i for i, item in enumerate(items) if item.keys.startswith(typed)]
        if fits:
            moved = replace(state, typed=typed, at=fits[0])
            if len(fits) == 1 and items[fits[0]].keys == typed:
                return replace(moved, typed=""), choose(items, moved, fits[0])
            return moved, Stay()
    return replace(state, typed=""), Stay()


def _adjust(items: Sequence[Item], state: MenuState, *, up: bool) -> MenuState:
    """The next amount of the series 1, 2, 5, 10 ... above or below. The engine refuses what is out of range, and says so."""
    amount = state.amount(items, state.at)
    if amount is None or amount <= 0:
        return state
    power = 1.0
    while power > amount:
        power /= 10
    while power * 10 <= amount:
        power *= 10
    series = [round(p * step, 12) for p in (power / 10, power, power * 10) for step in STEPS]
    nearest = [v for v in series if (v > amount * 1.001 if up else v < amount * 0.999)]
    if not nearest:
        return state
    value = min(nearest) if up else max(nearest)
    return replace(state, amounts={**state.amounts, state.at: value})


def choose(items: Sequence[Item], state: MenuState, index: int) -> Outcome:
    """What the row does. A row that needs a target but has none stays."""
    item = items[index]
    if item.menu is not None:
        return item.menu
    if item.ask is not None:
        return item.ask
    if item.go is not None:
        return item.go
    if item.make is None:
        return Stay()
    return item.make(state.target(items, index), state.amount(items, index))


def called(target: str) -> str:
    """A target as people call it: a key of the data is a number to the engine."""
    return f"item:{target}" if target.isdigit() else target


def fold(menu: Menu, least: int = 4) -> Menu:
    """The same with rows that begin with one letter behind a row of that letter, so that the keys to type stay the same.

    least: so many rows must share a letter. Rows of a single key stay, and come first.
    """
    groups: dict[str, list[Item]] = {}
    for item in menu.items:
        if len(item.keys) > 1:
            groups.setdefault(item.keys[0], []).append(item)
    folded = {letter: items for letter, items in groups.items() if len(items) >= least}
    kept = [item for item in menu.items if len(item.keys) < 2 or item.keys[0] not in folded]
    return replace(menu, items=(*kept, *(_behind(menu, letter, items) for letter, items in folded.items())))


def _behind(menu: Menu, letter: str, items: Sequence[Item]) -> Item:
    name = ", ".join(dict.fromkeys(item.family for item in items if item.family)) or menu.title
    inside = Menu(f"{menu.title.partition(':')[0]}: {name}", tuple(replace(item, keys=item.keys[1:]) for item in items))
    titles = ", ".join(item.title for item in items)
    return Item(letter, name, note=titles, explain=titles, family=FOLDED, menu=inside)


def unique_keys(items: Sequence[Item]) -> tuple[Item, ...]:
    """Rows whose keys clash with an earlier row's (equal, or one begins the other) get the first free digit or letter."""
    out: list[Item] = []
    taken: list[str] = []
    free = iter("123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    for item in items:
        keys = item.keys
        if not keys or any(keys.startswith(other) or other.startswith(keys) for other in taken):
            later = [other.keys for other in items if other.keys]
            keys = next((c for c in free if not any(k.startswith(c) for k in (*taken, *later))), "")
        out.append(replace(item, keys=keys))
        if keys:
            taken.append(keys)
    return tuple(out)
