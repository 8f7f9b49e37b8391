"""Dashboards: every web server sends its figures once a second over the same network as everybody, to where the balancer stands.

What is shown is as old as the newest figures that have arrived from the server that was heard of longest ago.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .fabric import Fate

if TYPE_CHECKING:
    from .world import World

STALE_S = 3.0  # from here on the log says that the dashboards are old


class Monitoring:
    """newest: by web server, when the newest figures that have arrived were taken (s); under_way: (arrival, taken, server)."""

    def __init__(self, on: bool) -> None:
        self.on = on
        self.newest: dict[int, float] = {}
        self.under_way: list[tuple[float, float, int]] = []
        self.age = 0.0
        self.told = False

    def second(self, world: World) -> None:
        """A second has ended: figures are sent, others arrive."""
        nodes, balancers, now = world.web.nodes, world.balancer.nodes, world.core.now
        if not self.on or not balancers.member.any():
            return
        servers = (nodes.member & nodes.up).nonzero()[0]
        to = np.full(servers.size, int(balancers.member.nonzero()[0][0]))
        hop = world.core.fabric.hop("web", servers, "balancer", to)
        there = np.full(servers.size, True) if hop.fate is None else hop.fate == Fate.PASS
        for server, delay in zip(servers[there].tolist(), hop.delay[there].tolist(), strict=True):
            self.under_way.append((now + delay, now, server))
        for arrival, taken, server in sorted(self.under_way):
            if arrival <= now:
                self.newest[server] = max(taken, self.newest.get(server, taken))
        self.under_way = [sent for sent in self.under_way if sent[0] > now]
        members = nodes.member.nonzero()[0].tolist()
        self.age = max((now - self.newest.get(server, 0.0) for server in members), default=0.0)
        if (self.age > STALE_S) != self.told:
            self.told = not self.told
            old = f"dashboards are {self.age:.0f} s old: their figures share the network"
            text, level = (old, "warn") if self.told else ("dashboards are up to date again", "good")
            world.core.log.tell(now, "monitoring", text, level=level)
