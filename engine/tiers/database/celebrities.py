"""Hot keys and their two remedies: a shard of its own (split off), and a copy on every shard (spread).

Split off: the key is placed on a shard that no rule knows, and moved there by the rebalancer like any other; taken back, it moves
home and its shard goes. Spread: each write is sent on to every other shard, as work of its own (a job at that shard's primary, a
record in its log), and readers take turns between the shards that have a copy. A copy is behind by the way and the work, so
reads of it may be stale, and are counted; what got lost on the way is sent again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...core import Core
from ...fabric import Fate
from ...replies import Replies
from .log import NONE
from .move import AGAIN_S, DatabaseMove
from .nodes import F8, I2, I8
from .path import READ
from .placement import Job

B = NDArray[np.bool_]
COPY = "copy"
MOST = 8  # keys that may be treated so at once: each is a shard, or a write on all of them


class Copy:
    """What a shard has of a key that lives elsewhere: its newest record there, in which epoch of the shard; what is under way."""

    def __init__(self) -> None:
        self.lsn = NONE
        self.version = -1  # nothing yet
        self.epoch = 0
        self.sent = -1  # newest version sent
        self.out = 0  # jobs under way
        self.tried = -AGAIN_S


class DatabaseCelebrities(DatabaseMove):
    """split_off: key -> index of its own shard; spread: keys with a copy everywhere; copies: by (key, shard)."""

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core, replies)
        self.spread: list[int] = []
        self.is_spread: B = np.zeros(0, dtype=np.bool_)  # by key, while any is
        self.copies: dict[tuple[int, int], Copy] = {}
        self.spread_turn = 0
        self.copies_cut: set[int] = set()  # effect of faults: shards that are sent no copies
        self.copied_writes = 0  # writes done once more, on another shard
        self.copy_reads = self.copy_stale = 0  # reads that a copy answered, and how many of them were behind
        config = core.config.database
        if config.split not in ("", "none"):
            self.set_split(config.split)
        if config.spread not in ("", "none"):
            self.set_spread(config.spread)

    # ---- settings

    def keys_named(self, words: str) -> list[int]:
        """Keys from "0, 17", "hot" (the hottest of the last second) or "none"; ValueError in one sentence."""
        found: set[int] = set()
        for word in words.replace(",", " ").split():
            if word in ("none", "-"):
                continue
            if word == "hot":
                if not self.meters.hot:
                    raise ValueError("no key was asked for in the last second")
                found.add(self.meters.hot[0][0])
                continue
            digits = word.removeprefix("item:").removeprefix("key:")
            if not digits.isdecimal() or int(digits) >= self.places.owner.size:
                raise ValueError(f"{word!r} is no key: numbers below {self.places.owner.size:,}, hot, or none")
            found.add(int(digits))
        if len(found) > MOST:
            raise ValueError(f"at most {MOST} keys at once")
        return sorted(found)

    def set_split(self, words: str) -> None:
        """These keys, and no others, get a shard of their own."""
        wanted, places = self.keys_named(words), self.places
        for key in [key for key in places.pinned if key not in wanted]:
            self.shards[places.pinned.pop(key)].leaving = True
        for key in wanted:
            if key not in places.pinned:
                shard = self._found_shard(self.core.config.database.replicas, len(self.shards))
                shard.alone = True
                places.pinned[key] = shard.index
                self.routing.believe(shard.index, range(len(self.core.fabric.zones)), shard.primary)
        self._links_changed()
        self.rebuild_pools()
        places.plan()

    def set_spread(self, words: str) -> None:
        """These keys, and no others, have a copy on every shard."""
        self.spread = self.keys_named(words)
        self.is_spread = np.zeros(self.places.owner.size if self.spread else 0, dtype=np.bool_)
        self.is_spread[self.spread] = True
        self.copies = {at: copy for at, copy in self.copies.items() if at[0] in self.spread}

    def reset_effects(self) -> None:
        super().reset_effects()
        self.copies_cut.clear()

    # ---- drivers

    def shards_for(self, slots: I8) -> I2:
        shard = super().shards_for(slots)
        if self.spread:
            key = self.core.flights.key[slots]
            for i in np.flatnonzero(self.is_spread[key] & (self.core.flights.kind[slots] == READ)).tolist():
                have = self._have(int(key[i]))
                shard[i] = have[self.spread_turn % len(have)]
                self.spread_turn += 1
        return shard

    def _have(self, key: int) -> list[int]:
        """Shards that can be asked for a key: its owner, and those with a copy."""
        owner = int(self.places.owner[key])
        return [s.index for s in self.shards if s.primary >= 0 and (s.index == owner or self._has(key, s.index))]

    def _has(self, key: int, shard: int) -> bool:
        copy = self.copies.get((key, shard))
        return copy is not None and copy.version >= 0 and copy.epoch == self.shards[shard].epoch

    def _copied(self, node: I8, key: I8) -> B:
        """Which of these reads are answered by a copy."""
        shard = self.shard_of_node[node]
        mine: B = self.is_spread[key] & (self.places.owner[key] != shard)
        for i in np.flatnonzero(mine).tolist():
            mine[i] = self._has(int(key[i]), int(shard[i]))
        return mine

    def _strangers(self, node: I8, key: I8) -> B:
        """Which of these keys (mask) are at a node that does not have them."""
        away = super()._strangers(node, key)
        return away & ~self._copied(node, key) if self.spread else away

    # ---- reads of a copy

    def _read(self, t: F8, slots: I8, node: I8, key: I8) -> None:
        if not self.spread:
            super()._read(t, slots, node, key)
            return
        copied = self._copied(node, key)
        if not copied.all():
            super()._read(t[~copied], slots[~copied], node[~copied], key[~copied])
        if copied.any():
            self._read_copies(t[copied], slots[copied], node[copied], key[copied])

    def _read_copies(self, t: F8, slots: I8, node: I8, key: I8) -> None:
        """Copies show what is applied of them at their node."""
        shown = np.zeros(t.size, dtype=np.int64)
        for i, (at, n, k) in enumerate(zip(t.tolist(), node.tolist(), key.tolist(), strict=True)):
            shard = self.shards[int(self.shard_of_node[n])]
            copy, follower = self.copies[k, shard.index], shard.log.followers.get(n)
            plan = shard.log.commit if follower is None else follower.applied
            shown[i] = shard.log.as_of(plan, copy.lsn, copy.version, at)
        stale = np.flatnonzero(shown < self.committed(key, t))
        self.copy_reads += t.size
        self.copy_stale += stale.size
        self.mark_stale(stale, slots, key, node)
        self.show(t, slots, node, key, shown)

    # ---- writes go on to the copies

    def _answer_writes(self, t: F8, slots: I8, key: I8) -> None:
        if self.spread:
            flights = self.core.flights
            for i in np.flatnonzero(self.is_spread[key]).tolist():
                owner = int(self.places.owner[key[i]])
                version, work = int(flights.version[slots[i]]), float(flights.db_work[slots[i]])
                self.send_copies(float(t[i]), int(key[i]), owner, version, work)
        super()._answer_writes(t, slots, key)

    def send_copies(self, t: float, key: int, owner: int, version: int, work: float) -> None:
        """A version of a key leaves its owner for the other shards at t; work: of the write, seconds."""
        for shard in self.shards:
            if shard.primary >= 0 and shard.index != owner:
                self._send_copy(t, key, owner, shard.index, version, work)

    def _send_copy(self, t: float, key: int, owner: int, to: int, version: int, work: float) -> None:
        copy = self.copies.setdefault((key, to), Copy())
        source, node = self.shards[owner].primary, self.shards[to].primary
        copy.tried = t
        if not self._works(source) or not self._works(node) or to in self.copies_cut:
            return
        hop = self.core.fabric.hop("db", np.array([source]), "db", np.array([node]))
        if hop.fate is not None and hop.fate[0] != Fate.PASS:
            return
        copy.sent, copy.out = max(copy.sent, version), copy.out + 1
        self._send_job(Job(COPY, work, -2 - to, key, version), node, t + float(hop.delay[0]))

    def begin_copies(self) -> None:
        """At a boundary: what a shard lacks, and nothing brings, is sent again."""
        work, now = self.core.config.database.write.mean_ms / 1e3, self.core.now
        for key in self.spread:
            owner, newest = int(self.places.owner[key]), int(self.versions.head_version[key])
            if self.versions.head_time[key] > now:
                continue  # not committed: its acknowledgement sends it
            for shard in self.shards:
                if shard.primary < 0 or shard.index == owner:
                    continue
                copy = self.copies.setdefault((key, shard.index), Copy())
                lacks = not self._has(key, shard.index) or copy.version < newest
                if lacks and not copy.out and copy.tried + AGAIN_S <= now:
                    self._send_copy(now, key, owner, shard.index, newest, work)

    def job_done(self, row: int, t: float, node: int) -> None:
        job = self.places.jobs[row]
        super().job_done(row, t, node)
        if job.kind == COPY:
            self._keep(job, t)

    def _keep(self, job: Job, t: float) -> None:
        """A copy has come to its shard: into its log, unless a newer one was there before."""
        shard = self.shards[-2 - job.chunk]
        copy = self.copies.get((job.key, shard.index))
        self.copied_writes += 1
        if copy is None or shard.primary < 0:
            return
        copy.out = max(0, copy.out - 1)
        if copy.epoch != shard.epoch:
            copy.lsn, copy.version, copy.epoch = NONE, -1, shard.epoch
        if job.version > copy.version:
            first = shard.log.size
            before = max(copy.version, 0)
            copy.lsn = shard.log.append(t, job.key, -1, -1, job.version, copy.lsn, before, 1.0)
            copy.version = job.version
            self._ship(shard, first)

    def job_lost(self, row: int) -> None:
        job = self.places.jobs.get(row)
        super().job_lost(row)
        if job is not None and job.kind == COPY and (copy := self.copies.get((job.key, -2 - job.chunk))) is not None:
            copy.out = max(0, copy.out - 1)
