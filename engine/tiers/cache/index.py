"""Where every key's entry is, in arrays over the keys: what the look-ups of a whole batch can be decided from by gathers.

The nodes' shelves are the truth; this says the same of keys that no node or exactly one node holds. A key on several nodes (the
pair, or a ring that has turned) is only known to be such, and its look-ups go to the shelves one by one.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...policies.eviction.stamps import Uses

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]

Entry: TypeAlias = tuple[int, float, float]  # version, end of life (s, inf = never), how long it took to read (s)

NOWHERE, SEVERAL = 0, -1  # in `place`; else 1 + the node


class Index:
    """place, version, ends: (keys,) each, as of the entry on that one node. keys 0: no index, nothing is written down."""

    __slots__ = ("copies", "ends", "keys", "place", "uses", "version")

    def __init__(self, keys: int) -> None:
        self.keys = keys
        self.place: NDArray[np.int16] = np.zeros(keys, dtype=np.int16)
        self.version: I8 = np.zeros(keys, dtype=np.int64)
        self.ends: F8 = np.zeros(keys)
        self.uses = Uses(keys)
        self.copies: dict[int, int] = {}  # keys that several nodes hold, or held: how many do

    def put(self, node: int, key: int, entry: Entry, *, new: bool) -> None:
        """A node holds this entry now; new: it held none of the key before."""
        place = self.place
        if new:
            before = place[key]
            if before != NOWHERE:
                self.copies[key] = self.copies[key] + 1 if before == SEVERAL else 2
                place[key] = SEVERAL
                return
            place[key] = node + 1
        elif place[key] == SEVERAL:
            return
        self.version[key] = entry[0]
        self.ends[key] = entry[1]

    def drop(self, key: int) -> None:
        """One of the nodes that held the key holds it no more."""
        if self.place[key] != SEVERAL:
            self.place[key] = NOWHERE
            return
        left = self.copies[key] - 1
        if left:
            self.copies[key] = left
        else:
            del self.copies[key]
            self.place[key] = NOWHERE


class Scratch:
    """Marks over the keys for one batch at a time: never cleared, since every batch has a number of its own.

    No part of the world: what is found does not hang on what was left here.
    """

    def __init__(self) -> None:
        self.turn = 0
        self.changed: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.last: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.home: NDArray[np.int16] = np.zeros(0, dtype=np.int16)
        self.mixed: NDArray[np.int8] = np.zeros(0, dtype=np.int8)

    def next(self, keys: int) -> int:
        """Number of a new batch; marks of all batches before are smaller than `turn << 32`."""
        if self.changed.size < keys:
            self.changed = np.zeros(keys, dtype=np.int64)
            self.last = np.zeros(keys, dtype=np.int64)
            self.home = np.zeros(keys, dtype=np.int16)
            self.mixed = np.zeros(keys, dtype=np.int8)
        self.turn += 1
        return self.turn


SCRATCH = Scratch()
