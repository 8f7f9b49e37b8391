"""What happens to fetches: they ask a shield or the origin, are answered, kept and handed out; purges reach the PoPs.

An edge fetches from its provider's shield if there is one, a shield from the origin. An edge that its shield fails asks the
origin itself.
"""

from __future__ import annotations

import heapq
from collections import deque

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...core import Core, generator
from ...fabric import Fate
from ...nodes import Nodes
from .atlas import NO_POP, Atlas
from .counts import Counts
from .fetches import ANSWER, ASK, PURGE, Answer, Fetch, Fetches
from .origin import Origin, Purge, Scope
from .store import Store

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

KEPT = 32  # purges that are told of
Event = tuple[float, int, int, int]  # when, kind, number of the fetch or purge, PoP


class Fetching:
    """State and events. What leaves in a step is put down: `done` (t, slot), `failed` (t, slot, cause, event), `asks` (t, fetch).

    journal: None, or what happened in the last step, for the checker: (t, PoP, object, made, version, until or nan).
    """

    def __init__(self, core: Core, atlas: Atlas, nodes: Nodes, origin: Origin, counts: Counts) -> None:
        config = core.config.cdn
        self.core, self.atlas, self.nodes, self.origin, self.counts = core, atlas, nodes, origin, counts
        self.ttl, self.age, self.versioned = config.ttl, config.age, config.versioned
        self.service_s = config.service_us / 1e6
        self.store = Store(len(atlas.names), origin.objects, config.capacity)
        self.fetches = Fetches()
        self.heap: list[Event] = []
        self.purges: dict[int, tuple[float, Scope, int]] = {}  # number -> (issued, scope, PoPs that it has yet to reach)
        self.rng = generator(core.seed, "cdn errors")
        self.drift: dict[int, float] = {}  # effect of faults: provider -> another TTL
        self.done: list[tuple[F8, I8]] = []
        self.one: list[tuple[float, int]] = []
        self.failed: list[tuple[float, int, int, int]] = []
        self.asks: list[tuple[float, int]] = []
        self.released: list[int] = []  # rows that a PoP waits for no longer
        self.purged = 0  # purges so far
        self.recent: deque[Purge] = deque(maxlen=KEPT)
        self.journal: list[tuple[F8, I8, I8, F8, I8, F8]] | None = None

    # ---- fetches

    def seek(self, fetch: Fetch, t: float) -> None:
        """A fetch sets out from its PoP: to the shield, or to the origin."""
        shield = int(self.atlas.shield[self.atlas.provider[fetch.pop]])
        if shield in (NO_POP, fetch.pop) or not self.nodes.member[shield]:
            self.asks.append((t, fetch.number))
            return
        base = float(self.atlas.pop_way[fetch.pop, shield])
        hop = self.core.fabric.way("pop", fetch.pop, "pop", shield, np.array([base]))
        fate = Fate.PASS if hop.fate is None else hop.fate[0]
        if fate == Fate.PASS and self.nodes.speed[shield] > 0.0:
            self.counts.add("ask_shield")
            heapq.heappush(self.heap, (t + float(hop.delay[0]), ASK, fetch.number, shield))
        else:  # refused, or nothing heard for as long as the packet would be sent again: the edge asks the origin itself
            self.counts.add("bypassed")
            self.asks.append((t + (2.0 * base if fate == Fate.REFUSED else 1.0), fetch.number))

    def event(self, event: Event) -> None:
        t, kind, number, pop = event
        if kind == PURGE:
            self._purge(t, number, pop)
            return
        fetch = self.fetches.all.get(number)
        if fetch is None:
            return
        if kind == ANSWER:
            self._answer(t, fetch, self.fetches.answers[number])
        elif kind == ASK:
            self._at_shield(t, fetch, pop)
        elif number not in self.fetches.answers:
            self.released.append(fetch.row)
            self._answer(t, fetch, Answer(0.0, 0, Cause.TIMEOUT, self.core.log.latest_disturbance))

    def _at_shield(self, t: float, child: Fetch, shield: int) -> None:
        """An edge's fetch reaches its shield."""
        nodes, counts = self.nodes, self.counts
        if not nodes.up[shield] or nodes.speed[shield] <= 0.0:
            counts.add("bypassed")
            self.asks.append((t + float(self.atlas.pop_way[shield, child.pop]), child.number))
            return
        if nodes.error_rate[shield] and self.rng.random() < nodes.error_rate[shield]:
            self.back(t, shield, child.number, Answer(0.0, 0, Cause.EDGE, int(nodes.event[shield])))
            return
        counts.add("shield_look_ups")
        store = self.store
        entry = int(store.place[shield, child.obj])
        fresh = entry >= 0 and store.until[entry] > t and (child.want < 0 or store.version[entry] == child.want)
        if fresh:
            counts.add("shield_hits")
            store.used[entry] = t
            found = Answer(float(store.made[entry]), int(store.version[entry]))
            self.back(t + self.service_s / float(nodes.speed[shield]), shield, child.number, found)
            return
        fetch = self.fetches.find(shield, child.obj, child.want)
        if fetch is None:
            fetch = self.fetches.begin(shield, child.obj, child.want, t)
            self.asks.append((t, fetch.number))
        else:
            counts.add("shield_joined")
        fetch.children.append(child.number)

    def back(self, t: float, shield: int, child: int, answer: Answer) -> None:
        """A shield's answer to an edge sets out at t; if the way is cut, the edge asks the origin when it has waited in vain."""
        fetch = self.fetches.all.get(child)
        if fetch is None or child in self.fetches.answers:
            return
        way = np.array([self.atlas.pop_way[shield, fetch.pop]])
        hop = self.core.fabric.way("pop", shield, "pop", fetch.pop, way, back=True)
        if hop.fate is not None and hop.fate[0] != Fate.PASS:
            self.counts.add("bypassed")
            self.asks.append((t + 1.0, child))
            return
        self.fetches.answers[child] = answer
        heapq.heappush(self.heap, (t + float(hop.delay[0]), ANSWER, child, fetch.pop))

    def _answer(self, t: float, fetch: Fetch, answer: Answer) -> None:
        """What a PoP asked for is there, or will not come: keep it, and tell all who wait."""
        self.fetches.end(fetch)
        well = answer.cause == Cause.NONE
        self.counts.add("filled" if well else "fetch_failed")
        pop, obj = fetch.pop, fetch.obj
        if well and not fetch.doomed:
            life = self.ttl_of(int(self.atlas.provider[pop]))
            until = (answer.made if self.age else t) + life
            self.store.put(pop, obj, t, answer.made, until, answer.version)
            made, version = np.array([answer.made]), np.array([answer.version], dtype=np.int32)
            self.note(np.array([t]), np.array([pop]), np.array([obj]), made, version, np.array([until]))
        for child in fetch.children:
            self.back(t, pop, child, answer)
        if fetch.waiting:
            self._tell(t, fetch, answer, well)

    def _tell(self, t: float, fetch: Fetch, answer: Answer, well: bool) -> None:
        """Those who waited at the PoP get what came."""
        flights, tracer = self.core.flights, self.core.tracer
        for came, slot in fetch.waiting:
            flights.wait[slot] += t - came
            if flights.sampled[slot]:
                p = fetch.pop
                note = ("filled" if came == fetch.asked else "waited for a fill") if well else "fetch failed"
                where = self.nodes.names[p], self.nodes.addresses[p]
                tracer.span(slot, "pop", where[0], address=where[1], came=came, wait=t - came, note=note)
            if well:
                self.one.append((t, slot))
            else:
                self.failed.append((t, slot, answer.cause, answer.event))
        if well:
            n = len(fetch.waiting)
            slots = np.array([slot for _, slot in fetch.waiting], dtype=np.int64)
            self.served(np.full(n, t), slots, np.full(n, fetch.obj), np.full(n, answer.version, dtype=np.int32))

    def ttl_of(self, provider: int) -> float:
        """How long this provider keeps an object, s."""
        return self.drift.get(provider, self.ttl)

    def waiting(self) -> I8:
        """Slots of users who wait for a fetch."""
        return np.array([slot for fetch in self.fetches.all.values() for _, slot in fetch.waiting], dtype=np.int64)

    # ---- purges

    def send_purge(self, scope: Scope, now: float, at: F8, arrives: NDArray[np.bool_]) -> None:
        """A purge is on its way to all PoPs, and reaches those that it does at `at` (p,)."""
        number = self.purged
        self.purged += 1
        self.recent.append(Purge(number, now, scope, bool(arrives.all())))
        if arrives.any():
            self.purges[number] = (now, scope, int(np.count_nonzero(arrives)))
        for p in np.flatnonzero(arrives).tolist():
            heapq.heappush(self.heap, (float(at[p]), PURGE, number, p))

    def _purge(self, t: float, number: int, pop: int) -> None:
        """A purge reaches a PoP: what it names is gone there, and what is under way will not be kept."""
        issued, scope, left = self.purges[number]
        self.purges[number] = (issued, scope, left - 1)
        if left <= 1:
            del self.purges[number]
        if self.nodes.up[pop]:
            self.forget(pop, scope)
        self.note(np.array([t]), np.array([pop]), np.array([-1 - number]), np.array([issued]), np.zeros(1, np.int32), np.zeros(1))

    def forget(self, pop: int, scope: Scope) -> int:
        """Everything of a scope at a PoP is gone; how many entries that were."""
        held = self.store.held(pop)
        gone = held[scope.which(self.store.obj[held], self.origin.tags)]
        for fetch in [f for f in self.fetches.all.values() if f.pop == pop and scope.has(f.obj, self.origin.tags)]:
            fetch.doomed = True
            self.fetches.shut(fetch)
        dropped = self.store.drop(pop, gone)
        self.counts.add("purged", dropped)
        return dropped

    def served(self, t: F8, slots: I8, obj: I8, version: NDArray[np.int32]) -> None:
        """Note the versions that users get, and how far behind the origin they are."""
        self.core.flights.version[slots] = version
        old = (version < self.origin.version[obj]).nonzero()[0]
        if old.size:
            self.counts.add("stale", old.size)
            behind = [float(t[i]) - self.origin.replaced(int(obj[i]), int(version[i])) for i in old.tolist()]
            self.counts.longest_stale = max(self.counts.longest_stale, *behind)

    def note(self, t: F8, pop: I8, obj: I8, made: F8, version: NDArray[np.int32], until: F8) -> None:
        """For the checker."""
        if self.journal is not None:
            self.journal.append((t, pop, obj, made, version.astype(np.int64), until))
