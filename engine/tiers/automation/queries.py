"""Between web servers and database: circuit breakers, and a bound of queries that a server has open (a bulkhead).

A query is open from its leaving until its web server has the answer or has given it up; with one that is lost on its way back
that is noticed within a second. What is decided here hangs on ends that other parts of the world tell: an end of this step that
is told after somebody was decided on, who should have known it, is late (look-ahead rule), and counted when it would have
mattered. Queries for sessions and
parts of joins are not guarded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...causes import Outcome
from ...core import Core
from ...flights import SERVER
from ...pending import Pending
from .breaker import NOBODY, Breaker, State
from .buckets import F8, I8
from .counts import Counts
from .verdicts import FULL, GO, OPEN


class QueryGuard:
    """holder, web, shard: by slot, id of the row whose query is open (-1 = none), and between whom. open: by web server.

    stuck: effect of a fault, by web server: its breakers let nobody through.
    """

    def __init__(self, core: Core, counts: Counts) -> None:
        part = core.config.automation
        self.core, self.counts = core, counts
        self.breaker: str = part.breaker
        self.breaker_failures = part.breaker_failures
        self.breaker_share = part.breaker_share
        self.breaker_sleep = part.breaker_sleep
        self.bulkhead = part.bulkhead
        self.stuck: set[int] = set()
        self.holder: I8 = np.zeros(0, dtype=np.int64)
        self.web: I8 = np.zeros(0, dtype=np.int64)
        self.shard: I8 = np.zeros(0, dtype=np.int64)
        self.ends = Pending(core.part_dt, columns=5)  # (t, id, web, shard, good, event)
        self.cells: dict[tuple[int, int], Breaker] = {}
        self.open: dict[int, int] = {}
        self.refused_at: dict[int, float] = {}  # by web server, when it last had no room (s)
        self.news: list[tuple[bool, int, int]] = []  # breakers that opened (or closed): web server, shard

    @property
    def on(self) -> bool:
        """Is there anything to guard?"""
        return self.breaker != "off" or self.bulkhead > 0

    def _grow(self) -> None:
        more = self.core.flights.capacity - self.holder.size
        if more > 0:
            self.holder = np.concatenate([self.holder, np.full(more, NOBODY, dtype=np.int64)])
            self.web = np.concatenate([self.web, np.zeros(more, dtype=np.int64)])
            self.shard = np.concatenate([self.shard, np.zeros(more, dtype=np.int64)])

    # ---- asking

    def ask(self, t: F8, slots: I8, shard: I8, until: float) -> tuple[I8, I8]:
        """Queries to shards (n,) leave their web servers at t (n,), sorted, all before `until`: verdicts and events to blame."""
        self._grow()
        flights = self.core.flights
        at, columns = self.ends.take_all(until)
        ends = list(zip(at.tolist(), *[column.tolist() for column in columns], strict=True))[::-1]
        verdicts, events = np.zeros(t.size, dtype=np.int64), np.zeros(t.size, dtype=np.int64)
        ids, webs = flights.id[slots], flights.web[slots].astype(np.int64)
        for i, (now, slot, row, w, s) in enumerate(
            zip(t.tolist(), slots.tolist(), ids.tolist(), webs.tolist(), shard.tolist(), strict=True)
        ):
            while ends and ends[-1][0] <= now:
                self._ended(*ends.pop())
            if self.holder[slot] == row:  # its second attempt at another node: the same query
                continue
            verdicts[i] = self._verdict(now, row, w, s)
            if verdicts[i] == GO:
                if self.holder[slot] != NOBODY:  # of a row that is gone, and nobody had noticed
                    self._ended(now, int(self.holder[slot]), int(self.web[slot]), int(self.shard[slot]), 0, 0)
                self.holder[slot], self.web[slot], self.shard[slot] = row, w, s
                self.open[w] = self.open.get(w, 0) + 1
            elif verdicts[i] == OPEN:
                events[i] = self.cells[w, s].event
        while ends:
            self._ended(*ends.pop())
        self._tell()
        return verdicts, events

    def _verdict(self, now: float, row: int, web: int, shard: int) -> int:
        if self.bulkhead and self.open.get(web, 0) >= self.bulkhead:
            self.refused_at[web] = now
            return FULL
        if self.breaker == "off":
            return GO
        cell = self.cells.setdefault((web, shard), Breaker())
        cell.asked = now
        if web in self.stuck:
            return OPEN
        if cell.state is State.OPEN and now >= cell.since + self.breaker_sleep:
            cell.move(State.HALF_OPEN, now)
            cell.probe = row
            return GO
        return GO if cell.state is State.CLOSED else OPEN

    # ---- ends

    def over(self, t: F8, slots: I8) -> None:
        """Answers, or the word that there is none, are at web servers at t (n,): open queries among them end."""
        flights = self.core.flights
        known = slots[slots < self.holder.size]
        if known.size < slots.size:
            t, slots = t[slots < self.holder.size], known
        mine = (self.holder[slots] == flights.id[slots]).nonzero()[0]
        if mine.size:
            good = flights.outcome[slots[mine]] == Outcome.IN_FLIGHT
            self._end(t[mine], slots[mine], good, flights.event[slots[mine]].astype(np.int64))

    def failed(self, t: F8, slots: I8, event: I8 | int) -> None:
        """Queries of these rows have failed at t (n,), whatever becomes of their requests."""
        known = (slots < self.holder.size).nonzero()[0]
        mine = known[self.holder[slots[known]] == self.core.flights.id[slots[known]]]
        if mine.size:
            events = np.array(np.broadcast_to(np.asarray(event, dtype=np.int64), slots.shape))[mine]
            self._end(t[mine], slots[mine], np.zeros(mine.size, dtype=np.bool_), events)

    def _end(self, t: F8, slots: I8, good: NDArray[np.bool_], event: I8) -> None:
        ids, self.holder[slots] = self.holder[slots], NOBODY
        self.ends.push(t, ids, self.web[slots], self.shard[slots], good.astype(np.int64), event)

    def _ended(self, t: float, row: int, web: int, shard: int, good: int, event: int) -> None:
        left = self.open.get(web, 0)
        if left:  # a server that died in between has none
            self.open[web] = left - 1
        if self.refused_at.get(web, -1.0) > t:
            self.core.ledger.late.add_one(0, 1)
        cell = self.cells.get((web, shard))
        if cell is None:
            return
        if cell.state is State.HALF_OPEN and row == cell.probe:
            cell.probe = NOBODY
            self._move(cell, State.CLOSED if good else State.OPEN, t, web, shard, event)
        elif cell.state is State.CLOSED:
            cell.count(t, good=bool(good))
            every, share = cell.share()
            enough = every >= self.core.config.automation.breaker_requests and share >= self.breaker_share
            if not good and (enough if self.breaker == "share" else cell.in_a_row >= self.breaker_failures):
                self._move(cell, State.OPEN, t, web, shard, event)

    def _move(self, cell: Breaker, to: State, t: float, web: int, shard: int, event: int) -> None:
        self.core.ledger.late.add_one(0, int(cell.asked > t))
        if cell.state is State.CLOSED or to is State.CLOSED:
            self.news.append((to is State.OPEN, web, shard))
            cell.event = event
        self.counts.add("opened" if to is State.OPEN else "closed")
        cell.move(to, max(t, cell.asked))

    def _tell(self) -> None:
        """The log hears of breakers that opened and closed, a line for all of them of one shard."""
        names, shards = self.core.fabric.tiers["web"].names, sorted({(opened, shard) for opened, _, shard in self.news})
        for opened, shard in shards:
            those = [web for was, web, which in self.news if (was, which) == (opened, shard)]
            which = ", ".join(names[web] for web in those[:3]) + ("…" if len(those) > 3 else "")
            cells = [self.cells[web, shard] for web in those if (web, shard) in self.cells]
            told = self.core.log.tell(
                self.core.start, "breaker", f"queries to s{shard + 1} {'cut off' if opened else 'go again'} at {which}",
                cause=max((cell.event for cell in cells), default=0), level="warn" if opened else "good", target=f"s{shard + 1}",
            )  # fmt: skip
            for cell in cells:
                cell.event = told
        self.news = []

    # ---- at boundaries

    def changed(self) -> None:
        """A setting has another value: breakers that are off are forgotten, and with the last guard whose queries are open."""
        if self.breaker == "off":
            self.cells = {}
        if not self.on:
            self.holder[:] = NOBODY
            self.ends, self.open, self.refused_at = Pending(self.core.part_dt, columns=5), {}, {}

    def web_died(self, web: int) -> None:
        """A web server's process is gone: so are its open queries and what its library knew."""
        self.holder[(self.holder != NOBODY) & (self.web == web)] = NOBODY
        _, columns = self.ends.everything()
        theirs = columns[0][columns[1] == web]
        if theirs.size:
            self.ends.pull(theirs)
        self.open.pop(web, None)
        self.refused_at.pop(web, None)
        for key in [key for key in self.cells if key[0] == web]:
            del self.cells[key]

    def sweep(self) -> None:
        """Once a second: queries that no answer will ever come to end now; who asks no more hears of ends all the same."""
        flights, held = self.core.flights, (self.holder != NOBODY).nonzero()[0]
        lost = held[(flights.id[held] != self.holder[held]) | ((flights.sides[held] & SERVER) == 0)]
        if lost.size:
            self._end(
                np.full(lost.size, self.core.now), lost, np.zeros(lost.size, dtype=np.bool_), np.zeros(lost.size, dtype=np.int64)
            )
        at, columns = self.ends.take_all(np.nextafter(self.core.now, np.inf))
        for end in zip(at.tolist(), *[column.tolist() for column in columns], strict=True):
            self._ended(*end)
        self._tell()
