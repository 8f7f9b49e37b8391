"""Workers: machines whose threads ask brokers for messages and do the jobs, one job a thread at a time."""

from __future__ import annotations

import numpy as np

from ...core import Core
from ...machines import plan
from ...nodes import Nodes
from .watch import F8, Watch

OFF, ASKS, GIVEN, WORKS, RETIRED = 0, 1, 2, 3, 4  # a thread: nothing; waits for a message; one is on its way; a job; no more


class Workers(Watch):
    """Nodes "worker-1", "worker-2", ... round robin over the zones. Lists below are by thread, but for `crew`.

    crew: numbers of a node's threads. doing: OFF to WORKS. poll: number of its latest poll, which only its own answer bears.
    broker: whom it asked last. row, message, lease: what it has. left, since: seconds of work left at speed 1 as of `since`.
    began: when its job began. plan: number of its latest plan to finish.
    """

    def __init__(self, core: Core) -> None:
        config = core.config.queue
        super().__init__(core, Nodes("worker", plan("worker", "", config.threads, config.worker_price)))
        self.each = config.threads
        self.crew: list[list[int]] = []
        self.worker: list[int] = []
        self.doing: list[int] = []
        self.poll: list[int] = []
        self.broker: list[int] = []
        self.row: list[int] = []
        self.message: list[int] = []
        self.lease: list[int] = []
        self.left: list[float] = []
        self.since: list[float] = []
        self.began: list[float] = []
        self.plan: list[int] = []

    def enlist(self, zone: int = -1) -> int:
        """One more worker, whose threads do nothing yet; its index."""
        index = self.enter("worker", 10, zone, self.each)
        self.crew.append([])
        self.refit(index, self.each)
        return index

    def refit(self, index: int, threads: int) -> None:
        """From now on it has so many threads; it has no job."""
        crew = self.crew[index]
        for thread in crew[threads:]:
            self.doing[thread] = RETIRED
        del crew[threads:]
        while len(crew) < threads:
            crew.append(len(self.worker))
            self.worker.append(index)
            self.broker.append(len(self.worker))  # whom it asked last: so that they do not all begin with the same
            for column in (self.doing, self.poll, self.row, self.message, self.lease, self.plan):
                column.append(0)
            for times in (self.left, self.since, self.began):
                times.append(0.0)
        self.threads_of[index] = threads

    def begin(self, thread: int, t: float, row: int, message: int, lease: int, work: float) -> None:
        """A job begins."""
        self.doing[thread] = WORKS
        self.row[thread], self.message[thread], self.lease[thread] = row, message, lease
        self.left[thread], self.since[thread], self.began[thread] = work, t, t

    def finish_of(self, thread: int) -> float:
        """When its job will be done at the present speed, s; ask only if the node is not frozen."""
        return self.since[thread] + self.left[thread] / self.speed_of[self.worker[thread]]

    def end(self, thread: int, t: float) -> None:
        """A job has ended at `t`: its time is counted."""
        took = t - self.began[thread]
        self.work(self.worker[thread], took, took)

    def abandon(self, thread: int, t: float) -> bool:
        """The thread is gone; was a job lost?"""
        working = self.doing[thread] == WORKS
        if working:
            self.busy[self.worker[thread]] += t - self.began[thread]
        self.doing[thread] = OFF
        self.poll[thread] += 1
        self.plan[thread] += 1
        return working

    def in_service(self) -> list[int]:
        """Threads at a job, by node."""
        found = [0] * len(self.crew)
        for worker, doing in zip(self.worker, self.doing, strict=True):
            found[worker] += doing == WORKS
        return found

    def present(self, now: float) -> F8:
        """Thread seconds (n,) of jobs that are not done yet."""
        found = np.zeros(len(self.crew))
        for thread, doing in enumerate(self.doing):
            if doing == WORKS:
                found[self.worker[thread]] += now - self.began[thread]
        return found
