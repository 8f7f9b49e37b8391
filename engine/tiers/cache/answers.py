"""The way back from the cache nodes: answers to look-ups, to those who waited for a fill, and who reads the database now.

What was found goes on to the user at the end of the step, all in one batch, if nothing can stop it on its way; what was not
is asked of the database at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...core import Core
from ...fabric import Fate
from ...flights import COALESCED, FILLS, HIT, MISS, STALE
from ...queueing import Departures
from ...replies import Replies
from .asking import F8, I8
from .desk import ERROR, LEAD, WAIT, Served, Verdict
from .desk import HIT as FOUND
from .mail import LEASE_END
from .path import CachePath

MARKS = np.zeros(len(Verdict), dtype=np.uint8)  # verdict -> what it means to the request
MARKS[FOUND], MARKS[LEAD], MARKS[ERROR] = HIT, MISS | FILLS, MISS
LEASE_S = 10.0  # a lease not used for so long goes to the next who waits (Nishtala et al. 2013: one token a key every 10 s)


class Heard(NamedTuple):
    """Look-ups that nodes have answered, (n,) each: request's row, node, when it left the web server, came to the node, began,
    was done, and how long the answer takes back, s."""

    slot: I8
    node: I8
    asked: F8
    came: F8
    start: F8
    finish: F8
    delay: F8

    def pick(self, which: NDArray[np.bool_] | slice) -> Heard:
        """Some of them."""
        slot, node, asked, came, start, finish, delay = self
        return Heard(slot[which], node[which], asked[which], came[which], start[which], finish[which], delay[which])


class CacheAnswers(CachePath):
    """Answers of the nodes."""

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core, replies)
        self.found: list[tuple[Heard, I8]] = []  # hits, and their versions, that have not gone on yet
        self.unjudged: list[tuple[F8, I8, I8]] = []  # (t, slots, versions) that nodes have answered in this step

    def _answer(self, gone: Departures, which: I8, hits: I8, verdict: int) -> None:
        mail, rows = self.mail, gone.row[which]
        node, finish = gone.node[which], gone.finish[which]
        hop = self.core.fabric.hop("cache", node, "web", mail.web[rows].astype(np.int64), back=True)
        deadline = mail.deadline[rows]
        late = finish + hop.delay > deadline
        if hop.fate is not None:
            late |= hop.fate != Fate.PASS
        heard = Heard(mail.slot[rows], node, mail.asked[rows], gone.arrival[which], gone.start[which], finish, hop.delay)
        if np.count_nonzero(late):  # lost or too slow: the library has turned away meanwhile
            good, tardy = hits[~late[: hits.size]], heard.pick(late)
            self._spend(tardy.pick(slice(hits.size - good.size)), FOUND)
            self._spend(tardy.pick(slice(hits.size - good.size, None)), verdict)
            self.core.flights.wait[tardy.slot] += deadline[late] - tardy.finish
            self._ask_another(deadline[late], rows[late])
            heard, hits = heard.pick(~late), good
        if hits.size:
            self.found.append((heard.pick(slice(hits.size)), hits))
            if not self.replies.straight:
                self._hand_on()
        if hits.size < heard.slot.size:
            self._missed(heard.pick(slice(hits.size, None)), verdict)

    def _let_wait(self, gone: Departures, which: I8) -> None:
        mail, rows, finish = self.mail, gone.row[which], gone.finish[which]
        node, came, start = gone.node[which], gone.arrival[which], gone.start[which]
        self._spend(Heard(mail.slot[rows], node, mail.asked[rows], came, start, finish, finish), WAIT)

    def _spend(self, heard: Heard, verdict: int, back: F8 | float = 0.0) -> None:
        """Write down where the time of these look-ups went. back: seconds on the way back, (n,) or none."""
        slots, node, asked, came, start, finish, _ = heard
        flights, tracer = self.core.flights, self.core.tracer
        wire = flights.wire[slots]
        wire += came - asked
        wire += back
        flights.wire[slots] = wire
        flights.wait[slots] += start - came
        flights.service[slots] += finish - start
        for i in tracer.pick(flights, slots):
            n = node.item(i)
            tracer.span(
                slots.item(i), "cache", self.nodes.names[n], address=self.nodes.addresses[n], came=came.item(i),
                wait=start.item(i) - came.item(i), service=finish.item(i) - start.item(i), note=Verdict(verdict).name.lower(),
            )  # fmt: skip

    def _missed(self, heard: Heard, verdict: int) -> None:
        """Web servers hear that they have to ask the database."""
        slots, t = heard.slot, heard.finish + heard.delay
        self._spend(heard, verdict, heard.delay)
        self.core.flights.flags[slots] |= MARKS[verdict]
        self.left[slots] = t
        self._to_database(t, slots)

    def _hand_on(self) -> None:
        """What was found leaves the web servers for the users."""
        if not self.found:
            return
        heard, version = self.found[0]
        if len(self.found) > 1:
            heard = Heard(*[np.concatenate(column) for column in zip(*[one for one, _ in self.found], strict=True)])
            version = np.concatenate([one for _, one in self.found])
        self.found = []
        self._spend(heard, FOUND, heard.delay)
        self.core.flights.flags[heard.slot] |= MARKS[FOUND]
        self._read(heard.finish, heard.slot, version)
        self.replies.from_web(heard.finish + heard.delay, heard.slot)

    def _read(self, t: F8, slots: I8, version: I8) -> None:
        """Read versions (n,) at t (n,); whether they were the newest is judged when all commits of the step are known."""
        self.core.flights.version[slots] = version
        self.unjudged.append((t, slots, version))

    def judge(self) -> None:
        """At the end of a step: what was found goes on, and what was done is counted.

        A version older than the last commit at the moment of the answer is a stale read.
        """
        self._hand_on()
        self.counts.settle()
        self.counts.take(self.desk.tally(), self.desk.evicted)
        if not self.unjudged:
            return
        t, slots, version = self.unjudged[0] if len(self.unjudged) == 1 else map(np.concatenate, zip(*self.unjudged, strict=True))
        self.unjudged = []
        flights = self.core.flights
        stale = self.database.outdated(flights.key[slots].astype(np.int64), version, t)
        if stale.size:
            flights.flags[slots[stale]] |= STALE
            self.counts.add("stale", stale.size)

    def _settle(self, served: Served) -> None:
        flights = self.core.flights
        if served.leased:
            t, node, key, token, _ = (np.array(column) for column in zip(*served.leased, strict=True))
            rows = self.mail.add(LEASE_END, node, key)
            self.mail.token[rows] = token
            self.inbox.push(t + LEASE_S, rows)
        if served.answered:
            t, slot, node, version, since = (np.array(column) for column in zip(*served.answered, strict=True))
            flights.wait[slot] += t - since
            flights.flags[slot] |= MISS | COALESCED
            self._read(t, slot, version)
            self.replies.send(t, slot, "cache", node)
        if served.failed:
            t, slot, node, cause, event, since = (np.array(column) for column in zip(*served.failed, strict=True))
            flights.wait[slot] += t - since
            flights.flags[slot] |= MISS | COALESCED
            for number in np.unique(cause).tolist():
                self.replies.fail(slot[cause == number], Cause(number), event[cause == number])
            self.replies.send(t, slot, "cache", node)
        if served.leading:
            t, slot, node, since = (np.array(column) for column in zip(*served.leading, strict=True))
            flights.wait[slot] += t - since
            flights.flags[slot] |= MISS | FILLS
            self._reset_library(t, slot, node)

    def _reset_library(self, t: F8, slots: I8, node: I8) -> None:
        """Those who waited at the node hear at t (n,) that there is nothing to wait for: they read the database."""
        flights = self.core.flights
        hop = self.core.fabric.hop("cache", node, "web", flights.web[slots].astype(np.int64), back=True)
        delay = hop.delay if hop.fate is None else np.where(hop.fate == Fate.PASS, hop.delay, self.timeout)
        flights.wire[slots] += delay
        self.left[slots] = t + delay
        self._to_database(t + delay, slots)
