"""FIFO plan on Python heaps: the right one for few nodes, small batches and bounded queues.

Below about a thousand requests a batch the fixed cost of numpy calls is more than the whole loop (see kernels.py).
"""

from __future__ import annotations

from collections import deque
from heapq import heapify, heapreplace

import numpy as np

from engine.queueing.core import NodePlan, NodeTable
from engine.queueing.fifo import FifoCore
from engine.queueing.jobs import INF, BoolArray, FloatArray, IntArray
from engine.queueing.kernels import heap_fifo


class HeapCore(FifoCore):
    """One heap of free workers per node, and for bounded nodes the starts of the jobs that wait."""

    __slots__ = ("free", "starts")

    def __init__(self, nodes: NodeTable, sequence: int) -> None:
        super().__init__(nodes, sequence)
        self.free: list[list[float]] = []
        # Readings at which the planned jobs of a bounded node start, in order; those passed are dropped when looked at.
        self.starts: list[deque[float]] = []

    def plan(self, reading: FloatArray, node: IntArray, service: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray | None]:
        if not self.nodes.any_bound:
            return (*heap_fifo(reading, node, service, self.free), None)
        start: list[float] = []
        finish: list[float] = []
        accepted: list[bool] = []
        for at, where, demand in zip(reading.tolist(), node.tolist(), service.tolist(), strict=True):
            heap, bound = self.free[where], self.nodes.bound[where]
            begins = at
            if heap[0] > at:
                if bound >= 0 and self._queue(where, at) >= bound:
                    start.append(INF)
                    finish.append(INF)
                    accepted.append(False)
                    continue
                begins = heap[0]
                if bound >= 0:
                    self.starts[where].append(begins)
            heapreplace(heap, begins + demand)
            start.append(begins)
            finish.append(begins + demand)
            accepted.append(True)
        return np.array(start, np.float64), np.array(finish, np.float64), np.array(accepted, np.bool_)

    def _queue(self, node: int, reading: float) -> int:
        """Jobs waiting at a bounded node at a reading of its clock."""
        starts = self.starts[node]
        while starts and starts[0] <= reading:
            starts.popleft()
        return len(starts)

    def add_node(self, workers: int, reading: float) -> None:
        self.free.append([reading] * workers)
        self.starts.append(deque())

    def put_free(self, node: int, plan: NodePlan) -> None:
        self.free[node] = list(plan.free)
        heapify(self.free[node])
        self.starts[node] = deque(plan.waiting)

    def free_of(self, node: int) -> tuple[list[float], list[float]]:
        return list(self.free[node]), list(self.starts[node])

    def soonest(self, node: int) -> float:
        return self.free[node][0]
