"""How loaded the nodes of a tier are: the figures that every tier gives to the map and to the JSON record."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .meter import Histogram
from .queueing import Departures, Stations

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class Load(NamedTuple):
    """(n,) each: utilisation 0..1 and rate of the last whole second, p99 of the time in the node, queue as of now."""

    utilisation: F8
    rate: F8
    p99_ms: F8
    workers: I8
    in_service: I8
    waiting: I8


class Gauge:
    """What the stations of one tier did: time in a node, and served and utilisation of the last whole second."""

    def __init__(self) -> None:
        self.served: I8 = np.zeros(0, dtype=np.int64)
        self.latency = Histogram(0)  # time in a node, ms
        self.busy: F8 = np.zeros(0)  # worker seconds until the last whole second
        self.utilisation: F8 = np.zeros(0)

    def grow(self, n: int) -> None:
        """Make room for n nodes."""
        self.latency.grow(n)
        more = n - self.busy.size
        if more > 0:
            self.served = np.concatenate([self.served, np.zeros(more, dtype=np.int64)])
            self.busy = np.concatenate([self.busy, np.zeros(more)])
            self.utilisation = np.concatenate([self.utilisation, np.zeros(more)])

    def count(self, gone: Departures) -> None:
        """Jobs that left."""
        self.latency.add((gone.finish - gone.arrival) * 1e3, gone.node)

    def second(self, stations: Stations, now: float) -> None:
        """A virtual second ended at `now`: utilisation = worker seconds spent / worker seconds there were."""
        self.latency.roll()
        self.served = self.latency.last.sum(axis=1)  # every job that left has its place there
        busy = stations.second(now)
        workers = np.array(stations.nodes.workers, dtype=np.float64)
        self.utilisation = np.clip((busy - self.busy) / np.maximum(workers, 1.0), 0.0, 1.0)
        self.busy = busy

    def load(self, stations: Stations, now: float) -> Load:
        """How loaded the nodes are."""
        return load_of(stations, self.utilisation, self.served, self.latency, now)


def load_of(stations: Stations, utilisation: F8, served: I8, latency: Histogram, now: float) -> Load:
    """The load of a tier whose nodes are stations."""
    n = len(stations)
    serving = stations.in_service(now)
    return Load(
        utilisation=utilisation,
        rate=served[:n].astype(np.float64),
        p99_ms=latency.last_quantile(0.99)[:n],
        workers=np.array(stations.nodes.workers, dtype=np.int64),
        in_service=serving,
        waiting=np.maximum(stations.totals.in_system() - serving, 0),
    )
