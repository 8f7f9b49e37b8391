"""The end of service at a database node: who is done, who has given up meanwhile, whose key lives elsewhere by now.

A read sees, and a write is written, at the end of its service.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...fabric import Fate
from ...queueing import Departures
from .ills import broken
from .meters import JOB
from .nodes import F8, I8
from .path import INSIDE, OUTSIDE, READ, WRITE, Unheard
from .writes import DatabaseWrites

B = NDArray[np.bool_]


class DatabaseWork(DatabaseWrites):
    """From the end of service to the answer."""

    def _finish(self) -> None:
        """Handle everything that is done before the end of the pass."""
        gone = self.stations.departures(self.until.end, self.core.flights.id)
        if gone.finish.size:
            if self.places.jobs:
                gone = self._take_jobs(gone)
            unheard: list[tuple[float, int, Unheard]] = []
            if self.abandoned:
                gone = self._drop_abandoned(gone, unheard)
            late = gone.finish > self.due[gone.row]
            if np.count_nonzero(late):
                rows = gone.row[late]
                self._abandon(self.due[rows], rows)
                gone = self._drop_abandoned(gone, unheard)
            if gone.finish.size:
                self._serve(gone)
            if unheard:
                self._write_unheard(unheard)
        self._acknowledge()
        if self.wrote or self.fills:
            self._send_back()

    def _send_back(self) -> None:
        """Answers that pass through the cache's library leave together: a batch costs what a small one does."""
        assert self.cache is not None
        leaving = self.wrote + self.fills
        t, slots, node = leaving[0] if len(leaving) == 1 else map(np.concatenate, zip(*leaving, strict=True))
        self.cache.answered(t, slots, node, sum([rows.size for _, rows, _ in self.wrote]))
        self.wrote, self.fills = [], []

    def _serve(self, gone: Departures) -> None:
        """Requests that are done at their nodes."""
        flights, t, slots, node = self.core.flights, gone.finish, gone.row, gone.node
        flights.wait[slots] += gone.start - gone.arrival
        flights.service[slots] += t - gone.start
        key = flights.key[slots].astype(np.int64)
        kind = flights.kind[slots]
        self.meters.served.append((node, key, kind, gone.arrival, t))
        if self.core.tracer.open:
            self._trace(gone)
        if self.places.moved_ever or self.erring:
            kind = self._kept(t, slots, node, key, kind)
        wrote = (kind == WRITE).nonzero()[0]
        if wrote.size:
            self._write(t[wrote], slots[wrote], node[wrote], key[wrote])
        reads = (kind == READ).nonzero()[0]
        if reads.size == kind.size:
            self._read(t, slots, node, key)
        elif reads.size:
            self._read(t[reads], slots[reads], node[reads], key[reads])

    def _kept(self, t: F8, slots: I8, node: I8, key: I8, kind: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Their kinds, JOB for those that have their answer (an error) or are passed on, since their key has moved meanwhile."""
        keep = ~self._strangers(node, key)
        if self.erring:
            keep &= ~self._errors(t, slots, node)
        if np.count_nonzero(keep) < keep.size:
            moved = ~keep & (self.phase[slots] == INSIDE)
            self._forward(t[moved], slots[moved], node[moved])
            kind = np.where(keep, kind, np.uint8(JOB))
        return kind

    def _strangers(self, node: I8, key: I8) -> B:
        """Which of these keys (mask) are at a node that does not have them."""
        away: B = self.places.owner[key] != self.shard_of_node[node]
        return away

    def _errors(self, t: F8, slots: I8, node: I8) -> B:
        """The fault "error rate": which of these (mask) the database answers with an error."""
        event = broken(self, slots, node)
        chance: B = self.rng.random(slots.size) < self.nodes.error_rate[node]
        bad = chance | (event > 0)
        if bad.any():
            self.meters.totals["errors"] += int(np.count_nonzero(bad))
            self.phase[slots[bad]] = OUTSIDE
            blamed = np.where(event > 0, event, self.nodes.event[node])
            self._refuse(t[bad], slots[bad], node[bad], Cause.SERVER_ERROR, blamed[bad])
        return bad

    def _forward(self, t: F8, slots: I8, node: I8) -> None:
        """The key was handed over while the request was in the old owner's queue: the old owner passes it on to the new one."""
        if not slots.size:
            return
        flights = self.core.flights
        self.meters.totals["forwarded"] += slots.size
        shard = self.places.owner[flights.key[slots]]
        cell = self.routing.cell(self.nodes.zone[node], shard)
        read = flights.kind[slots] == READ
        to = np.where(read, self.routing.read_at(cell, shard), self.routing.write_to(cell))
        self.phase[slots] = OUTSIDE
        flights.shard[slots], flights.db[slots] = shard, to
        hop = self.core.fabric.hop("db", node, "db", to)
        if hop.fate is None:
            flights.wire[slots] += hop.delay
            self.inbox.push(t + hop.delay, slots)
            return
        ok = (hop.fate == Fate.PASS) & (t + hop.delay <= self.due[slots])
        flights.wire[slots[ok]] += hop.delay[ok]
        self.inbox.push((t + hop.delay)[ok], slots[ok])
        if not ok.all():
            assert hop.event is not None
            self._refuse(t[~ok], slots[~ok], node[~ok], Cause.REFUSED, hop.event[~ok])

    def _trace(self, gone: Departures) -> None:
        for i in self.core.tracer.pick(self.core.flights, gone.row):
            n = int(gone.node[i])
            self.core.tracer.span(
                int(gone.row[i]), "db", self.nodes.names[n], address=self.nodes.addresses[n], came=float(gone.arrival[i]),
                wait=float(gone.start[i] - gone.arrival[i]), service=float(gone.finish[i] - gone.start[i]),
                note=self.role_of[n].value,
            )  # fmt: skip

    # ---- jobs that are no requests, and rows that nobody waits for

    def _take_jobs(self, gone: Departures) -> Departures:
        """Hand finished jobs to those who sent them; the requests among `gone`."""
        jobs = gone.row < 0
        if jobs.any():
            served = gone.node[jobs]
            none = np.full(served.size, -1, dtype=np.int64)
            self.meters.served.append((served, none, np.full(served.size, JOB, np.uint8), gone.arrival[jobs], gone.finish[jobs]))
            for t, row, node in zip(gone.finish[jobs].tolist(), gone.row[jobs].tolist(), served.tolist(), strict=True):
                self.job_done(row, t, node)
            gone = _some(gone, ~jobs)
        return gone

    def job_done(self, row: int, t: float, node: int) -> None:
        """A job that is no request is done at t seconds."""
        raise NotImplementedError

    def _drop_abandoned(self, gone: Departures, unheard: list[tuple[float, int, Unheard]]) -> Departures:
        """Leave out jobs whose driver has given up; the writes among them are added to `unheard` as (t, node, what)."""
        keep = np.ones(gone.row.size, dtype=np.bool_)
        for i, job in enumerate(zip(gone.row.tolist(), gone.node.tolist(), gone.arrival.tolist(), strict=True)):
            what = self.abandoned.pop(job, None)
            if what is not None:
                keep[i] = False
                if what[0]:
                    unheard.append((float(gone.finish[i]), job[1], what))
        return _some(gone, keep)


def _some(gone: Departures, which: B) -> Departures:
    return Departures(
        gone.finish[which], gone.row[which], gone.node[which], gone.start[which], gone.arrival[which], gone.work[which]
    )
