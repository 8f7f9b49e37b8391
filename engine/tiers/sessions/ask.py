"""Sessions in the database: a query of its own before the request's, on the shard of its user, and one more for a new session.

A query is a row of its own that no client waits for: it takes a database worker's time, waits in the same queues and fails as
any other. Its answer comes back while the database is stepped, so the request that waits for it goes on from there: what it
then asks of the caches may be a step late (the look-ahead rule), and is counted so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...causes import Outcome
from ...core import Core, generator
from ...draws import demands
from ...flights import CLIENT, SERVER
from ...replies import ORPHAN, Replies
from ..cache.mail import LOOK_UP, UNDELIVERED
from .book import DATABASE, FOUND
from .nodes import SessionsNodes
from .way import F8, I8, WITHOUT

NOBODY = -1


class SessionsAsk(SessionsNodes):
    """By slot: asker of a query (-1: the row is none); query that a request waits for, and its id; is it the second, a write."""

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core, replies)
        self.rng_query = generator(core.seed, "session queries")
        self.asker: I8 = np.zeros(0, dtype=np.int64)
        self.waits_for: I8 = np.zeros(0, dtype=np.int64)
        self.query_id: I8 = np.zeros(0, dtype=np.int64)
        self.writing: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)

    def query(self, t: F8, slots: I8, *, write: bool = False) -> None:
        """Sessions of these requests are read (or, new ones, written) in the database: queries leave at t (n,)."""
        core, flights = self.core, self.core.flights
        config = core.config.database
        rows = flights.take(slots.size)
        flights.close(rows, CLIENT)
        self._grow_asking()
        for column in ("user", "route", "source", "city", "web"):
            values = getattr(flights, column)
            values[rows] = values[slots]
        flights.key[rows] = flights.user[slots] % core.config.traffic.keys
        flights.born[rows] = flights.sent[rows] = t
        flights.deadline[rows] = np.inf
        flights.db_work[rows] = demands(self.rng_query, config.write if write else config.read, slots.size)
        self.asker[rows] = slots
        self.waits_for[slots], self.query_id[slots], self.writing[slots] = rows, flights.id[rows], write
        self.counts.queries += slots.size
        self.replies.asides = self
        self.database.arrive(t, rows)

    def _grow_asking(self) -> None:
        more = self.core.flights.capacity - self.asker.size
        if more > 0:
            nobody = np.full(more, NOBODY, dtype=np.int64)
            self.asker, self.waits_for = np.concatenate([self.asker, nobody]), np.concatenate([self.waits_for, nobody])
            self.query_id = np.concatenate([self.query_id, nobody])
            self.writing = np.concatenate([self.writing, np.zeros(more, dtype=np.bool_)])

    def mine(self, slots: I8) -> NDArray[np.bool_]:
        """Which of these rows are queries for sessions."""
        mine: NDArray[np.bool_] = (slots < self.asker.size) & (self.asker[np.minimum(slots, self.asker.size - 1)] != NOBODY)
        return mine

    def answered(self, t: F8, slots: I8, node: I8) -> tuple[F8, I8, I8]:
        """Answers leave database nodes at t (n,): those to requests are returned, those about sessions go their way."""
        mine = self.mine(slots)
        if mine.any():
            rows = slots[mine]
            self._hear(self.replies.heard(t[mine], rows, node[mine], self.database.due[rows]), rows)
        return t[~mine], slots[~mine], node[~mine]

    def at_web(self, t: F8, slots: I8) -> tuple[F8, I8]:
        """Failures of the database are known at web servers at t (n,): those of requests are returned."""
        mine = self.mine(slots)
        if mine.any():
            self._hear(t[mine], slots[mine])
        return t[~mine], slots[~mine]

    def _hear(self, t: F8, rows: I8) -> None:
        """Web servers have the word on their queries at t (n,)."""
        flights = self.core.flights
        order = np.lexsort((flights.id[rows], t))
        t, rows = t[order], rows[order]
        slots, good = self.asker[rows], flights.outcome[rows] == Outcome.IN_FLIGHT
        for name in ("wire", "wait", "service"):
            column = getattr(flights, name)
            column[slots] += column[rows]
        flights.close(rows, SERVER)
        self.asker[rows] = NOBODY
        self.waits_for[slots] = NOBODY
        alive = (flights.flags[slots] & ORPHAN) == 0
        if not alive.all():
            self.core.ledger.wasted.add_one(0, int(np.count_nonzero(~alive)))
            flights.close(slots[~alive], SERVER)
            t, slots, good = t[alive], slots[alive], good[alive]
        wrote = self.writing[slots]
        self._go_on(t[wrote], slots[wrote], self.verdict[slots[wrote]])
        self.verdict[slots[~wrote & ~good]] = WITHOUT
        out = ~wrote & ~good
        self._go_on(t[out], slots[out], self.verdict[slots[out]])
        read = ~wrote & good
        if read.any():
            self._read(t[read], slots[read])

    def _read(self, t: F8, slots: I8) -> None:
        """Their rows were read: who has none in the database gets one, which is written first."""
        self.asked[slots] = True
        verdict = self._decide(t, slots)
        self.verdict[slots] = verdict
        new = (verdict != FOUND) & (self.book.code == DATABASE)
        if new.any():
            self.query(t[new], slots[new], write=True)
        self._go_on(t[~new], slots[~new], verdict[~new])

    def web_died(self, web: int) -> None:
        """A web server's process is gone: so are queries that had not left it, and the requests that wait for them."""
        flights = self.core.flights
        slots = np.flatnonzero(self.waits_for != NOBODY)
        lost = slots[flights.id[self.waits_for[slots]] != self.query_id[slots]]
        if lost.size:
            self.asker[self.waits_for[lost]] = NOBODY
            self.waits_for[lost] = NOBODY
            self.core.ledger.wasted.add_one(0, lost.size)
            flights.close(lost, SERVER)
        self._memory_gone(web)

    def rows(self) -> list[tuple[str, I8]]:
        """Where the rows are of requests that wait for their sessions: (place, slots)."""
        asking = (self.mail.kind == LOOK_UP) | (self.mail.kind == UNDELIVERED)
        return [
            ("reading a session from disk", self.disks.everything()[1][0]),
            ("asking a session store", self.mail.slot[np.flatnonzero(asking)]),
            ("back from a session store", self.outward.everything()[1][0]),
            ("waiting for a session's query", np.flatnonzero(self.waits_for != NOBODY)),
        ]

    def _memory_gone(self, web: int) -> None:
        """Sessions that the server had are lost with it."""
        raise NotImplementedError
