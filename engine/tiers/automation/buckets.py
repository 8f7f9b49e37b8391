"""Token buckets: a bucket holds `burst` tokens at most and gets `rate` a second; a request takes one or is turned away.

A balancer keeps its own, in its memory: they are full again when its process is new, and its standby knows nothing of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
B = NDArray[np.bool_]

MOST = 1 << 20  # buckets of a balancer: where there are more users, several share one (16 MiB)
ENOUGH = 1.0 - 1e-9  # a token that lacks less than a rounding error of many small additions is a token


class Buckets:
    """level, at: (n,) tokens in each bucket at the moment `at` (s) at which it was last looked at."""

    def __init__(self, n: int, rate: float, burst: float, now: float) -> None:
        self.rate, self.burst = rate, burst
        self.level: F8 = np.full(min(n, MOST), float(burst))
        self.at: F8 = np.full(self.level.size, now)

    def take(self, t: F8, who: I8) -> B:
        """Requests at t (n,), ascending and none before those of earlier calls, of whom (n,): which get a token, (n,)."""
        who = who % self.level.size
        if np.unique(who).size < who.size:
            return self._one_by_one(t, who)
        level = np.minimum(self.burst, self.level[who] + (t - self.at[who]) * self.rate)
        got = level >= ENOUGH
        self.level[who] = np.maximum(level - got, 0.0)
        self.at[who] = t
        return got

    def _one_by_one(self, t: F8, who: I8) -> B:
        got: list[bool] = []
        level = dict(zip(who.tolist(), self.level[who].tolist(), strict=True))
        at = dict(zip(who.tolist(), self.at[who].tolist(), strict=True))
        rate, burst = self.rate, self.burst
        for now, one in zip(t.tolist(), who.tolist(), strict=True):
            tokens = min(burst, level[one] + (now - at[one]) * rate)
            got.append(tokens >= ENOUGH)
            level[one] = max(tokens - 1.0, 0.0) if got[-1] else tokens
            at[one] = now
        rows = np.array(list(level), dtype=np.int64)
        self.level[rows], self.at[rows] = list(level.values()), list(at.values())
        return np.array(got, dtype=np.bool_)

    def change(self, rate: float, burst: float, now: float) -> None:
        """From `now` (s) on another rate and size: what was earned until then stays, as far as there is room."""
        earned = self.level + np.maximum(now - self.at, 0.0) * self.rate
        self.level = np.minimum(burst, np.minimum(self.burst, earned))
        self.at = np.maximum(self.at, now)
        self.rate, self.burst = rate, burst
