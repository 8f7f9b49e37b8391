"""Least frequently used, exact, with per-frequency queues (Shah, Mitra and Matani 2010).

A key's frequency is the number of its accesses since it became resident; among keys of the lowest frequency the one
that reached it first goes first (oldest promotion first).
"""

from collections import OrderedDict
from collections.abc import Iterator

import numpy as np

from engine.policies.eviction.base import EvictionPolicy


class LFU(EvictionPolicy):
    """Frequency of every key, and for every frequency its keys in the order in which they reached it."""

    __slots__ = ("_buckets", "_frequency", "_least")

    name = "lfu"

    def __init__(self, capacity: int, rng: np.random.Generator | None = None) -> None:
        super().__init__(capacity, rng)
        self._frequency: dict[int, int] = {}
        self._buckets: dict[int, OrderedDict[int, None]] = {}  # none is ever empty
        self._least = 1  # a lower bound of the lowest frequency, exact whenever a key was admitted last

    def touch(self, key: int) -> None:
        frequency = self._frequency[key]
        self._frequency[key] = frequency + 1
        bucket = self._buckets[frequency]
        above = self._buckets.get(frequency + 1)
        if len(bucket) == 1:
            del self._buckets[frequency]
            if above is None:  # hot keys have frequencies of their own: the whole bucket moves up
                self._buckets[frequency + 1] = bucket
                return
        else:
            del bucket[key]
        if above is None:
            self._buckets[frequency + 1] = OrderedDict(((key, None),))
        else:
            above[key] = None

    def admit(self, key: int) -> int | None:
        evicted = self.evict() if len(self._frequency) >= self.capacity else None
        self._frequency[key] = 1
        self._least = 1
        bucket = self._buckets.get(1)
        if bucket is None:
            self._buckets[1] = OrderedDict(((key, None),))
        else:
            bucket[key] = None
        return evicted

    def evict(self) -> int:
        bucket = self._buckets.get(self._least)
        if bucket is None:
            if not self._buckets:
                raise KeyError("nothing to evict")
            self._least = min(self._buckets)
            bucket = self._buckets[self._least]
        key = bucket.popitem(last=False)[0]
        if not bucket:
            del self._buckets[self._least]
        del self._frequency[key]
        return key

    def remove(self, key: int) -> bool:
        frequency = self._frequency.pop(key, None)
        if frequency is None:
            return False
        bucket = self._buckets[frequency]
        del bucket[key]
        if not bucket:
            del self._buckets[frequency]
        return True

    def __contains__(self, key: object) -> bool:
        return key in self._frequency

    def __len__(self) -> int:
        return len(self._frequency)

    def keys(self) -> Iterator[int]:
        return iter(self._frequency)
