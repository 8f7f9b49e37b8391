"""The clients: they wait, give up, try again within a budget, and tell the ledger how each request ended.

An attempt ends by whatever comes first: its answer, a reset, or its deadline. A failed attempt is tried again after a
back-off (base x 2^attempt, capped, with full jitter) if attempts and the retry budget allow it (Google SRE book, ch. 22:
retries as a share of first attempts over the last ten seconds).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...causes import SILENT, Cause, Outcome
from ...core import Core, generator
from ...flights import CLIENT, RIGHT, SERVER
from ...order import row_order
from ...pending import Pending
from ...snapshot import Clients as Reading
from ..base import Tier
from .deadlines import Deadlines, in_order
from .ends import blame, close_trace

if TYPE_CHECKING:
    from ..cdn import Cdn
    from ..dns import Dns
    from ..regions import RegionTier
    from ..traffic import Traffic

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

BUDGET_SECONDS = 10  # the window of the retry budget


class Clients(Tier):
    """The users' side of every request."""

    name = "client"

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        config = core.config.client
        self.timeout = config.timeout
        self.retries = config.retries
        self.backoff = config.backoff
        self.backoff_cap = config.backoff_cap
        self.jitter = config.jitter
        self.budget = config.budget
        self.storm = False  # effect of a fault: clients retry at once, without back-off or budget
        self.rng = generator(core.seed, "retry jitter")
        self.inbox = Pending(core.dt)  # answers: (t, slot)
        self.resets = Pending(core.dt, columns=4)  # (t, slot, id, cause, event)
        self.deadlines = Deadlines(core.dt)
        self.waiting = Pending(core.dt)  # retries: (t, slot)
        self.firsts: deque[int] = deque([0], maxlen=BUDGET_SECONDS)
        self.agains: deque[int] = deque([0], maxlen=BUDGET_SECONDS)
        self.cdn: Cdn
        self.dns: Dns
        self.regions: RegionTier
        self.traffic: Traffic

    def reset_effects(self) -> None:
        """No fault acts on the clients."""
        self.storm = False

    # ---- the way out

    def launch(self, t: F8, slots: I8, firsts: int = 0) -> None:
        """Attempts begin at t (n,), not before this step; the rows are written. firsts: how many are first attempts."""
        flights = self.core.flights
        flights.sent[slots] = t
        timeout = min(self.timeout, self.core.ills.patience or self.timeout)
        deadline = t + timeout
        flights.deadline[slots] = deadline
        self.core.ledger.attempts.add_one(0, slots.size)
        self.firsts[-1] += firsts
        least = min(self.core.start, t.item(0))  # a retry after a short back-off may set out a step late
        self.deadlines.push(least + timeout, deadline, slots, flights.id[slots])
        self.dns.ask(t, slots)

    def begin(self) -> None:
        """Retries whose back-off ends in this window set out."""
        if not self.waiting:
            return
        t, slots = self.waiting.take(self.core.end, self.core.flights.id)
        if t.size:
            self.launch(t, slots)

    # ---- the way back

    def answer(self, t: F8, slots: I8) -> None:
        """Answers or failures reach the clients at t (n,); the server side of the rows ends with them."""
        if self.cdn.present:
            t, slots = self.cdn.take_answers(t, slots)
        self.inbox.push(t, slots)

    def reset(self, t: F8, slots: I8, cause: Cause, event: int) -> None:
        """Resets reach the clients at t (n,); the rows may live on at some server."""
        if self.cdn.present:
            t, slots = self.cdn.take_resets(t, slots, cause, event)
        n = slots.size
        ids = self.core.flights.id[slots]
        self.resets.push(t, slots, ids, np.full(n, int(cause), dtype=np.int64), np.full(n, event, dtype=np.int64))

    def step(self) -> None:
        """Everything that ends an attempt in this window, first things first."""
        flights, end = self.core.flights, self.core.end
        t, slots = self.inbox.take(end, flights.id)
        ended: list[tuple[F8, I8]] = []
        close = slots  # answers in time to rows whose deadline falls in this window: it must not ring for them
        if t.size:
            deadline = flights.deadline[slots]
            heard = (t <= deadline) & ((flights.sides[slots] & CLIENT) != 0)
            if np.count_nonzero(heard) < heard.size:
                self._unheard(slots[~heard])
                t, slots, deadline = t[heard], slots[heard], deadline[heard]
            ended.append((t, slots))
            close = slots[deadline < end]
        answered = slots
        told = self._resets(answered) if self.resets else []
        ended += told + self._deadlines([close, *[s for _, s in told]])
        if len(ended) == 1 and t.size:
            self._end(t, slots, CLIENT | SERVER)
        elif ended:
            flights.close(answered, SERVER)
            when, who = ended[0] if len(ended) == 1 else (
                np.concatenate([e[0] for e in ended]), np.concatenate([e[1] for e in ended])
            )  # fmt: skip
            if len(ended) > 1:
                order, when = row_order(when, who, flights.id)
                who = who[order]
            if who.size:
                self._end(when, who, CLIENT)

    def _unheard(self, slots: I8) -> None:
        """Answers that come too late: the work was for nothing."""
        self.core.ledger.wasted.add_one(0, slots.size)
        flights = self.core.flights
        waiting = flights.waiting(slots)
        # its deadline falls in this window too and will be handled as a time-out; the answer must not count any more
        late = slots[waiting]
        flights.outcome[late] = Outcome.IN_FLIGHT
        flights.cause[late] = Cause.NONE
        flights.close(slots, SERVER)

    def _resets(self, answered: I8) -> list[tuple[F8, I8]]:
        flights = self.core.flights
        t, (slots, ids, causes, events) = self.resets.take_all(self.core.end, flights.id)
        valid = (flights.id[slots] == ids) & flights.waiting(slots) & (t <= flights.deadline[slots])
        valid &= ~np.isin(slots, answered)
        t, slots = t[valid], slots[valid]
        if not t.size:
            return []
        flights.outcome[slots] = Outcome.FAILED
        flights.cause[slots] = causes[valid]
        flights.event[slots] = events[valid]
        return [(t, slots)]

    def _deadlines(self, already: list[I8]) -> list[tuple[F8, I8]]:
        """Attempts that nothing has ended in time, but for these rows that something has in this window."""
        flights = self.core.flights
        due = self.deadlines.take(self.core.end)
        if due is None:
            return []
        t, slots, ids = due
        still = (flights.id[slots] == ids).nonzero()[0]
        still = still[flights.waiting(slots[still])] if still.size else still
        if not still.size:
            return []
        t, slots = in_order(t[still], slots[still], ids[still])
        for done in already:
            if done.size:
                keep = ~np.isin(slots, done)
                t, slots = t[keep], slots[keep]
        if not t.size:
            return []
        cause = flights.cause[slots]
        known = (cause == SILENT[0]) | (cause == SILENT[1])
        flights.cause[slots] = np.where(known, cause, np.uint8(Cause.TIMEOUT))
        flights.outcome[slots] = Outcome.FAILED
        self.core.ledger.timed_out.add_one(0, t.size)
        return [(t, slots)]

    def _end(self, t: F8, slots: I8, side: int) -> None:
        """Attempts ended at t, sorted: retry the failed ones that may, book the rest. side: who lets go of the rows with it."""
        core, flights = self.core, self.core.flights
        outcome = flights.outcome[slots]
        final = slots
        well = not np.count_nonzero(outcome)
        if well:
            outcome.fill(RIGHT)
            flights.outcome[slots] = outcome
        else:
            good = outcome == Outcome.IN_FLIGHT
            flights.outcome[slots[good]] = RIGHT
            blame(core, slots[~good])
            again = self._retry(t, slots, ~good)
            if again.any():
                flights.close(slots[again], side)
                final, t = slots[~again], t[~again]
        if not final.size:
            return
        latency = t - flights.born[final]
        ledger = core.ledger
        done = outcome if well else flights.outcome[final]
        if well:
            ledger.end_well(flights.route[final], flights.source[final], latency)
        else:
            ledger.end(
                flights.route[final].astype(np.int64),
                flights.source[final].astype(np.int64),
                done.astype(np.int64),
                flights.cause[final].astype(np.int64),
                latency,
            )
        slow = latency > core.config.slo.latency
        ledger.slow_ok.add_one(0, int(np.count_nonzero(slow if well else slow & (done == RIGHT))))
        ledger.seal(flights.root[final], t, done, flights.version[final].astype(np.int64))
        if self.regions.there:
            self.regions.count(final, done, latency)
        self.traffic.ended(t, final)
        for i in core.tracer.pick(flights, final):
            close_trace(core, int(final[i]), float(latency[i]))
        flights.close(final, side)

    def _retry(self, t: F8, slots: I8, failed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of the failed attempts are tried again; they get new rows that set out after their back-off."""
        flights = self.core.flights
        again: NDArray[np.bool_] = failed & (flights.attempt[slots] < self.retries) & (flights.cause[slots] != Cause.SESSION_LOST)
        if self.budget and not self.storm and again.any():
            allowed = int(self.budget * sum(self.firsts)) - sum(self.agains)
            again &= np.cumsum(again) <= allowed
        old = slots[again]
        if not old.size:
            return again
        self.agains[-1] += old.size
        self.core.ledger.retries.add_one(0, old.size)
        attempt = flights.attempt[old]
        pause = np.minimum(self.backoff_cap, self.backoff * np.ldexp(1.0, attempt.astype(np.int32)))
        if self.jitter == "full":
            pause = pause * self.rng.random(old.size)
        if self.storm:
            pause = np.zeros(old.size)
        new = flights.take(old.size)
        for column in ("user", "key", "route", "kind", "source", "city", "born", "root", "sampled"):
            values = getattr(flights, column)
            values[new] = values[old]
        flights.attempt[new] = attempt + 1
        self.traffic.draw_demands(new, flights.kind[new])
        for i in self.core.tracer.pick(flights, old):
            self.core.tracer.open[int(new[i])] = self.core.tracer.open.pop(int(old[i]), [])
        # an answer may be late; were what follows later still, a storm on a short way would fall behind more at each turn
        self.waiting.push(np.maximum(t[again] + pause, self.core.start), new)
        return again

    # ---- reading

    def second(self) -> None:
        """A second ended: the budget's window moves on."""
        self.firsts.append(0)
        self.agains.append(0)

    def reading(self) -> Reading:
        """The clients' part of a snapshot."""
        ledger = self.core.ledger
        firsts = max(1, int(ledger.arrived.last[0]))
        allowed = self.budget * sum(self.firsts)
        return Reading(
            attempts_per_request=float(ledger.attempts.last[0]) / firsts,
            retry_rate=float(ledger.retries.last[0]),
            timeout_rate=float(ledger.timed_out.last[0]),
            budget_left=1.0 if not self.budget else max(0.0, 1.0 - sum(self.agains) / max(1.0, allowed)),
            retries_on=self.retries > 0,
            backoff="none (storm)" if self.storm else f"{self.backoff:g} s x 2^n, {self.jitter} jitter",
            multiplier=self.traffic.multiplier,
            flash_key=self.traffic.flash_key,
        )
