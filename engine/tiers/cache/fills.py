"""The way back through the cache tier: answers to look-ups, fills of what was read, deletes or sets of what was written.

A fill, a delete and a set travel from the web server to the node while the user's answer travels on: nobody waits for the
node's word. So a delete can be overtaken by an older fill, and a lost delete leaves a stale entry until its time is up; both are
counted when somebody reads it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...fabric import Fate
from ...flights import COALESCED, FILLS, HIT, MISS, STALE
from .desk import ERROR, LEAD, Served, Verdict
from .desk import HIT as FOUND
from .mail import DELETE, FILL, LEASE_END, RELEASE, SET, WRITER, Kinds
from .path import F8, I8, CachePath

MARKS = np.zeros(len(Verdict), dtype=np.uint8)  # verdict -> what it means to the request
MARKS[FOUND], MARKS[LEAD], MARKS[ERROR] = HIT, MISS | FILLS, MISS
LEASE_S = 10.0  # a lease not used for so long goes to the next who waits (Nishtala et al. 2013: one token a key every 10 s)


class Sent(NamedTuple):
    """What web servers `web` send to nodes at t: (n,) each. token: see mail; recompute: how long reading the value took, s."""

    t: F8
    web: I8
    node: I8
    key: I8
    version: I8
    token: I8
    recompute: F8

    def pick(self, which: NDArray[np.bool_] | slice) -> Sent:
        """Some of them."""
        t, web, node, key, version, token, recompute = self
        return Sent(t[which], web[which], node[which], key[which], version[which], token[which], recompute[which])


class CacheFills(CachePath):
    """Answers and messages that change what a node holds."""

    # ---- answers of the nodes

    def _answer(self, verdict: I8, t: F8, rows: I8, version: I8) -> None:
        flights, mail = self.core.flights, self.mail
        slots, node = mail.slot[rows], mail.node[rows].astype(np.int64)
        hop = self.core.fabric.hop("cache", node, "web", flights.web[slots].astype(np.int64), back=True)
        delay, deadline = hop.delay, mail.deadline[rows]
        at = t + delay
        late = at > deadline
        if hop.fate is not None:
            late |= hop.fate != Fate.PASS
        if np.count_nonzero(late):  # lost or too slow: the library has turned away meanwhile
            flights.wait[slots[late]] += deadline[late] - t[late]
            self._ask_another(deadline[late], rows[late])
            heard = ~late
            slots, t, at, version = slots[heard], t[heard], at[heard], version[heard]
            verdict, delay = verdict[heard], delay[heard]
        flights.wire[slots] += delay
        flights.flags[slots] |= MARKS[verdict]
        hit = verdict == FOUND
        which = hit.nonzero()[0]
        if which.size:
            found = slots[which]
            self._read(t[which], found, version[which])
            self.replies.from_web(at[which], found)
        which = (~hit).nonzero()[0]
        if which.size:
            missed, t = slots[which], at[which]
            self.left[missed] = t
            self._to_database(t, missed)

    def _read(self, t: F8, slots: I8, version: I8) -> None:
        """Read versions (n,) at t (n,); whether they were the newest is judged when all commits of the step are known."""
        self.core.flights.version[slots] = version
        self.unjudged.append((t, slots, version))

    def judge(self) -> None:
        """At the end of a step: a version older than the last commit at the moment of the answer is a stale read."""
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
            t, node, key, token, slot = (np.array(column) for column in zip(*served.leased, strict=True))
            self.leased[slot] = True
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

    # ---- what the web servers bring

    def answered(self, t: F8, slots: I8, node: I8, writes: int) -> None:
        """Answers leave database nodes `node` (n,) at t (n,), in one batch: of the first `writes` rows committed writes, whose
        entries are deleted or set on the way, of the others values read for rows with flag FILLS, which are set."""
        flights, fills = self.core.flights, slots[writes:]
        key, home = flights.key[slots].astype(np.int64), flights.cache[slots].astype(np.int64)
        version = flights.version[slots].astype(np.int64)
        token = np.full(slots.size, WRITER)
        token[writes:] = np.where(self.leased[fills], flights.id[fills], FILL)
        at, web = self._through_web(t, slots, node)
        recompute = at - self.left[slots]
        recompute[:writes] = 0.0
        sent = Sent(at, web, home, key, version, token, recompute)
        arrived = np.isfinite(at)  # what a dead web server should have set stays unset
        if np.count_nonzero(arrived) < at.size:
            sent, writes = sent.pick(arrived), int(np.count_nonzero(arrived[:writes]))
        if sent.t.size:
            self._post_all(sent, writes)

    def _post_all(self, sent: Sent, writes: int) -> None:
        """Delete or set on account of the first `writes`, set the others."""
        change = SET if self.write_mode == "through" else DELETE
        copies = self.homes.copies
        if copies == 1 and self.core.fabric.untroubled:
            if writes:
                sent.node[:writes] = self.homes.owners(sent.key[:writes])[0]
            kind = np.full(sent.t.size, SET, dtype=np.uint8)
            kind[:writes] = change
            self._post(kind, sent)
            return
        if writes:
            changes = sent.pick(slice(0, writes))
            for home in self.homes.owners(changes.key):
                self._post(change, changes._replace(node=home))
        if writes < sent.t.size:
            fills = sent.pick(slice(writes, None))
            self._post(SET, fills)
            if copies == 2:
                owners = self.homes.owners(fills.key)
                other = np.where(owners[0] == fills.node, owners[1], owners[0])
                self._post(SET, fills._replace(node=other, token=np.full(other.size, FILL)))

    def fill_failed(self, t: F8, slots: I8, cause: Cause, event: I8 | int) -> None:
        """Reads for rows with flag FILLS failed, known at the web server at t (n,): a lease they hold is given back."""
        flights = self.core.flights
        holds = self.leased[slots]
        if not holds.any():
            return
        events = np.broadcast_to(np.asarray(event), slots.shape)[holds]
        t, slots = t[holds], slots[holds]
        home, web = flights.cache[slots].astype(np.int64), flights.web[slots].astype(np.int64)
        key, nothing = flights.key[slots].astype(np.int64), np.zeros(t.size)
        rows = self._post(RELEASE, Sent(t, web, home, key, nothing.astype(np.int64), flights.id[slots], nothing))
        self.mail.cause[rows] = cause
        self.mail.event[rows] = events
        self.leased[slots] = False

    def _through_web(self, t: F8, slots: I8, node: I8) -> tuple[F8, I8]:
        """Send answers on to the users; when each was at its web server (n,), inf if it never was, and which (n,)."""
        flights = self.core.flights
        flights.web_out[slots] = np.inf
        web = flights.web[slots].astype(np.int64)
        self.replies.send(t, slots, "db", node)
        return flights.web_out[slots], web

    def _post(self, kind: Kinds, sent: Sent) -> I8:
        """Messages that nobody waits for leave web servers; their rows (n,), the lost ones freed already."""
        t, web, node, key, version, token, recompute = sent
        hop = self.core.fabric.hop("web", web, "cache", node)
        mail = self.mail
        rows = mail.add(kind, node, key)
        mail.version[rows], mail.token[rows], mail.recompute[rows] = version, token, recompute
        mail.deadline[rows], mail.slot[rows], mail.asked[rows] = np.inf, web, t  # it is lost if its server dies before t
        if hop.fate is None:
            self.inbox.push(t + hop.delay, rows)
            return rows
        passed = hop.fate == Fate.PASS
        self.inbox.push((t + hop.delay)[passed], rows[passed])
        self.counts.add("lost_messages", int(np.count_nonzero(~passed)))
        mail.free(rows[~passed])
        return rows
