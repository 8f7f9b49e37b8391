"""S3-FIFO (Yang et al., SOSP 2023): three FIFO queues instead of one LRU.

Newcomers enter a small queue; those used at least twice there move to the main queue, the rest leave quickly and
are remembered as ghosts. A key that comes back while its ghost is remembered enters the main queue directly. The
main queue gives used keys another round, counting up to three uses. As in libcachesim 0.3.5, newcomers that find
the small queue full before anything was ever evicted go to the main queue.
"""

from collections import OrderedDict
from collections.abc import Iterator

import numpy as np

from engine.policies.eviction.base import EvictionPolicy, checked_capacity

SMALL_SHARE = 0.10  # of the capacity
GHOST_SHARE = 0.90
MOVE_TO_MAIN_USES = 2
MAX_USES = 3  # two bits a key


class S3FIFO(EvictionPolicy):
    """Small, main and ghost queues, oldest first; the value of a resident key is its uses since it entered the queue it is in."""

    __slots__ = ("_evicted_once", "_ghost", "_ghost_size", "_main", "_main_size", "_small", "_small_size")

    name = "s3fifo"

    def __init__(self, capacity: int, rng: np.random.Generator | None = None) -> None:
        super().__init__(capacity, rng)
        self._small: OrderedDict[int, int] = OrderedDict()
        self._main: OrderedDict[int, int] = OrderedDict()
        self._ghost: OrderedDict[int, None] = OrderedDict()
        self._evicted_once = False
        self._share_out()

    def _share_out(self) -> None:
        """Sizes of the queues; the small one has at least one place or a tiny cache could admit nothing."""
        self._small_size = max(1, int(self.capacity * SMALL_SHARE))
        self._main_size = self.capacity - self._small_size
        self._ghost_size = int(self.capacity * GHOST_SHARE)

    def touch(self, key: int) -> None:
        small = self._small
        if key in small:
            small[key] += 1
        else:
            self._main[key] += 1

    def admit(self, key: int) -> int | None:
        ghost, small = self._ghost, self._small
        remembered = key in ghost
        if remembered:
            del ghost[key]
        evicted = self.evict() if len(small) + len(self._main) >= self.capacity else None
        # a small queue that is full before the first eviction would otherwise take the whole empty cache
        if remembered or (not self._evicted_once and len(small) >= self._small_size):
            self._main[key] = 0
        else:
            small[key] = 0
        return evicted

    def evict(self) -> int:
        self._evicted_once = True
        if len(self._main) <= self._main_size and self._small:
            evicted = self._evict_small()
            if evicted is not None:
                return evicted
        return self._evict_main()

    def _evict_small(self) -> int | None:
        """The oldest key of the small queue with fewer than two uses; None if all had been used.

        Used keys met on the way move to main.
        """
        small, ghost = self._small, self._ghost
        while small:
            key, uses = small.popitem(last=False)
            if uses >= MOVE_TO_MAIN_USES:
                self._main[key] = 0
                continue
            if self._ghost_size > 0:
                if len(ghost) >= self._ghost_size:
                    ghost.popitem(last=False)
                ghost[key] = None
            return key
        return None

    def _evict_main(self) -> int:
        main = self._main
        while True:
            key, uses = main.popitem(last=False)
            if uses == 0:
                return key
            main[key] = min(uses, MAX_USES) - 1

    def resize(self, capacity: int) -> list[int]:
        self.capacity = checked_capacity(capacity)
        self._share_out()  # first: the sizes say which queue gives way
        evicted = super().resize(capacity)
        while len(self._ghost) > self._ghost_size:
            self._ghost.popitem(last=False)
        return evicted

    def remove(self, key: int) -> bool:
        return self._small.pop(key, None) is not None or self._main.pop(key, None) is not None

    def __contains__(self, key: object) -> bool:
        return key in self._small or key in self._main

    def __len__(self) -> int:
        return len(self._small) + len(self._main)

    def keys(self) -> Iterator[int]:
        yield from self._small
        yield from self._main
