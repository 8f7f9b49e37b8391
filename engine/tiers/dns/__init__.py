"""The DNS tier: browser cache, system cache and hosts file, recursive resolver, and the walk to root, TLD and authority.

Most look-ups end in the user's own caches and are decided by gathers over the whole batch: an entry valid at the step's start
is not replaced before it ends, and users do not hang on each other. Queries travel to the user's resolver and back, so
they are decided there and then. What is left goes through a heap of events in exact order of time: users that ask twice
in a step, resolvers that have to walk. A look-up takes the time that its messages take; all of it is counted as `wire`.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from ...core import Core
from ...geo import City
from ...order import time_order
from ...pending import Pending
from ...snapshot import Setting
from ...snapshot import panes as readings
from . import show as dns_show
from .base import Failing
from .counts import BROWSER, HOSTS, OS, RESOLVER
from .events import DnsEvents
from .users import ASKING
from .walks import ASK, TO_RESOLVER

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
SOME = 1_000  # misses of a step up to which those who ask once are told apart first
FEW = 96  # misses of a step up to which one by one is faster than as arrays (measured)


class Dns(DnsEvents):
    """See the module's text. Wired by the world: `balancer`."""

    def __init__(self, core: Core, replies: Failing, cities: tuple[City, ...]) -> None:
        super().__init__(core, replies, cities)
        self.due: list[tuple[F8, I8]] = []  # look-ups that begin before the end of the step
        self.any_later = False
        self.later = Pending(core.dt)  # look-ups that begin afterwards: (t, slot)
        self.flying = False  # whether `outward` or `homeward` hold anything
        self.outward = Pending(core.dt)  # queries under way to a resolver that has the answer or not: (t, slot)

    # ---- in

    def ask(self, t: F8, slots: I8) -> None:
        """Attempts begin at the clients at t (n,)."""
        if not t.size:
            return
        later = t >= self.core.end
        if np.count_nonzero(later):
            self.later.push(t[later], slots[later])
            self.any_later = True
            t, slots = t[~later], slots[~later]
        if t.size:
            self.due.append((t, slots))

    def step(self) -> None:
        """Everything of this window."""
        if self.registry.pending:
            self._publish()
        self.registry.note()
        end = self.core.end
        if self.any_later:
            rows = self.later.take(end, self.core.flights.id)
            self.any_later = bool(len(self.later))
            if rows[0].size:
                self.due.append(rows)
        if self.due:
            t, slots = self.due[0] if len(self.due) == 1 else (
                np.concatenate([d[0] for d in self.due]), np.concatenate([d[1] for d in self.due])
            )  # fmt: skip
            self.due = []
            self._caches(t, slots)
        if self.flying:
            self._resolvers(end)
            self._homes(end)
            self.flying = bool(len(self.outward) or len(self.homeward))
        if self.heap and self.heap[0][0] < end:
            self._events(end)
        if self.done or self.one_t:
            self._out()
        self.counts.settle()

    # ---- whole batches

    def _caches(self, t: F8, slots: I8) -> None:
        """Browser and system caches of all who ask in this window."""
        users = self.users
        who = self.core.flights.user[slots]
        try:
            until = users.browser_until[who]
        except IndexError:
            users.room(int(who.max()) + 1)
            until = users.browser_until[who]
        hit = until > t
        if np.count_nonzero(hit) == t.size:
            self._end(t, slots, users.answer[who], BROWSER)
            return
        there = hit.nonzero()[0]
        if there.size:
            self._end(t[there], slots[there], users.answer[who[there]], BROWSER)
        miss = (~hit).nonzero()[0]
        who, t, rows = who[miss], t[miss], slots[miss]
        if self.stubs.ill or self.stubs.asking:
            self._ask_in_turn(t, rows)
            return
        if self.hosts < 0 and miss.size <= SOME:
            who, t, rows = self._who_ask_once(who, t, rows)
            # What else happens in this step has no part in what becomes of their questions (see `_told`).
            t, rows = self._systems(t, rows, who)
            if t.size <= FEW:
                for when, slot in zip(t.tolist(), rows.tolist(), strict=True):
                    self._ask_one(when, slot)
                return
        if t.size > FEW:
            order = time_order(t, self.core.flights.id[rows])
            self._missed(t[order], rows[order])
        else:
            self._ask_in_turn(t, rows)

    def _who_ask_once(self, who: NDArray[np.int32], t: F8, slots: I8) -> tuple[NDArray[np.int32], F8, I8]:
        """Look-ups of users who ask only once; those of the others wait for their turn in the heap."""
        ordered = np.sort(who)
        twice = ordered[1:][ordered[1:] == ordered[:-1]]
        if not twice.size:
            return who, t, slots
        again = twice[np.minimum(twice.searchsorted(who), twice.size - 1)] == who
        self._ask_in_turn(t[again], slots[again])
        return who[~again], t[~again], slots[~again]

    def _ask_in_turn(self, t: F8, slots: I8) -> None:
        """Look-ups to be decided one by one, in order of time with all else that happens."""
        for when, slot, number in zip(t.tolist(), slots.tolist(), self.core.flights.id[slots].tolist(), strict=True):
            heapq.heappush(self.heap, (when, ASK, number, slot, 0, 0, 0.0))

    def _systems(self, t: F8, slots: I8, who: NDArray[np.int32]) -> tuple[F8, I8]:
        """Look-ups of different users that their systems can answer end; returns the others."""
        users = self.users
        until = users.os_until[who]
        state = users.answer[who]
        known = (until > t) & (state != ASKING)
        kept = known.nonzero()[0]
        if not kept.size:
            return t, slots
        users.browser_until[who[kept]] = np.minimum(t[kept] + self.browser_cap, until[kept])
        self._end(t[kept], slots[kept], state[kept], OS)
        rest = (~known).nonzero()[0]
        return t[rest], slots[rest]

    def _missed(self, t: F8, slots: I8) -> None:
        """Look-ups that the browser could not answer by what it had at the step's start, in order of time."""
        flights, users = self.core.flights, self.users
        flights.sent[slots] = t
        who = flights.user[slots].astype(np.int64)
        if self.hosts >= 0:
            t, slots, who = self._hosts(t, slots, who)
        alone = self._alone(who)
        state = users.answer[who]
        busy = state == ASKING
        if busy.any() or not alone.all():
            for i in busy.nonzero()[0].tolist():
                self.waiting.setdefault(int(who[i]), []).append((float(t[i]), int(slots[i])))
            for i in (~alone & ~busy).nonzero()[0].tolist():
                heapq.heappush(self.heap, (float(t[i]), ASK, int(flights.id[slots[i]]), int(slots[i]), 0, 0, 0.0))
            fast = alone & ~busy
            t, slots, who, state = t[fast], slots[fast], who[fast], state[fast]
        kept = (users.os_until[who] > t).nonzero()[0]
        if kept.size:
            users.browser_until[who[kept]] = np.minimum(t[kept] + self.browser_cap, users.os_until[who[kept]])
            self._end(t[kept], slots[kept], state[kept], OS)
        query = (users.os_until[who] <= t).nonzero()[0]
        if query.size:
            users.answer[who[query]] = ASKING
            self.outward.push(t[query] + self.to_resolver_s, slots[query])
            self.flying = True

    def _resolvers(self, end: float) -> None:
        """Queries that reach their resolvers: from the cache at once, or into the heap."""
        flights, cache = self.core.flights, self.resolvers
        t, slots = self.outward.take(end, flights.id)
        if not t.size:
            return
        r = cache.of(flights.city[slots].astype(np.int64), flights.user[slots].astype(np.int64))
        until = cache.ready_until[r]
        hit = until > t
        if self.stubs.ill:
            hit &= ~self.stubs.sick[r]
        if hit.any():
            ids = flights.id[slots[hit]]
            home = t[hit] + self.to_resolver_s
            self.homeward.push(
                home, slots[hit], self.codes(cache.ready[r[hit]], ids), np.full(home.size, RESOLVER, dtype=np.int64),
                (home + (until[hit] - t[hit])).view(np.int64),
            )  # fmt: skip
        for i in (~hit).nonzero()[0].tolist():
            heapq.heappush(self.heap, (float(t[i]), TO_RESOLVER, int(flights.id[slots[i]]), int(slots[i]), int(r[i]), 0, 0.0))

    def _homes(self, end: float) -> None:
        """Answers that reach their users."""
        t, (slots, code, level, bits) = self.homeward.take_all(end, self.core.flights.id)
        if not t.size:
            return
        who = self.core.flights.user[slots].astype(np.int64)
        until = bits.view(np.float64)
        self.users.keep(who, t, code, until, self.browser_cap, self.os_cap)
        if self.waiting:
            for i, user in enumerate(who.tolist()):
                if user in self.waiting:
                    self._told(float(t[i]), user, int(slots[i]), int(code[i]), int(level[i]))
        self._many(t, slots, code, level)

    # ---- smaller matters of a batch

    def _hosts(self, t: F8, slots: I8, who: I8) -> tuple[F8, I8, I8]:
        """End the look-ups of users whose hosts file has the name."""
        if self.hosts_share >= 1.0:
            has = np.ones(who.size, dtype=np.bool_)
        else:
            has = (who * 2_654_435_761 & 0xFFFFFFFF) < self.hosts_share * 2.0**32
        self._end(t[has], slots[has], np.full(int(np.count_nonzero(has)), self.hosts + 1), HOSTS)
        return t[~has], slots[~has], who[~has]

    @staticmethod
    def _alone(who: I8) -> NDArray[np.bool_]:
        """Which users occur only once, (n,) bool."""
        order = np.argsort(who, kind="stable")
        same = who[order[1:]] == who[order[:-1]]
        alone = np.ones(who.size, dtype=np.bool_)
        alone[order[1:][same]] = False
        alone[order[:-1][same]] = False
        return alone

    # ---- shown

    def second(self) -> None:
        """A virtual second ended."""
        self.counts.roll(self.stale_resolvers(self.core.end), self.old_delegations(self.core.end))

    def reading(self) -> readings.Dns:
        """Pane 2."""
        return dns_show.reading(self)

    def record(self) -> dict[str, object]:
        """Every counter, for the JSON record."""
        return dns_show.record(self)

    def inspect(self, node: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
        """State and settings of a level's server."""
        return dns_show.inspect(self, node)
