"""FIFO plan on Python heaps: the right one for few nodes, small batches and bounded queues.

Below about a thousand requests a batch the fixed cost of numpy calls is more than the whole loop (see kernels.py).
"""

from __future__ import annotations

from collections import deque
from heapq import heapify, heappop, heappush, heapreplace

import numpy as np

from engine.queueing.core import Core, NodePlan, NodeTable
from engine.queueing.jobs import INF, Admission, Departures, FloatArray, IntArray, Job, departures_of


class HeapCore(Core):
    """Plan kept in one heap of jobs by (finish, row) and one heap of free workers per node (readings of its clock)."""

    __slots__ = ("free", "pool", "waiting")

    def __init__(self, nodes: NodeTable, sequence: int) -> None:
        super().__init__(nodes, sequence)
        self.pool: list[Job] = []
        self.free: list[list[float]] = []
        # Readings at which the planned jobs of a bounded node start, in order; those passed are dropped when looked at.
        self.waiting: list[deque[float]] = []

    def admit(self, t: FloatArray, node: IntArray, work: FloatArray, row: IntArray) -> Admission:
        if self.nodes.any_bound or not self.nodes.all_plain:
            return self._admit_general(t, node, work, row)
        free, pool, sequence = self.free, self.pool, self.sequence
        reference = [clock.reference for clock in self.nodes.clocks]
        start: list[float] = []
        finish: list[float] = []
        for at, where, demand, slot in zip(t.tolist(), node.tolist(), work.tolist(), row.tolist(), strict=True):
            heap = free[where]
            begins = at if at > heap[0] else heap[0]
            ends = begins + demand / reference[where]
            heapreplace(heap, ends)
            heappush(pool, (ends, slot, where, begins, at, demand, ends, sequence))
            sequence += 1
            start.append(begins)
            finish.append(ends)
        self.sequence = sequence
        return Admission(np.array(start, dtype=np.float64), np.array(finish, dtype=np.float64), np.ones(len(start), np.bool_))

    def _admit_general(self, t: FloatArray, node: IntArray, work: FloatArray, row: IntArray) -> Admission:
        """The same with bent clocks and bounded queues."""
        start: list[float] = []
        finish: list[float] = []
        accepted: list[bool] = []
        for at, where, demand, slot in zip(t.tolist(), node.tolist(), work.tolist(), row.tolist(), strict=True):
            clock, heap, bound = self.nodes.clocks[where], self.free[where], self.nodes.bound[where]
            plain = clock.plain
            reading = at if plain else clock.reading(at)
            start_reading, begins = reading, at
            if heap[0] > reading:
                if bound >= 0 and self._queue(where, reading) >= bound:
                    start.append(INF)
                    finish.append(INF)
                    accepted.append(False)
                    continue
                start_reading = heap[0]
                begins = start_reading if plain else max(at, clock.time_of(start_reading))
                if bound >= 0:
                    self.waiting[where].append(start_reading)
            progress = start_reading + demand / clock.reference
            ends = progress if plain else max(begins, clock.time_of(progress))
            heapreplace(heap, progress)
            heappush(self.pool, (ends, slot, where, begins, at, demand, progress, self.sequence))
            self.sequence += 1
            start.append(begins)
            finish.append(ends)
            accepted.append(True)
        return Admission(np.array(start, dtype=np.float64), np.array(finish, dtype=np.float64), np.array(accepted, np.bool_))

    def _queue(self, node: int, reading: float) -> int:
        """Jobs waiting at a bounded node at a reading of its clock."""
        waiting = self.waiting[node]
        while waiting and waiting[0] <= reading:
            waiting.popleft()
        return len(waiting)

    def departures(self, end: float) -> Departures:
        pool = self.pool
        done: list[Job] = []
        while pool and pool[0][0] < end:
            done.append(heappop(pool))
        return departures_of(done)

    def add_node(self, workers: int, reading: float) -> None:
        self.free.append([reading] * workers)
        self.waiting.append(deque())

    def take_node(self, node: int, now: float) -> list[Job]:
        taken = [job for job in self.pool if job[2] == node and job[0] > now]
        self.pool = [job for job in self.pool if job[2] != node or job[0] <= now]
        heapify(self.pool)
        taken.sort(key=by_sequence)
        return taken

    def put_node(self, node: int, plan: NodePlan) -> None:
        self.put_done(plan.jobs)
        self.free[node] = list(plan.free)
        heapify(self.free[node])
        self.waiting[node] = deque(plan.waiting)

    def put_done(self, jobs: list[Job]) -> None:
        for job in jobs:
            heappush(self.pool, job)

    def take_all(self) -> list[NodePlan]:
        split: list[list[Job]] = [[] for _ in self.free]
        for job in sorted(self.pool, key=by_sequence):
            split[job[2]].append(job)
        self.pool = []
        plans = zip(split, self.free, self.waiting, strict=True)
        return [NodePlan(jobs, list(free), list(waiting)) for jobs, free, waiting in plans]

    def jobs(self) -> list[Job]:
        return list(self.pool)


def by_sequence(job: Job) -> int:
    """Sort key: order of admission."""
    return job[7]
