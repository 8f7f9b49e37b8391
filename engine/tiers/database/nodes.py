"""The database's nodes: who is in which shard and role, what a fault has done to them, how each replica is connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...core import Core, generator
from ...nodes import Nodes
from ...pending import Pending
from ...queueing import Discipline, Stations
from ...replies import Replies
from ..base import Tier, enlist, machines_of
from .log import Follower
from .meters import Meters
from .placement import Places
from .replication import SEMI_SYNC, SYNC, Link, caught_up, plan_commits, revise
from .routing import Routing
from .shard import Role, Shard, letters_of
from .versions import Versions

if TYPE_CHECKING:
    from ..cache import Cache
    from ..web import Web

B = NDArray[np.bool_]
F8 = NDArray[np.float64]
I2 = NDArray[np.int16]
I8 = NDArray[np.int64]

READING = (Role.PRIMARY, Role.REPLICA, Role.STRAY)  # who answers reads
LOG_CAP = 1_000_000  # records kept for a replica that is behind; one further behind must be seeded anew
LOG_KEPT = 1_024  # records kept in any case
LEAST_RATE = 1e-6  # records/s; an applier that is slower stands still: its times would be no numbers


class DatabaseNodes(Tier):
    """State of the tier, and what concerns its nodes. Node arrays are (n,) in the order of `nodes`."""

    name = "database"
    multi = False  # does every node of a shard take writes (peers.py)?
    web: Web
    guest = host = -1  # the node that lives on a web server's machine, and that server's index (engine.tiers.shared)

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core)
        config = core.config.database
        self.replies = replies
        self.cache: Cache | None = None
        self.nodes = Nodes("db", machines_of(core.config, "db"))
        core.fabric.add_tier(self.nodes)
        replication = config.replication
        self.mode: str = replication.mode
        self.semi_sync_timeout = replication.semi_sync_timeout
        self.apply_per_second = replication.apply_per_second
        self.apply_cost = replication.apply_cost
        self.paid: dict[int, int] = {}  # by replica: LSN up to which its workers have applied
        self.detect_interval = replication.detect_interval
        self.detect_fall = replication.detect_fall
        self.promote_time = replication.promote_time
        self.repoint_time = replication.repoint_time
        self.fencing = replication.fencing
        self.automatic = replication.automatic
        self.read_from: str = replication.read_from
        self.timeout = config.timeout
        self.queue = config.queue
        self.discipline: str = config.discipline
        self.rebalance_mb_s = config.rebalance_mb_s
        self.rebalance_chunk = config.rebalance_chunk
        self.stations = Stations(bound=config.queue or None, discipline=Discipline(config.discipline))
        self.shards: list[Shard] = []
        self.role_of: list[Role] = []
        self.shard_of_node: I8 = np.zeros(0, dtype=np.int64)
        self.takes_reads: B = np.zeros(0, dtype=np.bool_)
        self.writable_from: F8 = np.zeros(0)  # inf: takes no writes
        self.applier_speed: F8 = np.zeros(0)  # effect of faults: 1 nominal, 0 stopped
        self.replication_cut: B = np.zeros(0, dtype=np.bool_)  # effect of faults: no records reach this replica
        self.known_up: B = np.zeros(0, dtype=np.bool_)
        self.known_speed: F8 = np.zeros(0)
        self.lossy = False
        self.bounds: dict[int, int] = {}  # effect of faults: jobs that may wait, by node
        self.erring = False  # does any node answer with errors?
        self.rng = generator(core.seed, "database errors")
        self.rng_apply = generator(core.seed, "database apply")
        self.versions = Versions(core.config.traffic.keys, max(1, core.config.users.count, core.config.users.most))
        self.meters = Meters(core.config.traffic.keys)
        self.routing = Routing(len(core.fabric.zones))
        self.outbox = Pending(core.part_dt)  # (t, slot) about to leave the web servers
        self.inbox = Pending(core.part_dt)  # (t, slot) about to reach a database node
        self.chores = Pending(core.part_dt, columns=2)  # (t, row, node) of jobs that are no requests; rows are negative
        for i in range(config.shards):
            self._found_shard(config.replicas, i)
        self.places = Places(config, core.config.traffic.keys, [s.name for s in self.shards])
        self._links_changed()
        self._repoint_all()

    # ---- membership

    def _found_shard(self, replicas: int, zone: int) -> Shard:
        """A new shard with a primary and replicas, zones in turn from `zone` on."""
        index = len(self.shards)
        shard = Shard(f"s{index + 1}", index, letters_of(index))
        self.shards.append(shard)
        self.routing.add_shard()
        self.meters.add_shard()
        for i in range(replicas + 1):
            self._found_node(shard, Role.REPLICA if i else Role.PRIMARY, self._place(zone, i))
        self._choose_standby(shard)
        return shard

    def _place(self, zone: int, number: int) -> int:
        """The zone of a shard's node with this number: one after the other from `zone` on; with a front door in every region the
        primary stands in the first region and the replicas in the others in turn."""
        regions = self.core.regions
        if not regions.fronts:
            return zone + number
        open_ = [region for region, active in enumerate(regions.active) if active]
        zones = regions.zones_of(open_[number % len(open_)])
        return zones[(zone + number // len(open_)) % len(zones)]

    def _found_node(self, shard: Shard, role: Role, zone: int) -> int:
        """One more node of a shard; a new replica of a shard with data starts seeding. Returns its index."""
        core, index = self.core, len(self.nodes)
        name = f"db-{shard.letters}{len(shard.nodes) + 1}"
        zone %= len(core.fabric.zones)
        self.nodes.add(name, zone, f"10.0.{200 + index // 250}.{10 + index % 250}", shard.name, core.now)
        enlist(self.stations, self.nodes, index, self.queue or None)
        shard.nodes.append(index)
        self.role_of.append(role)
        self.shard_of_node = np.append(self.shard_of_node, shard.index)
        self.takes_reads = np.append(self.takes_reads, True)
        self.writable_from = np.append(self.writable_from, np.inf)
        self.applier_speed = np.append(self.applier_speed, 1.0)
        self.replication_cut = np.append(self.replication_cut, False)
        self.known_up = np.append(self.known_up, True)
        self.known_speed = np.append(self.known_speed, 1.0)
        self.routing.add_node()
        self.meters.add_node()
        if role is Role.PRIMARY:
            shard.primary = index
            self.writable_from[index] = 0.0
        else:
            shard.log.follow(index, shard.log.head)
        self._set_role(index, role)
        return index

    def lodge(self, index: int) -> None:
        """This node lives on the first web server's machine, or (-1) none does any more."""
        if self.guest >= 0:
            self.nodes.guest[self.guest] = False
        self.guest, self.host = index, 0 if index >= 0 else -1
        if index >= 0:
            self.nodes.guest[index] = True
            self.nodes.zone[index] = self.core.fabric.tiers["web"].zone[0]
            self.nodes.lay_flat(len(self.core.fabric.zones))
            self.core.least_db_work = 0.0  # queries that are done with their page hold no worker here

    def _set_role(self, index: int, role: Role) -> None:
        self.role_of[index] = role
        self.takes_reads[index] = role in READING

    def _choose_standby(self, shard: Shard) -> None:
        """Sync mode waits for one replica: the most advanced one, in another zone than the primary if there is one."""
        now = self.core.now
        here = self.nodes.zone[shard.primary]
        best: tuple[bool, int, int] | None = None
        for node in shard.log.followers:
            if self.role_of[node] is Role.REPLICA:
                key = (bool(self.nodes.zone[node] != here), shard.log.received(node, now), -node)
                best = key if best is None or key > best else best
        shard.standby = -1 if best is None else -best[2]

    def serving_followers(self, shard: Shard) -> list[int]:
        """Followers that answer reads."""
        return [node for node in shard.log.followers if self.role_of[node] is Role.REPLICA]

    def ackers(self, shard: Shard) -> list[Follower]:
        """Followers whose word a commit waits for."""
        followers = shard.log.followers
        if self.mode == SYNC:
            return [followers[shard.standby]] if shard.standby in followers else []
        return [followers[node] for node in self.serving_followers(shard)] if self.mode == SEMI_SYNC else []

    # ---- links between a primary and its replicas

    def sends(self, shard: Shard) -> bool:
        """Does the primary's process run, so that it ships its log?"""
        return bool(self.nodes.up[shard.primary]) and float(self.nodes.speed[shard.primary]) > 0.0

    def _link(self, shard: Shard, follower: Follower) -> Link:
        """How a replica is connected at this moment."""
        node, primary, nodes, fabric = follower.node, shard.primary, self.nodes, self.core.fabric
        runs = bool(nodes.up[node]) and float(nodes.speed[node]) > 0.0
        through = runs and not self.replication_cut[node] and fabric.reachable("db", primary, "db", node)
        rate = self.apply_per_second * float(nodes.speed[node]) * float(self.applier_speed[node])
        if rate < LEAST_RATE or not nodes.up[node] or self.role_of[node] is Role.SEEDING:
            rate = 0.0
        delay = fabric.distance("db", np.array([primary]), "db", np.array([node]))
        return Link(through and self.sends(shard), delay, rate, not through)

    def _links_changed(self) -> None:
        """Compare every replica's connection with what was planned, and revise where it differs."""
        fabric = self.core.fabric
        self.lossy = fabric.lossy.get("db", False) or any(rule.loss or rule.jitter_s or rule.per_second for rule in fabric.rules)
        for shard in self.shards:
            self._relink(shard)

    def _relink(self, shard: Shard, *, anew: bool = False) -> None:
        """Revise this shard's replicas whose connection differs from what was planned; anew: all, and all commits."""
        log, now = shard.log, self.core.now
        first = 0 if anew else log.size
        changed = anew
        for follower in log.followers.values():
            link = self._link(shard, follower)
            if anew or (link.open, link.delay, link.rate) != (follower.open, follower.delay, follower.rate) or link.lose:
                first = min(first, revise(log, follower, now, link))
                changed = True
        if changed:
            self.replan_commits(shard)
            self._settle(shard, first)

    def replan_commits(self, shard: Shard) -> None:
        """Plan all commits that have not happened yet anew, and what hangs on them."""
        log, now = shard.log, self.core.now
        if shard.fallback_at > now:
            shard.fallback_at = np.inf
        first = log.committed(now) - log.base
        shard.fallback_at = plan_commits(
            log, self.ackers(shard), first, now, self.mode, self.semi_sync_timeout, shard.fallback_at
        )
        self._settle(shard, first)

    def _settle(self, shard: Shard, first: int) -> None:
        """When the keys of the records from index `first` on are committed and everywhere."""
        log = shard.log
        owned = self.places.owner[log.key[first : log.size]] == shard.index
        self.versions.settle(log, first, self.serving_followers(shard), owned)

    def _end_fallbacks(self) -> None:
        """Semi-synchronous again as soon as a replica has caught up."""
        now = self.core.now
        for shard in self.shards:
            if shard.fallback_at > now:
                continue
            if not shard.fallback_told:
                shard.fallback_told = True
                text = f"{shard.name}: no replica has confirmed for {self.semi_sync_timeout:g} s, commits no longer wait"
                self.core.log.tell(now, "database", text, level="warn", target=shard.name, cause=self.blame(shard))
            if self.mode != SEMI_SYNC or any(caught_up(shard.log, follower, now) for follower in self.ackers(shard)):
                shard.fallback_at, shard.fallback_told = np.inf, False
                self.core.log.tell(now, "database", f"{shard.name}: commits wait again", level="good", target=shard.name)

    def blame(self, shard: Shard) -> int:
        """Event that explains what is wrong with a shard's nodes, or the latest disturbance."""
        events = [int(self.nodes.event[node]) for node in shard.nodes if self.nodes.event[node]]
        return max(events, default=self.core.log.latest_disturbance)

    # ---- drivers

    def _repoint_all(self) -> None:
        for shard in self.shards:
            self.routing.believe(shard.index, range(len(self.core.fabric.zones)), shard.primary)
        self.rebuild_pools()

    def rebuild_pools(self) -> None:
        """What the drivers know of replicas has changed."""
        pools = [[n for n in shard.nodes if self.role_of[n] is Role.REPLICA] for shard in self.shards]
        self.routing.rebuild(pools, self.core.now, self.read_from, self._near())

    def _near(self) -> B | None:
        """(zones, nodes): which nodes the drivers of a zone ask before all others; None = nobody is nearer."""
        regions = self.core.regions
        if not (regions.fronts and regions.read_near):
            return None
        near: B = regions.of_zone[:, None] == regions.of(self.nodes)[None, :]
        return near

    # ---- bounds

    def _trim_logs(self) -> None:
        """Drop what every replica has applied; a replica too far behind loses its place and is seeded anew."""
        now = self.core.now
        for shard in self.shards:
            log = shard.log
            for node in list(log.followers):
                if log.head - log.position(node, now) > LOG_CAP:
                    self._set_role(node, Role.SEEDING)
                    log.follow(node, log.head)
                    self._choose_standby(shard)
                    self.places.seed(node, shard.index)
                    self._relink(shard, anew=True)
                    self.rebuild_pools()
            keep = min(log.head - LOG_KEPT, log.committed(now))
            for node in log.followers:
                keep = min(keep, log.position(node, now))
            for stray in shard.strays.values():
                keep = min(keep, max(stray.fork, log.head - LOG_CAP))
            log.drop_before(max(keep, log.base))
