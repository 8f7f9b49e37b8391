"""Counting: meters that know the last second, and log-linear histograms of latencies.

Everything shown is the sum of events that happened. A meter counts into the present second and is rolled once every virtual
second; a histogram has 32 buckets an octave (a bucket is at most 3.2 % wide; the shape is that of HdrHistogram).
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

TREND = 60  # seconds of history that a snapshot shows
SUB_BITS = 5
_SHIFT = 52 - SUB_BITS  # a float's bits less the lowest ones: exponent and SUB_BITS of the fraction number its bucket
_BASE = int(np.float64(2.0**-10).view(np.int64)) >> _SHIFT  # 1 us in ms: everything below falls in bucket 0
OCTAVES = 30
QUANTILES = (0.50, 0.99)  # that a histogram keeps of its last second
BUCKETS = OCTAVES << SUB_BITS
BATCH = 16_384  # latencies that wait to be counted


class Meter:
    """n counters: `total` since the start, `last` of the last whole second, all (n,) int64."""

    def __init__(self, n: int = 1) -> None:
        self.total: I8 = np.zeros(n, dtype=np.int64)
        self.current: I8 = np.zeros(n, dtype=np.int64)
        self.last: I8 = np.zeros(n, dtype=np.int64)

    def add(self, index: I8) -> None:
        """Count one for every element of `index`, repeats included."""
        if self.current.size == 1:  # the only balancer: sums of a bincount wait for one another where all values are alike
            self.current[0] += index.size
        elif index.size:
            self.current += np.bincount(index, minlength=self.current.size)

    def add_one(self, index: int, count: int = 1) -> None:
        """Count `count` for one counter."""
        self.current[index] += count

    def grow(self, n: int) -> None:
        """Make room for n counters, the old ones kept."""
        more = n - self.total.size
        if more > 0:
            for name in ("total", "current", "last"):
                setattr(self, name, np.concatenate([getattr(self, name), np.zeros(more, dtype=np.int64)]))

    def roll(self) -> None:
        """A second has ended."""
        self.total += self.current
        self.last, self.current = self.current, self.last
        self.current[:] = 0

    @property
    def sum(self) -> I8:
        """Since the start, the present second included, (n,)."""
        return self.total + self.current


class Trend:
    """The last TREND values of something, one a second."""

    def __init__(self) -> None:
        self.values: deque[float] = deque(maxlen=TREND)

    def push(self, value: float) -> None:
        """Append one second's value, rounded to six significant digits (a snapshot travels over thin links)."""
        self.values.append(float(f"{value:.6g}"))

    def tuple(self) -> tuple[float, ...]:
        """Oldest first."""
        return tuple(self.values)


def bucket_of(ms: F8) -> I8:
    """Bucket index (n,) of latencies in milliseconds."""
    index: I8 = ms.view(np.int64) >> _SHIFT
    index -= _BASE
    return index.clip(0, BUCKETS - 1, out=index)


def edges() -> F8:
    """Lower edges of all buckets in milliseconds, (BUCKETS + 1,)."""
    return ((np.arange(BUCKETS + 1, dtype=np.int64) + _BASE) << _SHIFT).view(np.float64)


EDGES = edges()


