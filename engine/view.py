"""What an agent sees: the world at the last step boundary, to be read and not to be changed.

A view asks the same fabric and the same nodes that requests meet: a probe that a cut link would swallow fails here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .ladder.climb import waits

if TYPE_CHECKING:
    from .config import Scenario
    from .ills import Ills
    from .log import EventLog
    from .nodes import Nodes
    from .snapshot import ActiveFault
    from .tiers.automation import Automation
    from .tiers.balancer import Balancer
    from .tiers.cache import Cache
    from .tiers.cdn import Cdn
    from .tiers.database import Database
    from .tiers.dns import Dns
    from .tiers.queue import Queue
    from .tiers.web import Web
    from .world import World


class View:
    """Read-only by agreement: agents are pure functions of it."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def now(self) -> float:
        """Virtual seconds at the boundary."""
        return self._world.core.now

    @property
    def step_no(self) -> int:
        """Steps done."""
        return self._world.core.step_no

    @property
    def seed(self) -> int:
        """The world's seed: agents derive their timers' phases from it."""
        return self._world.core.seed

    @property
    def config(self) -> Scenario:
        """The scenario as it was loaded."""
        return self._world.core.config

    @property
    def ills(self) -> Ills:
        """What faults have put wrong beside nodes and links."""
        return self._world.core.ills

    @property
    def log(self) -> EventLog:
        """The event log, for causes."""
        return self._world.core.log

    @property
    def balancer(self) -> Balancer:
        """The balancer tier."""
        return self._world.balancer

    @property
    def web(self) -> Web:
        """The web tier."""
        return self._world.web

    @property
    def cache(self) -> Cache:
        """The cache tier."""
        return self._world.cache

    @property
    def automation(self) -> Automation:
        """What acts by itself around the web tier."""
        return self._world.automation

    @property
    def database(self) -> Database:
        """The database tier."""
        return self._world.database

    @property
    def cdn(self) -> Cdn:
        """The CDN."""
        return self._world.cdn

    @property
    def dns(self) -> Dns:
        """The DNS tier."""
        return self._world.dns

    @property
    def queue(self) -> Queue:
        """The message queue."""
        return self._world.queue

    @property
    def faults(self) -> tuple[ActiveFault, ...]:
        """All active faults, oldest first."""
        return self._world.faults.active()

    @property
    def step_of_ladder(self) -> tuple[str, int] | None:
        """(what a step of the ladder waits for, its event) while one is under way; None if none is."""
        climber = self._world.climber
        if climber is None or climber.going is None:
            return None
        return waits(self._world), climber.going[3]

    def leaving(self, door: int) -> bool:
        """Is the region behind this door being left?"""
        regions = self._world.core.regions
        return regions.fronts and regions.leaving[door]

    def nodes(self, tier: str) -> Nodes:
        """A tier's nodes."""
        return self._world.core.fabric.tiers[tier]

    @property
    def untroubled(self) -> bool:
        """Do all packets pass at present, whatever their way?"""
        return self._world.core.fabric.untroubled

    def reachable(self, tier: str, index: int, seen_from: tuple[str, int]) -> bool:
        """Would a packet from node `seen_from` (tier, index) get to node `index` of `tier`, whether its process runs or not?"""
        return self._world.core.fabric.reachable(*seen_from, tier, index)

    def answers(self, tier: str, index: int, seen_from: tuple[str, int], timeout: float) -> bool:
        """Would a probe of node `index` of `tier`, sent now by node `seen_from` (tier, index), be answered in `timeout` s?

        The process must run and not be frozen, the path must not be cut, and the round trip must fit.
        """
        nodes = self.nodes(tier)
        if not bool(nodes.up[index]) or float(nodes.speed[index]) <= 0.0:
            return False
        fabric = self._world.core.fabric
        a, ai = seen_from
        if not fabric.reachable(a, ai, tier, index):
            return False
        return 2.0 * fabric.distance(a, np.array([ai]), tier, np.array([index])) <= timeout
