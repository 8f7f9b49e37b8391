"""Writes where every node of a shard takes them: into the merged log at once, or when their row or all others' word is there."""

from __future__ import annotations

import numpy as np

from ...causes import Cause
from ...core import Core
from ...pending import Pending
from ...queueing import Departures
from ...replies import Replies
from .log import INF
from .nodes import F8, I8
from .path import OUTSIDE, WRITTEN
from .peers import DatabasePeers
from .replication import MULTI_SHARED
from .shard import Shard


class DatabasePeerWrites(DatabasePeers):
    """granted: (t, slot, id) of writes that will have their row, or everybody's word, at t."""

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core, replies)
        self.granted = Pending(core.part_dt, columns=2)

    def _serve(self, gone: Departures) -> None:
        if self.multi and len(self.granted) and not np.count_nonzero(self.core.flights.kind[gone.row]):
            self._grant()  # reads of this batch see them
        super()._serve(gone)

    def _write(self, t: F8, slots: I8, node: I8, key: I8) -> None:
        if not self.multi:
            super()._write(t, slots, node, key)
        elif self.waits:
            self._queue_up(t, slots, node, key)
            self._grant()
        else:
            self._take(t, slots, node, key)

    def _take(self, t: F8, slots: I8, node: I8, key: I8) -> None:
        """Writes (n,), ascending in t, into the merged log, and acknowledged."""
        flights, versions, merge = self.core.flights, self.versions, self.merge
        alone = self.waits
        for s in np.unique(self.shard_of_node[node]).tolist():
            mine = np.flatnonzero(self.shard_of_node[node] == s)
            shard, writers = self.shards[s], self.writers(self.shards[s])
            log = shard.log
            first = log.head
            work = self.apply_work(mine.size)
            for i, demand in zip(mine.tolist(), work, strict=True):
                slot, k, n, at = int(slots[i]), int(key[i]), int(node[i]), float(t[i])
                lsn = versions.write(log, at, k, int(flights.user[slot]), int(flights.root[slot]), demand)
                log.acknowledged[lsn - log.base] = True
                flights.version[slot] = log.version[lsn - log.base]
                if not alone:
                    merge.ship(s, lsn, n, [w for w in writers if w != n], at)
                    self._judge(shard, lsn, n, at)
            self._ship(shard, first - log.base)
        self.counted["peer_writes"] += t.size
        self.phase[slots] = WRITTEN
        if self.places.chunks:
            self.reach[slots] = t
            self.mirror(key, slots)
        self._ack(t, slots, key)

    def _judge(self, shard: Shard, lsn: int, node: int, t: float) -> None:
        """Last writer wins: whom has this record overwritten without knowing?"""
        log, book = shard.log, self.merge.book(shard.index)
        for earlier in self.merge.unseen(shard.index, log, lsn, node, t):
            record = book[earlier]
            self.counted["conflicts"] += 1
            if not record.lost:
                record.lost = True
                self.counted["overwritten"] += 1
            i, j, names = earlier - log.base, lsn - log.base, self.nodes.names
            self.last_conflict = (
                f"key {log.key[j]}: the write of user {log.user[i]} at {names[record.origin]} "
                f"is overwritten by user {log.user[j]}'s at {names[node]}"
            )

    def _queue_up(self, t: F8, slots: I8, node: I8, key: I8) -> None:
        """Writes at the end of their service ask for their rows, or for the others' word."""
        flights = self.core.flights
        self.phase[slots] = WRITTEN
        self.reach[slots] = t
        for i, (at, slot, n, k) in enumerate(zip(t.tolist(), slots.tolist(), node.tolist(), key.tolist(), strict=True)):
            granted = self._row(k, n, at) if self.mode == MULTI_SHARED else self._word(k, n, at, slots[i : i + 1])
            if granted < 0.0:
                continue
            if granted < INF:
                self.granted.push(np.array([granted]), slots[i : i + 1], flights.id[slots[i : i + 1]])
            if granted > self.due[slot]:
                self.timers.push(self.due[slots[i : i + 1]], slots[i : i + 1], flights.id[slots[i : i + 1]])

    def _row(self, key: int, node: int, t: float) -> float:
        """Shared storage: when the node has the row. A dead holder's rows are free when its death is certain."""
        holder = self.pages.held.get(key, (node, 0.0))[0]
        is_open, delay = self.merge.links.get((node, holder), (holder == node, 0.0))
        certain = -1.0
        if holder in self.died_at:
            certain = self.died_at[holder] + self.detect_interval * self.detect_fall
        elif not is_open:
            return INF
        at = self.pages.grant(key, node, t, 2.0 * delay, certain)
        if at > t:
            self.counted["row_waits"] += 1
            self.row_wait += at - t
        return at

    def _word(self, key: int, node: int, t: float, slot: I8) -> float:
        """Conflicts refused: when all have seen the write; -1: it is refused; inf: no majority of those that run hears of it."""
        others = [n for n in self.writers(self.shards[int(self.shard_of_node[node])]) if n != node and self._runs(n)]
        heard_by = [self.merge.links[node, n] for n in others]
        reached = [delay for is_open, delay in heard_by if is_open]
        if 2 * (len(reached) + 1) <= len(others) + 1:
            return INF
        heard = self.certifier.blocked(self.merge.links, key, node, t)
        if heard < 0.0:
            return t + 2.0 * max(reached, default=0.0)
        self.counted["conflicts"] += 1
        self.counted["rejected"] += 1
        user, name = int(self.core.flights.user[slot[0]]), self.nodes.names[node]
        self.last_conflict = f"key {key}: the write of user {user} at {name} is refused, another came before"
        self._tell_first()
        self.phase[slot] = OUTSIDE
        self.core.flights.wait[slot] += heard - t
        self._refuse(np.array([heard]), slot, np.array([node]), Cause.WRITE_CONFLICT, self.conflict_event)
        return -1.0

    def _tell_first(self) -> None:
        if not self.conflict_event:
            self.conflict_event = self.core.log.tell(self.core.now, "database", self.last_conflict, level="warn")

    def _grant(self) -> None:
        """Writes whose time has come are written, in order."""
        flights = self.core.flights
        t, (slots, ids) = self.granted.take_all(self.until.end)
        good = (flights.id[slots] == ids) & (self.phase[slots] == WRITTEN) & (t <= self.due[slots])
        if good.any():
            t, slots = t[good], slots[good]
            flights.wait[slots] += t - self.reach[slots]
            self._take(t, slots, flights.db[slots].astype(np.int64), flights.key[slots].astype(np.int64))

    def _acknowledge(self) -> None:
        if self.granted:
            self._grant()
        super()._acknowledge()
