"""FIFO plan on Python heaps: the right one for few nodes, small batches and bounded queues.

Below about a thousand requests a batch the fixed cost of numpy calls is more than the whole loop (see kernels.py).
"""

from __future__ import annotations

from collections import deque
from heapq import heapify, heapreplace

import numpy as np

from engine.queueing.constant import FROM, constant_fifo
from engine.queueing.core import NodePlan, NodeTable
from engine.queueing.fifo import FifoCore
from engine.queueing.jobs import INF, BoolArray, FloatArray, IntArray
from engine.queueing.kernels import heap_fifo
from engine.queueing.pool import waiting_starts


class HeapCore(FifoCore):
    """One heap of free workers per node, and for bounded nodes the starts of the jobs that wait.

    The starts are kept only while a bound may be reached: `known` tells of each node whether they are all there. Of a node
    whose clock is the time they can be read from the jobs inside at any moment, and only such nodes are ever left unknown.
    """

    __slots__ = ("free", "known", "starts")

    def __init__(self, nodes: NodeTable, sequence: int) -> None:
        super().__init__(nodes, sequence)
        self.free: list[list[float]] = []
        # Readings at which the planned jobs of a bounded node start, in order; those passed are dropped when looked at.
        self.starts: list[deque[float]] = []
        self.known: list[bool] = []

    def plan(self, reading: FloatArray, node: IntArray, service: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray | None]:
        nodes = self.nodes
        if not nodes.any_bound:
            return (*self._fifo(reading, node, service), None)
        if nodes.all_plain and len(self.pool) + len(node) <= nodes.least_bound:  # even if all went to one node
            self.known = [False] * len(nodes)
            return (*self._fifo(reading, node, service), None)
        if not all(self.known):
            self._learn()
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

    def _fifo(self, reading: FloatArray, node: IntArray, service: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Without bounds; the balancers' jobs are all alike and go to one of a pair."""
        if len(node) >= FROM and len(self.free) <= 2 and not np.count_nonzero(service != service[0]):
            where = int(node[0])
            if not np.count_nonzero(node != where):
                found = constant_fifo(reading, float(service[0]), self.free[where])
                if found is not None:
                    return found
        return heap_fifo(reading, node, service, self.free)

    def _learn(self) -> None:
        """Read from the jobs inside who waits where it is not known."""
        starts = waiting_starts(self.pool.everything(), len(self.nodes))
        for node, known in enumerate(self.known):
            if not known:
                self.starts[node] = deque(starts[node] if self.nodes.bound[node] >= 0 else ())
        self.known = [True] * len(self.nodes)

    def _queue(self, node: int, reading: float) -> int:
        """Jobs waiting at a bounded node at a reading of its clock."""
        starts = self.starts[node]
        while starts and starts[0] <= reading:
            starts.popleft()
        return len(starts)

    def add_node(self, workers: int, reading: float) -> None:
        self.free.append([reading] * workers)
        self.starts.append(deque())
        self.known.append(not self.nodes.clocks[len(self.known)].plain)

    def put_free(self, node: int, plan: NodePlan) -> None:
        self.free[node] = list(plan.free)
        heapify(self.free[node])
        self.starts[node] = deque(plan.waiting)
        self.known[node] = not self.nodes.clocks[node].plain

    def free_of(self, node: int) -> tuple[list[float], list[float]]:
        return list(self.free[node]), list(self.starts[node])

    def soonest(self, node: int) -> float:
        return self.free[node][0]
