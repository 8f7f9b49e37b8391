"""What the zone's owner publishes, and how the authority answers (simple, weighted, geo, failover), with what faults do to it.

Names, addresses and answers are interned: an answer (kind and values) is a small number, so that the caches of thousands of
resolvers and millions of users are plain arrays of such numbers. Numbers are never reused: an old answer keeps its meaning.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core import Core, generator
from .zone import MAX_CHAIN, Rrset, Zone, check_rrset

I8 = NDArray[np.int64]

NX = 0  # number of the answer "no such name"
SERVFAIL = -1  # not an answer of the authority: what a resolver says when it got none


class Answer(NamedTuple):
    """kind: "NX", "A" (numbers index `addresses`) or "CNAME" (one number, index of `names`)."""

    kind: str
    numbers: tuple[int, ...]


class Part(NamedTuple):
    """One record set of a response: indexes of its name and answer, and its TTL in seconds."""

    name: int
    answer: int
    ttl: float


class Authority:
    """The zone as configured, the zone as served (faults applied), and the numbering."""

    def __init__(self, core: Core, zone: Zone, mode: str) -> None:
        self.core = core
        self.configured = zone  # what the owner wants
        self.original = zone  # as the scenario began
        self.served = zone
        self.mode = mode
        self.deleted: list[str] = []  # effect of faults
        self.ttls: dict[str, float] = {}  # effect of faults
        self.values: dict[str, tuple[str, ...]] = {}  # effect of faults: addresses in place of the configured ones
        self.absent: list[str] = []  # addresses behind which nothing stands yet, or any more
        self.sick: list[str] = []  # addresses that fail their health checks: left out of answers while there are others
        self.was: dict[str, tuple[str, ...]] = {}  # values before the last change
        self.event = 0  # that changed the served zone last
        self.names: list[str] = []
        self.addresses: list[str] = []
        self.places: dict[int, int] = {}  # address -> zone index where it is served, for geographic answers
        self.answers: list[Answer] = [Answer("NX", ())]
        self.rng = generator(core.seed, "dns answers")
        for rrset in zone.rrsets:
            for value in rrset.values:
                if rrset.kind == "A":
                    self.address(value)

    # ---- numbering

    def name(self, name: str) -> int:
        """Number of a name."""
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)

    def address(self, address: str) -> int:
        """Number of an address, as flights.address holds it."""
        if address not in self.addresses:
            self.addresses.append(address)
        return self.addresses.index(address)

    def answer(self, answer: Answer) -> int:
        """Number of an answer."""
        if answer not in self.answers:
            self.answers.append(answer)
        return self.answers.index(answer)

    # ---- publishing

    def publish(self, rrset: Rrset, event: int) -> None:
        """Put a record set into the zone (ZoneError if it makes no sense)."""
        check_rrset(rrset)
        old = self.configured.find(rrset.name)
        if old is not None and old.values != rrset.values:
            self.was[rrset.name] = old.values
        self.configured = self.configured.with_rrset(rrset)
        for value in rrset.values:
            if rrset.kind == "A":
                self.address(value)
        self.refresh(event)

    def refresh(self, event: int) -> None:
        """Derive what is served from what is configured and the effects of faults."""
        zone = self.configured
        for name, values in self.values.items():
            rrset = zone.find(name)
            if rrset is not None:
                zone = zone.with_rrset(check_rrset(Rrset(name, "A", rrset.ttl, values)))
        for name, ttl in self.ttls.items():
            rrset = zone.find(name)
            if rrset is not None:
                zone = zone.with_rrset(Rrset(rrset.name, rrset.kind, ttl, rrset.values, rrset.weights))
        for name in self.deleted:
            zone = zone.without(name)
        if zone != self.served and event:
            self.event = event
        self.served = zone

    # ---- answering

    def respond(self, name: int, city: int) -> tuple[Part, ...]:
        """The response to a resolver in `city` that asks for a name: a chain of CNAMEs, then addresses or a denial."""
        chain = self.served.chain(self.names[name])
        parts: list[Part] = []
        last = name
        for rrset in chain:
            number = int(self.choose(rrset, np.array([city]))[0])
            parts.append(Part(self.name(rrset.name), number, rrset.ttl))
            if rrset.kind == "CNAME":
                last = self.name(rrset.values[0])
        ends_open = not chain or (chain[-1].kind == "CNAME" and len(chain) <= MAX_CHAIN)
        if ends_open and self._ours(self.names[last]):
            parts.append(Part(last, NX, self.served.negative_ttl))
        return tuple(parts)

    def choose(self, rrset: Rrset, city: I8) -> I8:
        """Numbers of the answers that resolvers in these cities get, (n,): one draw each when answers are weighted."""
        if rrset.kind == "CNAME":
            return np.full(city.size, self.answer(Answer("CNAME", (self.name(rrset.values[0]),))))
        values = self.healthy(rrset.values)
        numbers = tuple(self.address(v) for v in values)
        if self.mode == "failover":  # primary, secondary ... (Route 53); the primary if none is healthy
            numbers = numbers[:1]
        if self.mode == "simple" or len(numbers) == 1:
            return np.full(city.size, self.answer(Answer("A", numbers)))
        each = np.array([self.answer(Answer("A", (n,))) for n in numbers])
        if self.mode == "geo":
            zones = np.array([self.places.get(n, 0) for n in numbers])
            nearest: I8 = each[np.argmin(self.core.fabric.city_one_way[np.ix_(city, zones)], axis=1)]
            return nearest
        given = dict(zip(rrset.values, rrset.weights or (1.0,) * len(rrset.values), strict=True))
        weights = np.array([given[v] for v in values])
        edges = np.cumsum(weights)
        drawn = np.searchsorted(edges, self.rng.random(city.size) * edges[-1], side="right")
        picked: I8 = each[np.minimum(drawn, len(numbers) - 1)]
        return picked

    def current(self, name: str) -> tuple[str, NDArray[np.bool_]]:
        """What the end of the chain of `name` says now, in words, and which answers agree with it, (answers,) bool."""
        chain = self.served.chain(name)
        agree = np.zeros(len(self.answers), dtype=np.bool_)
        if not chain or chain[-1].kind == "CNAME":
            agree[NX] = True
            return "NXDOMAIN", agree
        values = self.healthy(chain[-1].values)
        if self.mode == "failover":
            values = values[:1]
        now = {self.address(v) for v in values}
        for number, answer in enumerate(self.answers):
            agree[number] = answer.kind == "A" and now.issuperset(answer.numbers)
            if self.mode == "simple":
                agree[number] &= len(answer.numbers) == len(now)
        return ", ".join(values), agree

    def healthy(self, values: tuple[str, ...]) -> tuple[str, ...]:
        """Those that pass their health checks; all that are there if none does (Route 53: fail open)."""
        there = tuple(v for v in values if v not in self.absent) or values
        return tuple(v for v in there if v not in self.sick) or there

    def _ours(self, name: str) -> bool:
        return name == self.served.origin or name.endswith("." + self.served.origin)
