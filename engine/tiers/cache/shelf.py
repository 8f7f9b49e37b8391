"""The memory of one cache node: values with their end of life, the eviction policy's books, leases and who waits for them.

Expiry is lazy as in memcached: an entry that has outlived its time keeps its place until it is asked for or evicted.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from ...policies.eviction import EVICTION, EvictionPolicy
from ...policies.eviction.stamps import StampedLRU
from .index import Entry, Index

Waiter: TypeAlias = tuple[int, float]  # slot of a request, since when it waits (s)


class Shelf:
    """Entries and policy hold the same keys always.

    leases: key -> token of the one request that may fill it. waiting: token -> requests that will be answered by that fill; it
    outlives the lease when a write voids the right to fill. Every change of an entry is told to `index`, as of node `node`.
    """

    __slots__ = ("entries", "index", "leases", "node", "policy", "waiting")

    def __init__(self, policy: str, capacity: int, rng: np.random.Generator, index: Index | None = None, node: int = 0) -> None:
        self.index = index if index is not None and index.keys else None
        self.node = node
        self.policy = self._policy(policy, capacity, rng)
        self.entries: dict[int, Entry] = {}
        self.leases: dict[int, int] = {}
        self.waiting: dict[int, list[Waiter]] = {}

    def _policy(self, name: str, capacity: int, rng: np.random.Generator) -> EvictionPolicy:
        """The rule by its name; LRU in the form that takes the hits of a whole batch at once."""
        if name == StampedLRU.name and self.index is not None:
            return StampedLRU(capacity, self.index.uses)
        return EVICTION[name](capacity, rng)

    def store(self, key: int, entry: Entry) -> int:
        """Set a value; returns the key that had to go for it, -1 if none had to."""
        entries, index = self.entries, self.index
        new = key not in entries
        evicted = self.policy.insert(key)
        entries[key] = entry
        if index is not None:
            index.put(self.node, key, entry, new=new)
            if evicted is not None:
                index.drop(evicted)
        if evicted is None:
            return -1
        del entries[evicted]
        return evicted

    def prolong(self, key: int, entry: Entry) -> None:
        """Another end of life for a value that stays."""
        self.entries[key] = entry
        if self.index is not None:
            self.index.put(self.node, key, entry, new=False)

    def forget(self, key: int) -> bool:
        """Drop an entry (expired, deleted): True if there was one."""
        if self.entries.pop(key, None) is None:
            return False
        self.policy.remove(key)
        if self.index is not None:
            self.index.drop(key)
        return True

    def resize(self, capacity: int) -> int:
        """Another capacity, live; returns how many entries had to go."""
        evicted = self.policy.resize(capacity)
        for key in evicted:
            del self.entries[key]
            if self.index is not None:
                self.index.drop(key)
        return len(evicted)

    def change_policy(self, policy: str, rng: np.random.Generator) -> None:
        """Another eviction rule, live: it learns the resident keys in the order in which the old rule names them."""
        old = self.policy
        keys = list(old.keys())
        old.leave()
        self.policy = self._policy(policy, old.capacity, rng)
        for key in keys:
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
        self.policy.leave()
        self.policy = self._policy(self.policy.name, self.policy.capacity, rng)
        if self.index is not None:
            for key in self.entries:
                self.index.drop(key)
        self.entries.clear()
        return gone
