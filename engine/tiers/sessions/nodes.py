"""Store nodes: each answers look-ups one by one, each takes its time, in memory of its own; who waits too long goes on without.

One operation a request: a session is read, its life renewed, or a new one made (GETEX, or a script of the same length).
"""

from __future__ import annotations

import numpy as np

from ...fabric import Fate
from ...queueing import Departures
from ..cache.mail import BURNT, LOOK_UP, UNDELIVERED
from .way import F8, I8, WITHOUT, B, SessionsWay


class SessionsNodes(SessionsWay):
    """The tier's step, and what happens at store nodes."""

    def step(self) -> None:
        """Disks and store nodes do what is due, and what has its answer goes on."""
        if not self.on:
            return
        core = self.core
        t, slots = self._alive(*self.disks.take(core.end, core.flights.id))
        if slots.size:
            self._go_on(t, slots, self._decide(t, slots))
        if len(self.nodes):
            self._serve()
            self._give_up()
        t, slots = self._alive(*self.outward.take(core.end, core.flights.id))
        if slots.size:
            self._go_on(t, slots, self.verdict[slots])

    def _ask(self, t: F8, slots: I8) -> None:
        """Look-ups leave for the store nodes that the users' numbers are home to."""
        flights, mail = self.core.flights, self.mail
        if not self.ring.weights:
            self._without(t, slots)
            return
        users = flights.user[slots].astype(np.int64)
        node = self.ring.owner(users).astype(np.int64)
        hop = self.core.fabric.hop("web", flights.web[slots].astype(np.int64), "store", node)
        rows = mail.add(LOOK_UP, node, users)
        mail.slot[rows], mail.asked[rows], mail.deadline[rows] = slots, t, t + self.timeout
        due = t + hop.delay
        late = due > mail.deadline[rows]
        if hop.fate is not None:
            refused, dropped = hop.fate == Fate.REFUSED, hop.fate == Fate.DROPPED
            self._refused(due[refused], rows[refused], hop.delay[refused])
            mail.kind[rows[dropped]] = UNDELIVERED
            late |= dropped
            late &= ~refused
            self.inbox.push(due[~refused & ~dropped], rows[~refused & ~dropped])
        else:
            self.inbox.push(due, rows)
        self.patience.push(mail.deadline[rows[late]], rows[late])

    def _refused(self, t: F8, rows: I8, back: F8) -> None:
        """No process listens: the reset is back at the web server `back` (n,) later."""
        slots = self.mail.slot[rows]
        self.core.flights.wire[slots] += t + back - self.mail.asked[rows]
        self._without(t + back, slots)
        self.mail.free(rows)

    def _serve(self) -> None:
        """Nodes answer what reaches them, in order of (time, serial)."""
        core, mail = self.core, self.mail
        t, rows = self.inbox.take(core.end, mail.serial)
        if t.size:
            node = mail.node[rows].astype(np.int64)
            up = self.nodes.up[node] & self.nodes.member[node]
            if not up.all():
                self._door_shut(t[~up], rows[~up])
                t, rows, node = t[up], rows[up], node[up]
        if t.size:
            work = np.full(t.size, core.config.sessions.service_us * 1e-6)
            plan, gone = self.stations.serve(t, node, work, rows, core.end, mail.serial)
            slow = plan.finish > mail.deadline[rows]
            self.patience.push(mail.deadline[rows[slow]], rows[slow])
        else:
            gone = self.stations.departures(core.end, mail.serial)
        if gone.row.size:
            self.gauge.count(gone)
            self._answer(gone)

    def _door_shut(self, t: F8, rows: I8) -> None:
        """On the wire when the node died."""
        asking = self.mail.kind[rows] == LOOK_UP
        self.mail.free(rows[~asking])
        t, rows = t[asking], rows[asking]
        if rows.size:
            web = self.core.flights.web[self.mail.slot[rows]].astype(np.int64)
            hop = self.core.fabric.hop("store", self.mail.node[rows].astype(np.int64), "web", web, back=True)
            self._refused(t, rows, hop.delay)

    def _answer(self, gone: Departures) -> None:
        """What nodes have found goes back to those who still wait for it."""
        mail, flights = self.mail, self.core.flights
        wanted = (mail.kind[gone.row] == LOOK_UP) & (gone.finish <= mail.deadline[gone.row])
        self._abandon(gone.row[~wanted & (mail.kind[gone.row] == LOOK_UP)])
        at = np.flatnonzero(wanted)
        rows, finish = gone.row[at], gone.finish[at]
        slots = mail.slot[rows]
        faulty = self._faulty(gone.node[at])
        good = ~faulty
        flights.wire[slots] += gone.arrival[at] - mail.asked[rows]
        flights.wait[slots] += gone.start[at] - gone.arrival[at]
        flights.service[slots] += finish - gone.start[at]
        self.verdict[slots] = WITHOUT
        if good.any():  # (it may be the old store, while sessions migrate)
            self.asked[slots[good]] = True
            self.verdict[slots[good]] = self._decide(finish[good], slots[good])
        hop = self.core.fabric.hop("store", gone.node[at], "web", flights.web[slots].astype(np.int64), back=True)
        there = finish + hop.delay
        if hop.fate is not None:
            dropped = hop.fate == Fate.DROPPED
            self.verdict[slots[dropped]] = WITHOUT
            there = np.where(dropped, np.maximum(mail.deadline[rows], finish), there)
            flights.wait[slots[dropped]] += there[dropped] - finish[dropped]
            flights.wire[slots[~dropped]] += hop.delay[~dropped]
        else:
            flights.wire[slots] += hop.delay
        self._trace(gone, at, slots)
        self.outward.push(there, slots)
        mail.free(gone.row)

    def _trace(self, gone: Departures, at: I8, slots: I8) -> None:
        for i in self.core.tracer.pick(self.core.flights, slots):
            j, n = int(at[i]), int(gone.node[at[i]])
            self.core.tracer.span(
                int(slots[i]), "store", self.nodes.names[n], address=self.nodes.addresses[n], came=float(gone.arrival[j]),
                wait=float(gone.start[j] - gone.arrival[j]), service=float(gone.finish[j] - gone.start[j]), note="session",
            )  # fmt: skip

    def _faulty(self, node: I8) -> B:
        """The fault "error rate": which of these look-ups (n,) a node answers with an error."""
        if not np.count_nonzero(self.nodes.error_rate):
            return np.zeros(node.size, dtype=np.bool_)
        bad: B = self.book.rng.random(node.size) < self.nodes.error_rate[node]
        return bad

    def _give_up(self) -> None:
        """Web servers whose patience ends before the window does go on without."""
        t, rows = self.patience.take(self.core.end, self.mail.serial)
        kind = self.mail.kind[rows]
        open_ = ((kind == LOOK_UP) | (kind == UNDELIVERED)) & (self.mail.deadline[rows] == t)
        if open_.any():
            self._abandon(np.unique(rows[open_]))

    def _abandon(self, rows: I8) -> None:
        if not rows.size:
            return
        mail = self.mail
        slots, deadline = mail.slot[rows], mail.deadline[rows]
        self.core.flights.wait[slots] += deadline - mail.asked[rows]
        undelivered = mail.kind[rows] == UNDELIVERED
        mail.kind[rows[~undelivered]] = BURNT
        self._without(self.core.not_before(self.core.start, deadline, slots), slots)
        mail.free(rows[undelivered])
