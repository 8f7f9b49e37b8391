"""Random replacement: the victim is uniform over the resident keys.

Under independent references it hits exactly as often as FIFO (Gelenbe 1973), which makes it a check on both. Draws
come in blocks from the node's own generator because one call of a numpy generator costs more than the rest of an
eviction.
"""

from collections.abc import Iterator

import numpy as np

from engine.policies.eviction.base import EvictionPolicy

_BLOCK = 256  # uniform draws taken at once: one numpy call of ~2 us shared by 256 evictions


class RANDOM(EvictionPolicy):
    """Uniform victim in O(1): resident keys in a list, the hole filled by the last of the list."""

    __slots__ = ("_draws", "_keys", "_rng", "_slot")

    name = "random"

    def __init__(self, capacity: int, rng: np.random.Generator | None = None) -> None:
        super().__init__(capacity, rng)
        self._rng = np.random.default_rng(0) if rng is None else rng
        self._keys: list[int] = []
        self._slot: dict[int, int] = {}
        self._draws: list[float] = []

    def touch(self, key: int) -> None:
        if key not in self._slot:
            raise KeyError(key)

    def admit(self, key: int) -> int | None:
        evicted = self.evict() if len(self._keys) >= self.capacity else None
        self._slot[key] = len(self._keys)
        self._keys.append(key)
        return evicted

    def evict(self) -> int:
        if not self._keys:
            raise KeyError("nothing to evict")
        if not self._draws:
            self._draws = self._rng.random(_BLOCK).tolist()
        key = self._keys[int(self._draws.pop() * len(self._keys))]
        self.remove(key)
        return key

    def remove(self, key: int) -> bool:
        slot = self._slot.pop(key, None)
        if slot is None:
            return False
        last = self._keys.pop()
        if last != key:
            self._keys[slot] = last
            self._slot[last] = slot
        return True

    def __contains__(self, key: object) -> bool:
        return key in self._slot

    def __len__(self) -> int:
        return len(self._keys)

    def keys(self) -> Iterator[int]:
        return iter(self._keys)
