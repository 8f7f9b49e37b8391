"""What users change: writes go into the log at the end of their service and are acknowledged when they are committed."""

from __future__ import annotations

import numpy as np

from ...causes import Cause
from ...core import Core
from ...fabric import RTO_S, Fate
from ...replies import Replies
from .log import INF, Batch, Log
from .nodes import F8, I8
from .path import OUTSIDE, WRITTEN, Unheard
from .reads import DatabaseReads
from .replication import ASYNC, extend, plan_commits
from .shard import Role, Shard

REPLICA = Role.REPLICA  # looking a member up costs as much as writing a record
SILENT_S = RTO_S * (2**6 - 1)  # what TCP's retransmissions take altogether before a connection is given up and built anew


class DatabaseWrites(DatabaseReads):
    """The log of a shard, the branch of a former primary, and acknowledgements."""

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core, replies)
        self.batch = Batch(64)

    def _write(self, t: F8, slots: I8, node: I8, key: I8) -> None:
        """Writes that are done at t (n,), ascending: into the log of the shard, or of a former primary's branch."""
        shards, shard_of = self.shards, self.shard_of_node[node].tolist()
        easy = self.mode == ASYNC and not self.lossy
        done: list[int] = []
        later: dict[tuple[int, bool], list[int]] = {}
        for i, (n, s) in enumerate(zip(node.tolist(), shard_of, strict=True)):
            shard = shards[s]
            if easy and n == shard.primary and not shard.waiting:
                done.append(i)
            else:
                later.setdefault((s, n == shard.primary), []).append(i)
        if not later:
            self._write_at_once(t, slots, key, [shards[s] for s in shard_of])
            return
        if done:
            self._write_at_once(t[done], slots[done], key[done], [shards[shard_of[i]] for i in done])
        for (s, main), some in later.items():
            if main:
                self._write_main(shards[s], t[some], slots[some], key[some])
            else:
                self._write_astray(shards[s], t[some], slots[some], node[some], key[some])

    def _write_at_once(self, t: F8, slots: I8, key: I8, shards: list[Shard]) -> None:
        """Asynchronous commits: what `_write_main` does, without numpy's cost a record; the keys' figures in whole batches.

        shards (n): of each write.
        """
        flights, versions, n = self.core.flights, self.versions, t.size
        logs = [shard.log for shard in shards]
        places = [log.claim() for log in logs]
        lsns = [log.base + i for log, i in zip(logs, places, strict=True)]
        work = self.apply_work(n)
        batch = self._records(n)
        batch.written[:n], batch.work[:n], batch.key[:n] = t, work, key
        batch.user[:n], batch.root[:n] = flights.user[slots], flights.root[slots]
        batch.previous[:n], batch.previous_version[:n] = versions.head_lsn[key], versions.head_version[key]
        version = batch.version[:n]
        np.add(versions.issued[key], 1, out=version)
        keys = key.tolist()
        if len(set(keys)) < n:
            batch.chain(keys, lsns)
        commits: list[float] = []
        settled: list[float] = []
        shipped = 0
        for log, i, record, at, demand in zip(logs, places, batch.whole[:n].tolist(), t.tolist(), work, strict=True):
            log.whole[i] = record
            commit, seen = self._ship_one(log, i, at, demand)
            commits.append(commit)
            settled.append(seen)
            shipped += len(log.followers)
        self.meters.totals["shipped"] += shipped
        versions.wrote_at_once(key, lsns, version, batch.previous_version[:n], commits, settled)
        flights.version[slots] = version
        if self.places.chunks:
            self.reach[slots] = t
            self.mirror(key, slots)
        self._ack(t, slots, key)

    def _ship_one(self, log: Log, i: int, t: float, work: float) -> tuple[float, float]:
        """What `_ship` does for the record at index i, written at t and committed at once: (commit, when it is everywhere)."""
        role_of, flat, at = self.role_of, log.flat, i * log.width
        before = at - log.width
        commit = t
        if i and (last := flat.item(before)) > t:
            commit = last
        flat[at] = settled = commit
        for follower in log.followers.values():
            received = applied = INF
            if follower.open:
                received = t + follower.delay
                if i and (last := flat.item(before + 1)) > received:
                    received = last
                if follower.rate > 0.0:
                    ready = received
                    if i and (last := flat.item(before + 2)) > ready:
                        ready = last
                    applied = ready + work / follower.rate
            flat[at + 1] = received
            flat[at + 2] = applied
            at += 2
            before += 2
            if applied > settled and role_of[follower.node] is REPLICA:
                settled = applied
        return commit, settled

    def _records(self, n: int) -> Batch:
        """Room for n records."""
        if self.batch.whole.size < n:
            self.batch = Batch(2 * n)
        return self.batch

    def _write_main(self, shard: Shard, t: F8, slots: I8, key: I8) -> None:
        """Writes of one shard that wait for others, or whose wire loses packets."""
        flights, log, versions = self.core.flights, shard.log, self.versions
        base, first = log.base, log.size
        users, roots = flights.user[slots].tolist(), flights.root[slots].tolist()
        work = self.apply_work(t.size)
        for at, k, user, root, demand in zip(t.tolist(), key.tolist(), users, roots, work, strict=True):
            versions.write(log, at, k, user, root, demand)
        assert log.base == base
        self._ship(shard, first)
        flights.version[slots] = log.version[first : log.size]
        self.phase[slots] = WRITTEN
        self.reach[slots] = t
        if self.places.chunks:
            self.mirror(key, slots)
        if self.mode == ASYNC and not shard.waiting:
            log.acknowledged[first : log.size] = True
            self._ack(t, slots, key)
            return
        shard.waiting.extend(zip(range(base + first, base + log.size), slots.tolist(), flights.id[slots].tolist(), strict=True))
        late = log.commit[first : log.size] >= np.minimum(self.due[slots], self.until.end)
        rows = slots[late]
        self.timers.push(self.due[rows], rows, flights.id[rows])

    def apply_work(self, n: int) -> list[float]:
        """Apply demands of n records in mean records: constant, or exponential if the scenario says so."""
        if self.core.config.database.replication.apply == "exponential":
            drawn: list[float] = self.rng_apply.standard_exponential(n).tolist()
            return drawn
        return [1.0] * n

    def _ship(self, shard: Shard, first: int) -> None:
        """Plan the way of new records to the replicas, their commits, and who can see them when."""
        log = shard.log
        n = log.size - first
        for follower in log.followers.values():
            delays = self._lossy_delays(shard.primary, follower.node, n) if self.lossy and follower.open else None
            extend(log, follower, first, delays)
        self.meters.totals["shipped"] += n * len(log.followers)
        shard.fallback_at = plan_commits(
            log, self.ackers(shard), first, self.core.start, self.mode, self.semi_sync_timeout, shard.fallback_at
        )
        self._settle(shard, first)

    def _lossy_delays(self, primary: int, node: int, n: int) -> list[float]:
        """One-way delays (n) of records on a wire that loses packets: TCP sends them again, and again."""
        hop = self.core.fabric.hop("db", np.full(n, primary), "db", np.full(n, node), back=True)
        delay = hop.delay if hop.fate is None else np.where(hop.fate == Fate.DROPPED, hop.delay + SILENT_S, hop.delay)
        out: list[float] = delay.tolist()
        return out

    def _write_astray(self, shard: Shard, t: F8, slots: I8, node: I8, key: I8) -> None:
        """Split brain: a former primary goes on taking writes, with nobody behind it."""
        flights = self.core.flights
        for at, slot, n, k in zip(t.tolist(), slots.tolist(), node.tolist(), key.tolist(), strict=True):
            stray = shard.strays.get(n)
            if stray is None or self.role_of[n] is not Role.STRAY:
                self._refuse(np.array([at]), np.array([slot]), np.array([n]), Cause.FENCED, self.nodes.event[[n]])
                self.phase[slot] = OUTSIDE
                continue
            version = int(self.versions.issued[k]) + 1
            self.versions.issued[k] = version
            flights.version[slot] = version
            commit = stray.commit(at, self.mode, self.semi_sync_timeout)
            stray.put(k, version, commit)
            self.phase[slot] = WRITTEN
            self.reach[slot] = at
            if commit < self.due[slot]:
                self.late_acks.push(np.array([commit]), np.array([slot]), flights.id[[slot]])
            else:
                stray.unacknowledged += 1
                self.timers.push(self.due[[slot]], np.array([slot]), flights.id[[slot]])

    def _acknowledge(self) -> None:
        """Acknowledge what is committed before the end of the pass."""
        end, flights = self.until.end, self.core.flights
        for shard in [shard for shard in self.shards if shard.waiting]:
            waiting, log = shard.waiting, shard.log
            slots: list[int] = []
            times: list[float] = []
            while waiting and float(log.commit[waiting[0][0] - log.base]) < end:
                lsn, slot, number = waiting.popleft()
                at = float(log.commit[lsn - log.base])
                if self.phase[slot] == WRITTEN and flights.id[slot] == number and at <= self.due[slot]:
                    log.acknowledged[lsn - log.base] = True
                    slots.append(slot)
                    times.append(at)
            if slots:
                rows, t = np.array(slots, dtype=np.int64), np.array(times)
                flights.wait[rows] += t - self.reach[rows]
                self._ack(t, rows, flights.key[rows].astype(np.int64))
        if len(self.late_acks):
            t, (rows, ids) = self.late_acks.take_all(end)
            ok = (flights.id[rows] == ids) & (self.phase[rows] == WRITTEN)
            if ok.any():
                self._ack_astray(t[ok], rows[ok])

    def _ack_astray(self, t: F8, slots: I8) -> None:
        """Writes that only a former primary has: acknowledged, and not part of the shard's history."""
        flights = self.core.flights
        key = flights.key[slots].astype(np.int64)
        flights.wait[slots] += t - self.reach[slots]
        for slot in slots.tolist():
            shard = self.shards[int(self.shard_of_node[flights.db[slot]])]
            stray = shard.strays.get(int(flights.db[slot]))
            shard.diverged += 1
            self.meters.totals["diverged"] += 1
            if stray is not None:
                stray.accepted += 1
        self._answer_writes(t, slots, key)

    def _ack(self, t: F8, slots: I8, key: I8) -> None:
        """Committed at t (n,): the users are told."""
        if self.recovering:
            of = self.core.flights.shard[slots]
            for s in list(self.recovering):
                mine = np.flatnonzero(of == s)
                if mine.size:
                    note = self.shards[s].failovers[-1]
                    first = float(t[mine].min())
                    note.rto = first - note.failed
                    note.step(first, "first write acknowledged")
                    self.recovering.remove(s)
        self._answer_writes(t, slots, key)

    def _answer_writes(self, t: F8, slots: I8, key: I8) -> None:
        flights = self.core.flights
        self.phase[slots] = OUTSIDE
        self.versions.acknowledge(flights.user[slots].astype(np.int64), key, flights.version[slots].astype(np.int64))
        node = flights.db[slots].astype(np.int64)
        if self.cache is not None and len(self.cache.nodes):
            self.wrote.append((t, slots, node))
        else:
            self.replies.send(t, slots, "db", node)

    def mirror(self, keys: I8, slots: I8) -> None:
        """Writes to keys that are being copied go to their future owner too."""
        raise NotImplementedError

    def _write_unheard(self, unheard: list[tuple[float, int, Unheard]]) -> None:
        """Writes that nobody waits for any more are written all the same (and never acknowledged)."""
        for shard in self.shards:
            first = shard.log.size
            for t, node, what in unheard:
                if node == shard.primary and self.places.owner[what[1]] == shard.index:
                    work = self.apply_work(1)[0]
                    self.versions.write(shard.log, t, what[1], what[2], what[3], work)
            if shard.log.size > first:
                self._ship(shard, first)
