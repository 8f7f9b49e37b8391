"""The caches of many recursive resolvers as arrays: one resolver per network (ISP), each city has its own.

Kept per resolver: every record set of the name's chain with its end of life, the name servers of the TLD and of the zone
(delegation and glue), the root's, and a remembered failure. `ready_until` and `ready` sum the chain up: what a look-up that
needs no walk is answered with. All times are absolute virtual seconds; 0 = never had.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...config import Dns as DnsConfig
from ...geo import City
from .authority import Authority, Part
from .zone import MAX_CHAIN, canonical

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

SERVFAIL_TTL_S = 5.0  # a failure is remembered that long (RFC 9520: 1 s .. 5 min; unbound keeps it 5 s)


def spread(weights: F8, n: int) -> I8:
    """n seats over parties by weight, (p,), sum n: one each while they last, the rest by largest remainder."""
    parties = weights.size
    if n <= parties:
        few: I8 = np.zeros(parties, dtype=np.int64)
        few[:n] = 1
        return few
    exact = weights / np.cumsum(weights)[-1] * (n - parties)
    seats: I8 = np.floor(exact).astype(np.int64)
    left = n - parties - int(seats.sum())
    seats[np.argsort(seats - exact, kind="stable")[:left]] += 1
    seats += 1
    return seats


class Resolvers:
    """n resolvers. `city` (n,); `first`, `per_city` (c,): a city's users are spread over its resolvers by user number."""

    def __init__(self, config: DnsConfig, cities: tuple[City, ...], authority: Authority) -> None:
        self.authority = authority
        self.n = config.resolvers
        self.max_ttl = config.resolver_max_ttl
        self.negative_cap = config.resolver_negative_cap
        self.root_ttl = config.root_ttl
        self.delegation_ttl = config.delegation_ttl
        people = np.array([float(c.population) for c in cities])
        self.weight: F8 = people / np.cumsum(people)[-1]
        seats = spread(people, self.n)
        self.per_city: I8 = np.maximum(seats, 1)
        first = np.cumsum(seats) - seats
        # fewer resolvers than cities: those without one use another city's
        self.first: I8 = np.where(seats > 0, first, np.arange(len(cities)) % self.n)
        self.city: I8 = np.repeat(np.arange(len(cities)), seats)
        self.question = authority.name(canonical(config.name))
        self.root_until: F8 = np.zeros(self.n)
        self.tld_until: F8 = np.zeros(self.n)
        self.zone_until: F8 = np.zeros(self.n)
        self.delegation: I8 = np.zeros(self.n, dtype=np.int64)  # number of the set of name servers of the zone, while zone_until
        self.from_tld: NDArray[np.bool_] = np.zeros(self.n, dtype=np.bool_)  # it is what the TLD said, not the zone itself
        self.fail_until: F8 = np.zeros(self.n)
        self.fail_event: NDArray[np.int32] = np.zeros(self.n, dtype=np.int32)
        self.ready_until: F8 = np.zeros(self.n)
        self.ready: I8 = np.zeros(self.n, dtype=np.int64)
        self.until: list[F8] = []  # by name, then resolver
        self.held: list[I8] = []

    def of(self, city: I8, user: I8) -> I8:
        """The resolver that each of these users asks, (n,)."""
        return self.first[city] + user % self.per_city[city]

    def of_one(self, city: int, user: int) -> int:
        """As `of`, for one user."""
        return self.first.item(city) + user % self.per_city.item(city)

    def of_city(self, city: int) -> slice:
        """The resolvers that users of this city ask; -1: all there are."""
        if city < 0:
            return slice(0, self.n)
        first = self.first.item(city)
        return slice(first, first + self.per_city.item(city))

    def of_range(self, first: int, last: int, users: int) -> I8:
        """The resolvers of users first .. last - 1 of so many, (n,): users are numbered city by city, by population."""
        edges = np.round(np.cumsum(self.weight) * users).astype(np.int64)
        user = np.arange(first, last, dtype=np.int64)
        return self.of(np.minimum(np.searchsorted(edges, user, side="right"), edges.size - 1), user)

    def warm(self, rng: np.random.Generator, requests_per_second: float) -> None:
        """Fill the caches as in a system that has run for long, at random phases.

        The life of a record in a cache is a renewal process: its TTL, then idle until the next request of the resolver's
        users; at a random moment it is present with chance TTL / (TTL + idle), its remaining life then is uniform.
        """
        self.root_until = rng.random(self.n) * self.root_ttl
        self.tld_until = rng.random(self.n) * self.delegation_ttl
        self.zone_until = rng.random(self.n) * self.delegation_ttl
        rate = requests_per_second * self.weight[self.city] / self.per_city[self.city]
        idle = np.divide(1.0, rate, out=np.zeros(self.n), where=rate > 0.0)
        chain = self.authority.served.chain(self.authority.names[self.question])
        if not chain or chain[-1].kind != "A" or len(chain) > MAX_CHAIN + 1:
            return
        ready = np.full(self.n, np.inf)
        for rrset in chain:
            ttl = min(rrset.ttl, self.max_ttl)
            age = rng.random(self.n) * (ttl + idle)
            self._room(self.authority.name(rrset.name))
            until = np.maximum(ttl - age, 0.0)
            self.until[self.authority.name(rrset.name)] = until
            self.held[self.authority.name(rrset.name)] = self.authority.choose(rrset, self.city)
            ready = np.minimum(ready, until)
        self.ready_until = ready
        self.ready = self.held[self.authority.name(chain[-1].name)].copy()

    def cached_chain(self, r: int, t: float) -> tuple[int, int, float]:
        """How far resolver r gets by itself at t: (first name it must ask for, CNAMEs followed, when the first of them ends)."""
        name, followed, until = self.question, 0, float("inf")
        while followed <= MAX_CHAIN and name < len(self.until) and self.until[name][r] > t:
            answer = self.authority.answers[int(self.held[name][r])]
            if answer.kind != "CNAME":
                break
            until = min(until, float(self.until[name][r]))
            name = answer.numbers[0]
            followed += 1
        return name, followed, until

    def keep(self, r: int, t: float, parts: tuple[Part, ...], until: float) -> float:
        """Store a response that arrived at t after a cached chain that ends at `until`; returns when the whole answer ends."""
        answers = self.authority.answers
        for part in parts:
            cap = self.negative_cap if answers[part.answer].kind == "NX" else self.max_ttl
            end = t + min(part.ttl, cap)
            self._room(part.name)
            self.until[part.name][r] = end
            self.held[part.name][r] = part.answer
            until = min(until, end)
        until = max(until, t)
        self.ready_until[r] = until
        self.ready[r] = parts[-1].answer
        return until

    def refer(self, r: int, number: int, until: float, *, from_tld: bool = True) -> None:
        """Resolver r keeps this delegation."""
        self.delegation[r] = number
        self.zone_until[r] = until
        self.from_tld[r] = from_tld

    def flush(self, which: NDArray[np.bool_]) -> int:
        """Empty the caches of these resolvers, (n,) bool; returns how many they are."""
        for array in (self.root_until, self.tld_until, self.zone_until, self.fail_until, self.ready_until, *self.until):
            array[which] = 0.0
        return int(np.count_nonzero(which))

    def _room(self, name: int) -> None:
        while len(self.until) <= name:
            self.until.append(np.zeros(self.n))
            self.held.append(np.zeros(self.n, dtype=np.int64))
