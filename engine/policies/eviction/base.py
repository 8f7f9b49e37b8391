"""What every eviction policy promises, whatever rule it follows.

A policy is the bookkeeping of one cache node: which keys are resident and which of them goes when room is needed.
It knows nothing about time, values or time-to-live; the cache tier owns those and calls `remove` when an entry ends
for a reason other than room. Capacity counts entries. All policies are exact and scalar, O(1) amortised per call,
and hold plain values only (a policy is part of the saved world).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

import numpy as np


def checked_capacity(capacity: int) -> int:
    """The capacity in entries; ValueError unless it is at least one (a cache of none is a cache switched off)."""
    if capacity < 1:
        raise ValueError(f"a cache holds at least one entry, not {capacity}")
    return int(capacity)


class EvictionPolicy(ABC):
    """Resident keys of one cache node, at most `capacity` of them.

    `rng` is the node's own generator; only policies that draw use it.
    """

    __slots__ = ("capacity",)

    name: str = ""  # the policy's row in EVICTION

    def __init__(self, capacity: int, rng: np.random.Generator | None = None) -> None:  # noqa: ARG002 - one signature for all rows
        self.capacity: int = checked_capacity(capacity)

    def access(self, key: int) -> bool:
        """One look-up through the cache: True for a hit; a miss admits the key (evicting if full) and is False."""
        if key in self:
            self.touch(key)
            return True
        self.admit(key)
        return False

    def insert(self, key: int) -> int | None:
        """Make the key resident; returns the key evicted for it, if any.  A key that is already resident counts as used again."""
        if key in self:
            self.touch(key)
            return None
        return self.admit(key)

    def touch_all(self, keys: list[int]) -> None:
        """Record hits on resident keys, in this order: the same as `touch` for one after the other."""
        touch = self.touch
        for key in keys:
            touch(key)

    def adopt(self, keys: Iterable[int]) -> None:
        """Take over resident keys from another rule, in this order; the policy holds none so far."""
        for key in keys:
            self.insert(key)

    def apart(self, key: int) -> None:  # noqa: B027 - only a policy that shares its books has anything to do
        """Books on this resident key are to be kept apart from now on: another node is about to hold it too."""

    def leave(self) -> None:  # noqa: B027 - only a policy that shares its books has anything to do
        """The policy is given up: what it keeps in books that it shares with others goes."""

    def resize(self, capacity: int) -> list[int]:
        """Change the capacity live; returns the keys that no longer fit, in the order in which they were evicted."""
        self.capacity = checked_capacity(capacity)
        evicted: list[int] = []
        while len(self) > self.capacity:
            evicted.append(self.evict())
        return evicted

    @abstractmethod
    def touch(self, key: int) -> None:
        """Record a hit on a resident key; KeyError if it is not resident."""

    @abstractmethod
    def admit(self, key: int) -> int | None:
        """Make a key resident that is not; returns the key evicted for it, if any."""

    @abstractmethod
    def evict(self) -> int:
        """Evict one resident key by the policy's rule and return it; KeyError if there is none."""

    @abstractmethod
    def remove(self, key: int) -> bool:
        """Forget a key (expired, invalidated): True if it was resident."""

    @abstractmethod
    def __contains__(self, key: object) -> bool: ...

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def keys(self) -> Iterator[int]:
        """The resident keys, in the policy's own (deterministic) order."""
