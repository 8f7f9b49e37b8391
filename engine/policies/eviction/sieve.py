"""SIEVE (Zhang et al., NSDI 2024): one queue, one bit a key, and a hand that evicts from the middle.

A textbook SIEVE is a linked list with a hand moving from the oldest key to the newest. Keys never move, so the list
is the same thing as two queues: the keys the hand has already passed (older) and the keys still before it (newer).
When the second runs out the hand has reached the newest key and starts again at the oldest: the queues change
places.
"""

from collections import OrderedDict
from collections.abc import Iterator

import numpy as np

from engine.policies.eviction.base import EvictionPolicy


class SIEVE(EvictionPolicy):
    """Lazy promotion and quick demotion: survivors stay where they are, newcomers are met by the hand soon."""

    __slots__ = ("_ahead", "_passed", "_used")

    name = "sieve"

    def __init__(self, capacity: int, rng: np.random.Generator | None = None) -> None:
        super().__init__(capacity, rng)
        self._used: dict[int, bool] = {}  # every resident key: hit since the hand last passed
        self._passed: OrderedDict[int, None] = OrderedDict()
        self._ahead: OrderedDict[int, None] = OrderedDict()

    def access(self, key: int) -> bool:
        used = self._used
        if key in used:
            used[key] = True
            return True
        self.admit(key)
        return False

    def touch(self, key: int) -> None:
        if key not in self._used:
            raise KeyError(key)
        self._used[key] = True

    def admit(self, key: int) -> int | None:
        evicted = self.evict() if len(self._used) >= self.capacity else None
        self._used[key] = False
        self._ahead[key] = None
        return evicted

    def evict(self) -> int:
        used = self._used
        while True:
            key = self._ahead.popitem(last=False)[0]
            if used[key]:
                used[key] = False
                self._passed[key] = None
                self._wrap()
            else:
                del used[key]
                self._wrap()
                return key

    def _wrap(self) -> None:
        """At the newest key the hand goes back to the oldest at once, so that a newcomer is not the first it meets."""
        if not self._ahead:
            self._ahead, self._passed = self._passed, self._ahead

    def remove(self, key: int) -> bool:
        if self._used.pop(key, None) is None:
            return False
        if key in self._ahead:
            del self._ahead[key]
            self._wrap()
        else:
            del self._passed[key]
        return True

    def __contains__(self, key: object) -> bool:
        return key in self._used

    def __len__(self) -> int:
        return len(self._used)

    def keys(self) -> Iterator[int]:
        yield from self._passed
        yield from self._ahead
