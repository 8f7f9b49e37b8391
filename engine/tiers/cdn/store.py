"""What the points of presence keep: entries in flat arrays, PoP by PoP, found by a table of places by (PoP, object).

Whole batches of look-ups are answered by gathers: a hit changes nothing but when the entry was last used. The least recently
used entry gives way when a PoP is full.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

FREE = -1


class Store:
    """`room` entries for each of `pops` PoPs; entry e belongs to PoP e // room.

    place (pops, objects): entry, -1 = not there. Of entries: obj (its object, -1 = free), made (when the answer left the origin,
    s), since (when it came here, s), until (when it ends, s), version (of the object), used (last asked for, s).
    """

    def __init__(self, pops: int, objects: int, room: int) -> None:
        self.room, self.objects = min(room, objects), objects
        n = pops * self.room
        self.place: NDArray[np.int32] = np.full((pops, objects), FREE, dtype=np.int32)
        self.obj: I8 = np.full(n, FREE, dtype=np.int64)
        self.made: F8 = np.zeros(n)
        self.since: F8 = np.zeros(n)
        self.until: F8 = np.zeros(n)
        self.version: NDArray[np.int32] = np.zeros(n, dtype=np.int32)
        self.used: F8 = np.zeros(n)
        self.count: I8 = np.zeros(pops, dtype=np.int64)
        self.evictions: I8 = np.zeros(pops, dtype=np.int64)
        self.high: I8 = np.zeros(pops, dtype=np.int64)  # entries that were ever used
        self.spare: list[list[int]] = [[] for _ in range(pops)]  # entries that were and are free

    def entries(self, pop: I8, obj: I8) -> I8:
        """Entries (n,) of objects at PoPs, whether they have ended or not; -1 = none."""
        return self.place[pop, obj].astype(np.int64)

    def put(self, pop: int, obj: int, t: float, made: float, until: float, version: int) -> None:
        """Keep an object from t on."""
        entry = int(self.place[pop, obj])
        if entry < 0:
            entry = self._entry(pop)
            self.obj[entry] = obj
            self.place[pop, obj] = entry
            self.count[pop] += 1
        self.made[entry], self.since[entry], self.until[entry] = made, t, until
        self.version[entry], self.used[entry] = version, t

    def _entry(self, pop: int) -> int:
        """A free entry, if need be that of the object that nobody has asked for the longest."""
        if self.spare[pop]:
            return self.spare[pop].pop()
        first = pop * self.room
        if self.high[pop] < self.room:
            self.high[pop] += 1
            return first + int(self.high[pop]) - 1
        oldest = first + int(self.used[first : first + self.room].argmin())
        self.evictions[pop] += 1
        self.place[pop, self.obj[oldest]] = FREE
        self.count[pop] -= 1
        return oldest

    def held(self, pop: int) -> I8:
        """Entries in use at a PoP, ascending."""
        first = pop * self.room
        return first + np.flatnonzero(self.obj[first : first + int(self.high[pop])] >= 0)

    def drop(self, pop: int, entries: I8) -> int:
        """These entries of one PoP are gone; how many they are."""
        self.place[pop, self.obj[entries]] = FREE
        self.obj[entries] = FREE
        self.count[pop] -= entries.size
        self.spare[pop] += entries.tolist()
        return entries.size
