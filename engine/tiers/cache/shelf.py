"""The memory of one cache node: values with their end of life, the eviction policy's books, leases and who waits for them.

Expiry is lazy as in memcached: an entry that has outlived its time keeps its place until it is asked for or evicted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np

from ...policies.eviction import EVICTION, EvictionPolicy
from .index import SEVERAL, Entry, Index
from .stamped import StampedLRU

Waiter: TypeAlias = tuple[int, float]  # slot of a request, since when it waits (s)


class Shelf:
    """Entries and policy hold the same keys always.

    own: the entries that are not kept in `index`, where the node is `node`. leases: key -> token of the one request that may fill
    it. waiting: token -> requests that will be answered by that fill; it outlives the lease when a write voids the right to fill.
    """

    __slots__ = ("index", "leases", "node", "own", "policy", "waiting")

    def __init__(self, policy: str, capacity: int, rng: np.random.Generator, index: Index | None = None, node: int = 0) -> None:
        self.index = index if index is not None and index.keys else None
        self.node = node
        self.own: dict[int, Entry] = {}
        self.leases: dict[int, int] = {}
        self.waiting: dict[int, list[Waiter]] = {}
        self.policy = self._policy(policy, capacity, rng)
        if self.index is not None:
            self.index.enter(self)

    def _policy(self, name: str, capacity: int, rng: np.random.Generator) -> EvictionPolicy:
        """The rule by its name; LRU in the form that takes the hits of a whole batch at once."""
        if name == StampedLRU.name and self.index is not None:
            return StampedLRU(capacity, self.index, self.node)
        return EVICTION[name](capacity, rng)

    @property
    def entries(self) -> Mapping[int, Entry]:
        """All entries by key, wherever they are kept; a view."""
        return Entries(self)

    def get(self, key: int) -> Entry | None:
        """The entry of a key, None if there is none."""
        index = self.index
        if index is not None:
            place = index.place.item(key)
            if place == self.node + 1:
                return index.entry(key)
            if place != SEVERAL:
                return None
        return self.own.get(key)

    def store(self, key: int, entry: Entry) -> int:
        """Set a value; returns the key that had to go for it, -1 if none had to."""
        evicted = self.policy.insert(key)
        if self.index is None:
            self.own[key] = entry
        else:
            self.index.put(self.node, key, entry)
        if evicted is None:
            return -1
        self._drop(evicted)
        return evicted

    def _drop(self, key: int) -> None:
        if self.index is None:
            del self.own[key]
        else:
            self.index.drop(self.node, key)

    def prolong(self, key: int, entry: Entry) -> None:
        """Another end of life for a value that stays."""
        if self.index is None:
            self.own[key] = entry
        else:
            self.index.put(self.node, key, entry)

    def forget(self, key: int) -> bool:
        """Drop an entry (expired, deleted): True if there was one."""
        if self.get(key) is None:
            return False
        self.policy.remove(key)
        self._drop(key)
        return True

    def age(self, seconds: float) -> None:
        """All entries end so much earlier."""
        if self.index is not None:
            self.index.ends[self.index.place == self.node + 1] -= seconds
        self.own = {key: (version, ends - seconds, took) for key, (version, ends, took) in self.own.items()}

    def resize(self, capacity: int) -> int:
        """Another capacity, live; returns how many entries had to go."""
        evicted = self.policy.resize(capacity)
        if self.index is not None:
            self.index.room[self.node] = self.policy.capacity
        for key in evicted:
            self._drop(key)
        return len(evicted)

    def change_policy(self, policy: str, rng: np.random.Generator) -> None:
        """Another eviction rule, live: it learns the resident keys in the order in which the old rule names them."""
        old = self.policy
        keys = list(old.keys())
        old.leave()
        self.policy = self._policy(policy, old.capacity, rng)
        self.policy.adopt(keys)

    def wipe(self, rng: np.random.Generator) -> list[Waiter]:
        """The process is gone and its memory with it; returns those who waited there, in order of waiting."""
        left = sorted((since, slot) for waiters in self.waiting.values() for slot, since in waiters)
        self.empty(rng)
        self.leases.clear()
        self.waiting.clear()
        return [(slot, since) for since, slot in left]

    def empty(self, rng: np.random.Generator) -> int:
        """Flush: all values go, leases stay; returns how many went."""
        keys = list(self.entries)
        self.policy.leave()
        self.policy = self._policy(self.policy.name, self.policy.capacity, rng)
        for key in keys:
            self._drop(key)
        return len(keys)


class Entries(Mapping[int, Entry]):
    """The entries of a shelf, in order of key where the index keeps them, then its own in order of coming."""

    __slots__ = ("shelf",)

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def __getitem__(self, key: int) -> Entry:
        entry = self.shelf.get(key)
        if entry is None:
            raise KeyError(key)
        return entry

    def __len__(self) -> int:
        index = self.shelf.index
        return len(self.shelf.own) + (0 if index is None else int(index.held[self.shelf.node]))

    def __iter__(self) -> Iterator[int]:
        index = self.shelf.index
        if index is not None:
            yield from (index.place == self.shelf.node + 1).nonzero()[0].tolist()
        yield from list(self.shelf.own)
