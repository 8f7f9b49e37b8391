"""LRU by stamps in an array over the keys: the same as LRU, with hits that a whole batch can report in one assignment.

Every use of a key stamps it. A heap has each resident key with the stamp that it had when it was put there; a key that comes
to the top with an older stamp than it has now goes back into the heap with the newer one (Lindsay's lazy deletion), so that the
one evicted is always the one whose last use is longest ago.
"""

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush, heapreplace

import numpy as np
from numpy.typing import NDArray

from engine.policies.eviction.base import EvictionPolicy

KEY_BITS = 25  # a heap entry is one integer, stamp and key side by side: 33 million keys
KEY_MASK = (1 << KEY_BITS) - 1
SPARE = 64  # entries of keys that have left which a heap may hold besides one for each resident key


def heap_entries(keys: NDArray[np.int64], stamps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Stamps (n,) and keys (n,) side by side, (n,): what a heap of `StampedLRU` holds."""
    return stamps << KEY_BITS | keys


class Uses:
    """Stamps of all nodes' keys, shape (keys,), 0 = none; `clock` counts up with every use. A key has one place here.

    The node that is first to hold a key stamps it here; others that hold it meanwhile keep its stamp for themselves.
    """

    __slots__ = ("clock", "stamps")

    def __init__(self, keys: int) -> None:
        self.clock = 0
        self.stamps: NDArray[np.int64] = np.zeros(keys, dtype=np.int64)


class StampedLRU(EvictionPolicy):
    """Least recently used. `_entry`: stamp with which a resident key is in the heap; `_own`: stamps not kept in `uses`."""

    __slots__ = ("_entry", "_heap", "_own", "uses")

    name = "lru"

    def __init__(self, capacity: int, uses: Uses) -> None:
        super().__init__(capacity)
        self.uses = uses
        self._entry: dict[int, int] = {}
        self._heap: list[int] = []
        self._own: dict[int, int] = {}

    def _stamp(self, key: int) -> int:
        return self._own[key] if key in self._own else int(self.uses.stamps[key])

    def touch(self, key: int) -> None:
        if key not in self._entry:
            raise KeyError(key)
        self.uses.clock += 1
        if key in self._own:
            self._own[key] = self.uses.clock
        else:
            self.uses.stamps[key] = self.uses.clock

    def admit(self, key: int) -> int | None:
        evicted = self.evict() if len(self._entry) >= self.capacity else None
        uses = self.uses
        uses.clock += 1
        if uses.stamps[key]:
            self._own[key] = uses.clock
        else:
            uses.stamps[key] = uses.clock
        self._entry[key] = uses.clock
        if len(self._heap) >= 2 * len(self._entry) + SPARE:
            self._heap = [stamp << KEY_BITS | resident for resident, stamp in self._entry.items()]
            heapify(self._heap)
        else:
            heappush(self._heap, uses.clock << KEY_BITS | key)
        return evicted

    def oldest(self) -> int:
        """The key to be evicted next; KeyError if there is none."""
        heap, entry = self._heap, self._entry
        while heap:
            top = heap[0]
            key, stamp = top & KEY_MASK, top >> KEY_BITS
            if entry.get(key) != stamp:
                heappop(heap)  # it has left, or come back since
                continue
            now = self._stamp(key)
            if now == stamp:
                return key
            entry[key] = now
            heapreplace(heap, now << KEY_BITS | key)
        raise KeyError("nothing to evict")

    def evict(self) -> int:
        key = self.oldest()
        heappop(self._heap)
        self._drop(key)
        return key

    def admit_all(self, keys: list[int], stamps: list[int], entries: list[int]) -> None:
        """Make keys resident that are not, with their last uses: there is room, stamps ascend and are later than all before.

        entries: `heap_entries` of them. The caller has written the stamps to `uses`. What is larger than everything in a heap may
        be put at its end.
        """
        self._entry.update(zip(keys, stamps, strict=True))
        if len(self._heap) + len(keys) > 2 * len(self._entry) + SPARE:
            self._heap = [stamp << KEY_BITS | resident for resident, stamp in self._entry.items()]
            heapify(self._heap)
        else:
            self._heap += entries

    def evict_idle(self, count: int, busy: Callable[[int], bool]) -> list[int]:
        """Evict the next `count` keys and return them; if one of them is busy, none goes and the list is empty."""
        gone: list[int] = []
        heap, entry = self._heap, self._entry
        while len(gone) < count:
            key = self.oldest()
            if busy(key):
                for taken in gone:
                    heappush(heap, entry[taken] << KEY_BITS | taken)
                return []
            heappop(heap)
            gone.append(key)
        for key in gone:
            self._drop(key)
        return gone

    def _drop(self, key: int) -> None:
        del self._entry[key]
        if self._own.pop(key, None) is None:
            self.uses.stamps[key] = 0

    def remove(self, key: int) -> bool:
        if key not in self._entry:
            return False
        self._drop(key)
        return True

    def leave(self) -> None:
        for key in list(self._entry):
            self._drop(key)
        self._heap = []

    def __contains__(self, key: object) -> bool:
        return key in self._entry

    def __len__(self) -> int:
        return len(self._entry)

    def keys(self) -> Iterator[int]:
        return iter(sorted(self._entry, key=self._stamp))
