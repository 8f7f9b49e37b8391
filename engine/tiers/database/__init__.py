"""The database tier: shards, each a primary with replicas; its step, its settings, what people may do to it.

    path, routing, again   how a request gets to a node, and what happens if it does not
    ahead        how far the tier may run ahead of the caches
    applying     what the log costs the replicas' workers
    work, reads, writes, versions   what happens at a node, which version is seen, acknowledgements
    log, replication   the log and how it reaches the replicas
    peers, merge   multi-primary: every node of a shard takes writes
    failover     crashes, promotion, fencing, split brain, re-pointing
    placement, move    which shard owns a key, and moving keys under traffic
    celebrities  hot keys: split off, or with a copy everywhere
    joins        scatter-gather over shards, or joined data that lie with their key
    meters, reading    what is counted, and what is shown of it all

Everything that changes the database from outside (faults, commands) does so at a step boundary.
"""

from __future__ import annotations

import numpy as np

from ...load import Load, load_of
from ...queueing import Discipline
from ...snapshot import Replication, Setting, Shards
from ..base import OptionValue
from . import reading as db_reading
from .ahead import Until
from .applying import charge
from .joins import DatabaseJoins
from .replication import MULTI
from .shard import Role


class Database(DatabaseJoins):
    """Nodes "db-a1", "db-a2", ... of shard "s1", "db-b1", ... of "s2"; `group` of a node is its shard's name."""

    def begin(self) -> None:
        """Work at a step's boundary: hand-overs, re-pointing, how far the tier may run ahead of the caches."""
        if self.places.moving:
            self._hand_over()
        elif any(shard.leaving for shard in self.shards):
            self._retire_shards()
        if self.places.seeds:
            self._seed()
        if self.multi:
            self.begin_peers()
        if self.spread:
            self.begin_copies()
        if self.apply_cost:
            charge(self, self.apply_cost)
        self._repoint()
        self._end_fallbacks()
        if self.routing.stale(self.core.now):
            self.rebuild_pools()
        self._look_ahead()

    def step(self) -> None:
        """Boundary work first, then all requests in order of time."""
        self.begin()
        self.run()

    def run(self) -> None:
        """Handle all that happens before the end of the window."""
        end = self.core.end
        self._run(Until(end, end, end, end))

    def run_ahead(self) -> None:
        """Handle what no cache can change any more, before the caches are served up to the window's end (see ahead.py)."""
        self._run(self.settled())

    def _run(self, until: Until) -> None:
        self.until = until
        self._dispatch()
        self._admit()
        self._finish()
        if self.timers:
            self._ring()
        if self.failed:
            self._dispatch()
        self.reached, self.heard = until.reach, until.hear

    def second(self) -> None:
        """Count what was served, note the lags, trim the logs."""
        now = self.core.end
        busy = self.stations.second(now)
        self.meters.second(busy, np.array(self.stations.nodes.workers, dtype=np.float64), self.shard_of_node)
        db_reading.note_lags(self, now)
        self.meters.moved_trend.push(self.places.moved)
        self._trim_logs()
        if self.multi:
            self.second_peers()

    # ---- membership

    def add_shard(self) -> str:
        """A new shard with as many replicas as the scenario gives one; keys move to it chunk by chunk. Returns its name."""
        shard = self._found_shard(self.core.config.database.replicas, len(self.shards))
        self.places.add(shard.name)
        self.routing.believe(shard.index, range(len(self.core.fabric.zones)), shard.primary)
        self._links_changed()
        self.rebuild_pools()
        return shard.name

    def remove_shard(self, name: str) -> None:
        """The shard gives its keys away and goes when it has none. ValueError if it cannot."""
        shard = self.shard_by_name(name)
        if shard.leaving:
            raise ValueError(f"{name} is on its way out already")
        if shard.alone:
            raise ValueError(f"{name} is there for one key: take the key back (database.split)")
        if sum(s.primary >= 0 and not s.leaving and not s.alone for s in self.shards) <= 1:
            raise ValueError(f"{name} is the last shard and stays")
        self.places.remove(name)
        shard.leaving = True

    def add_replica(self, name: str, zone: int = -1) -> int:
        """A new replica; it copies the shard's data before it serves. Returns its index; ValueError if there is no such shard."""
        shard = self.shard_by_name(name)
        zone = self._place(int(self.nodes.zone[shard.nodes[0]]), len(shard.nodes)) if zone < 0 else zone
        index = self._found_node(shard, Role.SEEDING, zone)
        self.places.seed(index, shard.index)
        self._relink(shard)
        return index

    def remove_node(self, index: int) -> None:
        """Take a replica or a former primary out of the system. ValueError for the primary."""
        name = self.nodes.names[index]
        if self.role_of[index] is Role.PRIMARY:
            raise ValueError(f"{name} is the primary of {self.nodes.group[index]}: promote a replica first")
        if self.role_of[index] is Role.GONE:
            raise ValueError(f"{name} is gone already")
        shard = self.shards[int(self.shard_of_node[index])]
        self._retire_node(index)
        if shard.standby == index:
            self._choose_standby(shard)
        self._relink(shard, anew=True)
        self.rebuild_pools()

    def restore_node(self, index: int) -> None:
        """A removed node comes back under its old name, without data; if its shard is gone meanwhile, the log says why not."""
        shard = self.shards[int(self.shard_of_node[index])]
        if shard.primary < 0:
            text = f"{self.nodes.names[index]} does not come back: {shard.name} is gone"
            self.core.log.tell(self.core.now, "database", text, level="warn", target=self.nodes.names[index])
            return
        assert self.role_of[index] is Role.GONE, f"{self.nodes.names[index]} was never removed"
        self.nodes.member[index] = True
        self.nodes.born[index] = self.core.now
        self._set_role(index, Role.SEEDING)
        shard.log.follow(index, shard.log.head)
        self.places.seed(index, shard.index)
        self._relink(shard)

    # ---- settings

    def option(self, name: str) -> OptionValue:
        """As `Tier.option`; `placement` is the rule that places keys."""
        if name in ("split", "spread"):
            keys = sorted(self.places.pinned) if name == "split" else self.spread
            return ", ".join(map(str, keys)) or "none"
        return self.places.rule if name == "placement" else super().option(name)

    def set_option(self, name: str, value: OptionValue) -> None:
        """As `Tier.set_option`; what is planned already is planned anew."""
        now = self.core.now
        if name == "placement":
            self.places.set_rule(str(value))
            return
        if name in ("split", "spread"):
            (self.set_split if name == "split" else self.set_spread)(str(value))
            return
        if name == "queue":
            self.queue = int(value)
            for index in range(len(self.nodes)):
                self.stations.set_bound(index, now, self.queue or None)
            return
        before = self.multi
        super().set_option(name, value)
        if name in ("mode", "conflicts") and (before or self.mode in MULTI):
            self.switch_mode()
        if name in ("mode", "semi_sync_timeout"):
            for shard in self.shards:
                if shard.primary >= 0:
                    self.replan_commits(shard)
        elif name == "apply_per_second":
            self._links_changed()
        elif name == "read_from":
            self.rebuild_pools()
        elif name == "discipline":
            self.stations.set_discipline(now, Discipline(str(value)))
            for index in range(len(self.nodes)):
                self._watch(index)

    # ---- views

    def is_primary(self, index: int) -> bool:
        """Is this node the primary of its shard?"""
        return self.role_of[index] is Role.PRIMARY

    def shard_of(self, key: int) -> str:
        """Name of the shard that owns a key."""
        return self.shards[int(self.places.owner[key])].name

    def roles(self) -> dict[str, str]:
        """Role of every node, by name."""
        return {name: role.value for name, role in zip(self.nodes.names, self.role_of, strict=True)}

    def load(self) -> Load:
        """How loaded the nodes are."""
        return load_of(self.stations, self.meters.utilisation, self.meters.rate.last, self.meters.latency, self.core.now)

    def shipped_rate(self) -> float:
        """Records sent to replicas in the last second."""
        return float(self.meters.shipped_last)

    def record(self) -> dict[str, int]:
        """Counters since the start, by name."""
        return {**self.meters.totals, "repeated": self.repeated, **self.counted}

    def reading(self, listed: int = db_reading.LOST_SHOWN) -> Replication:
        """Pane 5. listed: so many lost writes of a failover are told one by one."""
        return db_reading.replication(self, listed)

    def shards_reading(self) -> Shards:
        """Pane 6."""
        return db_reading.shards(self)

    def inspect(self, node: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
        """State and settings of one node."""
        return db_reading.inspect(self, node)
