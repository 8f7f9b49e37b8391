"""Counts and time integrals of a queueing tier, per node, kept so that the operational laws can be checked exactly.

The integral of the number present is summed from arrivals and departures as two separate streams, not from sojourn times:
Little's law (integral of N dt = sum of times in the system) is then a check and not a definition.
"""

from __future__ import annotations

import numpy as np

from engine.queueing.jobs import BoolArray, Departures, FloatArray, IntArray, Job

COUNTS = ("arrivals", "rejected", "departures", "lost", "cancelled", "present")
SECONDS = ("wait", "served", "wasted", "aborted", "presence")


class Totals:
    """Per node, since the start, arrays of shape (nodes,).

    Counts (int64): arrivals (offered), rejected (queue bound), departures, lost (crash), cancelled; present: in the
    system now, with all that was admitted up to this moment.
    Seconds (float64): wait (before service) and served (in service) of departures; wasted (in service) and aborted (in the
    system) of jobs lost or cancelled; presence (integral of the number in the system up to `horizon`).
    """

    __slots__ = (*COUNTS, *SECONDS, "horizon")

    def __init__(self, start: float) -> None:
        self.horizon = start
        self.arrivals: IntArray = np.zeros(0, np.int64)
        self.rejected: IntArray = np.zeros(0, np.int64)
        self.departures: IntArray = np.zeros(0, np.int64)
        self.lost: IntArray = np.zeros(0, np.int64)
        self.cancelled: IntArray = np.zeros(0, np.int64)
        self.present: IntArray = np.zeros(0, np.int64)
        self.wait: FloatArray = np.zeros(0)
        self.served: FloatArray = np.zeros(0)
        self.wasted: FloatArray = np.zeros(0)
        self.aborted: FloatArray = np.zeros(0)
        self.presence: FloatArray = np.zeros(0)

    def add_node(self) -> None:
        """Zeros for one more node."""
        for name in (*COUNTS, *SECONDS):
            column = getattr(self, name)
            setattr(self, name, np.append(column, column.dtype.type(0)))

    @property
    def sojourn(self) -> FloatArray:
        """Seconds in the system of departures."""
        return self.wait + self.served

    @property
    def busy(self) -> FloatArray:
        """Worker seconds of jobs gone, finished or not."""
        return self.served + self.wasted

    def in_system(self) -> IntArray:
        """Jobs present, int64, shape (nodes,): a copy."""
        return self.present.copy()

    def arrive(self, t: FloatArray, node: IntArray, accepted: BoolArray) -> None:
        """Count arrivals at times t (s)."""
        size = len(self.arrivals)
        count = np.bincount(node, minlength=size)
        self.arrivals += count
        self.present += count
        if np.count_nonzero(accepted) < len(accepted):
            count = np.bincount(node[~accepted], minlength=size)
            self.rejected += count
            self.present -= count
            t, node = t[accepted], node[accepted]
        self.presence -= np.bincount(node, weights=t - self.horizon, minlength=size)

    def depart(self, gone: Departures, end: float) -> None:
        """Count departures before `end` (s) and move the horizon there."""
        size = len(self.arrivals)
        if len(gone.node):
            node = gone.node
            count = np.bincount(node, minlength=size)
            self.departures += count
            self.present -= count
            self.wait += np.bincount(node, weights=gone.start - gone.arrival, minlength=size)
            self.served += np.bincount(node, weights=gone.finish - gone.start, minlength=size)
            self.presence += np.bincount(node, weights=gone.finish - self.horizon, minlength=size)
        self.presence += self.present * (end - self.horizon)
        self.horizon = end

    def abort(self, jobs: list[Job], now: float, *, crashed: bool) -> None:
        """Count jobs that end unfinished at `now` (s)."""
        count = self.lost if crashed else self.cancelled
        for _, _, node, start, arrival, *_ in jobs:
            count[node] += 1
            self.present[node] -= 1
            self.aborted[node] += now - arrival
            self.presence[node] += now - self.horizon
            self.wasted[node] += max(0.0, now - start)
