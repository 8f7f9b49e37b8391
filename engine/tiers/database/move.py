"""Moving keys between shards while they are in use, and filling new replicas: real jobs at real nodes.

A chunk of keys is read at its source (a job), sent, written at its destination (a job), and handed over at a step boundary. Until
then the source answers for these keys; what is written meanwhile goes to the destination too (a job each). At the hand-over
the destination gets the newest version of every key; a request that still waits at the old owner is passed on when its turn
comes. So a key always has exactly one owner and never loses a version. The old rows stay where they were until the new ones are
safe: if a destination fails, its copies are made again from there.
"""

from __future__ import annotations

import numpy as np

from ...causes import Cause
from ...fabric import Fate
from .failover import DatabaseFailover
from .log import NONE
from .nodes import I8
from .placement import Chunk, Job, Stage
from .replication import revise
from .shard import Role

COPY_COST = 0.1  # a row in bulk against one asked for alone: an assumption (no parsing, no round trip, no commit of its own)
AGAIN_S = 0.25  # a copy that found nobody is tried again so often


class DatabaseMove(DatabaseFailover):
    """The running plan's chunks and the seeding of replicas."""

    def copy_chunk(self, keys: int) -> None:
        """Begin to copy up to `keys` more keys of the plan; nothing if there is no plan."""
        chunk = self.places.next(keys)
        if chunk is not None:
            self._begin(chunk)

    def _begin(self, chunk: Chunk) -> None:
        """Ask the source for the rows; wait if it does not run."""
        source = self.shards[chunk.source].primary
        if not self._works(source):
            chunk.stage, chunk.not_before = Stage.IDLE, self.core.now + AGAIN_S
            return
        mean = self.core.config.database.read.mean_ms / 1e3
        chunk.stage = Stage.READING
        self._send_job(Job("read", COPY_COST * mean * chunk.keys.size, chunk=chunk.number), source, self.core.now)

    def _works(self, node: int) -> bool:
        nodes = self.nodes
        return bool(nodes.up[node]) and float(nodes.speed[node]) > 0.0 and self.role_of[node] is Role.PRIMARY

    def _send_job(self, job: Job, node: int, t: float) -> None:
        row = self.places.job(job)
        if node == self.guest:
            self.web.chores.push(np.array([t]), np.array([row]))
            return
        self.chores.push(np.array([t]), np.array([row]), np.array([node]))

    def job_done(self, row: int, t: float, node: int) -> None:
        places = self.places
        job = places.jobs.pop(row)
        chunk = places.chunks.get(job.chunk)
        if job.kind == "read" and chunk is not None:
            chunk.versions = self.versions.head_version[chunk.keys].copy()
            to = self.shards[chunk.to].primary
            hop = self.core.fabric.hop("db", np.array([node]), "db", np.array([to]))
            if hop.fate is not None and hop.fate[0] != Fate.PASS:
                chunk.stage, chunk.not_before = Stage.IDLE, self.core.end + AGAIN_S
                return
            mean = self.core.config.database.write.mean_ms / 1e3
            chunk.stage = Stage.WRITING
            self._send_job(Job("write", COPY_COST * mean * chunk.keys.size, chunk=chunk.number), to, t + float(hop.delay[0]))
        elif job.kind == "write" and chunk is not None:
            self._append_copies(chunk.to, chunk.keys, chunk.versions, t)
            chunk.stage = Stage.READY
            self.meters.totals["copied"] += chunk.keys.size
        elif job.kind == "mirror" and chunk is not None:
            i = int(chunk.keys.searchsorted(job.key))
            if i < chunk.keys.size and chunk.keys[i] == job.key and chunk.versions.size and chunk.versions[i] < job.version:
                chunk.versions[i] = job.version
                self._append_copies(chunk.to, chunk.keys[i : i + 1], chunk.versions[i : i + 1], t)
        elif job.kind == "seed":
            seed = places.seeds.get(job.key)
            if seed is not None:
                seed.done += job.version

    def job_lost(self, row: int) -> None:
        job = self.places.jobs.pop(row, None)
        if job is None:
            return
        chunk = self.places.chunks.get(job.chunk)
        if job.kind in ("read", "write") and chunk is not None:
            chunk.stage, chunk.not_before = Stage.IDLE, self.core.now + AGAIN_S
            self.meters.totals["recopied"] += chunk.keys.size
        elif job.kind == "seed" and job.key in self.places.seeds:
            self.places.seeds[job.key].ahead += job.version

    def mirror(self, keys: I8, slots: I8) -> None:
        places, flights = self.places, self.core.flights
        for i in np.flatnonzero(places.copying[keys]).tolist():
            chunk = places.chunks.get(int(places.copying[keys[i]]) - 1)
            if chunk is None or chunk.stage not in (Stage.WRITING, Stage.READY):
                continue
            to, node = self.shards[chunk.to].primary, flights.db[slots[i] : slots[i] + 1].astype(np.int64)
            hop = self.core.fabric.hop("db", node, "db", np.array([to]))
            if hop.fate is not None and hop.fate[0] != Fate.PASS:
                continue  # the hand-over brings what is missing
            job = Job("mirror", float(flights.db_work[slots[i]]), chunk.number, int(keys[i]), int(flights.version[slots[i]]))
            self._send_job(job, to, float(self.reach[slots[i]]) + float(hop.delay[0]))

    def _append_copies(self, to: int, keys: I8, versions: I8, t: float) -> None:
        """Copied rows in the log of their new shard. They hang on nothing: losing them loses no write."""
        shard = self.shards[to]
        first = shard.log.size
        for key, version in zip(keys.tolist(), versions.tolist(), strict=True):
            shard.log.append(t, key, -1, -1, version, NONE, version, 1.0)
        self._ship(shard, first)

    def _hand_over(self) -> None:
        """At a step boundary: copied keys change hands, except those with a write that is not committed yet."""
        now, places = self.core.now, self.places
        for chunk in list(places.chunks.values()):
            if chunk.stage is Stage.IDLE and chunk.not_before <= now:
                self._begin(chunk)
            if chunk.stage is not Stage.READY or not self._works(self.shards[chunk.to].primary):
                continue
            ready = self.versions.head_time[chunk.keys] <= now
            newest = self.versions.head_version[chunk.keys]
            if not self._works(self.shards[chunk.source].primary):
                ready &= newest == chunk.versions  # nobody is there to ask for the rest
            missed = ready & (newest != chunk.versions)
            if missed.any():
                self.meters.totals["recopied"] += int(np.count_nonzero(missed))
                self._append_copies(chunk.to, chunk.keys[missed], newest[missed], now)
            if not ready.any():
                continue
            keys = places.hand_over(chunk, ready)
            self.versions.detach(keys, now)
        self._retire_shards()

    def _retire_shards(self) -> None:
        """A shard that is to go and has given all its keys away is gone."""
        for shard in self.shards:
            if not shard.leaving or shard.primary < 0 or self.places.moving:
                continue
            if bool((self.places.owner == shard.index).any()):
                continue
            for node in shard.nodes:
                if self.nodes.member[node]:
                    self._retire_node(node)
            shard.primary = -1
            text = f"{shard.name} has given all its keys away and is gone"
            self.core.log.tell(self.core.now, "database", text, level="good", target=shard.name)
            self.rebuild_pools()

    def _retire_node(self, node: int) -> None:
        shard = self.shards[int(self.shard_of_node[node])]
        self.nodes.member[node] = False
        self._set_role(node, Role.GONE)
        self.writable_from[node] = np.inf
        self.places.seeds.pop(node, None)
        shard.log.leave(node)
        shard.strays.pop(node, None)
        self.stray_count = sum(self.role_of[n] is Role.STRAY for s in self.shards for n in s.strays)
        self._die(node, Cause.RESET)

    # ---- seeding

    def _seed(self) -> None:
        """New replicas copy their shard's data from its primary, at the rebalancer's rate; then they follow and serve."""
        config, places, rate = self.core.config.database, self.places, self.rebalance_mb_s * 1e6
        for node, seed in list(places.seeds.items()):
            shard = self.shards[seed.shard]
            if not seed.total:
                seed.total = float(np.count_nonzero(places.owner == seed.shard)) * config.item_bytes
                seed.ahead = seed.total
            piece = float(self.rebalance_chunk * config.item_bytes)
            through = self._works(shard.primary) and node in shard.log.followers and shard.log.followers[node].open
            if through and seed.ahead > 0.0 and self.core.now >= seed.next_at:
                size = min(piece, seed.ahead)
                seed.ahead -= size
                seed.next_at = max(self.core.now, seed.next_at) + size / rate
                work = COPY_COST * config.read.mean_ms / 1e3 * size / config.item_bytes
                self._send_job(Job("seed", work, key=node, version=int(size)), shard.primary, self.core.now)
            if seed.done >= seed.total and self.core.now >= seed.next_at:
                del places.seeds[node]
                self._seeded(node)

    def _seeded(self, node: int) -> None:
        shard, now = self.shards[int(self.shard_of_node[node])], self.core.now
        self._set_role(node, Role.REPLICA)
        log = shard.log
        first = revise(log, log.followers[node], now, self._link(shard, log.followers[node]))
        if shard.standby < 0:
            self._choose_standby(shard)
        self.replan_commits(shard)
        self._settle(shard, first)
        self.rebuild_pools()
        name = self.nodes.names[node]
        self.core.log.tell(now, "database", f"{name} has its data and serves", level="good", target=name)
