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
_SHIFT = 23 - SUB_BITS
_LOW = np.float32(2.0**-10)  # 1 us in ms: everything below falls in bucket 0
_BASE = int(_LOW.view(np.uint32)) >> _SHIFT
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
        if index.size:
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
    bits = np.maximum(ms.astype(np.float32), _LOW).view(np.uint32)
    index = (bits >> _SHIFT).astype(np.int64) - _BASE
    return np.minimum(index, BUCKETS - 1)


def edges() -> F8:
    """Lower edges of all buckets in milliseconds, (BUCKETS + 1,)."""
    bits = ((np.arange(BUCKETS + 1, dtype=np.int64) + _BASE) << _SHIFT).astype(np.uint32)
    return bits.view(np.float32).astype(np.float64)


EDGES = edges()


class Histogram:
    """n latency histograms, (n, BUCKETS): the last whole second, the present one, and since the start."""

    def __init__(self, n: int = 1) -> None:
        self.total: I8 = np.zeros((n, BUCKETS), dtype=np.int64)
        self.current: I8 = np.zeros((n, BUCKETS), dtype=np.int64)
        self.last: I8 = np.zeros((n, BUCKETS), dtype=np.int64)
        self._max_ms: F8 = np.zeros(n)
        self._sum_ms: F8 = np.zeros(n)
        self.waiting_ms: list[F8] = []  # put down, not yet counted: a call costs the same for a hundred as for a thousand
        self.waiting_index: list[I8] = []
        self.waits = 0
        self.quantiles: dict[float, F8] = {q: np.zeros(n) for q in QUANTILES}  # of the last whole second, ms

    @property
    def max_ms(self) -> F8:
        """The highest since the start, (n,) ms."""
        return self._counted()[1]

    @property
    def sum_ms(self) -> F8:
        """Sum since the start, (n,) ms."""
        return self._counted()[2]

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
            self._count(self.current, self._max_ms, self._sum_ms)
            self.waiting_ms, self.waiting_index, self.waits = [], [], 0

    def _counted(self) -> tuple[I8, F8, F8]:
        """The present second's counts, highest and sum with what was put down; whoever looks gets figures of his own."""
        if not self.waits:
            return self.current, self._max_ms, self._sum_ms
        own = self.current.copy(), self._max_ms.copy(), self._sum_ms.copy()
        self._count(*own)
        return own

    def _count(self, current: I8, highest: F8, total: F8) -> None:
        """Add what was put down to these figures, in place."""
        ms = np.concatenate(self.waiting_ms)
        buckets = bucket_of(ms)
        if len(current) == 1:
            current[0] += np.bincount(buckets, minlength=BUCKETS)
            highest[0] = max(highest[0], float(ms.max()))
            total[0] += float(np.add.accumulate(ms)[-1])  # sequential: the same on every machine
        else:
            index = np.concatenate(self.waiting_index)
            np.add.at(current.reshape(-1), index * BUCKETS + buckets, 1)
            np.maximum.at(highest, index, ms)
            np.add.at(total, index, ms)

    def grow(self, n: int) -> None:
        """Make room for n histograms."""
        more = n - self._max_ms.size
        if more > 0:
            self._settle()
            self.quantiles = {q: np.concatenate([old, np.zeros(more)]) for q, old in self.quantiles.items()}
            for name in ("total", "current", "last"):
                setattr(self, name, np.concatenate([getattr(self, name), np.zeros((more, BUCKETS), dtype=np.int64)]))
            self._max_ms = np.concatenate([self._max_ms, np.zeros(more)])
            self._sum_ms = np.concatenate([self._sum_ms, np.zeros(more)])

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
        """Counts since the start, the present second included, (n, BUCKETS)."""
        return self.total + self._counted()[0]


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
