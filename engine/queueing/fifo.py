"""FIFO plan: when a job arrives, its start and finish are known, since only a change of its node can alter them.

The planning itself, from the readings of the nodes' progress clocks, is left to heap.py and arrays.py; here are the bend of
the clocks and the jobs inside, which both share.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from engine.queueing.core import Core, NodePlan, NodeTable
from engine.queueing.jobs import INF, Admission, BoolArray, Departures, FloatArray, IntArray, Job
from engine.queueing.pool import ARRIVAL, FEW_JOBS, FIGURES, FINISH, NODE, START, Pool, jobs_of, joined, matrix_of

_ALL = np.ones(1 << 12, np.bool_)
_ALL.flags.writeable = False


def all_of(size: int) -> BoolArray:
    """True for every one of a batch; not to be written to."""
    return _ALL[:size] if size <= _ALL.size else np.ones(size, np.bool_)


class FifoCore(Core):
    """What heaps and arrays have in common."""

    __slots__ = ("pool",)

    def __init__(self, nodes: NodeTable, sequence: int) -> None:
        super().__init__(nodes, sequence)
        self.pool = Pool()

    @abstractmethod
    def plan(self, reading: FloatArray, node: IntArray, service: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray | None]:
        """Readings at which jobs start and are done, shape (m,); who was accepted (None = all), inf for the others."""

    @abstractmethod
    def put_free(self, node: int, plan: NodePlan) -> None:
        """Readings at which a node's workers are free and its waiting jobs start."""

    @abstractmethod
    def free_of(self, node: int) -> tuple[list[float], list[float]]:
        """The same, read back."""

    def admit(self, t: FloatArray, node: IntArray, work: FloatArray, row: IntArray) -> Admission:
        start, finish, progress, accepted = self._planned(t, node, work)
        self._put(finish, row, node, start, t, work, progress, accepted)
        return Admission(start, finish, all_of(len(t)) if accepted is None else accepted)

    def serve(self, t: FloatArray, node: IntArray, work: FloatArray, row: IntArray, end: float) -> tuple[Admission, Departures]:
        start, finish, progress, accepted = self._planned(t, node, work)
        alike = accepted is None and np.count_nonzero(finish[1:] > finish[:-1]) == len(t) - 1  # they end as they came
        if accepted is not None or (len(t) <= FEW_JOBS and not alike):
            self._put(finish, row, node, start, t, work, progress, accepted)
            return Admission(start, finish, all_of(len(t)) if accepted is None else accepted), self.departures(end)
        leave: slice | IntArray
        stay: slice | IntArray
        if alike:
            cut = int(finish.searchsorted(end))
            leave, stay, staying = slice(0, cut), slice(cut, len(t)), len(t) - cut
        else:
            leaving = finish < end
            leave, later = leaving.nonzero()[0], (~leaving).nonzero()[0]
            stay, staying = later, later.size
        before = self.pool.leaving(end) if self.pool else None
        self.sequence += len(t) - staying
        if staying:
            self._put(finish[stay], row[stay], node[stay], start[stay], t[stay], work[stay], progress[stay], None)
        now = Departures(finish[leave], row[leave], node[leave], start[leave], t[leave], work[leave])
        return Admission(start, finish, all_of(len(t))), joined(before, now, ordered=alike)

    def _put(
        self, finish: FloatArray, row: IntArray, node: IntArray, start: FloatArray, t: FloatArray, work: FloatArray,
        progress: FloatArray, accepted: BoolArray | None,
    ) -> None:  # fmt: skip
        """Into the pool, in order of admission."""
        matrix = np.empty((FIGURES, len(t)))
        (
            matrix[0], matrix[1], matrix[2], matrix[3], matrix[4], matrix[5], matrix[6]
        ) = finish, row, node, start, t, work, progress  # fmt: skip
        if accepted is not None:
            matrix = matrix[:, accepted]
        count = matrix.shape[1]
        matrix[7] = np.arange(self.sequence, self.sequence + count)
        self.sequence += count
        self.pool.add(matrix)

    def _planned(
        self, t: FloatArray, node: IntArray, work: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray | None]:
        """(start s, finish s, progress, accepted) of arrivals; accepted None = all."""
        nodes = self.nodes
        service = work if nodes.all_nominal else work / nodes.reference[node]
        if not nodes.all_plain:
            return self._plan_bent(t, node, service)
        start, finish, accepted = self.plan(t, node, service)
        return start, finish, finish, accepted

    def _plan_bent(
        self, t: FloatArray, node: IntArray, service: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray | None]:
        """Plan with at least one clock that is not the time: (start s, finish s, progress, accepted)."""
        rate, time0, progress0 = self.nodes.rate[node], self.nodes.time0[node], self.nodes.progress0[node]
        reading = progress0 + (t - time0) * rate
        start_reading, progress, accepted = self.plan(reading, node, service)
        runs = rate > 0.0
        pace = np.where(runs, rate, 1.0)
        start = np.where(runs, time0 + (start_reading - progress0) / pace, INF)
        finish = np.where(runs, time0 + (progress - progress0) / pace, INF)
        start = np.where(start_reading > reading, np.maximum(start, t), t)
        return start, np.maximum(finish, start), progress, accepted

    def departures(self, end: float) -> Departures:
        return self.pool.take_before(end)

    def take_node(self, node: int, now: float) -> list[Job]:
        inside = self.pool.everything()
        here = (inside[NODE] == node) & (inside[FINISH] > now)
        self.pool.remove(inside, here)
        return jobs_of(inside[:, here])

    def put_node(self, node: int, plan: NodePlan) -> None:
        self.put_done(plan.jobs)
        self.put_free(node, plan)

    def put_done(self, jobs: list[Job]) -> None:
        if jobs:
            self.pool.add(matrix_of(jobs))

    def take_all(self) -> list[NodePlan]:
        split: list[list[Job]] = [[] for _ in range(len(self.nodes))]
        plans = [NodePlan(jobs, *self.free_of(node)) for node, jobs in enumerate(split)]
        for job in self.jobs():
            split[job[2]].append(job)
        self.pool = Pool()
        return plans

    def jobs(self) -> list[Job]:
        return jobs_of(self.pool.everything())

    def census(self, now: float) -> tuple[IntArray, FloatArray]:
        inside = self.pool.everything()
        serving = (inside[START] <= now) & (now < inside[FINISH])
        here, size = inside[NODE][serving].astype(np.int64), len(self.nodes)
        seconds = np.asarray(np.bincount(here, weights=now - inside[START][serving], minlength=size), dtype=np.float64)
        return np.bincount(here, minlength=size), seconds

    def waiting(self, now: float) -> IntArray:
        inside = self.pool.everything()
        queued = (inside[ARRIVAL] <= now) & (now < inside[START])
        return np.bincount(inside[NODE][queued].astype(np.int64), minlength=len(self.nodes))
