"""What every implementation of a queueing tier's plan has in common: the nodes' figures and the operations on them.

A core only plans. Totals, choice of implementation and checks are in stations.py; what happens to a plan when a node
changes is in revise.py. Cores can be swapped at any moment: all hold the same jobs and the same free workers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from engine.queueing.jobs import Admission, Departures, FloatArray, IntArray, Job
from engine.queueing.progress import ProgressClock


class NodeTable:
    """Figures of a tier's nodes, shared by its cores: lists with one element per node.

    workers: jobs served at once. bound: most jobs that may wait, -1 = no bound. clocks: progress of each node; their
    figures once more as arrays (nodes,), for whole batches.
    """

    def __init__(self) -> None:
        self.workers: list[int] = []
        self.bound: list[int] = []
        self.speed: list[float] = []
        self.clocks: list[ProgressClock] = []
        self.refresh()

    def __len__(self) -> int:
        return len(self.workers)

    def add(self, workers: int, speed: float, bound: int | None) -> int:
        """One more node; its number is returned."""
        self.workers.append(workers)
        self.speed.append(speed)
        self.bound.append(-1 if bound is None else bound)
        self.clocks.append(ProgressClock(speed))
        self.refresh()
        return len(self.workers) - 1

    def refresh(self) -> None:
        """Derive the figures that follow from others; call after any change."""
        self.all_plain = all(clock.plain for clock in self.clocks)
        self.all_nominal = all(clock.reference == 1.0 for clock in self.clocks)
        self.any_bound = any(bound >= 0 for bound in self.bound)
        self.least_bound = min((bound for bound in self.bound if bound >= 0), default=-1)
        self.room = np.array([bound if bound >= 0 else 1 << 62 for bound in self.bound], np.int64)
        self.widest = max(self.workers, default=1)
        self.reference = np.array([clock.reference for clock in self.clocks], np.float64)
        self.rate = np.array([clock.rate for clock in self.clocks], np.float64)
        self.time0 = np.array([clock.time0 for clock in self.clocks], np.float64)
        self.progress0 = np.array([clock.progress0 for clock in self.clocks], np.float64)


class NodePlan(NamedTuple):
    """The plan of one node: jobs in order of admission, readings at which its workers are free, readings at which its
    waiting jobs start (in order)."""

    jobs: list[Job]
    free: list[float]
    waiting: list[float]


class Core(ABC):
    """One implementation of the plan of a tier. `sequence` is the number the next admitted job gets."""

    __slots__ = ("nodes", "sequence")

    def __init__(self, nodes: NodeTable, sequence: int) -> None:
        self.nodes = nodes
        self.sequence = sequence

    @abstractmethod
    def admit(self, t: FloatArray, node: IntArray, work: FloatArray, row: IntArray) -> Admission:
        """Plan arrivals in order of (time, id)."""

    @abstractmethod
    def departures(self, end: float) -> Departures:
        """Take out every job that finishes before `end` (s)."""

    def serve(self, t: FloatArray, node: IntArray, work: FloatArray, row: IntArray, end: float) -> tuple[Admission, Departures]:
        """`admit`, then `departures`: the plan, and who leaves."""
        return self.admit(t, node, work, row), self.departures(end)

    @abstractmethod
    def add_node(self, workers: int, reading: float) -> None:
        """Room for one more node whose workers are free from a reading of its clock."""

    @abstractmethod
    def take_node(self, node: int, now: float) -> list[Job]:
        """Take out the jobs of a node that are not done by `now` (s), in order of admission; `put_node` must follow."""

    @abstractmethod
    def put_node(self, node: int, plan: NodePlan) -> None:
        """Give a node its jobs and workers."""

    @abstractmethod
    def put_done(self, jobs: list[Job]) -> None:
        """Take over jobs that are done and wait only to be handed out."""

    @abstractmethod
    def take_all(self) -> list[NodePlan]:
        """Take everything out as it stands, done or not, per node."""

    @abstractmethod
    def jobs(self) -> list[Job]:
        """All jobs inside, done or not: for views and checks."""

    @abstractmethod
    def soonest(self, node: int) -> float:
        """Reading of a node's clock at which a worker is free for one more arrival; -inf if one is idle."""

    @abstractmethod
    def census(self, now: float) -> tuple[IntArray, FloatArray]:
        """Per node, of the jobs in service at `now`: their number, and the seconds they have been in service."""

    @abstractmethod
    def waiting(self, now: float) -> IntArray:
        """Per node, the jobs that have arrived by `now` and have not started."""
