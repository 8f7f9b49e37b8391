"""Brokers: who keeps the messages. Each has threads that do its operations (storing, handing out, forgetting) in order of coming.

A broker's operation takes its service time; one that is slow takes longer, one that is frozen does nothing until it thaws.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush, heapreplace

import numpy as np

from ...core import Core, generator
from ...draws import demands
from ...machines import plan
from ...nodes import Nodes
from .watch import Watch

DRAWN = 256  # service times drawn at once


class Brokers(Watch):
    """Nodes "broker-1", "broker-2", ... round robin over the zones; lists are by node.

    ready: heaps of message ids with their rows, the oldest first. waiting: polls that found nothing, thread -> its poll's number,
    the first to come the first to be served. free: when each thread is done, heaps. held: what a frozen broker was to do (when,
    what) or has been asked for since, `frozen_at`.
    """

    def __init__(self, core: Core) -> None:
        config = core.config.queue
        super().__init__(core, Nodes("broker", plan("broker", "", config.broker_threads, config.broker_price)))
        self.threads = config.broker_threads
        self.constant = config.service.mean_ms / 1e3 if config.service.cv2 == 0.0 else -1.0
        self.rng = generator(core.seed, "queue brokers")
        self.drawn: list[float] = []
        self.ready: list[list[tuple[int, int]]] = []
        self.waiting: list[dict[int, int]] = []
        self.free: list[list[float]] = []
        self.held: list[list[tuple[float, int, tuple[int, ...]]]] = []
        self.frozen_at: list[float] = []

    def add_node(self, zone: int = -1) -> int:
        """One more broker, with nothing in it; returns its index."""
        index = self.enter("broker", 9, zone, self.threads)
        self.ready.append([])
        self.waiting.append({})
        self.free.append([self.core.now] * self.threads)
        self.held.append([])
        self.frozen_at.append(0.0)
        return index

    def operate(self, t: float, broker: int) -> tuple[float, float]:
        """An operation that comes at `t` to a broker that is not frozen: when it begins and when it is done, s."""
        free = self.free[broker]
        begin = max(t, free[0])
        service = (self.constant if self.constant >= 0.0 else self._draw()) / self.speed_of[broker]
        end = begin + service
        heapreplace(free, end)
        self.work(broker, end - t, service)
        return begin, end

    def _draw(self) -> float:
        if not self.drawn:
            self.drawn = demands(self.rng, self.core.config.queue.service, DRAWN).tolist()
        return self.drawn.pop()

    def take(self, broker: int) -> int:
        """The row of the oldest ready message of a broker that has one."""
        return heappop(self.ready[broker])[1]

    def put(self, broker: int, number: int, row: int) -> None:
        """A message of this id, in this row, is ready."""
        heappush(self.ready[broker], (number, row))

    def move(self, broker: int, to: int) -> None:
        """What was ready at one broker is ready at another."""
        self.ready[to] += self.ready[broker]
        heapify(self.ready[to])
        self.ready[broker] = []

    def begin_anew(self, broker: int, now: float) -> None:
        """Its threads are idle."""
        self.free[broker] = [now] * self.threads_of[broker]

    def refit(self, broker: int, threads: int) -> None:
        """From now on it has so many threads; it is doing nothing."""
        self.threads_of[broker] = threads
        self.begin_anew(broker, self.core.now)

    def frozen(self, broker: int) -> bool:
        """Does it accept and never answer?"""
        return self.speed_of[broker] <= 0.0

    def in_operation(self, now: float) -> list[int]:
        """Threads at work, by broker."""
        return [sum(end > now for end in free) for free in self.free]

    def choose(self, n: int, turn: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Which brokers n sends go to, in turn from the `turn`-th on; there must be a member."""
        members = np.flatnonzero(self.nodes.member)
        return members[(turn + np.arange(n)) % members.size]

    def after(self, broker: int) -> int:
        """The member that is asked after this one (itself, if it is the only one); -1 = there is none."""
        members = np.flatnonzero(self.nodes.member).tolist()
        return next((m for m in members if m > broker), members[0]) if members else -1
