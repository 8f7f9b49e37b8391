"""The values that cross the border of the queueing package: jobs, admissions, departures, disciplines.

A job is a plain tuple, not an object: tens of thousands are made and compared every step, and a tuple orders itself
by (finish, row), which is the order in which departures are handed out.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.order import ties

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]

INF = float("inf")

# finish, row, node, start, arrival, work, progress, sequence.
# `finish` and `start` are times (s), inf while not planned; `work` is the demand in seconds at speed 1; `progress` is the
# reading of the node's ProgressClock at which the job will be done; `sequence` is the order of admission.
Job: TypeAlias = tuple[float, int, int, float, float, float, float, int]


class Discipline(Enum):
    """Which waiting job a free worker takes: the oldest or the newest."""

    FIFO = "fifo"
    LIFO = "lifo"


class Admission(NamedTuple):
    """Plan of an admitted batch, one element per request, in the order given.

    start, finish: float64 s; inf where the request was rejected, where a frozen node has no plan, and (LIFO) where the
    request waits, since only a later event decides when it starts. accepted: bool; False = the queue bound turned it away.
    """

    start: FloatArray
    finish: FloatArray
    accepted: BoolArray


class Departures(NamedTuple):
    """Jobs that finished, sorted by (finish, rank of the row): float64 s, int64 rows, int64 nodes, and three float64 s."""

    finish: FloatArray
    row: IntArray
    node: IntArray
    start: FloatArray
    arrival: FloatArray
    work: FloatArray


def in_order(gone: Departures, rank: IntArray | None) -> Departures:
    """Departures sorted by (finish, row), those of one moment by the `rank` of their rows instead; negative rows go first."""
    finish = gone.finish
    same = finish[1:] == finish[:-1]
    if rank is None or not np.count_nonzero(same):
        return gone
    tied, order = ties(same), np.arange(finish.size)
    row = gone.row[tied]
    order[tied] = tied[np.lexsort((np.where(row < 0, row, rank[np.maximum(row, 0)]), finish[tied]))]
    return Departures(finish[order], gone.row[order], gone.node[order], gone.start[order], gone.arrival[order], gone.work[order])


def departures_of(jobs: list[Job]) -> Departures:
    """Columns of jobs that are already in order."""
    if not jobs:
        return no_departures()
    finish, row, node, start, arrival, work, _, _ = zip(*jobs, strict=True)
    return Departures(
        np.array(finish),
        np.array(row, dtype=np.int64),
        np.array(node, dtype=np.int64),
        np.array(start),
        np.array(arrival),
        np.array(work),
    )


def no_departures() -> Departures:
    """Departures of a step in which nothing finished."""
    empty, ids = np.empty(0), np.empty(0, dtype=np.int64)
    return Departures(empty, ids, ids, empty, empty, empty)
