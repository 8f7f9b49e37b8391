"""A node's way through a step: it handles its messages one by one, each costs `service_us` of its time (so a hot key can saturate
its home); what it does with them is desk.py's business, in the exact order in which it finishes them.

The library sets what it read, and deletes (or sets) what it wrote, without waiting for the node's word.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from ...queueing import Departures
from .asking import F8, I8, CacheAsking
from .desk import ERROR, HIT, LEAD, NOBODY, WAIT, Served
from .mail import BURNT, DELETE, FAULTY, LEASE_END, LOOK_UP, SET, UNDELIVERED


class CachePath(CacheAsking):
    """The nodes' step."""

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
        if served.leased:  # before the answers go on: a row that is dropped on its way gives its lease back
            self.leased[[slot for *_, slot in served.leased]] = self.timers = True
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
