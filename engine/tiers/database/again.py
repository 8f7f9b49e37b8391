"""The library in the web servers that asks again when a query fails: off unless it is set, as drivers leave it to their users.

Every attempt is a query like the first one: it is sent, queued, served, paid for. A read may always be asked again; a write only
if it is known that it was not done. Where every layer does so they multiply (Google SRE book, ch. 22: three layers with three
retries each send a database 64 queries for one request).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...causes import Cause
from ...core import Core
from ...flights import SERVER
from ...replies import ORPHAN, Replies
from ..automation.verdicts import FULL, GO, OPEN
from .nodes import F8, I8
from .path import READ, DatabasePath

if TYPE_CHECKING:
    from ..automation.queries import QueryGuard

# a write that failed so is not done
NOT_DONE = (
    Cause.REFUSED, Cause.UNREACHABLE, Cause.QUEUE_FULL, Cause.SERVER_ERROR, Cause.FENCED, Cause.WRITE_CONFLICT,
)  # fmt: skip


class DatabaseAgain(DatabasePath):
    """`again`, `asker`: by slot, how often its query was asked again, and the id of the row that this is said of."""

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core, replies)
        self.retries = core.config.database.retries
        self.retry_backoff = core.config.database.retry_backoff
        self.again = np.zeros(0, dtype=np.int64)
        self.asker: I8 = np.zeros(0, dtype=np.int64)
        self.repeated = 0  # queries asked again
        self.guard: QueryGuard | None = None  # who may keep queries in their web servers

    def arrive(self, t: F8, slots: I8) -> None:
        """As `DatabasePath.arrive`: a new query of the application, even if its request has had one at another server."""
        if self.retries and self.asker.size:
            self.asker[slots[slots < self.asker.size]] = -1
        super().arrive(t, slots)

    def web_died(self, web: int) -> None:
        """A web server's process is gone: queries that have not left it are never sent."""
        flights = self.core.flights
        if self.guard is not None and self.guard.on:
            self.guard.web_died(web)
        _, (slots,) = self.outbox.everything()
        rows = slots[flights.web[slots] == web]
        if rows.size:
            self.outbox.pull(rows)
            self.core.ledger.wasted.add_one(0, rows.size)
            flights.close(np.sort(rows), SERVER)

    def _give_up(self, t: F8, slots: I8, cause: Cause, event: I8) -> None:
        """Failures of one cause at the web servers at t (n,): those that may are asked again after their back-off."""
        if self.guard is not None and self.guard.on:
            self.guard.failed(t, slots, event)
        if self.retries:
            t, slots, event = self._once_more(t, slots, cause, event)
        if slots.size:
            super()._give_up(t, slots, cause, event)

    def _route(self, t: F8, slots: I8) -> None:
        """As `DatabasePath._route`, of those queries that no guard of their web servers keeps back."""
        if self.guard is not None and self.guard.on:
            t, slots = self._guarded(self.guard, t, slots)
            if not slots.size:
                return
        super()._route(t, slots)

    def _guarded(self, guard: QueryGuard, t: F8, slots: I8) -> tuple[F8, I8]:
        """Those that may go; the others fail at once, and nothing asks for them again."""
        ours = np.isfinite(self.core.flights.deadline[slots]).nonzero()[0]  # the others are no requests, but parts of such
        shard = self.places.owner[self.core.flights.key[slots[ours]]].astype(np.int64)
        verdict = np.zeros(slots.size, dtype=np.int64)
        event = np.zeros(slots.size, dtype=np.int64)
        verdict[ours], event[ours] = guard.ask(t[ours], slots[ours], shard, self.until.leave)
        for what, cause, name in ((OPEN, Cause.CIRCUIT_OPEN, "circuit_open"), (FULL, Cause.BULKHEAD, "bulkhead")):
            kept = verdict == what
            if kept.any():
                guard.counts.add(name, int(np.count_nonzero(kept)))
                super()._give_up(t[kept], slots[kept], cause, event[kept])
        return t[verdict == GO], slots[verdict == GO]

    def _once_more(self, t: F8, slots: I8, cause: Cause, event: I8) -> tuple[F8, I8, I8]:
        flights = self.core.flights
        more = flights.capacity - self.again.size
        if more > 0:
            self.again = np.concatenate([self.again, np.zeros(more, dtype=np.int64)])
            self.asker = np.concatenate([self.asker, np.full(more, -1, dtype=np.int64)])
        times = np.where(self.asker[slots] == flights.id[slots], self.again[slots], 0)
        may = (times < self.retries) & ((flights.flags[slots] & ORPHAN) == 0)
        if cause not in NOT_DONE:
            may &= flights.kind[slots] == READ
        rows, number = slots[may], times[may]
        if not rows.size:
            return t, slots, event
        self.asker[rows], self.again[rows] = flights.id[rows], number + 1
        self.tries[rows] = 0
        self.repeated += rows.size
        pause = self.retry_backoff * np.ldexp(1.0, number.astype(np.int32))
        flights.wait[rows] += pause
        self.outbox.push(t[may] + pause, rows)
        return t[~may], slots[~may], event[~may]
