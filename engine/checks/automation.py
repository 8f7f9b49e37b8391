"""Invariant 21: token buckets within their bounds, and everybody who is turned away is counted once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..causes import Cause
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
    """21: requests that ended for a guard were turned away by it, each attempt once: no more of them than it counted."""
    counts, causes = world.automation.counts, world.core.ledger.causes.sum
    for cause, names in ((Cause.RATE_LIMITED, ("limited",)), (Cause.OVERLOADED, ("over_open", "over_wait"))):
        ended, turned = int(causes[cause]), sum(counts.total(name) for name in names)
        expect(ended <= turned, f"{ended} requests ended as {cause.name}, {turned} were turned away")


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
