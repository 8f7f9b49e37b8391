"""Random draws of the world: Zipf keys by alias table, Poisson arrivals in order, service demands by moments.

Each caller brings its own generator, so that one part's draws never shift another's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .config import Service
from .rows import set_columns

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

CELLS = 1 << 10  # of the table of shares; a power of two, so that no cell is missed by rounding


class Zipf:
    """Keys 0..n-1 with weight 1 / (rank + 1) ** s, drawn in constant time from an alias table (Walker 1977).

    The table is built by one sweep written as prefix sums: light entries are topped up by heavy ones in order. What a draw
    looks up of an entry lies side by side: the table is far larger than a processor's cache.
    """

    accept: F8
    alias: I8

    def __init__(self, n: int, s: float) -> None:
        self.n = n
        self.s = s
        weights = np.array([float(i) ** -s for i in range(1, n + 1)])  # libm pow, the same on every machine we know
        self.total = float(np.cumsum(weights)[-1])
        scaled = weights * (n / self.total)
        set_columns(self, {"accept": ("f8", 1.0), "alias": ("i8", 0)}, n)
        self.alias[:] = np.arange(n)
        heavy = np.flatnonzero(scaled >= 1.0)
        light = np.flatnonzero(scaled < 1.0)
        if light.size and heavy.size:
            deficit = np.cumsum(1.0 - scaled[light])
            surplus = np.cumsum(scaled[heavy] - 1.0)
            before = np.concatenate([[0.0], deficit[:-1]])
            giver = np.minimum(np.searchsorted(surplus, before, side="right"), heavy.size - 1)
            self.accept[light] = scaled[light]
            self.alias[light] = heavy[giver]
            # the heavy entry that gave more than it had is topped up by the next one
            last = np.searchsorted(deficit, surplus, side="left")
            emptied = last < light.size
            emptied[-1] = False
            over = deficit[np.minimum(last, light.size - 1)] - surplus
            self.accept[heavy[emptied]] = 1.0 - over[emptied]
            self.alias[heavy[:-1][emptied[:-1]]] = heavy[1:][emptied[:-1]]

    def draw(self, rng: np.random.Generator, n: int) -> I8:
        """n keys, (n,) int64."""
        scaled = rng.random(n) * self.n
        column = scaled.astype(np.int64)
        moved = (scaled - column >= self.accept[column]).nonzero()[0]
        column[moved] = self.alias[column[moved]]
        return column

    def share(self, key: int) -> float:
        """The key's share of all draws."""
        weight: float = float(key + 1) ** -self.s
        return weight / self.total


class Shares:
    """Which share of [0, 1) numbers fall in: as `edges.searchsorted(u, side="right")`, the last share without an end.

    edges (m,): the shares added up. By a table of CELLS equal stretches (Chen and Asau 1974): where each holds one edge at most,
    a look-up and a comparison tell, and nothing hangs on a guess of the processor's. Else, or without the table, by a search.
    """

    def __init__(self, edges: F8, table: bool = True) -> None:
        self.edges = edges
        self.first: I8 = np.empty(0, dtype=np.int64)  # share at the beginning of each cell, (CELLS,)
        self.edge: F8 = np.empty(0)  # where the next one begins
        if table and edges.size:
            cells = np.arange(CELLS + 1) / CELLS
            ends = np.append(edges[:-1], np.inf)
            first = np.minimum(edges.searchsorted(cells, side="right"), edges.size - 1)
            if (np.diff(first) <= 1).all():
                self.first, self.edge = first[:-1], ends[first[:-1]]

    def of(self, u: F8) -> I8:
        """Shares (n,) of numbers u (n,) in [0, 1)."""
        if not self.first.size:
            return np.minimum(self.edges.searchsorted(u, side="right"), self.edges.size - 1)
        cell = (u * CELLS).astype(np.int64)
        found = self.first[cell]
        found += u >= self.edge[cell]
        return found


def poisson_times(rng: np.random.Generator, rate: float, start: float, end: float) -> F8:
    """Arrival times in [start, end) of a Poisson process of `rate` a second, ascending, without sorting.

    n is Poisson; given n, the times are uniform order statistics, made from n + 1 exponential spacings.
    """
    span = end - start
    n = int(rng.poisson(rate * span))
    if not n:
        return np.empty(0)
    spacing = rng.standard_exponential(n + 1).cumsum()
    times: F8 = start + spacing[:-1] * (span / spacing[-1])
    return times


def least(service: Service) -> float:
    """The least demand that `demands` can draw, seconds."""
    return (service.mean_ms if service.cv2 == 0.0 else min(service.floor_ms, service.mean_ms)) / 1e3


def demands(rng: np.random.Generator, service: Service, n: int) -> F8:
    """n service demands in seconds: floor + (mean - floor) X with E[X] = 1 and cv^2 of X as configured.

    cv^2 = 0 constant, 1 exponential, between a gamma, above 1 hyperexponential with balanced means.
    """
    floor = min(service.floor_ms, service.mean_ms) / 1e3
    rest = service.mean_ms / 1e3 - floor
    cv2 = service.cv2
    if cv2 == 0.0 or rest == 0.0:
        return np.full(n, floor + rest)
    if cv2 < 1.0:
        return floor + rest * cv2 * rng.standard_gamma(1.0 / cv2, n)
    x = rng.standard_exponential(n)
    if cv2 > 1.0:
        p = 0.5 * (1.0 + float(np.sqrt((cv2 - 1.0) / (cv2 + 1.0))))
        x *= np.where(rng.random(n) < p, 0.5 / p, 0.5 / (1.0 - p))
    return floor + rest * x
