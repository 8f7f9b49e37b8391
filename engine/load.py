"""How loaded the nodes of a tier are: the figures that every tier gives to the map and to the JSON record."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .meter import Histogram, Meter, quantile
from .queueing import Stations

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


def load_of(stations: Stations, utilisation: F8, served: Meter, latency: Histogram, now: float) -> Load:
    """The load of a tier whose nodes are stations."""
    n = len(stations)
    serving = stations.in_service(now)
    return Load(
        utilisation=utilisation,
        rate=served.last[:n].astype(np.float64),
        p99_ms=np.array([quantile(latency.last[i], 0.99) for i in range(n)]),
        workers=np.array(stations.nodes.workers, dtype=np.int64),
        in_service=serving,
        waiting=np.maximum(stations.totals.in_system() - serving, 0),
    )
