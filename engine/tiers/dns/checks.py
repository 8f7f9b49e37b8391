"""Self-checks of the DNS tier on a world of nothing else: D1 (a switch spreads as TTLs end) and D2 (TTLs are inherited).

`alone` builds the tier with a sink behind it; users ask at given times, and what came of each look-up is written down.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...config import Dns as DnsConfig
from ...config import Scenario, Traffic, Users
from ...core import Core, generator
from ...fabric import Fabric
from ...flights import CLIENT, SERVER
from ...geo import city_table, one_way, zone_one_way
from . import Dns

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class Seen(NamedTuple):
    """One ended look-up: id of the request, when it ended, seconds it took, the address or the cause of failure in words."""

    id: int
    t: float
    took: float
    said: str


class Sink:
    """Stands behind the tier: takes resolved and failed rows, notes them if told to, and lets them go."""

    def __init__(self, core: Core, *, note: bool) -> None:
        self.core = core
        self.note = note
        self.dns: Dns
        self.seen: list[Seen] = []
        self.resolved = 0
        self.failed = 0

    def arrive(self, t: F8, slots: I8) -> None:
        """Resolved."""
        self.resolved += slots.size
        if self.note:
            flights = self.core.flights
            for when, slot in zip(t.tolist(), slots.tolist(), strict=True):
                said = self.dns.addresses[flights.address[slot]]
                self.seen.append(Seen(int(flights.id[slot]), when, float(flights.wire[slot]), said))
        self.core.flights.close(slots, SERVER | CLIENT)

    def fail(self, slots: I8, cause: Cause, event: I8 | int = 0) -> None:
        """Failed."""
        self.core.flights.cause[slots] = cause
        self.core.flights.event[slots] = event

    def at_client(self, t: F8, slots: I8) -> None:
        """The failure is told."""
        self.failed += slots.size
        if self.note:
            flights = self.core.flights
            for when, slot in zip(t.tolist(), slots.tolist(), strict=True):
                self.seen.append(Seen(int(flights.id[slot]), when, float(flights.wire[slot]), Cause(flights.cause[slot]).name))
        self.core.flights.close(slots, SERVER | CLIENT)


def alone(config: Scenario, seed: int = 1, *, note: bool = True) -> tuple[Dns, Sink]:
    """The tier of this scenario by itself."""
    cities = city_table(config.users.cities)
    zones = config.network.zones
    fabric = Fabric(
        zone_one_way(config.network),
        one_way(cities, tuple(z.region for z in zones)),
        [c.name for c in cities],
        [z.name for z in zones],
        generator(seed, "fabric"),
    )
    core = Core(config, seed, fabric)
    sink = Sink(core, note=note)
    dns = Dns(core, sink, cities)
    dns.balancer = sink
    sink.dns = dns
    return dns, sink


def step(dns: Dns, t: F8, user: I8, city: I8, patience: float = 1e9) -> None:
    """One step of the world; look-ups of `user` (n,) in `city` (n,) begin at t (n,), anywhere from the step's start on."""
    core = dns.core
    core.open_window()
    if t.size:
        slots = core.flights.take(t.size)
        core.flights.user[slots] = user
        core.flights.city[slots] = city
        core.flights.sent[slots] = t
        core.flights.deadline[slots] = t + patience
        core.flights.event[slots] = 0
        dns.ask(t, slots)
    dns.step()
    core.close_window()


def stale_shares(
    at: tuple[float, ...], *, resolvers: int = 2_000, ttl: float = 300.0, rate: float = 0.2, seed: int = 1
) -> list[float]:
    """D1: the share of resolvers that still answer the old address, at these seconds after the record was switched.

    Every resolver has one user who keeps nothing and asks `rate` times a second, as Poisson; phases are random.
    Expected: rate * max(ttl - a, 0) / (1 + rate * ttl).
    """
    asked = rate * resolvers
    config = Scenario(
        step_ms=100.0,
        users=Users(count=resolvers),
        traffic=Traffic(requests_per_second=asked),
        dns=DnsConfig(ttl=ttl, resolvers=resolvers, browser_cap=0.0, os_cap=0.0),
    )
    dns, _ = alone(config, seed, note=False)
    cache = dns.resolvers
    rng = generator(seed, "D1")
    city = cache.city
    user = np.arange(resolvers) - cache.first[city]  # the number within its city picks the resolver
    dns.change_record(dns.question, ["198.51.100.1"])
    shares = []
    for moment in at:
        while dns.core.now < moment - 1e-9:
            n = int(rng.poisson(asked * dns.core.dt))
            who = rng.integers(0, resolvers, n)
            step(dns, dns.core.now + rng.random(n) * dns.core.dt, user[who], city[who])
        shares.append(dns.stale_resolvers(dns.core.now) / resolvers)
    return shares


def ttls_seen(asked_at: tuple[float, ...], ttl: float = 300.0) -> list[tuple[float, float]]:
    """D2: authority -> resolver -> user. For look-ups at these seconds, each by a user of its own at one resolver that fetches
    the record with the first: (age of the resolver's entry when it answers, TTL that the user is told). They sum to `ttl`
    as long as the entry lives.
    """
    users = len(asked_at)
    config = Scenario(
        step_ms=100.0,
        users=Users(count=users, cities=("Seoul",)),
        dns=DnsConfig(ttl=ttl, resolvers=1, browser_cap=0.0, warm=False),
    )
    dns, sink = alone(config)
    t = np.array(asked_at)
    user = np.arange(users)
    city = np.zeros(users, dtype=np.int64)
    while len(sink.seen) < users:
        due = (t >= dns.core.now) & (t < (dns.core.step_no + 1) * config.step_ms / 1e3)
        step(dns, t[due], user[due], city[due])
    home = {seen.id: seen.t for seen in sink.seen}  # requests are numbered as they are asked, so as users
    fetched = home[0] - dns.to_resolver_s
    return [(home[u] - dns.to_resolver_s - fetched, float(dns.users.os_until[u]) - home[u]) for u in range(users)]
