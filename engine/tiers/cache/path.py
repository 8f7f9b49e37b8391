"""The way of a look-up through the cache tier, and of what is filled and written back into it.

The web servers' client library picks the node, waits at most `timeout`, and asks the database when no good answer comes; it
sets what it read, and deletes (or sets) what it wrote, without waiting for the node's word. A node handles its messages one by
one, each costs `service_us` of its time (so a hot key can saturate its home); what it does with them is desk.py's business,
in the exact order in which it finishes them.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...core import Core, generator
from ...fabric import Fate
from ...flights import SERVER
from ...load import Gauge
from ...nodes import Nodes
from ...pending import Pending
from ...queueing import Departures, Stations
from ...replies import ORPHAN, Replies
from ..base import Tier, machines_of
from .bulk import BulkDesk
from .counts import Counts
from .desk import ERROR, HIT, LEAD, NOBODY, WAIT, Served
from .homes import Homes
from .mail import BURNT, DELETE, FAULTY, LEASE_END, LOOK_UP, SET, UNDELIVERED, Mail

if TYPE_CHECKING:
    from ..database import Database

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]


class CachePath(Tier):
    """The data path. `leased`, `left`: by request row, whether it holds a lease, and when it left for the database."""

    name = "cache"

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core)
        part = core.config.cache
        self.replies = replies
        self.timeout = part.timeout
        self.service_us = part.service_us
        self.write_mode: str = part.write_mode
        self.nodes = Nodes("cache", machines_of(core.config, "cache"))
        core.fabric.add_tier(self.nodes)
        self.homes = Homes(part.mode, part.virtual_nodes, core.config.traffic.keys)
        self.mail = Mail()
        self.inbox = Pending(core.part_dt)  # messages on the wire
        self.patience = Pending(core.part_dt)  # deadlines of look-ups that will not be answered in time
        self.stations = Stations()
        self.desk = BulkDesk(part, self.mail, core.flights, generator(core.seed, "cache"), core.config.traffic.keys)
        self.rng = generator(core.seed, "cache errors")
        self.counts = Counts()
        self.gauge = Gauge()
        self.leased = np.zeros(core.flights.capacity, dtype=np.bool_)
        self.left = np.zeros(core.flights.capacity)
        # what nodes did in this step, batch by batch, if a checker wants to know: (at, node, key, kind, token, value of a set,
        # verdict, version answered), (n,) each
        self.journal: list[tuple[F8 | I8, ...]] | None = None
        self.timers = False  # have leases been granted ever, so that messages may be their ends
        self.all_alive = True  # every node is up and a member
        self.any_errors = False
        self.database: Database

    @abstractmethod
    def _answer(self, gone: Departures, which: I8, hits: I8, verdict: int) -> None:
        """Send the nodes' words on look-ups back to their web servers: `which` (n,) of those gone, the first of them hits, of
        versions `hits` (k,), the others of this verdict."""

    @abstractmethod
    def _let_wait(self, gone: Departures, which: I8) -> None:
        """Look-ups `which` (n,) of those gone wait at their nodes for a fill."""

    @abstractmethod
    def _settle(self, served: Served) -> None:
        """Answer those who waited for a fill, and time the leases that were granted."""

    # ---- asking

    def look_up(self, t: F8, slots: I8) -> None:
        """Cached reads leave their web servers at t (n,) for the homes of their keys."""
        if not slots.size:
            return
        if self.leased.size < self.core.flights.capacity:
            more = self.core.flights.capacity - self.leased.size
            self.leased = np.concatenate([self.leased, np.zeros(more, dtype=np.bool_)])
            self.left = np.concatenate([self.left, np.zeros(more)])
        if self.timers:
            self.leased[slots] = False
        keys = self.core.flights.key[slots].astype(np.int64)
        self.counts.asked_keys.append(keys)
        owners = self.homes.owners(keys)
        if not owners.shape[0]:
            self._to_database(t, slots)
            return
        if owners.shape[0] == 1:
            self._ask(t, slots, keys, owners[0], 0)
            return
        copy = self.core.flights.id[slots] % owners.shape[0]  # the copies of a pair share the reads
        self._ask(t, slots, keys, owners[copy, np.arange(slots.size)], 0)

    def _ask(self, t: F8, slots: I8, keys: I8, node: I8, tried: int) -> None:
        """Send look-ups of keys (n,) to these nodes (n,); `tried` copies have been asked before."""
        core = self.core
        core.flights.cache[slots] = node
        web = core.flights.web[slots].astype(np.int64)
        hop = core.fabric.hop("web", web, "cache", node)
        mail = self.mail
        rows = mail.add(LOOK_UP, node, keys)
        mail.slot[rows], mail.web[rows], mail.asked[rows], mail.tried[rows] = slots, web, t, tried
        deadline = t + self.timeout
        mail.deadline[rows] = deadline
        there, due = rows, t + hop.delay
        if hop.fate is not None:
            dropped, refused = hop.fate == Fate.DROPPED, hop.fate == Fate.REFUSED
            mail.kind[rows[dropped]] = UNDELIVERED
            self.patience.push(deadline[dropped], rows[dropped])
            self._turn_away(due[refused], rows[refused], hop.delay[refused])
            passed = ~dropped & ~refused
            there, due, deadline = rows[passed], due[passed], deadline[passed]
        slow = due > deadline  # a long way, or retransmissions: later than the library waits
        if np.count_nonzero(slow):
            self.patience.push(deadline[slow], there[slow])
        self.inbox.push(due, there)

    def _turn_away(self, t: F8, rows: I8, back: F8) -> None:
        """Look-ups refused at t by a host without a server: the reset is back at the library `back` (n,) later."""
        if not rows.size:
            return
        slots = self.mail.slot[rows]
        self.core.flights.wire[slots] += t + back - self.mail.asked[rows]
        self._ask_another(t + back, rows)
        self.mail.free(rows)

    def _ask_another(self, t: F8, rows: I8) -> None:
        """No answer from this node: the other copy of a pair is asked once, not in the past, then the database."""
        mail = self.mail
        slots, node = mail.slot[rows], mail.node[rows].astype(np.int64)
        self.counts.add("unanswered", rows.size)
        again = np.zeros(rows.size, dtype=np.bool_)
        if self.homes.copies == 2:
            keys = mail.key[rows].astype(np.int64)
            owners = self.homes.owners(keys)
            other = np.where(owners[0] == node, owners[1], owners[0])
            again = mail.tried[rows] == 0
            t_again = self.core.not_before(self.core.start, t[again], slots[again])
            self._ask(t_again, slots[again], keys[again], other[again], 1)
        self._to_database(t[~again], slots[~again])

    def _to_database(self, t: F8, slots: I8) -> None:
        """Reads leave their web servers at t (n,) for the database; what a dead web server asked for is dropped."""
        flights = self.core.flights
        orphan = (flights.flags[slots] & ORPHAN) != 0 if self.replies.orphans else None
        if orphan is not None and orphan.any():
            self.core.ledger.wasted.add_one(0, int(np.count_nonzero(orphan)))
            flights.close(slots[orphan], SERVER)
            t, slots = t[~orphan], slots[~orphan]
        if slots.size:
            self.counts.add("reads_behind", slots.size)
            self.database.arrive(t, slots)

    # ---- the nodes' step

    def begin(self) -> None:
        """A step begins."""
        if self.journal:
            self.journal = []

    def step(self) -> None:
        """Let arrive what is due, serve it in order of (time, serial), give up what took too long."""
        core, mail = self.core, self.mail
        t, rows = self.inbox.take(core.end, mail.serial)
        if t.size:
            t = self._learnt_late(t, rows)
            node = mail.node[rows].astype(np.int64)
            if not self.all_alive:
                alive = self.nodes.up[node] & self.nodes.member[node]
                self._refuse(t[~alive], rows[~alive])
                t, rows, node = t[alive], rows[alive], node[alive]
        if t.size:
            work = np.full(t.size, self.service_us * 1e-6)
            if self.timers:
                work[mail.kind[rows] == LEASE_END] = 0.0
            plan, gone = self.stations.serve(t, node, work, rows, core.end, mail.serial)
            self._watch(rows, plan.finish)
        else:
            gone = self.stations.departures(core.end, mail.serial)
        if gone.row.size:
            self._serve(gone)
        self.give_up()

    def _learnt_late(self, t: F8, rows: I8) -> F8:
        """When the nodes get these messages, which are due at t (n,): none before the window begins (the look-ahead rule).

        Look-ups of the last pass that had been decided before a set or delete that was there earlier are counted as late.
        """
        begin = self.core.start
        behind = int(t.searchsorted(begin))
        if not behind:
            return t
        due, those = t[:behind], rows[:behind]
        kind = self.mail.kind[those]
        late = (kind == SET) | (kind == DELETE)
        those = those[late]
        keys = self.mail.key[those].astype(np.int64)
        self.core.ledger.late.add_one(0, self.counts.overtaken(due[late], self.mail.node[those].astype(np.int64), keys))
        return np.maximum(t, begin)

    def _refuse(self, t: F8, rows: I8) -> None:
        """On the wire when the server died: look-ups are refused at its door, the rest is lost."""
        asking = self.mail.kind[rows] == LOOK_UP
        self.counts.add("lost_messages", int(np.count_nonzero(self.mail.kind[rows] >= SET)))
        self.mail.free(rows[~asking])
        t, rows = t[asking], rows[asking]
        if rows.size:
            hop = self.core.fabric.hop("cache", self.mail.node[rows].astype(np.int64), "web", self._web(rows), back=True)
            self._turn_away(t, rows, hop.delay)

    def _web(self, rows: I8) -> I8:
        return self.core.flights.web[self.mail.slot[rows]].astype(np.int64)

    def _watch(self, rows: I8, finish: F8) -> None:
        """Remember the deadlines of look-ups whose answer would leave too late."""
        slow = finish > self.mail.deadline[rows]
        if np.count_nonzero(slow):
            slow &= self.mail.kind[rows] == LOOK_UP
            self.patience.push(self.mail.deadline[rows[slow]], rows[slow])

    def give_up(self) -> None:
        """Libraries whose time is up before the window's end ask elsewhere; the node works on all the same.

        They ask at once, without a wire between: where the database runs ahead, it has to hear of them before.
        """
        mail = self.mail
        t, rows = self.patience.take(self.core.end, mail.serial)
        if not t.size:
            return
        open_ = (mail.kind[rows] == LOOK_UP) | (mail.kind[rows] == UNDELIVERED)
        rows = np.unique(rows[open_ & (mail.deadline[rows] == t)])
        if rows.size:
            self._abandon(rows)

    def _abandon(self, rows: I8) -> None:
        mail = self.mail
        self.core.flights.wait[mail.slot[rows]] += mail.deadline[rows] - mail.asked[rows]
        undelivered = mail.kind[rows] == UNDELIVERED
        mail.kind[rows[~undelivered]] = BURNT
        self._ask_another(mail.deadline[rows], rows)
        mail.free(rows[undelivered])

    def _serve(self, gone: Departures) -> None:
        """What the nodes have finished: decide in order, then send the answers."""
        core, mail, rows = self.core, self.mail, gone.row
        if self.patience or self.any_errors:
            self._spoil(gone)
        served = self.desk.serve(gone.finish, rows, gone.node)
        if self.journal is not None:
            of = [column[rows].astype(np.int64) for column in (mail.key, mail.kind, mail.token, mail.version)]
            self.journal.append((gone.finish, gone.node, *of, served.verdict, served.version))
        self.gauge.count(gone)
        keys = mail.key[rows].astype(np.int64) if served.keys is None else served.keys
        self.counts.recent = gone.finish, gone.node, keys, served.verdict
        self.counts.served.append((gone.node, served.verdict))
        verdict = served.verdict
        found, missed = (verdict == HIT).nonzero()[0], (verdict == LEAD).nonzero()[0]
        if core.fabric.untroubled and found.size + missed.size == np.count_nonzero(verdict):
            self._answer(gone, np.concatenate((found, missed)), served.version[found], LEAD)
        else:  # packets are lost or not in the order of the verdicts
            self._let_wait(gone, (verdict == WAIT).nonzero()[0])
            self._answer(gone, found, served.version[found], HIT)
            self._answer(gone, missed, NOBODY, LEAD)
            self._answer(gone, (verdict == ERROR).nonzero()[0], NOBODY, ERROR)
        self._settle(served)
        mail.free(rows)

    def _spoil(self, gone: Departures) -> None:
        """Of look-ups that nodes have finished, some are answered too late, and some in error."""
        mail, rows = self.mail, gone.row
        ask = (mail.kind[rows] == LOOK_UP).nonzero()[0]
        over = gone.finish[ask] > mail.deadline[rows[ask]]
        if np.count_nonzero(over):
            self._abandon(rows[ask[over]])
            ask = ask[~over]
        if self.any_errors:
            faulty = self.rng.random(rows.size)[ask] < self.nodes.error_rate[gone.node[ask]]
            mail.kind[rows[ask[faulty]]] = FAULTY
