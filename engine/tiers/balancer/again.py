"""Answers of failure that a balancer does not pass on: it asks another server (nginx: proxy_next_upstream http_500).

Off unless it is set. Writes are always passed on, for they may have been done (nginx: non_idempotent is off), and so is
whatever nobody waits for any more. Each of them counts as a failed attempt at its server (nginx: max_fails).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause, Outcome
from ...core import Core
from ...flights import COALESCED, FILLS, HIT, MISS, SERVER, STALE, Kind
from ...pending import Pending
from ...replies import ORPHAN

if TYPE_CHECKING:
    from .choice import Choice

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

OF_THE_TRY = np.uint8(~(HIT | COALESCED | STALE | FILLS | MISS) & 0xFF)  # bits of `flags` that the next try sets anew


class Again:
    """most: how often a request is passed to another server after an answer of failure, 0 = never.

    times, holder: by slot, how often that was, and the id of the row that this is said of. held: (t, slot, server) of those that
    are to be sent to another server than that one.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        self.most = core.config.balancer.retry_answers
        self.times: I8 = np.zeros(0, dtype=np.int64)
        self.holder: I8 = np.zeros(0, dtype=np.int64)
        self.held = Pending(core.dt, columns=2)
        self.count = 0  # answers that were not passed on

    def take(self, t: F8, slots: I8) -> tuple[F8, I8]:
        """Answers reach their balancers at t (n,); returns those that are passed on to the clients."""
        flights = self.core.flights
        bad = (flights.outcome[slots] != Outcome.IN_FLIGHT) & (flights.kind[slots] == Kind.READ) & flights.waiting(slots)
        if not bad.any():
            return t, slots
        more = flights.capacity - self.times.size
        if more > 0:
            self.times = np.concatenate([self.times, np.zeros(more, dtype=np.int64)])
            self.holder = np.concatenate([self.holder, np.full(more, -1, dtype=np.int64)])
        times = np.where(self.holder[slots] == flights.id[slots], self.times[slots], 0)
        bad &= (times < self.most) & ((flights.flags[slots] & ORPHAN) == 0)
        rows = slots[bad]
        self.holder[rows], self.times[rows] = flights.id[rows], times[bad] + 1
        self.count += rows.size
        self.held.push(t[bad], rows, flights.web[rows].astype(np.int64))
        flights.flags[rows] &= OF_THE_TRY
        flights.outcome[rows], flights.cause[rows], flights.event[rows] = Outcome.IN_FLIGHT, Cause.NONE, 0
        flights.web[rows] = flights.cache[rows] = flights.db[rows] = -1
        flights.web_out[rows] = np.inf
        return t[~bad], slots[~bad]

    def send(self, choice: Choice) -> None:
        """What is held goes to other servers, from this step on: the answer was known in the last one at the earliest."""
        core, flights = self.core, self.core.flights
        t, (slots, server) = self.held.take_all(core.end, flights.id)
        if not t.size:
            return
        t = core.not_before(core.start, t, slots)
        keep = choice.alive(slots)
        flights.close(slots[~keep], SERVER)
        balancer, health = flights.balancer[slots].astype(np.int64), core.config.balancer.health
        for b, w in sorted({*zip(balancer[keep].tolist(), server[keep].tolist(), strict=True)}):
            mine = keep & (balancer == b) & (server == w)
            for at in t[mine].tolist():
                choice.believe(b, w, at)
            eligible, _ = choice.beliefs.eligible(b, choice.web.nodes, core.end, health, choice.fail_open)
            others = eligible[eligible != w]
            choice.choose_among(b, t[mine], slots[mine], others if others.size else eligible)
