"""The standing part of the DNS tier: zone, servers, resolvers, users, and the deeds of people and faults upon them.

Deeds of people (change_record, set_ttl, answers ...) change what is configured. Effects of faults (delete_record,
override_ttl, override_hosts, and those on nodes) are laid over it and taken off by restore or reset_effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...core import Core, generator
from ...geo import City
from ..base import OptionValue
from .authority import SERVFAIL, Authority
from .counts import Counts
from .delegating import Delegating
from .levels import RESOLVER_RTT_S
from .resolvers import Resolvers
from .stubs import Stubs
from .users import EMPTY, FAILED, NO_NAME, Users, remember
from .walks import Event, Walks
from .zone import Rrset, ZoneError, canonical, check_address, hosts_of, zone_of

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

MIX = 0x9E3779B97F4A7C15  # Fibonacci hashing: spreads consecutive numbers over 64 bits
CHUNK = 1 << 20  # users whose past is made up at a time


class Onward(Protocol):
    """Where resolved requests go: the balancer."""

    def arrive(self, t: F8, slots: I8) -> None:
        """Packets leave the clients at t (n,)."""


class Failing(Protocol):
    """Where failed look-ups go: engine.replies."""

    def fail(self, slots: I8, cause: Cause, event: I8 | int = 0) -> None:
        """Mark the rows."""

    def at_client(self, t: F8, slots: I8) -> None:
        """The end came at the client itself."""


class DnsBase(Delegating):
    """State and deeds. `addresses`: what flights.address indexes; the balancer reads it."""

    name = "dns"

    def __init__(self, core: Core, replies: Failing, cities: tuple[City, ...]) -> None:
        super().__init__(core)
        config = core.config.dns
        self.replies = replies
        self.balancer: Onward
        self.question = canonical(config.name)
        self.browser_cap = config.browser_cap
        self.os_cap = config.os_cap
        self.failover = config.failover  # addresses that fail their health checks are left out
        self.check_interval: float = config.check_interval
        self.blind = False  # effect of a fault: the health checkers see nothing
        self.counts = Counts(len(self.nodes))
        self.authority = Authority(core, zone_of(config, tuple(core.regions.addresses)), config.answers)
        for address, zone in zip(core.regions.addresses, core.regions.zone, strict=True):
            self.authority.places[self.authority.address(address)] = zone
        regions = core.regions
        self.authority.absent = [a for a, active in zip(regions.addresses, regions.active, strict=False) if not active]
        self.authority.sick = list(self.authority.absent)
        self.addresses = self.authority.addresses
        self.resolvers = Resolvers(config, cities, self.authority)
        self.stubs = Stubs(self.resolvers.n, self.levels)
        self.users = Users(core.config.users.count)
        self.to_resolver_s = RESOLVER_RTT_S / 2.0
        self.rng = generator(core.seed, "dns")
        self.heap: list[Event] = []
        parties = (self.providers, self.registry)
        self.walks = Walks(config, self.levels, parties, self.resolvers, self.authority, self.counts, self.heap)
        self.scenario_hosts = hosts_of(config).get(self.question, "")
        self.hosts = -1  # number of the address that the hosts file gives, -1 = not in it
        self.hosts_share = 1.0
        self.reset_effects()
        if config.warm:
            self._warm()

    def _warm(self) -> None:
        """Fill resolvers' and users' caches as they would be found at a random moment of a long run."""
        rate = self.core.config.traffic.requests_per_second
        users, resolvers = self.core.config.users.count, self.resolvers
        resolvers.warm(generator(self.core.seed, "dns phases"), rate)
        if not rate or not resolvers.ready_until.any() or self.core.config.users.most > users:
            return  # who is new has asked for nothing yet
        ttl = min(*(r.ttl for r in self.authority.served.chain(self.question)), resolvers.max_ttl)
        held = (resolvers.ready_until, self.codes(resolvers.ready, np.arange(resolvers.n)), ttl)
        rng = generator(self.core.seed, "dns past")
        for first in range(0, users, CHUNK):
            who = resolvers.of_range(first, min(first + CHUNK, users), users)
            remember(self.users, who, first, rng, rate / users, held, (self.browser_cap, self.os_cap))

    def codes(self, answers: I8, ids: I8) -> I8:
        """What users keep (see dns_users) of answers (numbers, (n,)) that have addresses, NX or SERVFAIL.

        Of several addresses one is picked by the id of the query, as unbound rotates record sets by query id.
        """
        table = np.array([self._code(a, -1) for a in range(len(self.authority.answers))] + [FAILED])  # SERVFAIL = -1: the last
        code = table[answers]
        for i in np.flatnonzero(code == EMPTY).tolist():  # several addresses
            code[i] = self._code(int(answers[i]), int(ids[i]))
        return code

    def _code(self, answer: int, query: int) -> int:
        """As `codes`; query -1: EMPTY if it hangs on the query."""
        if answer == SERVFAIL:
            return FAILED
        kind, numbers = self.authority.answers[answer]
        if kind == "NX":
            return NO_NAME
        if len(numbers) == 1:
            return numbers[0] + 1
        if query < 0:
            return EMPTY
        return numbers[((query * MIX & 0xFFFFFFFFFFFFFFFF) >> 40) % len(numbers)] + 1

    # ---- deeds of people

    def change_record(
        self, name: str, values: Sequence[str], ttl: float | None = None, weights: Sequence[float] = (), event: int = 0
    ) -> None:
        """The owner changes a name's addresses (or its CNAME); ZoneError if it makes no sense."""
        name = canonical(name)
        old = self.authority.configured.find(name)
        kind = "A" if all(v.replace(".", "").isdigit() for v in values) else "CNAME"
        if kind == "CNAME":
            values = [canonical(v) for v in values]
            for value in values:
                if self.authority.configured.find(value) is None:
                    raise ZoneError(f"{value!r} is neither an IPv4 address nor a name of the zone")
        if ttl is None:
            ttl = old.ttl if old is not None else self.core.config.dns.ttl
        self.authority.publish(Rrset(name, kind, ttl, tuple(values), tuple(weights)), event)

    def set_ttl(self, name: str, ttl: float, event: int = 0) -> None:
        """The owner changes a record's TTL (seconds)."""
        old = self._find(name)
        self.authority.publish(Rrset(old.name, old.kind, ttl, old.values, old.weights), event)

    def set_address(self, address: str, healthy: bool) -> bool:
        """Health checks of an address turned out well or badly; whether that is news."""
        sick = self.authority.sick
        if (address not in sick) == healthy:
            return False
        if healthy:
            sick.remove(address)
        else:
            sick.append(address)
        return True

    def flush_resolvers(self, share: float = 1.0, city: int = -1) -> int:
        """Empty the caches of a share of all resolvers, or of a city's; returns how many."""
        which = self.rng.permutation(self.resolvers.n) < round(share * self.resolvers.n)
        if city >= 0:
            which &= self.resolvers.city == city
        return self.resolvers.flush(which)

    # ---- effects of faults

    def delete_record(self, name: str, event: int = 0) -> None:
        """The record is gone from the zone (until restored)."""
        name = self._find(name).name
        if name not in self.authority.deleted:
            self.authority.deleted.append(name)
        self.authority.refresh(event)

    def override_ttl(self, name: str, ttl: float, event: int = 0) -> None:
        """The record is served with another TTL than configured (until restored)."""
        self.authority.ttls[self._find(name).name] = ttl
        self.authority.refresh(event)

    def override_record(self, name: str, values: Sequence[str], event: int = 0) -> None:
        """The record is served with other addresses than configured (until restored)."""
        self.authority.values[self._find(name).name] = tuple(values)
        self.authority.refresh(event)

    def override_hosts(self, address: str, share: float = 1.0) -> None:
        """A line in the hosts files of a share of the users gives the name this address; "" takes it out."""
        self.hosts = self.authority.address(check_address(address)) if address else -1
        self.hosts_share = share

    def restore(self, name: str, event: int = 0) -> None:
        """Take the effects of faults off a record."""
        name = canonical(name)
        if name in self.authority.deleted:
            self.authority.deleted.remove(name)
        self.authority.ttls.pop(name, None)
        self.authority.values.pop(name, None)
        self.authority.refresh(event)

    def reset_effects(self) -> None:
        """No fault acts on the zone, its hosts, the registry, on hosts files or on resolvers."""
        self.stubs.reset()
        self.blind = False
        self.levels.flooded[:] = 0.0
        self.providers.gone = [False] * len(self.providers.names)
        self.registry.reset()
        self.authority.deleted.clear()
        self.authority.ttls.clear()
        self.authority.values.clear()
        self.authority.refresh(0)
        self.override_hosts(self.scenario_hosts)

    def place(self, address: str, zone: int) -> None:
        """Tell where an address is served (zone index), for geographic answers."""
        self.authority.places[self.authority.address(address)] = zone

    def _find(self, name: str) -> Rrset:
        found = self.authority.configured.find(canonical(name))
        if found is None:
            raise ZoneError(f"there is no record {canonical(name)} in the zone {self.authority.configured.origin}")
        return found

    # ---- live settings

    @property
    def ttl(self) -> float:
        """TTL of the name's record as configured."""
        return self._find(self.question).ttl

    @ttl.setter
    def ttl(self, seconds: float) -> None:
        self.set_ttl(self.question, seconds)

    @property
    def answers(self) -> str:
        """How the authority answers: simple, weighted, geo or failover (the first that is healthy)."""
        return self.authority.mode

    @answers.setter
    def answers(self, mode: str) -> None:
        self.authority.mode = mode

    def option(self, name: str) -> OptionValue:
        """As every tier; "record" is what the name's record says, as configured."""
        return ", ".join(self._find(self.question).values) if name == "record" else super().option(name)

    def set_option(self, name: str, value: OptionValue) -> None:
        """As every tier; "record" takes addresses (or one CNAME) with commas between. ZoneError if they make no sense."""
        if name == "record":
            self.change_record(self.question, [v.strip() for v in str(value).split(",")], event=self.core.log.latest_disturbance)
        else:
            super().set_option(name, value)

    # ---- counted

    def old_delegations(self, now: float) -> int:
        """Resolvers that would at `now` ask other servers of the zone than the TLD names."""
        cache = self.resolvers
        return int(np.count_nonzero((cache.zone_until > now) & (cache.delegation != self.registry.at_tld)))

    def stale_resolvers(self, now: float) -> int:
        """Resolvers that would at `now` answer from their cache something else than the authority says."""
        holds = self.resolvers.ready_until > now
        _, agree = self.authority.current(self.question)
        return int(np.count_nonzero(holds & ~agree[self.resolvers.ready]))