class Histogram:
    """n latency histograms, (n, BUCKETS): the last whole second, the present one, and since the start."""

    def __init__(self, n: int = 1) -> None:
        self.total: I8 = np.zeros((n, BUCKETS), dtype=np.int64)
        self.current: I8 = np.zeros((n, BUCKETS), dtype=np.int64)
        self.last: I8 = np.zeros((n, BUCKETS), dtype=np.int64)
        self.waiting_ms: list[F8] = []  # put down, not yet counted: a call costs the same for a hundred as for a thousand
        self.waiting_index: list[I8] = []
        self.waits = 0
        self.quantiles: dict[float, F8] = {q: np.zeros(n) for q in QUANTILES}  # of the last whole second, ms

    def add(self, ms: F8, index: I8 | None = None) -> None:
        """Add latencies (k,) in milliseconds, to histogram `index` (k,) each or all to the first."""
        if not ms.size:
            return
        assert index is not None or len(self.current) == 1, "one of several histograms must be named"
        self.waiting_ms.append(ms)
        if index is not None and len(self.current) > 1:
            self.waiting_index.append(index)
        self.waits += ms.size
        if self.waits > BATCH:
            self._settle()

    def _settle(self) -> None:
        """Count what was put down, at a moment that hangs on the numbers alone and never on who looks."""
        if self.waits:
            self._count(self.current)
            self.waiting_ms, self.waiting_index, self.waits = [], [], 0

    def _count(self, current: I8) -> None:
        """Add what was put down to these counts, in place."""
        buckets = bucket_of(np.concatenate(self.waiting_ms))
        if len(current) == 1:
            current[0] += np.bincount(buckets, minlength=BUCKETS)
        else:
            buckets += np.concatenate(self.waiting_index) * BUCKETS
            np.add.at(current.reshape(-1), buckets, 1)

    def grow(self, n: int) -> None:
        """Make room for n histograms."""
        more = n - len(self.current)
        if more > 0:
            self._settle()
            self.quantiles = {q: np.concatenate([old, np.zeros(more)]) for q, old in self.quantiles.items()}
            for name in ("total", "current", "last"):
                setattr(self, name, np.concatenate([getattr(self, name), np.zeros((more, BUCKETS), dtype=np.int64)]))

    def roll(self) -> None:
        """A second has ended."""
        self._settle()
        self.total += self.current
        self.last, self.current = self.current, self.last
        self.current[:] = 0
        # reckoned here and not when somebody looks: looking changes nothing
        cumulative = self.last.cumsum(axis=1)
        filled = cumulative[:, -1].nonzero()[0]
        found = np.zeros((len(QUANTILES), len(self.last)))
        if filled.size:
            found[:, filled] = quantiles_of(self.last, filled, cumulative[filled], np.array(QUANTILES)).T
        self.quantiles = dict(zip(QUANTILES, found, strict=True))

    def last_quantile(self, q: float) -> F8:
        """The q-quantile (one of QUANTILES) of the last whole second of each histogram, (n,) ms."""
        return self.quantiles[q]

    def whole(self) -> I8:
        """Counts since the start, the present second included, (n, BUCKETS); whoever looks gets figures of his own."""
        counts: I8 = self.total + self.current
        if self.waits:
            self._count(counts)
        return counts


class Latency(Histogram):
    """One histogram that also knows the highest and the sum since the start, ms."""

    def __init__(self) -> None:
        super().__init__(1)
        self._max_ms = 0.0
        self._sum_ms = 0.0

    def _settle(self) -> None:
        self._max_ms, self._sum_ms = self.max_ms, self.sum_ms
        super()._settle()

    @property
    def max_ms(self) -> float:
        """The highest."""
        return max([self._max_ms, *(float(ms.max()) for ms in self.waiting_ms)])

    @property
    def sum_ms(self) -> float:
        """The sum, added up one after the other: the same on every machine."""
        return float(np.add.accumulate(np.concatenate([[self._sum_ms], *self.waiting_ms]))[-1])


def quantile(counts: I8, q: float) -> float:
    """The q-quantile in milliseconds of one histogram's counts (BUCKETS,), linear within a bucket; 0 if empty."""
    cumulative = np.cumsum(counts)
    n = int(cumulative[-1])
    if not n:
        return 0.0
    rank = q * n
    b = int(np.searchsorted(cumulative, rank, side="left"))
    before = int(cumulative[b - 1]) if b else 0
    inside = (rank - before) / max(1, int(counts[b]))
    return float(EDGES[b] + (EDGES[b + 1] - EDGES[b]) * min(1.0, max(0.0, inside)))


def quantiles_of(counts: I8, filled: I8, cumulative: I8, q: F8) -> F8:
    """As `quantile`, of many at once, (k, m). filled: rows (k,) of `counts` (n, BUCKETS) that are not empty; cumulative
    (k, BUCKETS); q (m,)."""
    rank = q * cumulative[:, -1:]
    b = np.array([row.searchsorted(wanted) for row, wanted in zip(cumulative, rank, strict=True)])
    there = counts[filled[:, None], b]
    inside = (rank - (cumulative[np.arange(filled.size)[:, None], b] - there)) / np.maximum(1, there)
    found: F8 = EDGES[b] + (EDGES[b + 1] - EDGES[b]) * np.minimum(1.0, np.maximum(0.0, inside))
    return found
