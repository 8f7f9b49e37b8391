"""LRU by stamps in an array over the keys: the same as LRU, with hits that a whole batch can report in one assignment.

Every use of a key stamps it. Victims wait in a queue: the oldest eighth of what was resident when the queue was made, by stamp. A
key whose stamp has moved on since is passed over, and whatever is not in the queue was used later than all that is, so the one
evicted is always the one whose last use is longest ago. When the queue is empty the next one is made, by one pass over the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ...policies.eviction.base import EvictionPolicy
from .index import Index

KEY_BITS = 25  # a place in the queue is one integer, stamp and key side by side: 33 million keys
KEY_MASK = (1 << KEY_BITS) - 1
AHEAD, AT_LEAST = 8, 64  # a queue holds one in AHEAD of what is resident, and not less than AT_LEAST


class StampedLRU(EvictionPolicy):
    """Least recently used among what `index` says node `node` holds.

    `_own`: stamps of keys that other nodes hold as well; those of all others are in the index. `_queue`: those who go next, the
    very next one last.
    """

    __slots__ = ("_own", "_queue", "index", "node")

    name = "lru"

    def __init__(self, capacity: int, index: Index, node: int) -> None:
        super().__init__(capacity)
        self.index = index
        self.node = node
        self._own: dict[int, int] = {}
        self._queue: list[int] = []

    def _stamp(self, key: int) -> int:
        """The last use of a key; 0 if it is not resident."""
        index = self.index
        if index.place.item(key) == self.node + 1:
            return index.stamp.item(key)
        return self._own.get(key, 0)

    def _use(self, key: int, *, single: bool) -> None:
        self.index.clock += 1
        if single:
            self.index.stamp[key] = self.index.clock
        else:
            self._own[key] = self.index.clock

    def touch(self, key: int) -> None:
        single = self.index.place.item(key) == self.node + 1
        if not single and key not in self._own:
            raise KeyError(key)
        self._use(key, single=single)

    def admit(self, key: int) -> int | None:
        """As the base; the caller tells the index of the entry next."""
        evicted = self.evict() if len(self) >= self.capacity else None
        self._use(key, single=self.index.place.item(key) == 0)
        return evicted

    def adopt(self, keys: Iterable[int]) -> None:
        """As the base: the entries are in the index already."""
        for key in keys:
            self._use(key, single=self.index.place.item(key) == self.node + 1)

    def apart(self, key: int) -> None:
        """Another node is about to hold this resident key too: its stamp is kept here from now on."""
        self._own[key] = self.index.stamp.item(key)

    def oldest(self, passed: int = 0) -> int:
        """The key to be evicted next; KeyError if there is none. passed: so many resident keys have been taken off the queue."""
        while True:
            queue = self._queue
            while queue:
                top = queue[-1]
                key = top & KEY_MASK
                if self._stamp(key) == top >> KEY_BITS:
                    return key
                queue.pop()
            if not len(self):
                raise KeyError("nothing to evict")
            self._queue = self._oldest_first(passed + max(AT_LEAST, len(self) // AHEAD))[::-1]

    def _oldest_first(self, count: int) -> list[int]:
        """The `count` keys whose last use is longest ago (or all), each with its stamp, oldest first."""
        keys = (self.index.place == self.node + 1).nonzero()[0]
        packed: NDArray[np.int64] = self.index.stamp[keys] << KEY_BITS | keys
        if self._own:
            packed = np.append(packed, [stamp << KEY_BITS | key for key, stamp in self._own.items()])
        if count < packed.size:
            packed = np.partition(packed, count)[:count]
        packed.sort()
        oldest: list[int] = packed.tolist()
        return oldest

    def evict(self) -> int:
        key = self.oldest()
        self._queue.pop()
        self._drop(key)
        return key

    def evict_idle(self, count: int, busy: Callable[[int], bool]) -> list[int]:
        """Evict the next `count` keys and return them; if one of them is busy, none goes and the list is empty."""
        gone: dict[int, int] = {}  # key -> its place in the queue
        while len(gone) < count:
            key = self.oldest(len(gone))
            if key not in gone:  # else a queue made meanwhile names it again
                if busy(key):
                    self._queue += reversed(gone.values())
                    return []
                gone[key] = self._queue[-1]
            self._queue.pop()
        for key in gone:
            self._drop(key)
        return list(gone)

    def _drop(self, key: int) -> None:
        self._own.pop(key, None)
        self.index.drop(self.node, key)

    def remove(self, key: int) -> bool:
        if key not in self:
            return False
        self._drop(key)
        return True

    def leave(self) -> None:
        self.index.stamp[self.index.place == self.node + 1] = 0
        self._own = {}
        self._queue = []

    def __contains__(self, key: object) -> bool:
        return isinstance(key, int) and (self.index.place.item(key) == self.node + 1 or key in self._own)

    def __len__(self) -> int:
        return int(self.index.held[self.node]) + len(self._own)

    def keys(self) -> Iterator[int]:
        return iter([packed & KEY_MASK for packed in self._oldest_first(len(self))])
