"""A world of little else than a message queue: pages that make a job each, brokers, workers, and commands at step boundaries."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.agents import AGENTS
from engine.checks import Checked
from engine.commands import Order, WorldCommand
from engine.config import QueuePart, Route, Scenario, Service, Traffic
from engine.runtime import run_headless
from engine.selfcheck.worlds import NOTHING, plain
from engine.tiers.queue import Queue
from engine.world import World

PHOTO = Route("photo", 1.0, "write", cached=False, database=False, job=True)
AT_ONCE = Service(mean_ms=0.0, floor_ms=0.0, cv2=0.0)
JOB = Service(mean_ms=100.0, floor_ms=20.0, cv2=1.0)


def scenario(rate: float = 40.0, step_ms: float = 10.0, routes: tuple[Route, ...] = (PHOTO,), **queue: object) -> Scenario:
    """Poisson pages; two workers of four threads, one broker whose operations take no time, unless told otherwise."""
    told: dict[str, object] = {"brokers": 1, "workers": 2, "threads": 4, "job": JOB, "service": NOTHING, "visibility": 2.0}
    part = QueuePart(**{**told, **queue})  # type: ignore[arg-type]
    return plain(traffic=Traffic(requests_per_second=rate, keys=10, zipf=0.0), route=routes, queue=part, step_ms=step_ms)


class Rig:
    """A checked world; commands act at the next boundary. noted: (ack time, id) of what was acknowledged, in order."""

    def __init__(self, config: Scenario | None = None, seed: int = 5, **queue: object) -> None:
        self.world = World(config or scenario(**queue), seed)  # type: ignore[arg-type]
        self.checked = Checked(self.world, 200)
        self.number = 0

    @property
    def queue(self) -> Queue:
        """The tier."""
        return self.world.queue

    def give(self, *commands: WorldCommand) -> None:
        """Orders of a person, in a step of their own."""
        orders = [Order("you", self.number + i, command) for i, command in enumerate(commands)]
        self.number += len(commands)
        self.checked.step(orders)

    def run(self, seconds: float) -> None:
        """So long, with agents."""
        run_headless(self.checked, AGENTS, seconds)

    def rest(self, seconds: float = 60.0) -> None:
        """Nobody asks any more, and all that can be done is done."""
        self.world.traffic.set_option("requests_per_second", 0.0)
        self.run(seconds)
        assert self.queue.messages.ready + self.queue.messages.leased == 0

    def failures(self) -> dict[str, int]:
        """Failed requests by cause, in words."""
        from engine.causes import WORDS, Cause

        causes = self.world.core.ledger.causes.sum
        return {WORDS[Cause(i)]: int(causes[i]) for i in np.flatnonzero(causes)}


class Journal:
    """Stands before a queue and notes its messages: (id, stored, work) and (id, acknowledged) in order."""

    def __init__(self, queue: Queue) -> None:
        self.stored: list[tuple[int, float, float]] = []
        self.acknowledged: list[tuple[int, float]] = []
        sent, acked = queue.on_sent, queue.on_acked

        def on_sent(t: float, slot: int, broker: int, tried: int) -> None:
            number, work = queue.messages.next_id, queue.sending[slot][0]
            sent(t, slot, broker, tried)
            if queue.messages.next_id > number:
                self.stored.append((number, t, work))

        def on_acked(t: float, row: int, broker: int, number: int, lease: int) -> None:
            before = queue.messages.acknowledged
            acked(t, row, broker, number, lease)
            if queue.messages.acknowledged > before:
                self.acknowledged.append((number, t))

        queue.on_sent, queue.on_acked = on_sent, on_acked  # type: ignore[method-assign]


def slow_workers(stored: list[tuple[int, float, float]], threads: int, way: float) -> NDArray[np.float64]:
    """When each message's acknowledgement comes to the broker: a plain loop over messages in order, that knows no events.

    A thread whose poll is at the broker since `at` takes the oldest message; there, back and the poll again take a `way` each.
    """
    at = [way] * threads
    ends = []
    for _, stored_at, work in stored:
        first = min(at)
        given = max(first, stored_at)
        end = given + way + work + way
        at[at.index(first)] = end
        ends.append(end)
    return np.array(ends)
