"""One-queue policies: LRU, FIFO and CLOCK.

All three keep the resident keys in one ordered dictionary whose front is the next candidate to go; they differ only
in what a hit does. CLOCK is second chance (Corbato 1968) written as FIFO with reinsertion: a used candidate loses
its bit and goes to the back, which visits keys in the order in which a hand goes round a ring.
"""

from collections import OrderedDict
from collections.abc import Iterator

import numpy as np

from engine.policies.eviction.base import EvictionPolicy


class _OneQueue(EvictionPolicy):
    """Keys in eviction order, front first; the value of a key is its reference bit (CLOCK) or 0."""

    __slots__ = ("_queue",)

    def __init__(self, capacity: int, rng: np.random.Generator | None = None) -> None:
        super().__init__(capacity, rng)
        self._queue: OrderedDict[int, int] = OrderedDict()

    def admit(self, key: int) -> int | None:
        evicted = self.evict() if len(self._queue) >= self.capacity else None
        self._queue[key] = 0
        return evicted

    def evict(self) -> int:
        return self._queue.popitem(last=False)[0]

    def remove(self, key: int) -> bool:
        return self._queue.pop(key, None) is not None

    def __contains__(self, key: object) -> bool:
        return key in self._queue

    def __len__(self) -> int:
        return len(self._queue)

    def keys(self) -> Iterator[int]:
        return iter(self._queue)


class LRU(_OneQueue):
    """Least recently used: a hit sends the key to the back."""

    __slots__ = ()

    name = "lru"

    def touch(self, key: int) -> None:
        self._queue.move_to_end(key)

    def touch_all(self, keys: list[int]) -> None:
        move = self._queue.move_to_end
        for key in keys:
            move(key)

    def access(self, key: int) -> bool:
        queue = self._queue
        if key in queue:
            queue.move_to_end(key)
            return True
        if len(queue) >= self.capacity:
            queue.popitem(last=False)
        queue[key] = 0
        return False


class FIFO(_OneQueue):
    """First in, first out: a hit changes nothing."""

    __slots__ = ()

    name = "fifo"

    def touch(self, key: int) -> None:
        if key not in self._queue:
            raise KeyError(key)

    def access(self, key: int) -> bool:
        queue = self._queue
        if key in queue:
            return True
        if len(queue) >= self.capacity:
            queue.popitem(last=False)
        queue[key] = 0
        return False


class CLOCK(_OneQueue):
    """Second chance: a hit sets the key's one reference bit; the hand clears bits until it finds one that is clear."""

    __slots__ = ()

    name = "clock"

    def touch(self, key: int) -> None:
        if key not in self._queue:
            raise KeyError(key)
        self._queue[key] = 1

    def evict(self) -> int:
        queue = self._queue
        while True:
            key, used = queue.popitem(last=False)
            if not used:
                return key
            queue[key] = 0
