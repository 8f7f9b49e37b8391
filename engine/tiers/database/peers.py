"""Multi-primary: every node of a shard takes writes, so losing one of them stops none.

multi_cluster: each has its own copy (merge.py). With conflicts = "last_writer" a write is acknowledged at once and shipped; with
"reject" it first goes to all the others and back, and is refused if another came before that it did not know.
multi_shared: one volume, one log, and a row is written by whoever holds it: who does not, waits for it.

The shard's log is the merged history in the order in which it was written. Who led before goes on to lead what needs one
node (copies of keys in motion); nobody is promoted.
"""

from __future__ import annotations

import numpy as np

from ...core import Core
from ...policies.hashing import mix
from ...replies import Replies
from .log import INF
from .merge import Certifier, Merge, Pages
from .nodes import F8, I2, I8
from .replication import MULTI, MULTI_SHARED
from .shard import Role, Shard
from .work import DatabaseWork

WRITERS = (Role.PRIMARY, Role.REPLICA)
COUNTED = ("conflicts", "overwritten", "rejected", "row_waits", "peer_writes")


class DatabasePeers(DatabaseWork):
    """Who the writers of a shard are, how they are connected, when each has what, and what reads of it show."""

    def __init__(self, core: Core, replies: Replies) -> None:
        self.multi = core.config.database.replication.mode in MULTI
        self.conflicts: str = core.config.database.replication.conflicts
        self.merge, self.certifier, self.pages = Merge(), Certifier(), Pages()
        self.died_at: dict[int, float] = {}  # when writers died
        self.counted: dict[str, int] = dict.fromkeys(COUNTED, 0)
        self.counted_before = dict(self.counted)
        self.row_wait = 0.0  # seconds that writes waited for their rows
        self.last_conflict = ""
        self.conflicts_last = 0  # in the last second
        self.conflict_event = 0
        super().__init__(core, replies)

    @property
    def waits(self) -> bool:
        """Does a write wait, for its row or for the others' word?"""
        return self.mode == MULTI_SHARED or self.conflicts == "reject"

    def switch_mode(self) -> None:
        """The mode or the rule has changed at a boundary: who takes writes, and what is under way is merged."""
        self.multi = self.mode in MULTI
        self.merge, self.certifier, self.pages = Merge(), Certifier(), Pages()
        for index, role in enumerate(self.role_of):
            if role is Role.REPLICA:
                self.writable_from[index] = 0.0 if self.multi else INF
        for shard in self.shards:
            if shard.primary >= 0:
                self._relink(shard, anew=True)
        self.rebuild_pools()

    def _set_role(self, index: int, role: Role) -> None:
        super()._set_role(index, role)
        if self.multi:
            self.writable_from[index] = 0.0 if role in WRITERS else INF

    def writers(self, shard: Shard) -> list[int]:
        """Nodes of a shard that are equals."""
        return [node for node in shard.nodes if self.role_of[node] in WRITERS]

    # ---- drivers

    def rebuild_pools(self) -> None:
        if not self.multi:
            super().rebuild_pools()
            return
        self.routing.rebuild([self.writers(shard) for shard in self.shards], self.core.now, "replicas", self._near())

    def choose_writer(self, slots: I8, zone: I2, shard: I2) -> I8:
        """Where writes (n,) go: always the same of the pool for a user; another on the second attempt."""
        routing, flights = self.routing, self.core.flights
        turn = mix(flights.user[slots].astype(np.int64), seed=1) % routing.size[zone, shard].astype(np.uint64)
        node: I8 = routing.pool[zone, shard, turn.astype(np.int64)]
        for i in np.flatnonzero(self.tries[slots]).tolist():
            other = routing.other(int(zone[i]), int(shard[i]), int(flights.db[slots[i]]))
            node[i] = other if other >= 0 else node[i]
        return node

    # ---- links

    def _relink(self, shard: Shard, *, anew: bool = False) -> None:
        if not self.multi:
            super()._relink(shard, anew=anew)
            return
        for follower in shard.log.followers.values():
            link = self._link(shard, follower)
            follower.open, follower.delay, follower.rate = link.open, link.delay, link.rate
        nodes, fabric, now = self.nodes, self.core.fabric, self.core.now
        for a in self.writers(shard):
            if nodes.up[a]:
                self.died_at.pop(a, None)
            else:
                self.died_at.setdefault(a, now)
            for b in self.writers(shard):
                if a != b:
                    through = self._runs(a) and self._runs(b) and fabric.reachable("db", a, "db", b)
                    through = through and not self.replication_cut[a] and not self.replication_cut[b]
                    self.merge.links[a, b] = through, fabric.distance("db", np.array([a]), "db", np.array([b]))
        self.merge.revise(shard.index, now)
        self._lay(shard, 0)
        if anew:
            self.replan_commits(shard)
        self._settle(shard, 0)

    def _runs(self, node: int) -> bool:
        return bool(self.nodes.up[node]) and float(self.nodes.speed[node]) > 0.0

    def _lay(self, shard: Shard, first: int) -> None:
        """When each follower has all records up to each one, from index `first` on; what it wrote itself it has."""
        log, n = shard.log, shard.log.size
        late = [(lsn - log.base, r) for lsn, r in self.merge.book(shard.index).items() if lsn >= log.base + first]
        for follower in log.followers.values():
            there = log.written[first:n].copy()
            for i, record in late:
                there[i - first] = record.arrives.get(follower.node, there[i - first])
            if first and there.size:
                there[0] = max(there[0], follower.received[first - 1])
            follower.received[first:n] = follower.applied[first:n] = np.maximum.accumulate(there)

    def _ship(self, shard: Shard, first: int) -> None:
        if not self.multi:
            super()._ship(shard, first)
            return
        log = shard.log
        log.commit[first : log.size] = log.written[first : log.size]
        self._lay(shard, first)
        self.meters.totals["shipped"] += (log.size - first) * len(log.followers)
        self._settle(shard, first)

    def _settle(self, shard: Shard, first: int) -> None:
        if not self.multi:
            super()._settle(shard, first)
            return
        log, versions = shard.log, self.versions
        key = log.key[first : log.size]
        settled = log.commit[first : log.size].copy()
        for lsn, record in self.merge.book(shard.index).items():
            if lsn - log.base >= first:
                settled[lsn - log.base - first] = max(settled[lsn - log.base - first], *record.arrives.values(), 0.0)
        newest = (self.places.owner[key] == shard.index) & (versions.head_lsn[key] == np.arange(log.base + first, log.head))
        versions.head_time[key[newest]] = log.commit[first : log.size][newest]
        versions.settled[key[newest]] = settled[newest]

    # ---- reads

    def _look_back(self, t: F8, slots: I8, node: I8, key: I8, version: I8, unsettled: I8) -> I8:
        if not self.multi or self.stray_count:
            return super()._look_back(t, slots, node, key, version, unsettled)
        shown, newest = version.copy(), version.copy()
        for i in unsettled.tolist():
            s, at, lsn = int(self.shard_of_node[node[i]]), float(t[i]), int(self.versions.head_lsn[key[i]])
            log = self.shards[s].log
            newest[i] = self.merge.shows(s, log, lsn, int(version[i]), -1, at)
            shown[i] = self.merge.shows(s, log, lsn, int(version[i]), int(node[i]), at)
        self.mark_stale(np.flatnonzero(shown < newest), slots, key, node)
        return shown

    # ---- once a step, once a second

    def begin_peers(self) -> None:
        """At a boundary: forget what all have."""
        self.merge.sweep(self.core.now)

    def second_peers(self) -> None:
        """Tell of the conflicts of the last second in one line."""
        new = self.counted["conflicts"] - self.counted_before["conflicts"]
        self.conflicts_last = new
        if new:
            text = f"{new} write conflict{'s' if new > 1 else ''}: {self.last_conflict}"
            self.core.log.tell(self.core.now, "database", text, level="warn")
        self.counted_before = dict(self.counted)
        self.certifier.sweep(self.core.now)
