"""What web servers bring to cache nodes: fills of what was read, deletes or sets of what was written, leases given back.

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
from ...ills import events_of
from ...replies import ORPHAN
from .answers import CacheAnswers
from .asking import F8, I8
from .mail import DELETE, FILL, RELEASE, SET, WRITER, Kinds


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


class CacheFills(CacheAnswers):
    """Messages that change what a node holds."""

    def answered(self, t: F8, slots: I8, node: I8, writes: int) -> None:
        """Answers leave database nodes `node` (n,) at t (n,), in one batch: of the first `writes` rows committed writes, whose
        entries are deleted or set on the way, of the others values read for rows with flag FILLS, which are set."""
        flights, fills = self.core.flights, slots[writes:]
        key, home = flights.key[slots].astype(np.int64), flights.cache[slots].astype(np.int64)
        version = flights.version[slots].astype(np.int64)
        token = np.full(slots.size, FILL)
        token[:writes] = WRITER
        if self.timers:
            holds = self.leased[fills]
            token[writes:][holds] = flights.id[fills[holds]]
        cut_off = (flights.flags[slots] & ORPHAN) != 0 if self.replies.orphans and self.timers else None
        at, web = self._through_web(t, slots, node)
        if cut_off is not None:
            cut_off &= token >= 0
            if cut_off.any():  # its web server lives, or the lease would not be its any more
                known = t[cut_off] + self.core.fabric.hop("db", node[cut_off], "web", web[cut_off], back=True).delay
                self._give_back(known, slots[cut_off], token[cut_off])
        recompute = at - self.left[slots]
        recompute[:writes] = 0.0
        sent = Sent(at, web, home, key, version, token, recompute)
        arrived = np.isfinite(at)  # what a dead web server should have set stays unset
        if np.count_nonzero(arrived) < at.size:
            sent, writes = sent.pick(arrived), int(np.count_nonzero(arrived[:writes]))
        if self.core.ills.poisoned:
            sent = self._spit_out(sent, writes)
        if sent.t.size:
            self._post_all(sent, writes)

    def _spit_out(self, sent: Sent, writes: int) -> Sent:
        """What was read (after the first `writes`) and is no value is not kept: its key is deleted, a lease on it given back."""
        bad = np.isin(sent.key, list(self.core.ills.poisoned))
        bad[:writes] = False
        if not bad.any():
            return sent
        spat = sent.pick(bad)
        rows = self._post(np.where(spat.token >= 0, np.uint8(RELEASE), np.uint8(DELETE)), spat)
        self.mail.cause[rows] = Cause.SERVER_ERROR
        self.mail.event[rows] = events_of(self.core.ills.poisoned, spat.key)
        return sent.pick(~bad)

    def _post_all(self, sent: Sent, writes: int) -> None:
        """Delete or set on account of the first `writes`, set the others."""
        change = SET if self.write_mode == "through" else DELETE
        copies = self.homes.copies
        if copies == 1 and self.core.fabric.untroubled and not (writes and self.regional):
            if writes:
                sent.node[:writes] = self.homes.owners(sent.key[:writes])[0]
            kind = np.full(sent.t.size, SET, dtype=np.uint8)
            kind[:writes] = change
            self._post(kind, sent)
            return
        if writes:
            changes = sent.pick(slice(0, writes))
            region = self.core.regions.of(self.core.fabric.tiers["web"])[changes.web]
            everywhere = self.regional and self.core.regions.invalidate == "all"  # a write reaches the other regions' caches, too
            others = self.homes.elsewhere(changes.key, region) if everywhere else []
            for home in (*self.homes.near(changes.key, region), *others):
                there = home >= 0
                self._post(change, changes._replace(node=home) if there.all() else changes._replace(node=home).pick(there))
        if writes < sent.t.size:
            fills = sent.pick(slice(writes, None))
            self._post(SET, fills)
            if copies == 2:
                owners = self.owners_near(fills.key, fills.web)
                other = np.where(owners[0] == fills.node, owners[1], owners[0])
                self._post(SET, fills._replace(node=other, token=np.full(other.size, FILL)))

    def fill_failed(self, t: F8, slots: I8, cause: Cause, event: I8 | int) -> None:
        """Reads for rows with flag FILLS failed, known at the web server at t (n,): a lease they hold is given back."""
        flights = self.core.flights
        if self.delete_on_error:
            self._delete(t, slots)
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

    def _delete(self, t: F8, slots: I8) -> None:
        """The mistake of 23 September 2010: who cannot read a key's value takes it for bad, and deletes it."""
        flights, none = self.core.flights, np.zeros(slots.size, dtype=np.int64)
        web, home, key = (column[slots].astype(np.int64) for column in (flights.web, flights.cache, flights.key))
        self._post(DELETE, Sent(t, web, home, key, none, none + WRITER, none.astype(np.float64)))

    def _give_back(self, t: F8, slots: I8, token: I8) -> None:
        """Rows with these leases end at their web servers at t (n,) unread, since their clients are gone: the next one reads."""
        flights = self.core.flights
        home, web = flights.cache[slots].astype(np.int64), flights.web[slots].astype(np.int64)
        nothing = np.zeros(t.size)
        sent = Sent(t, web, home, flights.key[slots].astype(np.int64), nothing.astype(np.int64), token, nothing)
        rows = self._post(RELEASE, sent)
        self.mail.cause[rows], self.mail.event[rows] = Cause.NONE, 0
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
