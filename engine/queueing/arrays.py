"""FIFO plan on arrays: the right one for many nodes and big batches that fill no queue to its bound; see kernels.py."""

from __future__ import annotations

import numpy as np

from engine.queueing.core import NodePlan, NodeTable
from engine.queueing.fifo import FifoCore
from engine.queueing.jobs import INF, BoolArray, FloatArray, IntArray
from engine.queueing.kernels import kiefer_wolfowitz, lindley


class ArrayCore(FifoCore):
    """A table of free workers, shape (nodes, widest), in no order within a node, inf = no such worker."""

    __slots__ = ("free",)

    def __init__(self, nodes: NodeTable, sequence: int) -> None:
        super().__init__(nodes, sequence)
        self.free: FloatArray = np.empty((0, 1))

    def plan(self, reading: FloatArray, node: IntArray, service: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray | None]:
        if self.free.shape[1] > 1:
            return (*kiefer_wolfowitz(reading, node, service, self.free), None)
        return (*lindley(reading, node, service, self.free[:, 0]), None)

    def add_node(self, workers: int, reading: float) -> None:
        self._resize(len(self.free) + 1, workers)
        self.free[-1, :workers] = reading

    def put_free(self, node: int, plan: NodePlan) -> None:
        self._resize(len(self.free), len(plan.free))
        self.free[node] = INF
        self.free[node, : len(plan.free)] = plan.free
        width = max(self.nodes.widest, len(plan.free))
        if self.free.shape[1] > width:
            self.free = np.sort(self.free, axis=1)[:, :width].copy()

    def free_of(self, node: int) -> tuple[list[float], list[float]]:
        return [value for value in self.free[node].tolist() if value != INF], []  # who waits is seen in the pool

    def soonest(self, node: int) -> float:
        return float(self.free[node].min())

    def _resize(self, nodes: int, workers: int) -> None:
        """Room for so many nodes and workers; the new places are inf."""
        table = np.full((nodes, max(self.free.shape[1], workers)), INF)
        table[: self.free.shape[0], : self.free.shape[1]] = self.free
        self.free = table
