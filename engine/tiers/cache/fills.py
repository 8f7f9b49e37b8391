"""The way back through the cache tier: answers to look-ups, fills of what was read, deletes or sets of what was written.

A fill, a delete and a set travel from the web server to the node while the user's answer travels on: nobody waits for the
node's word. So a delete can be overtaken by an older fill, and a lost delete leaves a stale entry until its time is up; both are
counted when somebody reads it.
"""

from __future__ import annotations

import numpy as np

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
        """Answers leave database nodes `node` (n,) at t (n,), in one batch: as `written` of the first `writes`, then `filled`."""
        flights, fills = self.core.flights, slots[writes:]
        key, version, home = flights.key[slots].astype(np.int64), flights.version[slots], flights.cache[fills].astype(np.int64)
        token = np.where(self.leased[fills], flights.id[fills], FILL)
        at, web = self._through_web(t, slots, node)
        took = at[writes:] - self.left[fills]
        if 0 < writes < slots.size and self.homes.copies == 1 and np.count_nonzero(np.isfinite(at)) == at.size:
            self._post_all(at, web, (key, version, home, token, took), writes)
            return
        if writes:
            self._post_changes(at[:writes], web[:writes], key[:writes], version[:writes])
        if fills.size:
            columns = (web[writes:], home, key[writes:], version[writes:], token, took)
            self._post_fills(at[writes:], columns)

    def _post_all(self, at: F8, web: I8, columns: tuple[I8, I8, I8, I8, F8], writes: int) -> None:
        """All that `_post_changes` of the first `writes` and `_post_fills` of the rest send, in one go. columns: key and version
        (n,), and of the fills home, token and recompute."""
        key, version, home, token, took = columns
        kind = np.full(at.size, SET, dtype=np.uint8)
        kind[:writes] = SET if self.write_mode == "through" else DELETE
        whose = np.full(at.size, WRITER, dtype=np.int64)
        whose[writes:] = token
        recompute = np.zeros(at.size)
        recompute[writes:] = took
        self._post(kind, at, web, np.concatenate([self.homes.owners(key[:writes])[0], home]), key, version, whose, recompute)

    def filled(self, t: F8, slots: I8, node: I8) -> None:
        """Values read for rows with flag FILLS leave database nodes `node` (n,) at t (n,): to the web server, set from there."""
        self.answered(t, slots, node, 0)

    def _post_fills(self, at: F8, columns: tuple[I8, I8, I8, I8, I8, F8]) -> None:
        """Set what is at its web server at `at` (n,), inf = never. columns: web, home, key, version, token, recompute."""
        arrived = np.isfinite(at)  # what a dead web server should have set stays unset
        web, home, key, version, token, recompute = columns
        if np.count_nonzero(arrived) < at.size:
            at, web, home, key = at[arrived], web[arrived], home[arrived], key[arrived]
            version, token, recompute = version[arrived], token[arrived], recompute[arrived]
            if not at.size:
                return
        self._post(SET, at, web, home, key, version, token, recompute)
        if self.homes.copies == 2:
            owners = self.homes.owners(key)
            other = np.where(owners[0] == home, owners[1], owners[0])
            self._post(SET, at, web, other, key, version, np.full(at.size, FILL), recompute)

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
        rows = self._post(RELEASE, t, web, home, key, nothing.astype(np.int64), flights.id[slots], nothing)
        self.mail.cause[rows] = cause
        self.mail.event[rows] = events
        self.leased[slots] = False

    def written(self, t: F8, slots: I8, node: I8) -> None:
        """Committed writes are acknowledged from database nodes at t (n,): on their way they delete or set the entries."""
        self.answered(t, slots, node, slots.size)

    def _post_changes(self, at: F8, web: I8, key: I8, version: I8) -> None:
        """Delete or set what is at its web server at `at` (n,), inf = never."""
        arrived = np.isfinite(at)
        if np.count_nonzero(arrived) < at.size:
            at, web, key, version = at[arrived], web[arrived], key[arrived], version[arrived]
            if not at.size:
                return
        kind = SET if self.write_mode == "through" else DELETE
        nothing = np.zeros(at.size)
        for home in self.homes.owners(key):
            self._post(kind, at, web, home, key, version, np.full(at.size, WRITER), nothing)

    def _through_web(self, t: F8, slots: I8, node: I8) -> tuple[F8, I8]:
        """Send answers on to the users; when each was at its web server (n,), inf if it never was, and which (n,)."""
        flights = self.core.flights
        flights.web_out[slots] = np.inf
        web = flights.web[slots].astype(np.int64)
        self.replies.send(t, slots, "db", node)
        return flights.web_out[slots], web

    def _post(self, kind: Kinds, t: F8, web: I8, node: I8, key: I8, version: I8, token: I8, recompute: F8) -> I8:
        """A message that nobody waits for leaves web servers at t (n,); returns its rows (n,), the lost ones freed already."""
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
