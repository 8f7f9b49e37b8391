"""The CDN: points of presence of one or several providers, between the name servers and the site, for static objects.

    atlas      where PoPs stand, whom they serve, how far all is
    ways       from clients to PoPs and back; origin_way: from PoPs to the origin
    edge       look-ups, and fetching: fetches, shields, purges, in exact order of time; fetches, store: what they are made of
    origin     versions of objects at the origin, and what deploys and purges name
    steering   which provider a resolver was told

A PoP has room for as many requests as come: serving one takes a fixed time. Requests to the origin are rows like any others,
whose client is the PoP: to the fabric it is a city beyond the last one, so all tiers behind work as ever.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...core import generator
from ...snapshot import Setting
from ...snapshot.cdn import Cdn as Reading
from ..base import OptionValue
from .origin import scope_of
from .origin_way import OriginWay
from .reading import inspect, reading
from .steering import weights_of

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

EDGE_OPTIONS = ("ttl", "age", "versioned")


class Cdn(OriginWay):
    """State, step, settings and what faults do; see the module's text."""

    def step(self) -> None:
        """Everything of this window at the PoPs; look-ups that miss go on to the origin in the same step."""
        if not self.present:
            return
        core, flights = self.core, self.core.flights
        self._take_home()
        t, slots = self.inbox.take(core.end, flights.id)
        pop = self.pop[slots].astype(np.int64)
        if t.size and not self.calm:
            t, slots, pop = self._troubled(t, slots, pop)
        self.edge.run(t, slots, pop, core.end)
        if self.edge.released:
            self._give_up(np.array(self.edge.released, dtype=np.int64))
            self.edge.released = []
        self._home()
        self._ask_origin()
        self._ask_directly()

    def _troubled(self, t: F8, slots: I8, pop: I8) -> tuple[F8, I8, I8]:
        """Look-ups at PoPs some of which are ill: those that are answered as if nothing was."""
        nodes = self.nodes
        dead = ~(nodes.up & nodes.member)[pop]
        if dead.any():
            self.counts.add("refused", int(np.count_nonzero(dead)))
            self._refused(t[dead], slots[dead], Cause.REFUSED, pop[dead])
            t, slots, pop = t[~dead], slots[~dead], pop[~dead]
        frozen = nodes.speed[pop] <= 0.0
        if frozen.any():
            self.counts.add("lost", int(np.count_nonzero(frozen)))
            self._silence(t[frozen], slots[frozen], nodes.event[pop[frozen]].astype(np.int64))
            t, slots, pop = t[~frozen], slots[~frozen], pop[~frozen]
        wrong = nodes.error_rate[pop] > 0.0
        if wrong.any():
            wrong[wrong] = self.edge.rng.random(int(np.count_nonzero(wrong))) < nodes.error_rate[pop[wrong]]
            self.counts.errors.add(pop[wrong])
            self._refused(t[wrong], slots[wrong], Cause.EDGE, pop[wrong])
            t, slots, pop = t[~wrong], slots[~wrong], pop[~wrong]
        return t, slots, pop

    def _refused(self, t: F8, slots: I8, cause: Cause, pop: I8) -> None:
        """PoPs answer users with a failure."""
        event = self.nodes.event[pop]
        self.edge.failed += [(a, s, int(cause), e) for a, s, e in zip(t.tolist(), slots.tolist(), event.tolist(), strict=True)]

    # ---- faults

    def reset_effects(self) -> None:
        """No fault acts on what the CDN keeps beside its nodes."""
        self.atlas.reset_effects()
        self.edge.drift = {}
        self.purge_loss[:] = 0.0

    def effects_changed(self) -> None:
        """PoPs that died or froze since the last change let go of what they held; users are led anew."""
        if not self.present:
            return
        nodes = self.nodes
        running = nodes.up & nodes.member
        for p in np.flatnonzero(self.known_up & ~running).tolist():
            self.die(p)
        for p in np.flatnonzero((self.known_speed > 0.0) & (nodes.speed <= 0.0) & running).tolist():
            self.fall_silent(p)
        for p in np.flatnonzero(~self.known_up & running).tolist():
            nodes.born[p] = self.core.now
        self.known_up, self.known_speed = running, nodes.speed.copy()
        self.calm = bool(running.all()) and bool((nodes.speed > 0.0).all()) and not nodes.error_rate.any()
        self.atlas.lead()

    # ---- deeds

    def deploy(self, text: str) -> int:
        """The origin has new versions of the objects of a scope; how many. ValueError for a scope that makes no sense."""
        self._must_be()
        return self.origin.deploy(scope_of(text, self.origin.objects, self.origin.tags), self.core.now)

    def purge(self, text: str) -> float:
        """Tell every PoP of every provider to forget a scope; seconds until the last is to have heard.

        Shields are told first, so that no edge asks one that does not know yet.
        """
        self._must_be()
        scope = scope_of(text, self.origin.objects, self.origin.tags)
        now, rng = self.core.now, generator(self.core.seed, f"cdn purge {self.core.step_no} {self.edge.purged}")
        mean = np.array([self.core.config.cdn.providers[v].purge_ms for v in self.atlas.provider]) / 1e3
        at = now + self.atlas.zone_way.min(axis=1) + mean * rng.standard_exponential(mean.size)
        shield = self.atlas.shield[self.atlas.provider]
        behind = (shield >= 0) & (shield != np.arange(mean.size))
        at[behind] = np.maximum(at[behind], at[shield[behind]] + self.atlas.pop_way[shield, np.arange(mean.size)][behind])
        lost = rng.random(mean.size) < self.purge_loss
        self.counts.add("purges_lost", int(np.count_nonzero(lost)))
        self.edge.send_purge(scope, now, at, ~lost)
        return float(at.max()) - now

    def _must_be(self) -> None:
        if not self.present:
            raise ValueError("the scenario has no CDN; give it a [cdn] with a provider")

    def flush(self, pop: int) -> None:
        """A PoP's cache is emptied; what it has asked for still comes, and is kept."""
        self.edge.store.drop(pop, self.edge.store.held(pop))

    def steer(self, weights: tuple[float, ...]) -> bool:
        """The zone serves other weights from now on; whether that is news."""
        if weights == tuple(self.steering.weights.tolist()):
            return False
        self.steering.weights = np.array(weights)
        return True

    def announce(self, pop: int, there: bool) -> bool:
        """A PoP's addresses are announced, or withdrawn: users are led to others; whether that is news."""
        if bool(self.atlas.announced[pop]) == there:
            return False
        self.atlas.announced[pop] = there
        self.atlas.lead()
        return True

    # ---- settings and readings

    def option(self, name: str) -> OptionValue:
        """cdn.on, ttl, age, versioned, steering, shield, fallback, dns_ttl, weights."""
        if name == "weights":
            return ", ".join(f"{weight:g}" for weight in self.steering.wanted.tolist()) or "-"
        if name == "steering":
            return self.mode
        if name == "shield":
            return next((self.atlas.places[p].name for p in self.atlas.shield.tolist() if p >= 0), "-")
        if name == "dns_ttl":
            return self.steering.ttl
        value: OptionValue = getattr(self.edge if name in EDGE_OPTIONS else self, name)
        return value

    def set_option(self, name: str, value: OptionValue) -> None:
        """Acts on what comes from now on. ValueError if there is no CDN, or the value makes no sense."""
        self._must_be()
        if name == "weights":
            self.steering.wanted = weights_of(str(value), len(self.atlas.provider_names))
            self.steering.weights = self.steering.wanted.copy()
        elif name == "steering":
            self.mode = str(value)
            self.steering.weights = self.steering.wanted.copy()
        elif name == "shield":
            self.atlas.set_shield("" if value == "-" else str(value))
        elif name == "dns_ttl":
            self.steering.ttl = float(value)
        else:
            setattr(self.edge if name in EDGE_OPTIONS else self, name, value)

    def asked(self) -> tuple[int, int]:
        """Of the last second: users who asked for static objects, and requests for such that reached the origin."""
        if not self.present:
            return 0, 0
        counts = self.counts
        kinds = ("unserved", "blocked", "refused", "lost")
        users = int(counts.look_ups.last.sum() + counts.errors.last.sum()) + sum(counts.last(kind) for kind in kinds)
        return users, counts.last("ask_origin") + counts.last("direct")

    def price(self) -> float:
        """Dollars an hour: what providers take, and what is paid by use at the rate of the last second."""
        if not self.on:
            return 0.0
        config, asked = self.core.config.cdn, int(self.counts.look_ups.last.sum())
        return config.price * len(config.providers) + asked * 3_600.0 / 1e4 * config.price_10k

    def second(self) -> None:
        """A virtual second ended."""
        if self.present:
            self.counts.roll()

    def reading(self) -> Reading | None:
        """Pane 9; None if there is no CDN."""
        return reading(self) if self.present else None

    def inspect(self, node: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
        """State and settings of one PoP."""
        return inspect(self, node)
