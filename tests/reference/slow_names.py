"""The slow model of DNS before the slow world: what is asked there goes on here, in one order of time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from slow_dns import Settings, SlowDns, Wait
from slow_queue import Agenda

from engine.world import World

FAILURES = ("SERVFAIL", "NXDOMAIN")


class SlowNames(Agenda):
    """An agenda that knows the processes of the DNS model too: whichever is due first happens first."""

    def __init__(self, twin: World) -> None:
        super().__init__()
        config, sites = twin.core.config, twin.core.fabric.city_one_way.tolist()
        part = config.dns
        own = Settings(
            question=part.name, negative_ttl=part.negative_ttl, browser_cap=part.browser_cap, os_cap=part.os_cap,
            max_ttl=part.resolver_max_ttl, negative_cap=part.resolver_negative_cap, root_ttl=part.root_ttl,
            delegation_ttl=part.delegation_ttl, timeout=part.query_timeout, tries=part.tries, to_resolver=0.0287 / 2,
        )  # fmt: skip
        distance = [{"root": 0.014, "tld": 0.014, "ns1": site[0], "ns2": site[1]} for site in sites]
        zone = {part.name: ("A", part.ttl, "the site")}
        self.dns = SlowDns(own, zone, distance, np.random.default_rng())  # no packet is lost: nothing is drawn
        self.resolvers = twin.dns.resolvers
        self.asked = 0

    def run(self, until: float) -> None:
        env = self.dns.env
        while True:
            mine = self.events[0][0] if self.events else math.inf
            if min(mine, env.peek()) >= until:
                return
            if env.peek() < mine:
                env.step()
                continue
            if env.now < mine:
                env.run(until=mine)
            self.next()

    def ask(self, user: int, city: int, told: Callable[..., None], *about: Any) -> None:
        """A user asks now; `told(t, *about, found)` when the look-up ends."""
        self.asked += 1
        self.dns.env.process(self._ask(self.asked, user, city, told, about))

    def _ask(self, number: int, user: int, city: int, told: Callable[..., None], about: tuple[Any, ...]) -> Wait:
        resolver = int(self.resolvers.of(np.array([city]), np.array([user]))[0])
        yield from self.dns.look_up(number, 0.0, user, int(self.resolvers.city[resolver]), resolver)
        when, _, said = self.dns.ended[number]
        told(when, *about, said not in FAILURES)
