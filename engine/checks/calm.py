"""Invariant 2, its last sentence: with no fault and no node at .7 of its power or more, no request fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..causes import Cause, Outcome
from .flow import expect, stations_of

if TYPE_CHECKING:
    from ..world import World

BUSY = 0.7
HOPS = 6  # one-way pairs that a request may need: three levels of names, the resolver, the page, its retransmission


class Calm:
    """Follows a world while nobody disturbs it. busiest: the highest utilisation of any node in any second so far."""

    def __init__(self, world: World) -> None:
        self.busiest = 0.0
        self.bad = _bad(world)

    def judge(self, world: World) -> None:
        """Once a second: as long as all is calm, nothing may have failed."""
        core = world.core
        if core.now != world.whole_second or core.log.latest_disturbance not in (0, core.log.overload):
            return
        for used in (
            world.balancer.utilisation, world.web.gauge.utilisation, world.cache.gauge.utilisation,
            world.database.meters.utilisation,
        ):  # fmt: skip
            self.busiest = max(self.busiest, float(used.max(initial=0.0)))
        full = sum(int(stations.totals.rejected.sum()) for _, stations in stations_of(world))
        full += world.automation.counts.refused
        if self.busiest >= BUSY or full or not patient(world):
            return
        bad = _bad(world) - self.bad
        expect(not bad, f"{bad} requests failed, without a fault, and no node was busier than {self.busiest:.0%}")


def _bad(world: World) -> int:
    outcomes = world.core.ledger.outcomes.sum
    refused = int(world.core.ledger.causes.sum[Cause.WRITE_CONFLICT])  # that is what writers who are equals do
    return int(outcomes[Outcome.FAILED] + outcomes[Outcome.SHED]) - refused


def patient(world: World) -> bool:
    """Do clients and drivers wait longer than chance alone makes anyone wait below that load?

    The response time of k exponential servers at utilisation u has a tail of rate min(1, k (1 - u)) / S: after 30 of its
    time constants one in 1e13 is left. Names that a file of the user's leads elsewhere are the user's business.
    """
    config, fabric = world.core.config, world.core.fabric
    if config.dns.zone_file or config.dns.hosts_file:
        return False

    def longest(mean_ms: float, workers: int) -> float:
        return 30.0 * mean_ms / 1e3 / min(1.0, (1.0 - BUSY) * workers)

    front, web, base = config.balancer, config.web, config.database
    query = longest(max(base.read.mean_ms, base.write.mean_ms), base.workers) + 2.0 * float(fabric.zone_one_way.max())
    page = longest(web.service.mean_ms, web.workers) + longest(front.service.mean_ms, front.workers)
    way = 2.0 * float(np.max(fabric.city_one_way)) * HOPS
    return world.clients.timeout >= page + query + way and world.database.timeout >= query
