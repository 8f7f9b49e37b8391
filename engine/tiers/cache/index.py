"""Where every key's entry is and what it says, in arrays over the keys: what whole batches are decided from by gathers.

An entry that only one node holds is kept here and nowhere else. A key on several nodes (the pair, or a ring that has turned) is
only known to be such: each of those shelves keeps its own entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...rows import set_columns

if TYPE_CHECKING:
    from .shelf import Shelf

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]

Entry: TypeAlias = tuple[int, float, float]  # version, end of life (s, inf = never), how long it took to read (s)

NOWHERE, SEVERAL = 0, -1  # in `place`; else 1 + the node
TOUCHED = -2  # stands there for a moment, while a batch finds out whom its changes concern
# 32 bytes a key, so that none lies across two lines of memory
COLUMNS: dict[str, tuple[str, float]] = {
    "place": ("i2", NOWHERE),
    "version": ("i4", 0),
    "ends": ("f8", 0.0),
    "recompute": ("f8", 0.0),
    "stamp": ("i8", 0),  # of the last use, where the policy is LRU
}


class Index:
    """Every column of COLUMNS and `place` is an attribute, (keys,). keys 0: no index, shelves keep all their entries themselves.

    held: entries that are kept here, and room: those that may be held at all, both by node; clock: counts up with every use;
    copies: how many nodes hold a key by themselves, of the keys that several hold.
    """

    __slots__ = ("clock", "copies", "ends", "held", "keys", "place", "recompute", "room", "shelves", "stamp", "version")

    place: NDArray[np.int16]
    version: NDArray[np.int32]
    ends: F8
    recompute: F8
    stamp: I8

    def __init__(self, keys: int) -> None:
        self.keys = keys
        set_columns(self, COLUMNS, keys)
        self.clock = 0
        self.held: I8 = np.zeros(0, dtype=np.int64)
        self.room: I8 = np.zeros(0, dtype=np.int64)
        self.shelves: list[Shelf] = []
        self.copies: dict[int, int] = {}

    def enter(self, shelf: Shelf) -> None:
        """One more node, the next by number."""
        assert shelf.node == len(self.shelves), f"node {shelf.node} is not the next one"
        self.shelves.append(shelf)
        self.held = np.append(self.held, 0)
        self.room = np.append(self.room, shelf.policy.capacity)

    def excess(self) -> I8:
        """Entries that each node holds beyond its room, (nodes,); as a rule below 0."""
        excess: I8 = self.held - self.room
        if self.copies:
            for shelf in self.shelves:
                excess[shelf.node] += len(shelf.own)
        return excess

    def entry(self, key: int) -> Entry:
        """What the only node that holds the key has."""
        return self.version.item(key), self.ends.item(key), self.recompute.item(key)

    def admit(self, node: int, key: int, entry: Entry) -> None:
        """The first node to hold a key that nobody has: the entry, used now."""
        self.clock += 1
        self.stamp[key] = self.clock
        self.place[key] = node + 1
        self.held[node] += 1
        self.version[key], self.ends[key], self.recompute[key] = entry

    def put(self, node: int, key: int, entry: Entry) -> None:
        """A node holds this entry now."""
        place = self.place.item(key)
        if place in (NOWHERE, node + 1):
            if place == NOWHERE:
                self.place[key] = node + 1
                self.held[node] += 1
            self.version[key], self.ends[key], self.recompute[key] = entry
            return
        if place != SEVERAL:
            other = self.shelves[place - 1]
            other.own[key] = self.entry(key)
            other.policy.apart(key)
            self.held[place - 1] -= 1
            self.place[key] = SEVERAL
            self.stamp[key] = 0
            self.copies[key] = 1
        own = self.shelves[node].own
        self.copies[key] += key not in own
        own[key] = entry

    def drop(self, node: int, key: int) -> None:
        """A node holds the key no more; nothing if it did not."""
        if self.place.item(key) == node + 1:
            self.place[key] = NOWHERE
            self.stamp[key] = 0
            self.held[node] -= 1
        elif self.shelves[node].own.pop(key, None) is not None:
            self.copies[key] -= 1
            if not self.copies[key]:
                del self.copies[key]
                self.place[key] = NOWHERE


MARKS: dict[str, tuple[str, float]] = {"changed": ("i8", 0), "last": ("i8", 0)}
LOW = (1 << 16) - 1  # the bits of a key that tell where its mark in `near` is


class Scratch:
    """Marks over the keys for one batch at a time: never cleared, since every batch has a number of its own.

    near: marks by the lowest bits of keys, few enough to stay at the processor's side; whoever sets some clears them.

    No part of the world: what is found does not hang on what was left here.
    """

    changed: I8
    last: I8

    def __init__(self) -> None:
        self.turn = 0
        self.near = np.zeros(LOW + 1, dtype=np.bool_)
        set_columns(self, MARKS, 0)

    def next(self, keys: int) -> int:
        """Number of a new batch; marks of all batches before are smaller than `turn << 32`."""
        if self.changed.size < keys:
            set_columns(self, MARKS, keys)
        self.turn += 1
        return self.turn


SCRATCH = Scratch()
