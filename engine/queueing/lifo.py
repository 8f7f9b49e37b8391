"""LIFO queues: a free worker takes the newest waiting job.

No plan is possible here, as any later arrival may overtake: a start is decided when a worker frees. The state is carried
forward arrival by arrival, and at the end of a step what still waits stays as it is. Serving the newest first keeps some
requests within their time-out when the queue is longer than anyone's patience (Maurer 2015, "Fail at Scale", ACM Queue).
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np

from engine.queueing.core import Core, NodePlan, NodeTable
from engine.queueing.jobs import INF, Admission, Departures, FloatArray, IntArray, Job, departures_of

# progress, row, and the whole job: in service, ordered by when it will be done.
Served = tuple[float, int, Job]


class LifoCore(Core):
    """Per node: a heap of jobs in service and a stack of waiting ones; and one heap of jobs done but not yet out."""

    __slots__ = ("done", "serving", "stack")

    def __init__(self, nodes: NodeTable, sequence: int) -> None:
        super().__init__(nodes, sequence)
        self.serving: list[list[Served]] = []
        self.stack: list[list[Job]] = []
        self.done: list[Job] = []

    def admit(self, t: FloatArray, node: IntArray, work: FloatArray, row: IntArray) -> Admission:
        start: list[float] = []
        finish: list[float] = []
        accepted: list[bool] = []
        for at, where, demand, slot in zip(t.tolist(), node.tolist(), work.tolist(), row.tolist(), strict=True):
            self.advance(where, at)
            job = (INF, slot, where, INF, at, demand, INF, self.sequence)
            bound = self.nodes.bound[where]
            idle = len(self.serving[where]) < self.nodes.workers[where]
            accepted.append(idle or bound < 0 or len(self.stack[where]) < bound)
            if idle:
                job = self._serve(job, at, self.nodes.clocks[where].reading(at))
            elif accepted[-1]:
                self.stack[where].append(job)
            self.sequence += accepted[-1]
            start.append(job[3])
            finish.append(job[0])
        return Admission(np.array(start, dtype=np.float64), np.array(finish, dtype=np.float64), np.array(accepted, np.bool_))

    def _serve(self, job: Job, begins: float, reading: float) -> Job:
        _, row, node, _, arrival, work, _, sequence = job
        clock = self.nodes.clocks[node]
        progress = reading + work / clock.reference
        job = (max(begins, clock.time_of(progress)), row, node, begins, arrival, work, progress, sequence)
        heappush(self.serving[node], (progress, row, job))
        return job

    def advance(self, node: int, now: float, *, inclusive: bool = True) -> None:
        """Let a node work until `now`: jobs that end by then leave, the newest waiting ones take their workers."""
        serving, stack = self.serving[node], self.stack[node]
        workers = self.nodes.workers[node]
        while serving:
            finish = serving[0][2][0]
            if finish > now or (finish == now and not inclusive):
                return
            progress, _, job = heappop(serving)
            heappush(self.done, job)
            while stack and len(serving) < workers:
                self._serve(stack.pop(), finish, progress)

    def departures(self, end: float) -> Departures:
        for node in range(len(self.serving)):
            self.advance(node, end, inclusive=False)
        out: list[Job] = []
        while self.done and self.done[0][0] < end:
            out.append(heappop(self.done))
        return departures_of(out)

    def add_node(self, workers: int, reading: float) -> None:
        del workers, reading  # idle workers need no mark here
        self.serving.append([])
        self.stack.append([])

    def take_node(self, node: int, now: float) -> list[Job]:
        self.advance(node, now)
        taken = [job for _, _, job in self.serving[node]] + self.stack[node]
        self.serving[node], self.stack[node] = [], []
        taken.sort(key=by_sequence)
        return taken

    def put_node(self, node: int, plan: NodePlan) -> None:
        for job in plan.jobs:
            if job[3] == INF:
                self.stack[node].append(job)
            else:
                heappush(self.serving[node], (job[6], job[1], job))

    def put_done(self, jobs: list[Job]) -> None:
        for job in jobs:
            heappush(self.done, job)

    def take_all(self) -> list[NodePlan]:
        split: list[list[Job]] = [[] for _ in self.serving]
        for job in sorted(self.jobs(), key=by_sequence):
            split[job[2]].append(job)
        self.serving, self.stack, self.done = [[] for _ in split], [[] for _ in split], []
        return [NodePlan(jobs, [], []) for jobs in split]

    def jobs(self) -> list[Job]:
        return self.done + [job for heap in self.serving for _, _, job in heap] + [job for s in self.stack for job in s]

    def soonest(self, node: int) -> float:
        idle = len(self.serving[node]) < self.nodes.workers[node]
        return -INF if idle else self.serving[node][0][0]

    def census(self, now: float) -> tuple[IntArray, FloatArray]:
        serving, seconds = np.zeros(len(self.nodes), np.int64), np.zeros(len(self.nodes))
        for finish, _, node, start, *_ in self.jobs():
            if start <= now < finish:
                serving[node] += 1
                seconds[node] += now - start
        return serving, seconds

    def waiting(self, now: float) -> IntArray:
        return np.array([sum(job[4] <= now for job in stack) for stack in self.stack], np.int64)


def by_sequence(job: Job) -> int:
    """Sort key: order of admission."""
    return job[7]
