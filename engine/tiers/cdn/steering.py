"""Which provider a user is sent to: what the user's resolver was told when it last asked, by the weights of that moment.

A resolver keeps the answer for the TTL of the record, so that a change of weights moves users as TTLs end. What users' own
caches keep is a resolver's answer with what is left of its TTL, and so ends no later than there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class Steering:
    """weights (v,): as the zone serves them now; wanted (v,): as the owner configured them. told, until: by resolver."""

    def __init__(self, weights: tuple[float, ...], resolvers: int, ttl: float, rng: np.random.Generator) -> None:
        self.wanted: F8 = np.array(weights)
        self.weights: F8 = self.wanted.copy()
        self.ttl = ttl
        self.rng = rng
        self.told: NDArray[np.int16] = np.zeros(resolvers, dtype=np.int16)
        self.until: F8 = np.zeros(resolvers)

    def providers(self, t: F8, resolver: I8) -> I8:
        """Providers (n,) of users who ask at t (n,), ascending, through these resolvers (n,)."""
        if self.weights.size == 1:
            return np.zeros(t.size, dtype=np.int64)
        asked = (self.until[resolver] <= t).nonzero()[0]
        if asked.size:
            first = np.unique(resolver[asked], return_index=True)[1]
            rows = asked[np.sort(first)]  # in order of time, so that the draws hang on nothing else
            self.told[resolver[rows]] = self._draw(rows.size)
            self.until[resolver[rows]] = t[rows] + self.ttl
        return self.told[resolver].astype(np.int64)

    def _draw(self, n: int) -> I8:
        edges = np.cumsum(self.weights if self.weights.sum() > 0 else np.ones(self.weights.size))
        found = np.searchsorted(edges / edges[-1], self.rng.random(n), side="right")
        return np.minimum(found, self.weights.size - 1)

    def shares(self) -> F8:
        """Shares (v,) of the next answers."""
        total = float(self.weights.sum())
        return self.weights / total if total > 0 else np.full(self.weights.size, 1.0 / max(1, self.weights.size))

    def told_shares(self, now: float) -> F8:
        """Shares (v,) of the resolvers that still keep an answer now."""
        kept = np.bincount(self.told[self.until > now], minlength=self.weights.size).astype(np.float64)
        return kept / kept.sum() if kept.sum() else self.shares()


def weights_of(text: str, providers: int) -> F8:
    """"1, 0": a weight for each provider; ValueError in one sentence if it is not."""
    try:
        found = np.array([float(word) for word in text.split(",")])
    except ValueError:
        found = np.empty(0)
    if found.size != providers or not np.isfinite(found).all() or (found < 0).any() or not found.any():
        raise ValueError(f"write a weight for each of {providers} providers, one above 0, with commas between")
    return found
