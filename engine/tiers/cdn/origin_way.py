"""The way from PoPs to the origin and back: fetches become rows of their own, whose client is the PoP."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause, Outcome
from ...flights import CLIENT, SERVER, Kind
from ..clients.ends import blame
from .fetches import ANSWER, LIMIT, Answer, Fetch
from .ways import CdnWays

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class OriginWay(CdnWays):
    """See the module's text."""

    def _ask_origin(self) -> None:
        """Fetches that set out for the origin: rows like a user's, which begin at the PoP."""
        asks = [(t, self.edge.fetches.all[n]) for t, n in self.edge.asks if n in self.edge.fetches.all]
        self.edge.asks = []
        if not asks:
            return
        asks.sort(key=lambda ask: (ask[0], ask[1].number))
        core, flights, edge = self.core, self.core.flights, self.edge
        n = len(asks)
        t = np.array([ask[0] for ask in asks])
        slots = flights.take(n)
        limit = t + core.config.cdn.origin_timeout
        pop = np.array([f.pop for _, f in asks])
        flights.user[slots] = pop % core.config.users.count
        flights.key[slots] = [f.obj for _, f in asks]
        flights.route[slots] = int(self.static.argmax())
        flights.city[slots] = len(self.cities) + pop
        flights.address[slots] = self._front_of(pop)
        flights.born[slots], flights.sent[slots], flights.deadline[slots] = t, t, limit
        self.traffic.draw_demands(slots, np.full(n, Kind.READ, dtype=np.uint8))
        for (_, fetch), slot, end in zip(asks, slots.tolist(), limit.tolist(), strict=True):
            fetch.row = slot
            edge.fetches.by_row[slot] = fetch.number
            heapq.heappush(edge.heap, (end, LIMIT, fetch.number, fetch.pop))
        self.rows += n
        self.counts.add("ask_origin", n)
        self.balancer.arrive(t, slots)

    def _front_of(self, pop: I8) -> I8:
        """Numbers of the addresses that these PoPs (n,) know the site by: the nearest of its front doors that DNS names."""
        authority, regions = self.dns.authority, self.core.regions
        named = authority.healthy(tuple(regions.addresses))
        zones = np.array([zone for zone, at in zip(regions.zone, regions.addresses, strict=True) if at in named], dtype=np.int64)
        nearest = self.atlas.zone_way[np.ix_(pop, zones)].argmin(axis=1)
        numbers: I8 = np.array([authority.address(address) for address in named], dtype=np.int64)[nearest]
        return numbers

    def take_answers(self, t: F8, slots: I8) -> tuple[F8, I8]:
        """Answers come out of the site at t (n,): those for PoPs are put by; the others are for clients."""
        ours = self.core.flights.city[slots] >= len(self.cities)
        if ours.any():
            self.homeward.push(t[ours], slots[ours])
            t, slots = t[~ours], slots[~ours]
        return t, slots

    def take_resets(self, t: F8, slots: I8, cause: Cause, event: int) -> tuple[F8, I8]:
        """Connections are reset at t (n,): those of PoPs fail their fetches; the rows may live on at some server."""
        ours = self.core.flights.city[slots] >= len(self.cities)
        for at, slot in zip(t[ours].tolist(), slots[ours].tolist(), strict=True):
            self._answered(max(at, self.core.now), slot, Answer(0.0, 0, cause, event))
        return t[~ours], slots[~ours]

    def _answered(self, t: float, slot: int, answer: Answer) -> None:
        """A row of ours ends: its PoP hears of it at t, if it still waits."""
        flights, edge = self.core.flights, self.edge
        number = edge.fetches.by_row.pop(slot, None)
        if flights.sides[slot] & CLIENT:
            self.rows -= 1
            flights.close(np.array([slot]), CLIENT)
        if number is None:
            return
        fetch = edge.fetches.all[number]
        fetch.row = -1
        edge.fetches.answers[number] = answer
        heapq.heappush(edge.heap, (t, ANSWER, number, fetch.pop))

    def _take_home(self) -> None:
        """Answers of the origin that reach their PoPs in this window."""
        core, flights = self.core, self.core.flights
        t, slots = self.homeward.take(core.end, flights.id)
        if not t.size:
            return
        t = core.not_before(core.start, t, slots)
        bad = slots[(flights.outcome[slots] != Outcome.IN_FLIGHT) & flights.waiting(slots)]
        if bad.size:
            blame(core, bad)
        for at, slot in zip(t.tolist(), slots.tolist(), strict=True):
            if not flights.sides[slot] & CLIENT:
                core.ledger.wasted.add_one(0, 1)  # the PoP has given up
            elif flights.outcome[slot] == Outcome.IN_FLIGHT:
                made = float(flights.web_out[slot])
                self._answered(at, slot, Answer(made, self.origin.version_at(int(flights.key[slot]), made)))
            else:
                self._answered(at, slot, Answer(0.0, 0, int(flights.cause[slot]), int(flights.event[slot])))
        flights.close(slots, SERVER)

    def _give_up(self, slots: I8) -> None:
        """PoPs wait no longer for these rows."""
        flights = self.core.flights
        held = slots[flights.waiting(slots)]
        self.rows -= held.size
        flights.close(held, CLIENT)

    def _ask_directly(self) -> None:
        """Users whom the CDN failed ask the site itself, those who still wait."""
        core, flights = self.core, self.core.flights
        t, slots = self.direct.take(core.end, flights.id)
        if not t.size:
            return
        t = core.not_before(core.start, t, slots)
        there = flights.waiting(slots) & (t < flights.deadline[slots])
        flights.close(slots[~there], SERVER)
        t, slots = t[there], slots[there]
        flights.wire[slots] = t - flights.sent[slots]
        flights.wait[slots] = flights.service[slots] = 0.0
        flights.version[slots] = 0
        self.counts.add("direct", slots.size)
        for i in core.tracer.pick(flights, slots):
            core.tracer.span(int(slots[i]), "client", "fallback", came=float(t[i]), note="the CDN failed: asks the site itself")
        self.balancer.arrive(t, slots)

    # ---- a PoP dies

    def die(self, pop: int) -> None:
        """Its memory is gone, users who waited there are reset, edges that waited there ask the origin themselves."""
        edge = self.edge
        for fetch in self._drop(pop):
            event = int(self.nodes.event[pop])
            edge.failed += [(self.core.now, slot, int(Cause.RESET), event) for _, slot in fetch.waiting]
        edge.store.drop(pop, edge.store.held(pop))

    def fall_silent(self, pop: int) -> None:
        """It is frozen: who waits there hears nothing."""
        for fetch in self._drop(pop):
            slots = np.array([slot for _, slot in fetch.waiting], dtype=np.int64)
            self._silence(np.full(slots.size, self.core.now), slots, np.full(slots.size, int(self.nodes.event[pop])))

    def _drop(self, pop: int) -> list[Fetch]:
        """Fetches of a PoP end with it; those of edges that waited for it go on by themselves."""
        edge = self.edge
        mine = [f for f in edge.fetches.all.values() if f.pop == pop]
        for fetch in mine:
            if fetch.row >= 0:
                self._give_up(np.array([fetch.row]))
            edge.fetches.end(fetch)
            self.counts.add("fetch_failed")
            edge.asks += [(self.core.now + float(self.atlas.pop_way[pop, edge.fetches.all[c].pop]), c) for c in fetch.children
                          if c in edge.fetches.all]  # fmt: skip
        return mine
