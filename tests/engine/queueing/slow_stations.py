"""A slow, obviously right server: it moves from event to event and wears down the remaining work of each job in service.

Shares nothing with the engine: no plan ahead, no progress clock, no heap.
"""

from __future__ import annotations

from dataclasses import dataclass, field

EPS = 1e-12  # s of work below which a job counts as done


@dataclass
class SlowJob:
    row: int
    arrival: float
    left: float
    start: float | None = None


@dataclass
class SlowNode:
    workers: int
    speed: float = 1.0
    bound: int | None = None
    lifo: bool = False
    now: float = 0.0
    serving: list[SlowJob] = field(default_factory=list)
    queue: list[SlowJob] = field(default_factory=list)
    done: list[tuple[float, int, float, float]] = field(default_factory=list)  # finish, row, start, arrival
    rejected: list[int] = field(default_factory=list)
    presence: float = 0.0
    busy: float = 0.0

    def _fill(self) -> None:
        while self.queue and len(self.serving) < self.workers:
            job = self.queue.pop(-1 if self.lifo else 0)
            job.start = self.now
            self.serving.append(job)

    def advance(self, to: float) -> None:
        """Work until `to`, one departure after the other."""
        while True:
            ends = [self.now + job.left / self.speed for job in self.serving] if self.speed else []
            until = min([*ends, to])
            for job in self.serving:
                job.left -= (until - self.now) * self.speed
            self.presence += (len(self.serving) + len(self.queue)) * (until - self.now)
            self.busy += len(self.serving) * (until - self.now)
            self.now = until
            over = [job for job, end in zip(self.serving, ends, strict=False) if end <= until + EPS]
            for job in over:
                self.done.append((until, job.row, job.start, job.arrival))
                self.serving.remove(job)
            self._fill()
            if not over and until == to:
                return

    def arrive(self, t: float, row: int, work: float) -> bool:
        self.advance(t)
        if len(self.serving) >= self.workers and self.bound is not None and len(self.queue) >= self.bound:
            self.rejected.append(row)
            return False
        self.queue.append(SlowJob(row, t, work))
        self._fill()
        return True

    def change(self, t: float, *, speed: float | None = None, workers: int | None = None, lifo: bool | None = None) -> None:
        self.advance(t)
        self.speed = self.speed if speed is None else speed
        self.workers = self.workers if workers is None else workers
        self.lifo = self.lifo if lifo is None else lifo
        self._fill()

    def remove(self, t: float, rows: set[int] | None = None) -> list[int]:
        """Take out the given rows, or all."""
        self.advance(t)
        gone = [job.row for job in self.serving + self.queue if rows is None or job.row in rows]
        self.serving = [job for job in self.serving if job.row not in gone]
        self.queue = [job for job in self.queue if job.row not in gone]
        self._fill()
        return sorted(gone)
