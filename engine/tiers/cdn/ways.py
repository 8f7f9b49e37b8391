"""The ways to the CDN and back: from clients to the PoP that serves them, from PoPs to the origin, and answers to clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...core import Core, generator
from ...fabric import CITY, Fate
from ...nodes import Nodes
from ...pending import Pending
from ...replies import Replies
from ..base import Tier
from ..dns.levels import NOWHERE
from .atlas import NO_POP, Atlas
from .counts import Counts
from .edge import Edge
from .origin import Origin
from .steering import Steering

if TYPE_CHECKING:
    from ...geo import City
    from ..balancer import Balancer
    from ..clients import Clients
    from ..dns import Dns
    from ..traffic import Traffic

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

FIRST_ADDRESS = "198.18.0.{}"  # benchmarking range (RFC 2544): no PoP of anybody


class CdnWays(Tier):
    """Wired by the world: `balancer`, `dns`, `clients`, `traffic`."""

    name = "cdn"

    def __init__(self, core: Core, replies: Replies, cities: tuple[City, ...]) -> None:
        super().__init__(core)
        config = core.config.cdn
        self.replies = replies
        self.cities = cities
        self.present = bool(config.providers)
        self.on = config.on and self.present
        self.fallback = config.fallback
        self.static = np.array([r.static for r in core.config.route])
        self.inbox = Pending(core.dt)  # look-ups on their way to a PoP: (t, slot)
        self.direct = Pending(core.dt)  # users who are about to ask the site itself: (t, slot)
        self.homeward = Pending(core.dt)  # answers of the origin on their way to a PoP: (t, slot)
        self.pop: NDArray[np.int16] = np.zeros(0, dtype=np.int16)  # by slot: the PoP that a user was led to
        self.rows = 0  # requests of PoPs to the origin that are not over
        self.nodes = Nodes("pop")
        self.atlas = Atlas(config, cities, tuple(z.region for z in core.config.network.zones))
        for p, name in enumerate(self.atlas.names):
            self.nodes.add(name, NOWHERE, FIRST_ADDRESS.format(p + 1), self.atlas.provider_names[self.atlas.provider[p]])
        self.counts = Counts(len(self.nodes), len(config.providers))
        self.origin = Origin(core.config.traffic.keys if self.present else 1, config.tags)
        self.edge = Edge(core, self.atlas, self.nodes, self.origin, self.counts)
        self.steering = Steering(
            tuple(p.weight for p in config.providers), core.config.dns.resolvers if self.present else 1, config.dns_ttl,
            generator(core.seed, "cdn steering"),
        )  # fmt: skip
        self.mode: str = config.steering
        self.known_up = np.ones(len(self.nodes), dtype=np.bool_)  # as at the last change
        self.known_speed: F8 = np.ones(len(self.nodes))
        self.calm = True  # all PoPs run and answer rightly
        self.purge_loss: F8 = np.zeros(len(self.nodes))  # effect of faults: chance that a purge does not reach a PoP
        if self.present:
            core.fabric.add_tier(self.nodes)
            core.fabric.add_points(self.atlas.zone_way)
            self.atlas.set_shield(config.shield)
            self.atlas.lead()
        self.balancer: Balancer
        self.dns: Dns
        self.clients: Clients
        self.traffic: Traffic

    # ---- from the clients

    def arrive(self, t: F8, slots: I8) -> None:
        """Packets leave the clients at t (n,); static objects are asked of the CDN, all else of the site."""
        if not self.on:
            self.balancer.arrive(t, slots)
            return
        static = self.static[self.core.flights.route[slots]]
        n = int(np.count_nonzero(static))
        if n < t.size:
            self.balancer.arrive(t[~static], slots[~static]) if n else self.balancer.arrive(t, slots)
        if not n:
            return
        t, slots = (t[static], slots[static]) if n < t.size else (t, slots)
        order = np.lexsort((self.core.flights.id[slots], t))
        self._lead(t[order], slots[order])

    def _lead(self, t: F8, slots: I8) -> None:
        """Users (n,) in order of time to the PoPs that serve them."""
        flights, atlas, counts = self.core.flights, self.atlas, self.counts
        if self.pop.size < flights.capacity:
            self.pop = np.concatenate([self.pop, np.full(flights.capacity - self.pop.size, NO_POP, dtype=np.int16)])
        city = flights.city[slots].astype(np.int64)
        v = self._provider(t, slots, city)
        pop = atlas.best[v, city]
        counts.sent.add(v)
        if (pop < 0).any():
            none = pop < 0
            counts.add("unserved", int(np.count_nonzero(none)))
            self._fails(t[none], slots[none], Cause.EDGE, atlas.close_event[city[none]])
            t, slots, city, v, pop = t[~none], slots[~none], city[~none], v[~none], pop[~none]
        blocked = atlas.blocked[v, city]
        if blocked.any():
            counts.add("blocked", int(np.count_nonzero(blocked)))
            self._silence(t[blocked], slots[blocked], atlas.block_event[v[blocked], city[blocked]])
            t, slots, city, pop = t[~blocked], slots[~blocked], city[~blocked], pop[~blocked]
        base = atlas.city_way[city, pop]
        hop = self.core.fabric.way(CITY, city, "pop", pop, base)
        flights.wire[slots] += hop.delay
        t = t + hop.delay
        self.pop[slots] = pop
        if hop.fate is not None and hop.event is not None:
            for fate in (Fate.REFUSED, Fate.DROPPED):
                which = hop.fate == fate
                if which.any():
                    counts.add("refused" if fate == Fate.REFUSED else "lost", int(np.count_nonzero(which)))
                    event = hop.event[which].astype(np.int64)
                    if fate == Fate.REFUSED:
                        self._fails(t[which] + base[which], slots[which], Cause.REFUSED, event)
                    else:
                        self._silence(t[which], slots[which], event)
            well = hop.fate == Fate.PASS
            t, slots = t[well], slots[well]
        self.inbox.push(t, slots)

    def _provider(self, t: F8, slots: I8, city: I8) -> I8:
        """Providers (n,) of users (n,) in order of time."""
        if self.mode == "anycast":
            way = np.where(self.atlas.best >= 0, self.atlas.city_way.T[self.atlas.best, np.arange(len(self.cities))], np.inf)
            nearest: I8 = way.argmin(axis=0)[city]
            return nearest
        return self.steering.providers(t, self.dns.resolvers.of(city, self.core.flights.user[slots].astype(np.int64)))

    def _fails(self, t: F8, slots: I8, cause: Cause, event: I8) -> None:
        """Users hear at t (n,) that the CDN fails them: they ask the site itself, or their attempt has failed."""
        if self.fallback:
            self.direct.push(t, slots)
            return
        self.replies.fail(slots, cause, event)
        self.replies.at_client(t, slots)

    def _silence(self, t: F8, slots: I8, event: I8) -> None:
        """Users hear nothing of what they sent at t (n,), or shortly before."""
        if self.fallback:
            patience = self.core.config.cdn.fallback_after or self.clients.timeout / 2.0
            self.direct.push(t + patience, slots)
            return
        self.replies.lost(slots, event)

    # ---- back to the clients

    def _home(self) -> None:
        """What PoPs answered in this step goes to the clients."""
        edge = self.edge
        if edge.one:
            edge.done.append((np.array([t for t, _ in edge.one]), np.array([s for _, s in edge.one], dtype=np.int64)))
            edge.one = []
        for t, slots in edge.done:
            self._travel(t, slots)
        edge.done = []
        if edge.failed:
            t = np.array([f[0] for f in edge.failed])
            slots, cause, event = (np.array([f[i] for f in edge.failed], dtype=np.int64) for i in (1, 2, 3))
            edge.failed = []
            for one in [] if self.fallback else np.unique(cause).tolist():
                self.replies.fail(slots[cause == one], Cause(one), event[cause == one])
            self._travel(t, slots, well=False)

    def _travel(self, t: F8, slots: I8, well: bool = True) -> None:
        """From PoPs, at t (n,), to clients."""
        flights = self.core.flights
        pop, city = self.pop[slots].astype(np.int64), flights.city[slots].astype(np.int64)
        hop = self.core.fabric.way("pop", pop, CITY, city, self.atlas.city_way[city, pop], back=True)
        if hop.fate is not None and hop.event is not None and (gone := hop.fate != Fate.PASS).any():
            self.counts.add("lost", int(np.count_nonzero(gone)))
            self._silence(t[gone], slots[gone], hop.event[gone].astype(np.int64))
            t, slots, pop, delay = t[~gone], slots[~gone], pop[~gone], hop.delay[~gone]
        else:
            delay = hop.delay
        flights.wire[slots] += delay
        t = t + delay
        if not well and self.fallback:
            self.direct.push(t, slots)
            return
        if well:
            self.counts.latency.add((t - flights.sent[slots]) * 1e3, pop)
        self.replies.at_client(t, slots)
