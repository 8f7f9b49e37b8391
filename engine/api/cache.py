"""One cache node by itself, on the engine's own desk and shelf: what engine.api.ttl_cache gives out."""

from __future__ import annotations

import numpy as np

from ..config import CachePart
from ..flights import Flights
from ..tiers.cache.desk import Desk, Verdict
from ..tiers.cache.mail import FILL, Kind, Mail
from ..tiers.cache.shelf import Shelf


class TtlCache:
    """Look-ups in order of time; a miss is filled at once."""

    def __init__(self, ttl: float, sliding: bool, capacity: int, policy: str) -> None:
        if not ttl >= 0.0 or capacity < 1:
            raise ValueError(f"a cache needs a TTL >= 0 and room for an entry, not {ttl} and {capacity}")
        self.mail = Mail()
        self.desk = Desk(CachePart(ttl=ttl, sliding=sliding), self.mail, Flights(), np.random.default_rng(0))
        self.desk.shelves.append(Shelf(policy, capacity, np.random.default_rng(1)))
        self.desk.evicted.append(0)
        self.node = np.zeros(1, dtype=np.int64)
        self.ask = self.mail.add(Kind.LOOK_UP, self.node, self.node)
        self.fill = self.mail.add(Kind.SET, self.node, self.node)
        self.mail.token[self.fill] = FILL
        self.now = 0.0

    def access(self, key: int, t: float) -> bool:
        """One look-up at time t (s, never before the last one's): True for a hit; a miss makes the key resident."""
        if not t >= self.now:
            raise ValueError(f"look-ups come in order of time: {t} s is before {self.now} s")
        self.now = t
        at = np.array([t])
        self.mail.key[self.ask] = key
        if self.desk.serve(at, self.ask, self.node).verdict[0] == Verdict.HIT:
            return True
        self.mail.key[self.fill] = key
        self.desk.serve(at, self.fill, self.node)
        return False
