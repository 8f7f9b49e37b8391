"""A queue told event by event: k workers, first come first served, a bound, a speed that may change, a crash."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from typing import Any

Rank = tuple[float, ...]


class Agenda:
    """What will happen, one event at a time; what is due at one moment in order of rank, then as it was put down."""

    def __init__(self) -> None:
        self.events: list[tuple[float, Rank, int, Callable[..., None], tuple[Any, ...]]] = []
        self.made = 0

    def at(self, t: float, what: Callable[..., None], *about: Any, rank: Rank = ()) -> None:
        self.made += 1
        heapq.heappush(self.events, (t, rank, self.made, what, about))

    def run(self, until: float) -> None:
        while self.events and self.events[0][0] < until:
            self.next()

    def next(self) -> None:
        t, _, _, what, about = heapq.heappop(self.events)
        what(t, *about)


class SlowQueue:
    """`done(t, job)` is called when a job is finished. Work in seconds at speed 1. rank(job): of those of one moment."""

    def __init__(
        self, agenda: Agenda, workers: int, done: Callable[[float, Any], None], bound: int = 0,
        rank: Callable[[Any], Rank] = lambda _: (),
    ) -> None:  # fmt: skip
        self.agenda, self.workers, self.done, self.bound, self.rank = agenda, workers, done, bound, rank
        self.waiting: deque[tuple[Any, float]] = deque()
        self.serving: dict[int, list[Any]] = {}  # number -> [job, work left, since when, plan's number]
        self.speed = 1.0
        self.started = 0

    def arrive(self, t: float, job: Any, work: float) -> bool:
        """False: turned away."""
        if len(self.serving) < self.workers:
            self._start(t, job, work)
        elif self.bound and len(self.waiting) >= self.bound:
            return False
        else:
            self.waiting.append((job, work))
        return True

    def _start(self, t: float, job: Any, work: float) -> None:
        self.started += 1
        self.serving[self.started] = [job, work, t, 0]
        self._plan(t, self.started)

    def _plan(self, t: float, number: int) -> None:
        job, left, _, plan = self.serving[number]
        if self.speed > 0.0:
            self.agenda.at(t + left / self.speed, self._finish, number, plan, rank=self.rank(job))

    def _finish(self, t: float, number: int, plan: int) -> None:
        if number not in self.serving or self.serving[number][3] != plan:
            return  # crashed or planned anew meanwhile
        job = self.serving.pop(number)[0]
        if self.waiting:
            self._start(t, *self.waiting.popleft())
        self.done(t, job)

    def set_speed(self, t: float, speed: float) -> None:
        for job in self.serving.values():
            job[1] -= (t - job[2]) * self.speed
            job[2] = t
            job[3] += 1
        self.speed = speed
        for number in list(self.serving):
            self._plan(t, number)

    def crash(self) -> None:
        self.serving.clear()
        self.waiting.clear()
