"""The way back: answers and failures travel from where they arise over the web server and the balancer to the client.

A tier that is done with a request marks a failure with `fail` (or leaves it OK) and hands the rows to `send` (from a cache or
database node), `from_web` or `from_balancer`. A row whose web server or balancer has died meanwhile is an orphan: its client
was told by a reset already, the work was for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .causes import Cause, Outcome, outcome_of
from .core import Core
from .fabric import CITY, Fate, Hop
from .flights import SENDS, SERVER

if TYPE_CHECKING:
    from .tiers.automation.queries import QueryGuard
    from .tiers.automation.threads import Threads
    from .tiers.balancer import Balancer
    from .tiers.clients import Clients
    from .tiers.database.joins import DatabaseJoins
    from .tiers.queue import Queue
    from .tiers.sessions.ask import SessionsAsk

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]

ORPHAN = 64  # bit of flights.flags: the connection of this row was reset


class Replies:
    """Holds next to no state of its own; `balancer` and `clients` are wired by the world."""

    def __init__(self, core: Core) -> None:
        self.core = core
        # (t, slots, web servers, seconds on links so far), (n,) each, of answers that leave web servers and that nothing can
        # stop: they go on at the end of the step, all in one batch
        self.leaving: list[tuple[F8, I8, I8, F8]] = []
        self.orphans = False  # may rows be under way whose connection was reset
        self.asides: SessionsAsk | None = None  # who asks the database on its own account, and takes the answers
        self.guard: QueryGuard | None = None  # who counts queries until their answers are at web servers
        self.joins: DatabaseJoins | None = None  # whose queries are parts of a request
        self.threads: Threads | None = None  # who holds one until the answer leaves
        self.balancer: Balancer
        self.clients: Clients
        self.queue: Queue

    def second(self) -> None:
        """A second has ended: if the last row whose connection was reset is gone, nobody needs to look for such rows any more."""
        if self.orphans:
            flights = self.core.flights
            self.orphans = bool(np.count_nonzero(flights.flags[flights.live()] & ORPHAN))

    def fail(self, slots: I8, cause: Cause, event: I8 | int = 0) -> None:
        """Mark rows as failed by `cause`; event: id (or (n,) ids) of what began it, 0 = look for the latest disturbance."""
        flights = self.core.flights
        flights.outcome[slots] = outcome_of(cause)
        flights.cause[slots] = cause
        flights.event[slots] = event

    def send(self, t: F8, slots: I8, tier: str, node: I8) -> None:
        """Answers leave nodes `node` (n,) of `tier` at t (n,), go to their web servers and on from there."""
        flights = self.core.flights
        if self.asides is not None and tier == "db":
            t, slots, node = self.asides.answered(t, slots, node)
        if self.joins is not None and tier == "db":
            t, slots, node = self.joins.part_answered(t, slots, node)
        if self.queue.makes_jobs:
            makes = self._making(slots)
            if makes.any():  # not in one batch with those that go straight on
                here = flights.web[slots[makes]].astype(np.int64)
                hop = self.core.fabric.hop(tier, node[makes], "web", here, back=True)
                found, at = self._travel(t[makes], slots[makes], hop)
                self.from_web(at, found)
                t, slots, node = t[~makes], slots[~makes], node[~makes]
        web = flights.web[slots].astype(np.int64)
        hop = self.core.fabric.hop(tier, node, "web", web, back=True)
        if self.straight and slots.size:
            self._leave(t + hop.delay, slots, web, flights.wire[slots] + hop.delay)
            return
        slots, t = self._travel(t, slots, hop)
        self.from_web(t, slots)

    def heard(self, t: F8, slots: I8, node: I8, due: F8) -> F8:
        """When web servers have the answers to queries of their own (n,), which leave database nodes `node` at t (n,).

        What is dropped fails at its driver's time-out, `due` (n,).
        """
        flights = self.core.flights
        hop = self.core.fabric.hop("db", node, "web", flights.web[slots].astype(np.int64), back=True)
        there = t + hop.delay
        if hop.fate is not None:
            gone = hop.fate == Fate.DROPPED
            there = np.where(gone, np.maximum(due, t), there)
            assert hop.event is not None
            self.fail(slots[gone], Cause.DB_TIMEOUT, hop.event[gone].astype(np.int64))
        flights.wire[slots] += there - t
        return there

    def from_web(self, t: F8, slots: I8) -> None:
        """Answers leave their web servers at t (n,)."""
        flights = self.core.flights
        if self.asides is not None:
            t, slots = self.asides.at_web(t, slots)
        if self.joins is not None:
            t, slots = self.joins.part_at_web(t, slots)
        if self.guard is not None and self.guard.on:
            self.guard.over(t, slots)
        if self.queue.makes_jobs:
            t, slots = self._hand_over(t, slots)
        if self.straight and slots.size:
            self._leave(t, slots, flights.web[slots].astype(np.int64), flights.wire[slots])
            return
        if self.threads is not None and self.threads.on:
            self.threads.over(t, slots)
        if self.orphans:
            slots, t = self._drop_orphans(slots, t)
        if not slots.size:
            return
        flights.web_out[slots] = t
        web = flights.web[slots].astype(np.int64)
        if self.balancer.direct:
            came = flights.balancer[slots] >= 0
            self._to_city(t[~came], slots[~came], "web", web[~came])
            t, slots, web = t[came], slots[came], web[came]
            if not slots.size:
                return
        hop = self.core.fabric.hop("web", web, "balancer", flights.balancer[slots].astype(np.int64), back=True)
        if hop.fate is not None:
            gone = hop.fate != Fate.PASS
            # the balancer never sees the end: it keeps the connection open until the client has given up
            self.balancer.close_at(flights.deadline[slots[gone]], slots[gone])
        slots, t = self._travel(t, slots, hop)
        self.balancer.close_at(t, slots)
        again = self.balancer.choice.again
        if again.most and slots.size:
            t, slots = again.take(t, slots)
        self.from_balancer(t, slots)

    def _making(self, slots: I8) -> NDArray[np.bool_]:
        """Whose page is right so far, and has a message to send before it is answered."""
        flights = self.core.flights
        made: NDArray[np.bool_] = ((flights.flags[slots] & SENDS) != 0) & (flights.outcome[slots] == Outcome.IN_FLIGHT)
        return made

    def _hand_over(self, t: F8, slots: I8) -> tuple[F8, I8]:
        """Pages at their web servers that make a job: the message goes to the queue. The others are returned."""
        makes = self._making(slots)
        if not makes.any():
            return t, slots
        rows, at = slots[makes], t[makes]
        if self.orphans:
            rows, at = self._drop_orphans(rows, at)  # nobody is there to send anything
        if rows.size:
            self.queue.send(at, rows)
        return t[~makes], slots[~makes]

    @property
    def straight(self) -> bool:
        """Is there nothing on the way that could stop an answer, and nobody who may keep it?"""
        front = self.balancer
        return not self.orphans and self.core.fabric.untroubled and not front.direct and not front.choice.again.most

    def _leave(self, t: F8, slots: I8, web: I8, wire: F8) -> None:
        if self.threads is not None and self.threads.on:
            self.threads.over(t, slots)
        if self.guard is not None and self.guard.on:
            self.guard.over(t, slots)
        self.core.flights.web_out[slots] = t
        self.leaving.append((t, slots, web, wire))

    def step(self) -> None:
        """Answers that left web servers in this step go on to their clients."""
        if not self.leaving:
            return
        t, slots, web, wire = self.leaving[0] if len(self.leaving) == 1 else map(np.concatenate, zip(*self.leaving, strict=True))
        self.leaving = []
        self._all_the_way(t, slots, web, wire)

    def _all_the_way(self, t: F8, slots: I8, web: I8, wire: F8) -> None:
        """As `from_web` to the end, when nothing is lost: rows are looked up once. wire (n,): their seconds on links so far."""
        flights, fabric = self.core.flights, self.core.fabric
        balancer: I8 | int = 0 if len(self.balancer.nodes) == 1 else flights.balancer[slots].astype(np.int64)
        inward = fabric.hop("web", web, "balancer", balancer, back=True).delay
        t = t + inward
        self.balancer.close_at(t, slots)
        outward = fabric.hop("balancer", balancer, CITY, flights.city[slots].astype(np.int64), back=True).delay
        flights.wire[slots] = wire + inward + outward
        self.clients.answer(t + outward, slots)

    def from_balancer(self, t: F8, slots: I8) -> None:
        """Answers leave the balancer at t (n,): those of web servers, or its own refusals."""
        if self.orphans:
            slots, t = self._drop_orphans(slots, t)
        self._to_city(t, slots, "balancer", self.core.flights.balancer[slots].astype(np.int64))

    def at_client(self, t: F8, slots: I8) -> None:
        """The end came at the client itself (a failed look-up), at t (n,)."""
        self.clients.answer(t, slots)

    def lost(self, slots: I8, event: NDArray[np.int32] | I8 | int, cause: Cause = Cause.UNREACHABLE) -> None:
        """Nobody will ever answer these rows; their clients find out by their own time-outs. cause: one of SILENT."""
        flights = self.core.flights
        flights.cause[slots] = cause
        flights.event[slots] = event
        flights.close(slots, SERVER)

    def _to_city(self, t: F8, slots: I8, tier: str, node: I8) -> None:
        if not slots.size:
            return
        hop = self.core.fabric.hop(tier, node, CITY, self.core.flights.city[slots].astype(np.int64), back=True)
        slots, t = self._travel(t, slots, hop)
        self.clients.answer(t, slots)

    def _travel(self, t: F8, slots: I8, hop: Hop) -> tuple[I8, F8]:
        """Rows that arrive, and when; those dropped on the way are lost."""
        flights = self.core.flights
        if hop.fate is None:
            flights.wire[slots] += hop.delay
            return slots, t + hop.delay
        there = hop.fate == Fate.PASS
        if not there.all():
            gone = ~there
            assert hop.event is not None
            self.lost(slots[gone], hop.event[gone])
        slots = slots[there]
        flights.wire[slots] += hop.delay[there]
        return slots, t[there] + hop.delay[there]

    def _drop_orphans(self, slots: I8, t: F8) -> tuple[I8, F8]:
        """Let go of rows whose connection was reset."""
        flights = self.core.flights
        orphan = (flights.flags[slots] & ORPHAN) != 0
        if not orphan.any():
            return slots, t
        self.core.ledger.wasted.add_one(0, int(np.count_nonzero(orphan)))
        flights.close(slots[orphan], SERVER)
        return slots[~orphan], t[~orphan]

    def sever(self, tier: str, index: int, event: int) -> I8:
        """Connections through a dead node of `tier` ("web", "balancer") whose answer has not left its web server; resets them."""
        flights, now = self.core.flights, self.core.now
        live = flights.live()
        nodes = flights.web if tier == "web" else flights.balancer
        through: I8 = live[(nodes[live] == index) & (flights.web_out[live] > now)]
        self.orphan(through, Cause.RESET, event, now, tier)
        return through

    def orphan(self, slots: I8, cause: Cause, event: int, now: float, tier: str) -> None:
        """Connections through a dead node of `tier` break: their clients get a reset, the work goes on for nobody."""
        flights = self.core.flights
        fresh = slots[(flights.flags[slots] & ORPHAN) == 0]
        if not fresh.size:
            return
        self.orphans = True
        flights.flags[fresh] |= ORPHAN
        fresh = fresh[flights.waiting(fresh)]  # whose client has given up is told nothing, and its work ends all the same
        if not fresh.size:
            return
        nodes = (flights.web if tier == "web" else flights.balancer)[fresh].astype(np.int64)
        hop = self.core.fabric.hop(tier, nodes, CITY, flights.city[fresh].astype(np.int64), back=True)
        self.clients.reset(now + hop.delay, fresh, cause, event)


__all__ = ["ORPHAN", "Replies"]
