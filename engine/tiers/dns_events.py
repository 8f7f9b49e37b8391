"""Look-ups one by one, in exact order of time: the part of the DNS tier that whole batches cannot decide, and the way out.

Here end up users that ask twice in a step or while their first query is under way, resolvers that have to walk, and
everything that a walk sets off. Whatever way a look-up was decided, it leaves through `_out`.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from ..causes import Cause
from ..core import Core
from ..flights import CLIENT, SERVER
from ..geo import City
from ..pending import Pending
from .dns_authority import SERVFAIL
from .dns_base import DnsBase, Failing
from .dns_counts import AUTHORITY, BROWSER, OS, RESOLVER, WORDS
from .dns_users import ASKING, FAILED, NO_NAME
from .dns_walks import ASK, REPLY, TO_RESOLVER, TO_USER, Walk
from .dns_walks import SERVER as AT_SERVER

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class DnsEvents(DnsBase):
    """The heap of events and what hangs on it."""

    def __init__(self, core: Core, replies: Failing, cities: tuple[City, ...], public: str) -> None:
        super().__init__(core, replies, cities, public)
        self.homeward = Pending(core.dt, columns=4)  # answers under way to users: (t, slot, code, level, bits of until)
        self.waiting: dict[int, list[tuple[float, int]]] = {}  # user -> (t, slot) of look-ups that wait for an earlier one's end
        self.done: list[tuple[F8, I8, I8, I8]] = []  # ended look-ups of this step: t, slots, codes, levels
        self.done_one: list[tuple[float, int, int, int]] = []  # the same, one by one
        self.away: list[tuple[float, int, int, int, float]] = []  # new rows for `homeward`

    def _events(self, end: float) -> None:
        heap, walks = self.heap, self.walks
        while heap and heap[0][0] < end:
            t, kind, key, a, b, c, until = heapq.heappop(heap)
            if kind == AT_SERVER:
                walks.at_server(t, key)
            elif kind == REPLY:
                over = walks.at_resolver(t, key)
                if over is not None:
                    self._walked(t, over)
            elif kind == TO_RESOLVER:
                self._at_resolver(t, a, b)
            elif kind == ASK:
                self._ask_one(t, a)
            else:
                self._home_one(t, a, b, c, until)
        if self.away:
            rows = np.array([(a[1], a[2], a[3]) for a in self.away], dtype=np.int64)
            bits = np.array([a[4] for a in self.away]).view(np.int64)
            self.homeward.push(np.array([a[0] for a in self.away]), rows[:, 0], rows[:, 1], rows[:, 2], bits)
            self.away = []

    def _ask_one(self, t: float, slot: int) -> None:
        users, flights = self.users, self.core.flights
        user = int(flights.user[slot])
        code = int(users.answer[user])
        if code == ASKING:
            self.waiting.setdefault(user, []).append((t, slot))
        elif users.browser_until[user] > t:
            self.done_one.append((t, slot, code, BROWSER))
        elif users.os_until[user] > t:
            users.browser_until[user] = min(t + self.browser_cap, float(users.os_until[user]))
            self.done_one.append((t, slot, code, OS))
        else:
            users.answer[user] = ASKING
            r = int(self.resolvers.of(flights.city[slot : slot + 1].astype(np.int64), np.array([user]))[0])
            heapq.heappush(self.heap, (t + self.to_resolver_s, TO_RESOLVER, int(flights.id[slot]), slot, r, 0, 0.0))

    def _at_resolver(self, t: float, slot: int, r: int) -> None:
        cache = self.resolvers
        if cache.ready_until[r] > t:
            self._send_home(t, slot, int(cache.ready[r]), RESOLVER, float(cache.ready_until[r]))
        elif r in self.walks.open:
            self.counts.coalesced.add_one(1)
            self.walks.open[r].waiters.append(slot)
        elif cache.fail_until[r] > t:
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
        query = int(self.core.flights.id[slot])
        code = self._code(answer, query)
        home = t + self.to_resolver_s
        if home < self.core.end:
            heapq.heappush(self.heap, (home, TO_USER, query, slot, code, level, home + (until - t)))
        else:
            self.away.append((home, slot, code, level, home + (until - t)))

    def _home_one(self, t: float, slot: int, code: int, level: int, until: float) -> None:
        user = self.core.flights.user[slot : slot + 1].astype(np.int64)
        self.users.keep(user, np.array([t]), np.array([code]), np.array([until]), self.browser_cap, self.os_cap)
        self.done_one.append((t, slot, code, level))
        if int(user[0]) in self.waiting:
            self._told(t, int(user[0]), slot, code, level)

    def _told(self, t: float, user: int, leader: int, code: int, level: int) -> None:
        """Look-ups of a user that waited for an answer: those begun before it end with it, later ones begin anew."""
        flights = self.core.flights
        for asked, slot in self.waiting.pop(user):
            if asked <= t:
                self.counts.coalesced.add_one(0)
                self.done_one.append((t, slot, code, level))
                flights.event[slot] = flights.event[leader]
            else:
                heapq.heappush(self.heap, (asked, ASK, int(flights.id[slot]), slot, 0, 0, 0.0))

    # ---- out

    def _out(self) -> None:
        """Pass on all look-ups that ended in this step."""
        flights, counts = self.core.flights, self.counts
        if self.done_one:
            rows = np.array([r[1:] for r in self.done_one], dtype=np.int64)
            self.done.append((np.array([r[0] for r in self.done_one]), rows[:, 0], rows[:, 1], rows[:, 2]))
            self.done_one = []
        if len(self.done) == 1:
            t, slots, code, level = self.done[0]
        else:
            t, slots, code, level = (np.concatenate(parts) for parts in zip(*self.done, strict=True))
        self.done = []
        counts.answered.add(level)
        slow = np.flatnonzero(level >= RESOLVER)
        if slow.size:
            kept = self._wired(t, slots, level, slow)
            if kept is not None:
                t, slots, code, level = t[kept], slots[kept], code[kept], level[kept]
        if self.core.tracer.open:
            self._trace(t, slots, code, level)
        good = code > 0
        if not good.all():
            self._fail(t, slots, code)
            t, slots, code = t[good], slots[good], code[good]
        if slots.size:
            flights.address[slots] = code - 1
            self.balancer.arrive(t, slots)

    def _wired(self, t: F8, slots: I8, level: I8, slow: I8) -> NDArray[np.bool_] | None:
        """Count the time of look-ups that took any; which rows go on, None = all: a client that gave up connects nowhere."""
        flights, counts = self.core.flights, self.counts
        rows, end = slots[slow], t[slow]
        took = end - flights.sent[rows]
        flights.wire[rows] += took
        cold = level[slow] >= AUTHORITY
        if cold.any():
            counts.cold.add(took[cold] * 1e3)
        gone = ((flights.sides[rows] & CLIENT) == 0) | (flights.deadline[rows] <= end)
        if not gone.any():
            return None
        counts.abandoned.add_one(0, int(np.count_nonzero(gone)))
        kept = np.ones(slots.size, dtype=np.bool_)
        kept[slow[gone]] = False
        flights.close(rows[gone], SERVER)
        return kept

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

    def _trace(self, t: F8, slots: I8, code: I8, level: I8) -> None:
        flights = self.core.flights
        for i in self.core.tracer.pick(flights, slots):
            slot, user = int(slots[i]), int(flights.user[slots[i]])
            came = float(flights.sent[slot]) if level[i] >= RESOLVER else float(t[i])
            left = max(0.0, float(self.users.os_until[user]) - float(t[i]))
            self.core.tracer.span(
                slot, "dns", WORDS[level[i]], came=came, wire=float(t[i]) - came, note=f"TTL left {left:.0f} s",
                address=self.addresses[code[i] - 1] if code[i] > 0 else "",
            )  # fmt: skip
