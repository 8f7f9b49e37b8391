"""Look-ups that have met a faulty resolver, followed one by one: queries, answers and time-outs of the stubs that ask it.

See stubs.py for what a stub does. `DnsEvents` pops the events off the heap and knows the rest of a look-up's life.
"""

from __future__ import annotations

import heapq
from abc import abstractmethod

from ...core import Core
from ...geo import City
from .base import DnsBase, Failing
from .counts import RESOLVER
from .stubs import ATTEMPTS, TIMEOUT_S, Asking
from .users import FAILED
from .walks import STUB_ANSWER, STUB_QUERY, STUB_TIMEOUT, TO_USER


class DnsStubs(DnsBase):
    """The events of look-ups that are followed."""

    def __init__(self, core: Core, replies: Failing, cities: tuple[City, ...]) -> None:
        super().__init__(core, replies, cities)
        self.waiting: dict[int, list[tuple[float, int]]] = {}  # user -> (t, slot) of look-ups that wait for an earlier one's end

    @abstractmethod
    def _at_resolver(self, t: float, slot: int, r: int) -> None:
        """A query is with resolver r."""

    @abstractmethod
    def _home_one(self, t: float, slot: int, code: int, level: int, until: float) -> None:
        """An answer reaches its user."""

    # ---- the user's side

    def _follow(self, slot: int, r: int) -> Asking:
        """From now on this look-up's stub counts the seconds: it has to do with a faulty resolver."""
        flights, stubs = self.core.flights, self.stubs
        user, event = flights.user.item(slot), stubs.event.item(r)
        asking = stubs.asking[user] = Asking(slot, flights.id.item(slot), r, 1, event)
        flights.event[slot] = event  # until it is answered: clients give up before stubs do
        for _, other in self.waiting.get(user, ()):
            flights.event[other] = event
        return asking

    def _ask_faulty(self, t: float, slot: int, r: int) -> None:
        """A look-up of a user whose resolver is not well begins at t."""
        self._query(t, self.core.flights.user.item(slot), self._follow(slot, r))

    def _query(self, t: float, user: int, asking: Asking) -> None:
        arrives = t + self.to_resolver_s + self.stubs.extra_s.item(asking.resolver)
        heapq.heappush(self.heap, (arrives, STUB_QUERY, asking.query, user, asking.resolver, 0, 0.0))
        heapq.heappush(self.heap, (t + TIMEOUT_S, STUB_TIMEOUT, asking.query, user, 0, 0, 0.0))

    def _timed_out(self, t: float, query: int, user: int) -> None:
        """5 s after a query: ask again or give up, if no answer has come."""
        asking = self.stubs.followed(user, query)
        if asking is None:
            return
        self.counts.silent.add_one(0)
        if asking.attempt < ATTEMPTS:
            asking = self.stubs.asking[user] = asking._replace(attempt=asking.attempt + 1)
            self._query(t, user, asking)
            return
        self._over(user, asking)
        self.core.flights.event[asking.slot] = asking.event
        self._home_one(t, asking.slot, FAILED, RESOLVER, t)

    def _answered(self, t: float, query: int, user: int, code: int, level: int, until: float) -> None:
        """An answer reaches a stub, which may have had one before, or may have given up."""
        asking = self.stubs.followed(user, query)
        if asking is None:
            return
        self._over(user, asking)
        if code != FAILED:  # what may go wrong with it now is the resolver's doing only if it has cost a time-out
            self.core.flights.event[asking.slot] = asking.event if asking.attempt > 1 else 0
        self._home_one(t, asking.slot, code, level, until)

    def _over(self, user: int, asking: Asking) -> None:
        """The look-up ends: no walk is to answer it any more."""
        del self.stubs.asking[user]
        walk = self.walks.open.get(asking.resolver)
        if walk is not None and asking.slot in walk.waiters:
            walk.waiters = [slot for slot in walk.waiters if slot != asking.slot]

    # ---- the resolver's side

    def _met(self, t: float, slot: int, r: int) -> None:
        """A query that was sent when all was well reaches a resolver that is not (any more)."""
        asking, flights = self._follow(slot, r), self.core.flights
        user = flights.user.item(slot)
        heapq.heappush(self.heap, (self._patience(t, slot), STUB_TIMEOUT, asking.query, user, 0, 0, 0.0))
        self._query_comes(t, asking.query, user, r)

    def _query_comes(self, t: float, query: int, user: int, r: int) -> None:
        """A query of a stub that is followed reaches resolver r, if it does."""
        if self.stubs.ill and self.stubs.lost(r):
            return
        asking, cache = self.stubs.followed(user, query), self.resolvers
        if asking is not None:
            self._at_resolver(t, asking.slot, r)
        elif max(cache.ready_until.item(r), cache.fail_until.item(r)) <= t and r not in self.walks.open:
            self.walks.begin(t, r)  # nobody waits any more, which the resolver cannot know

    def _answer_leaves(self, t: float, slot: int, answer: int, level: int, until: float) -> None:
        """As `_send_home`, while resolvers are faulty or look-ups are followed."""
        flights, stubs = self.core.flights, self.stubs
        query, user = flights.id.item(slot), flights.user.item(slot)
        r = self.resolvers.of_one(flights.city.item(slot), user)
        asking = stubs.followed(user, query)
        if asking is None and stubs.sick.item(r):
            asking = self._follow(slot, r)
            heapq.heappush(self.heap, (self._patience(t, slot), STUB_TIMEOUT, query, user, 0, 0, 0.0))
        if stubs.ill and stubs.lost(r):
            return
        home = t + self.to_resolver_s + stubs.extra_s.item(r)
        kind, whose = (TO_USER, slot) if asking is None else (STUB_ANSWER, user)
        heapq.heappush(self.heap, (home, kind, query, whose, self._code(answer, query), level, home + (until - t)))

    def _patience(self, t: float, slot: int) -> float:
        """When the first query of a look-up that is followed from t on counts as unanswered."""
        return max(t, self.core.flights.sent.item(slot) + TIMEOUT_S)
