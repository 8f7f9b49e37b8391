"""Invariant 21: token buckets within their bounds, and everybody who is turned away is counted once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from ..causes import Cause
from ..tiers.automation.breaker import NOBODY, State
from ..tiers.automation.buckets import F8
from .flow import expect

if TYPE_CHECKING:
    from ..world import World


def buckets_hold(world: World) -> None:
    """21: no bucket holds less than nothing or more than it can, and none was looked at in the future."""
    for balancer, (_, buckets) in world.automation.door.buckets.items():
        low, high = float(buckets.level.min(initial=0.0)), float(buckets.level.max(initial=0.0))
        name = world.balancer.nodes.names[balancer]
        expect(low >= 0.0 and high <= buckets.burst, f"{name}: buckets hold {low:g} to {high:g} tokens of {buckets.burst:g}")
        expect(float(buckets.at.max(initial=0.0)) <= world.core.now + 1e-9, f"{name}: a bucket was filled in the future")


def refusals_are_shed(world: World) -> None:
    """21: requests that ended for a guard were turned away by it: no more of them than it counted.

    Those who waited for the fill of a query that was kept back fail with it.
    """
    counts, causes = world.automation.counts, world.core.ledger.causes.sum
    for cause, names in (
        (Cause.RATE_LIMITED, ("limited",)), (Cause.OVERLOADED, ("over_open", "over_wait")),
        (Cause.CIRCUIT_OPEN, ("circuit_open",)), (Cause.BULKHEAD, ("bulkhead",)),
    ):  # fmt: skip
        ended, turned = int(causes[cause]), sum(counts.total(name) for name in names)
        expect(ended <= turned, f"{ended} requests ended as {cause.name}, {turned} were turned away")


def queries_are_open(world: World) -> None:
    """21: the queries that a web server has open, as its bulkhead counts them, are rows that wait or ends it has not heard of."""
    queries = world.automation.queries
    if not queries.on:
        return
    held = queries.web[queries.holder != NOBODY].tolist()
    ends = queries.ends.everything()[1][1].tolist()
    counted = {web: n for web, n in queries.open.items() if n}
    found = dict(Counter(held + ends))
    expect(found == counted, f"open queries by server {counted}, found {found}")
    for (web, shard), cell in queries.cells.items():
        half = cell.state is State.HALF_OPEN
        expect((cell.probe != NOBODY) == half, f"the breaker from {web} to {shard} is {cell.state.value}, its probe {cell.probe}")


def threads_are_held(world: World) -> None:
    """6: the threads of a server that are taken are held by rows, or on their way back."""
    threads = world.automation.threads
    if not threads.on:
        return
    held = threads.web[threads.holder != NOBODY].tolist() + threads.freed.everything()[1][1].tolist()
    counted = {web: n for web, n in enumerate(threads.busy) if n}
    expect(dict(Counter(held)) == counted, f"threads taken by server {counted}, held {dict(Counter(held))}")


MOVES = {"closed": ("open",), "open": ("half open",), "half open": ("open", "closed")}


class Breakers:
    """Follows every breaker: from where it was it got, in as many moves as it counts, to where it is; and no sleep was cut short.

    known: by server and shard its state, moves and when it came there (s). sleep: the shortest there has been, s.
    """

    def __init__(self, world: World) -> None:
        self.known: dict[tuple[int, int], tuple[str, int, float]] = {}
        self.sleep = world.automation.queries.breaker_sleep
        self.judge(world)

    def judge(self, world: World) -> None:
        """After a step."""
        queries = world.automation.queries
        self.sleep = min(self.sleep, queries.breaker_sleep)
        for key, cell in queries.cells.items():
            state, moves, since = self.known.get(key, ("closed", 0, 0.0))
            if cell.moves < moves:  # the server's process is a new one
                state, moves, since = "closed", 0, 0.0
            reached = {state}
            for _ in range(cell.moves - moves):
                reached = {to for at in reached for to in MOVES[at]}
            name = f"{world.web.nodes.names[key[0]]} to s{key[1] + 1}"
            expect(cell.state.value in reached, f"{name}: from {state} to {cell.state.value} in {cell.moves - moves} moves")
            if state == "open" and cell.moves == moves + 1:
                expect(cell.since >= since + self.sleep - 1e-9, f"{name}: half open {cell.since - since:.3f} s after it opened")
        self.known = {key: (cell.state.value, cell.moves, cell.since) for key, cell in queries.cells.items()}


class Tokens:
    """Follows what the buckets grant: from one step to the next no more than was there and came. stock: per balancer."""

    def __init__(self, world: World) -> None:
        self.stock: dict[int, tuple[float, F8]] = {}
        self.judge(world)

    def judge(self, world: World) -> None:
        """A bucket cannot hold more than it held and has earned since."""
        now, dt = world.core.now, world.core.dt
        for balancer, (born, buckets) in world.automation.door.buckets.items():
            level = buckets.level + (now - buckets.at) * buckets.rate
            was = self.stock.get(balancer)
            if was is not None and was[0] == born and was[1].size == level.size:
                more = level - was[1] - dt * buckets.rate
                worst = int(np.argmax(more))
                name = world.balancer.nodes.names[balancer]
                expect(float(more[worst]) <= 1e-6, f"{name}: bucket {worst} has {more[worst]:g} tokens from nowhere")
            self.stock[balancer] = born, level
