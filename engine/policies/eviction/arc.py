"""ARC, the adaptive replacement cache (Megiddo and Modha, FAST 2003, figure 4).

Two LRU lists, keys seen once (T1) and keys seen again (T2), each with a list of ghosts behind it (B1, B2: keys
lately evicted from it). A hit on a ghost says that its list was too short, and moves the target size p of T1. In
the paper's terms c is the capacity.
"""

from collections import OrderedDict
from collections.abc import Iterator

import numpy as np

from engine.policies.eviction.base import EvictionPolicy


class ARC(EvictionPolicy):
    """T1, T2, B1, B2 with the least recent key first, and the target `_p` of |T1|, a real number as in the paper."""

    __slots__ = ("_b1", "_b2", "_p", "_t1", "_t2")

    name = "arc"

    def __init__(self, capacity: int, rng: np.random.Generator | None = None) -> None:
        super().__init__(capacity, rng)
        self._t1: OrderedDict[int, None] = OrderedDict()
        self._t2: OrderedDict[int, None] = OrderedDict()
        self._b1: OrderedDict[int, None] = OrderedDict()
        self._b2: OrderedDict[int, None] = OrderedDict()
        self._p = 0.0

    def touch(self, key: int) -> None:
        """Case I: a hit makes the key the most recent of those seen again."""
        if key in self._t2:
            self._t2.move_to_end(key)
        else:
            del self._t1[key]
            self._t2[key] = None

    def admit(self, key: int) -> int | None:
        t1, t2, b1, b2 = self._t1, self._t2, self._b1, self._b2
        full = len(t1) + len(t2) >= self.capacity  # may be false with ghosts about: entries expire and are invalidated
        evicted = None
        if key in b1:  # case II: T1 was too short
            self._p = min(self._p + max(len(b2) / len(b1), 1.0), float(self.capacity))
            evicted = self._replace(favour_t2=False) if full else None
            del b1[key]
            t2[key] = None
        elif key in b2:  # case III: T2 was too short
            self._p = max(self._p - max(len(b1) / len(b2), 1.0), 0.0)
            evicted = self._replace(favour_t2=True) if full else None
            del b2[key]
            t2[key] = None
        else:  # case IV: never seen, or forgotten
            evicted = self._make_room(full)
            t1[key] = None
        return evicted

    def _make_room(self, full: bool) -> int | None:
        """Case IV of the paper: keep |T1| + |B1| <= c and all four lists <= 2c once the newcomer is in T1."""
        t1, b1 = self._t1, self._b1
        if len(t1) + len(b1) >= self.capacity:
            if not b1:
                return t1.popitem(last=False)[0]  # T1 fills the whole cache: its oldest goes without a ghost
            b1.popitem(last=False)
        elif len(t1) + len(b1) + len(self._t2) + len(self._b2) >= 2 * self.capacity:
            self._b2.popitem(last=False)
        return self._replace(favour_t2=False) if full else None

    def _replace(self, favour_t2: bool) -> int:
        """REPLACE of the paper: the oldest of T1 or T2 becomes a ghost."""
        t1, t2 = self._t1, self._t2
        over = len(t1) > self._p or (favour_t2 and len(t1) == self._p)
        if t1 and (over or not t2):
            key = t1.popitem(last=False)[0]
            self._b1[key] = None
        else:
            key = t2.popitem(last=False)[0]
            self._b2[key] = None
        return key

    def evict(self) -> int:
        return self._replace(favour_t2=False)

    def resize(self, capacity: int) -> list[int]:
        evicted = super().resize(capacity)
        self._p = min(self._p, float(self.capacity))
        while len(self._t1) + len(self._b1) > self.capacity:
            self._b1.popitem(last=False)
        while len(self._t1) + len(self._b1) + len(self._t2) + len(self._b2) > 2 * self.capacity:
            self._b2.popitem(last=False)
        return evicted

    def remove(self, key: int) -> bool:
        if key in self._t1:
            del self._t1[key]
        elif key in self._t2:
            del self._t2[key]
        else:
            return False
        return True

    def __contains__(self, key: object) -> bool:
        return key in self._t1 or key in self._t2

    def __len__(self) -> int:
        return len(self._t1) + len(self._t2)

    def keys(self) -> Iterator[int]:
        yield from self._t1
        yield from self._t2
