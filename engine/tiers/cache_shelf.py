"""The memory of one cache node: values with their end of life, the eviction policy's books, leases and who waits for them.

Expiry is lazy as in memcached: an entry that has outlived its time keeps its place until it is asked for or evicted.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from ..policies.eviction import EVICTION, EvictionPolicy

Entry: TypeAlias = tuple[int, float, float]  # version, end of life (s, inf = never), how long it took to read (s)
Waiter: TypeAlias = tuple[int, float]  # slot of a request, since when it waits (s)


class Shelf:
    """Entries and policy hold the same keys always.

    leases: key -> token of the one request that may fill it. waiting: token -> requests that will be answered by that fill; it
    outlives the lease when a write voids the right to fill.
    """

    __slots__ = ("entries", "leases", "policy", "waiting")

    def __init__(self, policy: str, capacity: int, rng: np.random.Generator) -> None:
        self.policy: EvictionPolicy = EVICTION[policy](capacity, rng)
        self.entries: dict[int, Entry] = {}
        self.leases: dict[int, int] = {}
        self.waiting: dict[int, list[Waiter]] = {}

    def store(self, key: int, entry: Entry) -> int:
        """Set a value; returns how many entries had to go for it (0 or 1)."""
        evicted = self.policy.insert(key)
        self.entries[key] = entry
        if evicted is None:
            return 0
        del self.entries[evicted]
        return 1

    def forget(self, key: int) -> bool:
        """Drop an entry (expired, deleted): True if there was one."""
        if self.entries.pop(key, None) is None:
            return False
        self.policy.remove(key)
        return True

    def resize(self, capacity: int) -> int:
        """Another capacity, live; returns how many entries had to go."""
        evicted = self.policy.resize(capacity)
        for key in evicted:
            del self.entries[key]
        return len(evicted)

    def change_policy(self, policy: str, rng: np.random.Generator) -> None:
        """Another eviction rule, live: it learns the resident keys in the order in which the old rule names them."""
        old = self.policy
        self.policy = EVICTION[policy](old.capacity, rng)
        for key in list(old.keys()):
            self.policy.insert(key)

    def wipe(self, rng: np.random.Generator) -> list[Waiter]:
        """The process is gone and its memory with it; returns those who waited there, in order of waiting."""
        left = sorted((since, slot) for waiters in self.waiting.values() for slot, since in waiters)
        self.empty(rng)
        self.leases.clear()
        self.waiting.clear()
        return [(slot, since) for since, slot in left]

    def empty(self, rng: np.random.Generator) -> int:
        """Flush: all values go, leases stay; returns how many went."""
        gone = len(self.entries)
        self.policy = EVICTION[self.policy.name](self.policy.capacity, rng)
        self.entries.clear()
        return gone
