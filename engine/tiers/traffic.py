"""Where requests come from: users in cities asking in open loop, users who wait and think in closed loop, and scripts.

Every request is born with its own user, city, key, route, time and service demands; nothing about it is drawn later except
what a fault does to it. Rates are Poisson; a flash crowd is a second stream on one key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..config import Scenario
from ..core import Core, generator
from ..draws import Shares, Zipf, demands, poisson_times
from ..flights import Kind
from ..geo import City
from ..pending import Pending
from .base import Tier
from .crowds import crowds
from .population import Population

if TYPE_CHECKING:
    from .clients import Clients

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

OPEN, CLOSED, SCRIPTED = 0, 1, 2  # sources


class Births(NamedTuple):
    """Scripted or recorded requests, (n,) each, in order of time; demands in seconds at speed 1."""

    t: F8
    user: I8
    key: I8
    route: I8
    web_work: F8
    db_work: F8

    def cut(self, n: int) -> tuple[Births, Births]:
        """The first n and the rest."""
        a = Births(self.t[:n], self.user[:n], self.key[:n], self.route[:n], self.web_work[:n], self.db_work[:n])
        b = Births(self.t[n:], self.user[n:], self.key[n:], self.route[n:], self.web_work[n:], self.db_work[n:])
        return a, b


class Traffic(Tier):
    """The source of all requests."""

    name = "traffic"

    def __init__(self, core: Core, cities: tuple[City, ...]) -> None:
        super().__init__(core)
        config: Scenario = core.config
        self.rng = generator(core.seed, "traffic")
        self.rng_web = generator(core.seed, "web demand")
        self.rng_db = generator(core.seed, "database demand")
        self.rng_think = generator(core.seed, "think")
        self.population = Population(
            config.users, np.array([float(c.population) for c in cities]), config.traffic.requests_per_second
        )
        self.curve = config.traffic.curve
        self.zipf = Zipf(config.traffic.keys, config.traffic.zipf)
        self.longitude: F8 = np.array([c.longitude for c in cities])
        shares = np.array([r.share for r in config.route])
        self.route_edges: F8 = np.cumsum(shares / shares.sum())
        self.route_kind = np.array([Kind.WRITE if r.kind == "write" else Kind.READ for r in config.route], dtype=np.uint8)
        self.multiplier = 1.0  # effect of faults
        # without a curve: rate asked for and users, for which are: the total, the shares of cities
        self.flat = -1.0, 0, 0.0, Shares(np.empty(0))
        self.flash: dict[int, float] = {}  # effect of faults: extra requests by key, as a share of the normal rate
        self.thinking = Pending(core.dt)  # closed loop: (time, user)
        self.closed = config.traffic.closed_users > 0
        if self.closed:
            who = np.arange(config.traffic.closed_users, dtype=np.int64)
            self.thinking.push(self.rng_think.standard_exponential(who.size) * config.traffic.think, who)
        self.script: list[Births] = []
        self.recorded: list[tuple[I8, Births]] | None = None  # (ids, births) when a test asks
        self.clients: Clients

    def reset_effects(self) -> None:
        """No fault acts on the load."""
        self.multiplier = 1.0
        self.flash = {}
        self.flat = -1.0, 0, 0.0, Shares(np.empty(0))

    def add_flash(self, key: int, share: float) -> None:
        """A crowd comes for one key: `share` of the normal rate on top of it; crowds on one key add up."""
        self.flash[key] = self.flash.get(key, 0.0) + share

    @property
    def flash_key(self) -> int:
        """The key of the biggest flash crowd, -1 if there is none."""
        return max(self.flash, key=lambda key: (self.flash[key], -key), default=-1)

    @property
    def users(self) -> int:
        """How many there are now."""
        return self.population.count

    @users.setter
    def users(self, users: int) -> None:
        self.population.set_count(int(users))

    @property
    def requests_per_second(self) -> float:
        """What they ask for, day curve and faults apart."""
        return self.population.asked

    @requests_per_second.setter
    def requests_per_second(self, rate: float) -> None:
        self.population.set_rate(rate)

    def city_of(self, users: I8) -> I8:
        """City index of users, (n,)."""
        return self.population.city_of(users)

    def second(self) -> None:
        """A virtual second has passed: more users, if they grow."""
        self.population.second()

    def rate(self, t: float) -> F8:
        """Requests a second asked for at virtual time t, per city (c,): the day curve follows each city's longitude."""
        base = self.requests_per_second * self.multiplier * self.population.share
        if self.core.ills.cities:
            base = base * self.core.ills.times(base.size)
        if not self.curve:
            return base
        day = self.core.config.traffic.day
        phase = np.mod(t / day + self.longitude / 360.0, 1.0)
        triangle = 1.0 - 4.0 * np.abs(phase - 0.5)  # a day curve of straight lines: no libm in the world's state
        return base * (1.0 + self.curve * triangle)

    def step(self) -> None:
        """All requests born in this window, in order of time."""
        core = self.core
        total, shares = self._rates()
        t = poisson_times(self.rng, total, core.start, core.end)
        if t.size:
            self.come(t, shares)
        if self.flash or core.ills.write_floods or core.ills.scrapers:
            crowds(self, total, shares)
        if self.thinking:
            t, who = self.thinking.take(core.end)
            if t.size:
                self._birth(t, who, self.zipf.draw(self.rng, t.size), self._routes(t.size), CLOSED, self.city_of(who))
        while self.script and self.script[0].t.size and self.script[0].t[0] < core.end:
            self._scripted(self.script[0])

    def _rates(self) -> tuple[float, Shares]:
        """Requests a second of this step, and the cities' shares: a flat day is computed once."""
        asked = self.requests_per_second * self.multiplier
        users = self.population.count
        if self.curve or self.flat[0] != asked or self.flat[1] != users:
            rates = self.rate(self.core.start)
            total = float(np.cumsum(rates)[-1])
            edges = np.cumsum(rates / total) if total else rates
            self.flat = -1.0 if self.curve else asked, users, total, Shares(edges, table=not self.curve)
        return self.flat[2:]

    def come(self, t: F8, shares: Shares, keys: I8 | None = None, route: int = 0) -> None:
        """Users of cities by `shares` ask at t (n,): as they do, or all on one route for keys (n,)."""
        n, population = t.size, self.population
        city = shares.of(self.rng.random(n))
        user = population.first[city] + (self.rng.random(n) * population.people[city]).astype(np.int64)
        usual = keys is None
        keys = self.zipf.draw(self.rng, n) if keys is None else keys
        routes = self._routes(n) if usual else np.full(n, route, dtype=np.int64)
        if not population.whole:  # more cities than users
            user = np.minimum(user, population.most - 1)
            city = self.city_of(user)
        self._birth(t, user, keys, routes, OPEN, city)

    def _routes(self, n: int) -> I8:
        if self.route_edges.size == 1:
            return np.zeros(n, dtype=np.int64)
        found: I8
        if self.route_edges.size == 2:
            found = (self.rng.random(n) >= self.route_edges[0]).astype(np.int64)
            return found
        found = self.route_edges.searchsorted(self.rng.random(n), side="right")
        return np.minimum(found, self.route_edges.size - 1)

    def _scripted(self, births: Births) -> None:
        due = int(np.searchsorted(births.t, self.core.end, side="left"))
        now, rest = births.cut(due)
        self.core.least_db_work = min(self.core.least_db_work, float(now.db_work.min()))
        self.script = ([rest] if rest.t.size else []) + self.script[1:]
        self._birth(now.t, now.user, now.key, now.route, SCRIPTED, self.city_of(now.user), now.web_work, now.db_work)

    def _birth(
        self, t: F8, user: I8, key: I8, route: I8, source: int, city: I8, web_work: F8 | None = None, db_work: F8 | None = None
    ) -> None:
        """Write the rows and launch their first attempts."""
        flights = self.core.flights
        slots = flights.take(t.size)
        flights.user[slots] = user
        flights.key[slots] = key
        flights.route[slots] = route
        kind = self.route_kind[route]
        flights.kind[slots] = kind
        flights.source[slots] = source
        flights.city[slots] = city
        flights.born[slots] = t
        self.draw_demands(slots, kind, web_work, db_work)
        if self.recorded is not None:
            row = Births(t, user, key, route, flights.web_work[slots], flights.db_work[slots])
            self.recorded.append((flights.id[slots], row))
        self.core.tracer.mark(flights, slots)
        self.core.ledger.arrive(route, source)
        self.clients.launch(t, slots, firsts=t.size)

    def draw_demands(
        self, slots: I8, kind: NDArray[np.uint8], web_work: F8 | None = None, db_work: F8 | None = None
    ) -> None:
        """Service demands of new attempts of these kinds (n,): given, or drawn from the generators of the two tiers."""
        config = self.core.config
        flights = self.core.flights
        n = slots.size
        if web_work is None:
            web_work = demands(self.rng_web, config.web.service, n)
        flights.web_work[slots] = web_work
        if db_work is None:
            db_work = demands(self.rng_db, config.database.read, n)
            writes = (kind != 0).nonzero()[0]
            if writes.size:
                db_work[writes] = demands(self.rng_db, config.database.write, writes.size)
        flights.db_work[slots] = db_work
        if self.core.ills.web_work or self.core.ills.db_work:
            self.core.ills.dearer(flights, slots)

    def ended(self, t: F8, slots: I8) -> None:
        """User requests ended at t (n,): those of the closed loop think and come again."""
        flights = self.core.flights
        if not self.closed:
            return
        again = flights.source[slots] == CLOSED
        if again.any():
            users = flights.user[slots[again]].astype(np.int64)
            pause = self.rng_think.standard_exponential(users.size) * self.core.config.traffic.think
            self.thinking.push(t[again] + pause, users)
