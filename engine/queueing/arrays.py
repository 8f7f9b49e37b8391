"""FIFO plan on arrays: the right one for many nodes and big batches without queue bounds.

The same plan as heap.py, request by request; kernels.py has the recursions. Jobs inside are a struct of arrays; those
that end far in the future (a saturated queue is the normal case) are kept apart, so that a step does not touch them.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from engine.order import time_order
from engine.queueing.core import Core, NodePlan, NodeTable
from engine.queueing.heap import by_sequence
from engine.queueing.jobs import Admission, BoolArray, Departures, FloatArray, IntArray, Job, no_departures
from engine.queueing.kernels import kiefer_wolfowitz, lindley

Columns: TypeAlias = tuple[FloatArray, IntArray, IntArray, FloatArray, FloatArray, FloatArray, FloatArray, IntArray]

# Jobs that end later than this many steps from now are far.
NEAR_STEPS = 16


class ArrayCore(Core):
    """Plan kept in columns of jobs and a table of free workers, shape (nodes, widest), inf = no such worker."""

    __slots__ = ("far", "free", "limit", "near", "previous")

    def __init__(self, nodes: NodeTable, sequence: int) -> None:
        super().__init__(nodes, sequence)
        self.near: list[Columns] = []
        self.far: list[Columns] = []
        self.limit = -np.inf  # jobs that end at or after it are far
        self.previous = -np.inf  # end of the step before
        self.free = np.empty((0, 1))

    def admit(self, t: FloatArray, node: IntArray, work: FloatArray, row: IntArray) -> Admission:
        clocks = self.nodes.clocks
        reference = np.array([clock.reference for clock in clocks])
        service = work / reference[node]
        if self.nodes.all_plain:
            start, progress = self._plan(t, node, service)
            finish = progress
        else:
            rate = np.array([clock.rate for clock in clocks])[node]
            time0 = np.array([clock.time0 for clock in clocks])[node]
            progress0 = np.array([clock.progress0 for clock in clocks])[node]
            reading = progress0 + (t - time0) * rate
            start_reading, progress = self._plan(reading, node, service)
            with np.errstate(divide="ignore", invalid="ignore"):
                start = np.where(rate > 0.0, time0 + (start_reading - progress0) / rate, np.inf)
                finish = np.where(rate > 0.0, time0 + (progress - progress0) / rate, np.inf)
            start = np.where(start_reading > reading, np.maximum(start, t), t)
            finish = np.maximum(finish, start)
        sequence = np.arange(self.sequence, self.sequence + len(t))
        self.sequence += len(t)
        self._store((finish, row, node, start, t, work, progress, sequence))
        return Admission(start, finish, np.ones(len(t), np.bool_))

    def _plan(self, t: FloatArray, node: IntArray, service: FloatArray) -> tuple[FloatArray, FloatArray]:
        if self.free.shape[1] > 1:
            return kiefer_wolfowitz(t, node, service, self.free)
        column = self.free[:, 0].copy()
        planned = lindley(t, node, service, column)
        self.free[:, 0] = column
        return planned

    def _store(self, columns: Columns) -> None:
        far = columns[0] >= self.limit
        if far.any():
            self.far.append(pick(columns, far))
            columns = pick(columns, ~far)
        self.near.append(columns)

    def departures(self, end: float) -> Departures:
        if end > self.limit:
            self._bring_near(end)
        near = join(self.near)
        leaving = near[0] < end
        self.near = [pick(near, ~leaving)]
        done = pick(near, leaving)
        self.previous = end
        if not len(done[0]):
            return no_departures()
        order = time_order(done[0], done[1])
        finish, row, node, start, arrival, work, _, _ = pick(done, order)
        return Departures(finish, row, node, start, arrival, work)

    def _bring_near(self, end: float) -> None:
        width = end - self.previous if np.isfinite(self.previous) else 0.0
        self.limit = end + NEAR_STEPS * width
        waiting, self.far = join(self.far), []
        self._store(waiting)

    def add_node(self, workers: int, reading: float) -> None:
        self.free = widen(self.free, len(self.free) + 1, workers)
        self.free[-1, :workers] = reading

    def take_node(self, node: int, now: float) -> list[Job]:
        taken: list[Job] = []
        for parts in (self.near, self.far):
            columns = join(parts)
            here = (columns[2] == node) & (columns[0] > now)
            taken += jobs_of(pick(columns, here))
            parts[:] = [pick(columns, ~here)]
        taken.sort(key=by_sequence)
        return taken

    def put_node(self, node: int, plan: NodePlan) -> None:
        self.put_done(plan.jobs)
        self.free = widen(self.free, len(self.free), len(plan.free))
        self.free[node] = np.inf
        self.free[node, : len(plan.free)] = plan.free
        narrow = max(self.nodes.widest, len(plan.free))
        if self.free.shape[1] > narrow:
            # A row's own workers are not always its first columns once they have been replaced in place.
            self.free = np.sort(self.free, axis=1)[:, :narrow].copy()

    def put_done(self, jobs: list[Job]) -> None:
        if jobs:
            self._store(columns_of(jobs))

    def take_all(self) -> list[NodePlan]:
        split: list[list[Job]] = [[] for _ in range(len(self.free))]
        for job in sorted(self.jobs(), key=by_sequence):
            split[job[2]].append(job)
        self.near, self.far = [], []
        free = [[value for value in line if value != np.inf] for line in self.free.tolist()]
        return [NodePlan(jobs, workers, []) for jobs, workers in zip(split, free, strict=True)]

    def jobs(self) -> list[Job]:
        return jobs_of(join(self.near)) + jobs_of(join(self.far))

    def census(self, now: float) -> tuple[IntArray, FloatArray]:
        finish, _, node, start, *_ = join(self.near + self.far)
        serving = (start <= now) & (now < finish)
        here = node[serving]
        size = len(self.nodes)
        seconds = np.asarray(np.bincount(here, weights=now - start[serving], minlength=size), dtype=np.float64)
        return np.bincount(here, minlength=size), seconds


def pick(columns: Columns, which: BoolArray | IntArray) -> Columns:
    """Some rows: a mask, or indexes in the order wanted."""
    a, b, c, d, e, f, g, h = columns
    return a[which], b[which], c[which], d[which], e[which], f[which], g[which], h[which]


def join(parts: list[Columns]) -> Columns:
    """All parts as one."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return columns_of([])
    a, b, c, d, e, f, g, h = (np.concatenate(column) for column in zip(*parts, strict=True))
    return a, b, c, d, e, f, g, h


def columns_of(jobs: list[Job]) -> Columns:
    """Tuples to columns."""
    a, b, c, d, e, f, g, h = zip(*jobs, strict=True) if jobs else ((),) * 8
    ints, floats = np.int64, np.float64
    return (
        np.array(a, floats), np.array(b, ints), np.array(c, ints), np.array(d, floats),
        np.array(e, floats), np.array(f, floats), np.array(g, floats), np.array(h, ints),
    )  # fmt: skip


def jobs_of(columns: Columns) -> list[Job]:
    """Columns to tuples."""
    a, b, c, d, e, f, g, h = (column.tolist() for column in columns)
    return list(zip(a, b, c, d, e, f, g, h, strict=True))


def widen(free: FloatArray, nodes: int, workers: int) -> FloatArray:
    """The table with room for so many nodes and workers, the new places inf."""
    table = np.full((nodes, max(free.shape[1], workers)), np.inf)
    table[: free.shape[0], : free.shape[1]] = free
    return table
