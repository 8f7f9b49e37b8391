"""Look-ups one by one, in exact order of time: the part of the DNS tier that whole batches cannot decide, and the way out.

Here end up users that ask twice in a step or while their first query is under way, resolvers that have to walk, and
everything that a walk sets off. Whatever way a look-up was decided, it leaves through `_out`.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...core import Core
from ...flights import CLIENT, SERVER
from ...geo import City
from ...pending import Pending
from .asking import DnsStubs
from .authority import SERVFAIL
from .base import Failing
from .counts import AUTHORITY, BROWSER, HOSTS, OS, RESOLVER, WORDS
from .users import ASKING, FAILED, NO_NAME
from .walks import ASK, STUB_ANSWER, STUB_QUERY, STUB_TIMEOUT, TO_RESOLVER, TO_USER, Walk
from .walks import SERVER as AT_SERVER

FAILURES = {NO_NAME: "NXDOMAIN: no name", FAILED: "SERVFAIL: no answer"}

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class DnsEvents(DnsStubs):
    """The heap of events and what hangs on it."""

    def __init__(self, core: Core, replies: Failing, cities: tuple[City, ...]) -> None:
        super().__init__(core, replies, cities)
        self.homeward = Pending(core.dt, columns=4)  # answers under way to users: (t, slot, code, level, bits of until)
        self.done: list[tuple[F8, I8, I8, I8 | int]] = []  # ended look-ups of this step: t, slots, codes, levels (or one for all)
        self.one_t: list[float] = []  # the same, one by one, counted and wired already
        self.one_slot: list[int] = []
        self.one_code: list[int] = []
        self.one_level: list[int] = []
        self.by_level = [0] * len(WORDS)  # how many those are

    def _events(self, end: float) -> None:
        heap, walks = self.heap, self.walks
        while heap and heap[0][0] < end:
            t, kind, key, a, b, c, until = heapq.heappop(heap)
            if kind == ASK:
                self._ask_one(t, a)
            elif kind == TO_RESOLVER:
                if self.stubs.sick.item(b):
                    self._met(t, a, b)
                else:
                    self._at_resolver(t, a, b)
            elif kind == TO_USER:
                self._home_one(t, a, b, c, until)
            elif kind == AT_SERVER:
                walks.at_server(t, key)
            elif kind == STUB_QUERY:
                self._query_comes(t, key, a, b)
            elif kind == STUB_ANSWER:
                self._answered(t, key, a, b, c, until)
            elif kind == STUB_TIMEOUT:
                self._timed_out(t, key, a)
            else:
                over = walks.at_resolver(t, key)
                if over is not None:
                    self._walked(t, over)

    def _ask_one(self, t: float, slot: int) -> None:
        users, flights = self.users, self.core.flights
        user = flights.user.item(slot)
        code = users.answer.item(user)
        if users.browser_until.item(user) > t:
            self._one(t, slot, code, BROWSER)
        elif self.hosts >= 0 and self._has_line(user):
            self._one(t, slot, self.hosts + 1, HOSTS)
        elif code == ASKING:
            self.waiting.setdefault(user, []).append((t, slot))
            if user in self.stubs.asking:
                flights.event[slot] = self.stubs.asking[user].event
        elif users.os_until.item(user) > t:
            users.browser_until[user] = min(t + self.browser_cap, users.os_until.item(user))
            self._one(t, slot, code, OS)
        else:
            users.answer[user] = ASKING
            flights.sent[slot] = t
            cache, arrives = self.resolvers, t + self.to_resolver_s
            r = cache.of_one(flights.city.item(slot), user)
            if self.stubs.sick.item(r):
                self._ask_faulty(t, slot, r)
                return
            until = cache.ready_until.item(r)
            if until > arrives and arrives < self.core.end and r not in self.walks.open:
                # nothing can take from the resolver what it has: a walk begins only after its end, deeds at boundaries only
                self._send_home(arrives, slot, cache.ready.item(r), RESOLVER, until)
            else:
                heapq.heappush(self.heap, (arrives, TO_RESOLVER, flights.id.item(slot), slot, r, 0, 0.0))

    def _at_resolver(self, t: float, slot: int, r: int) -> None:
        cache = self.resolvers
        until = cache.ready_until.item(r)
        if until > t:
            self._send_home(t, slot, cache.ready.item(r), RESOLVER, until)
        elif r in self.walks.open:
            self.counts.coalesced.add_one(1)
            self.walks.open[r].waiters.append(slot)
        elif cache.fail_until.item(r) > t:
            self.core.flights.event[slot] = cache.fail_event[r]
            self._send_home(t, slot, SERVFAIL, RESOLVER, t)
        else:
            self.walks.begin(t, r).waiters.append(slot)

    def _walked(self, t: float, walk: Walk) -> None:
        """A walk is over: everybody who waits for it is answered."""
        if walk.answer == SERVFAIL:
            self.core.flights.event[walk.waiters] = walk.event
        for slot in walk.waiters:
            self._send_home(t, slot, walk.answer, walk.deepest, walk.until)

    def _send_home(self, t: float, slot: int, answer: int, level: int, until: float) -> None:
        """The resolver answers at t with the TTL that is left, until - t; the user counts it down from the arrival on."""
        if self.stubs.ill or self.stubs.asking:
            self._answer_leaves(t, slot, answer, level, until)
            return
        query = self.core.flights.id.item(slot)
        home = t + self.to_resolver_s
        heapq.heappush(self.heap, (home, TO_USER, query, slot, self._code(answer, query), level, home + (until - t)))

    def _home_one(self, t: float, slot: int, code: int, level: int, until: float) -> None:
        user = self.core.flights.user.item(slot)
        self.users.keep_one(user, t, code, until, self.browser_cap, self.os_cap)
        if user in self.waiting:
            self._told(t, user, slot, code, level)
        self._one(t, slot, code, level)

    def _told(self, t: float, user: int, leader: int, code: int, level: int) -> None:
        """Look-ups of a user that waited for an answer: those begun before it end with it, later ones begin anew."""
        flights = self.core.flights
        for asked, slot in self.waiting.pop(user):
            if asked <= t:
                self.counts.coalesced.add_one(0)
                flights.sent[slot] = asked
                flights.event[slot] = flights.event[leader]
                self._one(t, slot, code, level)
            else:
                heapq.heappush(self.heap, (asked, ASK, flights.id.item(slot), slot, 0, 0, 0.0))

    def _has_line(self, user: int) -> bool:
        """Whether a user's hosts file has a line for the name: the same share of users every time."""
        return (user * 2_654_435_761 & 0xFFFFFFFF) < self.hosts_share * 2.0**32

    def _one(self, t: float, slot: int, code: int, level: int) -> None:
        """A look-up ends."""
        self.by_level[level] += 1
        if level >= RESOLVER:
            flights = self.core.flights
            took = t - flights.sent.item(slot)
            flights.wire[slot] = flights.wire.item(slot) + took
            if level >= AUTHORITY:
                self.counts.cold_ms.append(took * 1e3)
            if not flights.sides.item(slot) & CLIENT or flights.deadline.item(slot) <= t:
                self._abandon(np.array([slot]))
                return
        self.one_t.append(t)
        self.one_slot.append(slot)
        self.one_code.append(code)
        self.one_level.append(level)

    def _abandon(self, slots: I8) -> None:
        """Resolved too late: a client that has given up connects nowhere."""
        self.counts.abandoned.add_one(0, slots.size)
        self.core.flights.close(slots, SERVER)

    # ---- out

    def _many(self, t: F8, slots: I8, code: I8, level: I8) -> None:
        """Look-ups that asked a resolver end: count the time that they took."""
        flights, counts = self.core.flights, self.counts
        counts.answered.add(level)
        took = t - flights.sent[slots]
        flights.wire[slots] += took
        cold = level >= AUTHORITY
        if cold.any():
            counts.cold_ms += (took[cold] * 1e3).tolist()
        gone = ((flights.sides[slots] & CLIENT) == 0) | (flights.deadline[slots] <= t)
        if gone.any():
            self._abandon(slots[gone])
            t, slots, code, level = t[~gone], slots[~gone], code[~gone], level[~gone]
        self.done.append((t, slots, code, level))

    def _end(self, t: F8, slots: I8, code: NDArray[np.int16] | I8, level: int) -> None:
        """Look-ups that took no time at all end."""
        if t.size:
            self.counts.answered.add_one(level, t.size)
            self.done.append((t, slots, code.astype(np.int64), level))

    def _out(self) -> None:
        """Pass on all look-ups that ended in this step."""
        if self.one_t:
            self.counts.answered.current += self.by_level
            self.by_level = [0] * len(WORDS)
            one = (np.array(self.one_slot), np.array(self.one_code), np.array(self.one_level))
            self.done.append((np.array(self.one_t), *one))
            self.one_t, self.one_slot, self.one_code, self.one_level = [], [], [], []
        done = self.done
        if len(done) == 1:
            t, slots, code, _ = done[0]
        else:
            t, slots, code = (np.concatenate([one[i] for one in done]) for i in range(3))
        good = code > 0
        failed = np.count_nonzero(good) < good.size
        if failed:
            self.core.tracer.adopt(self.core.flights, slots[~good], self.core.now)
        if self.core.tracer.open:
            self._trace(t, slots, code, done)
        self.done = []
        if failed:
            self._fail(t, slots, code)
            t, slots, code = t[good], slots[good], code[good]
        if slots.size:
            self.core.flights.address[slots] = code - 1
            self.balancer.arrive(t, slots)

    def _fail(self, t: F8, slots: I8, code: I8) -> None:
        flights = self.core.flights
        for value, cause, meter in (
            (NO_NAME, Cause.NXDOMAIN, self.counts.nxdomain),
            (FAILED, Cause.SERVFAIL, self.counts.servfail),
        ):
            which = code == value
            if which.any():
                rows = slots[which]
                meter.add_one(0, rows.size)
                self.replies.fail(rows, cause, flights.event[rows] if value == FAILED else self.authority.event)
                self.replies.at_client(t[which], rows)

    def _trace(self, t: F8, slots: I8, code: I8, done: list[tuple[F8, I8, I8, I8 | int]]) -> None:
        """Spans of those of the look-ups (n,) that are sampled. done: the same in parts."""
        flights = self.core.flights
        picked = self.core.tracer.pick(flights, slots)
        if not picked:
            return
        for i in picked:
            level = _level_at(i, done)
            slot, user = int(slots[i]), int(flights.user[slots[i]])
            came = float(flights.sent[slot]) if level >= RESOLVER else float(t[i])
            left = max(0.0, float(self.users.os_until[user]) - float(t[i]))
            self.core.tracer.span(
                slot, "dns", WORDS[level], came=came, wire=float(t[i]) - came,
                note=f"TTL left {left:.0f} s" if code[i] > 0 else FAILURES.get(int(code[i]), ""),
                address=self.addresses[code[i] - 1] if code[i] > 0 else "",
            )  # fmt: skip


def _level_at(place: int, done: list[tuple[F8, I8, I8, I8 | int]]) -> int:
    """The level that ended the look-up at a place of all these parts."""
    for t, _, _, level in done:
        if place < t.size:
            return level if isinstance(level, int) else level.item(place)
        place -= t.size
    raise IndexError(place)
