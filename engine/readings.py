"""The parts of a snapshot, one group a pane: frozen values that a pane may read, all of one and the same step.

Units: times in virtual seconds unless a name ends in `_ms`; rates per virtual second, counted over the last whole
second; shares 0..1. A `trend` is one value a second, oldest first, at most 60. Nothing in here is computed by the screen.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class NodeState(StrEnum):
    """How a node is, in the order in which trouble should rise to the top of a list."""

    DOWN = "down"
    FROZEN = "frozen"
    UNREACHABLE = "unreachable"
    FENCED = "fenced"
    SLOW = "slow"
    STARTING = "starting"
    DRAINING = "draining"
    STANDBY = "standby"
    UP = "up"


class Struct(msgspec.Struct, frozen=True, array_like=False, omit_defaults=True):
    """Base of all snapshot parts."""


class Pace(Struct, frozen=True):
    """How virtual time runs (filled in by the runtime). `asked` 0 = as fast as possible; `busy` = share of a core."""

    asked: float = 1.0
    achieved: float = 0.0
    busy: float = 0.0
    paused: bool = False
    viewers: int = 0


class Cause(Struct, frozen=True):
    """One cause of failed requests: its name, per second now, in all, and the event that it leads back to."""

    name: str
    rate: float
    total: int
    event: int = 0


class Headline(Struct, frozen=True):
    """The header: is it well, and for whom."""

    users: int
    offered: float
    goodput: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    error_share: float
    slo_target: float
    budget_left: float
    cost_per_hour: float
    causes: tuple[Cause, ...] = ()
    offered_trend: tuple[float, ...] = ()
    goodput_trend: tuple[float, ...] = ()
    p50_trend: tuple[float, ...] = ()
    p95_trend: tuple[float, ...] = ()
    p99_trend: tuple[float, ...] = ()
    error_trend: tuple[float, ...] = ()


class Totals(Struct, frozen=True):
    """Since the start. arrived = ok + failed + shed + in_flight, always (invariant 1)."""

    arrived: int
    ok: int
    failed: int
    shed: int
    in_flight: int
    attempts: int
    retries: int
    timed_out: int
    wasted: int
    late: int


class Node(Struct, frozen=True):
    """A node on the map. `verdict` is a few words; `role` e.g. "active", "primary", "replica"; `at` = zone or city."""

    name: str
    tier: str
    state: NodeState
    at: str = ""
    address: str = ""
    role: str = ""
    group: str = ""
    utilisation: float = 0.0
    workers: int = 0
    in_service: int = 0
    waiting: int = 0
    rate: float = 0.0
    p99_ms: float = 0.0
    verdict: str = ""
    faults: tuple[str, ...] = ()


class Link(Struct, frozen=True):
    """A link on the map between two tiers, zones or nodes, by name; `name` is what commands call it ("web~cache")."""

    name: str
    a: str
    b: str
    state: NodeState
    rate: float = 0.0
    one_way_ms: float = 0.0
    loss: float = 0.0
    verdict: str = ""
    faults: tuple[str, ...] = ()


class Map(Struct, frozen=True):
    """The topology: nodes in tier order, links between tiers."""

    verdict: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


class Level(Struct, frozen=True):
    """One level of the DNS walk. `hit_share` is of all look-ups; latency of one query to it (root, tld, authority)."""

    name: str
    state: NodeState
    queries: float
    hit_share: float
    p99_ms: float = 0.0
    ttl: float = 0.0
    verdict: str = ""


class Record(Struct, frozen=True):
    """A record as the authority has it now. `answers`: (address, resolvers that answer it now), most first."""

    name: str
    kind: str
    value: str
    ttl: float
    was: str = ""
    answers: tuple[tuple[str, int], ...] = ()


class Walk(Struct, frozen=True):
    """The last full walk of some resolver: (level, "cached" or "12 ms"), in order."""

    resolver: str
    at: float
    total_ms: float
    steps: tuple[tuple[str, str], ...]


class Dns(Struct, frozen=True):
    """Pane 2."""

    verdict: str
    lookups: float
    levels: tuple[Level, ...]
    records: tuple[Record, ...]
    resolvers: int
    stale_resolvers: int
    cold_p99_ms: float
    nxdomain_share: float
    servfail_share: float
    ttl_left: tuple[int, ...] = ()
    walks: tuple[Walk, ...] = ()
    lookups_trend: tuple[float, ...] = ()
    stale_trend: tuple[float, ...] = ()


class Backend(Struct, frozen=True):
    """A web server as the balancer sees it."""

    name: str
    state: NodeState
    share: float
    rate: float
    open: int
    p50_ms: float
    p99_ms: float
    weight: float = 1.0
    healthy: bool = True
    verdict: str = ""
    share_trend: tuple[float, ...] = ()


class Balancer(Struct, frozen=True):
    """Pane 3. `active` is the node that holds `address`; `fail_open` = all unhealthy, so all are tried."""

    verdict: str
    policy: str
    address: str
    active: str
    rate: float
    fail_open: bool
    refused_private: int
    redispatched: int
    backends: tuple[Backend, ...]
    rate_trend: tuple[float, ...] = ()


class CacheNode(Struct, frozen=True):
    """One cache node. `fill` = entries / capacity; `key_share` = share of the key space it is home to."""

    name: str
    state: NodeState
    hit_share: float
    rate: float
    evictions: float
    entries: int
    capacity: int
    fill: float
    key_share: float
    verdict: str = ""
    hit_trend: tuple[float, ...] = ()


class HotKey(Struct, frozen=True):
    """A hot key: reads and writes a second, and where it lives."""

    key: int
    rate: float
    share: float
    home: str
    cached: bool = False


class Cache(Struct, frozen=True):
    """Pane 4. Shares are of look-ups in the last second; `stale` = hits older than the last committed version."""

    verdict: str
    policy: str
    ttl: float
    sliding: bool
    single_flight: bool
    early_expiry: bool
    stale_while_revalidate: float
    write_mode: str
    hit_share: float
    rate: float
    coalesced: float
    fills: float
    stale: float
    expired: float
    invalidated: float
    entries: int
    capacity: int
    nodes: tuple[CacheNode, ...]
    hot: tuple[HotKey, ...] = ()
    hit_trend: tuple[float, ...] = ()
    miss_trend: tuple[float, ...] = ()
    fills_trend: tuple[float, ...] = ()


class Replica(Struct, frozen=True):
    """A database node. lag in seconds, transactions (log records) and bytes; `stale_share` of the reads it answered."""

    name: str
    state: NodeState
    role: str
    position: int
    lag_s: float
    lag_txn: int
    lag_bytes: int
    reads: float
    writes: float
    stale_share: float
    utilisation: float = 0.0
    waiting: int = 0
    verdict: str = ""
    lag_trend: tuple[float, ...] = ()


class Failover(Struct, frozen=True):
    """A failover as a timeline: (virtual time, what happened); lost = acknowledged writes that are gone."""

    shard: str
    steps: tuple[tuple[float, str], ...]
    rto_s: float
    lost: int
    lost_sample: tuple[str, ...] = ()
    done: bool = False


class Shard(Struct, frozen=True):
    """A shard as replication sees it: its nodes, mode and head of the log."""

    name: str
    mode: str
    epoch: int
    head: int
    writes: float
    reads: float
    nodes: tuple[Replica, ...]
    writable: int = 1


class Replication(Struct, frozen=True):
    """Pane 5."""

    verdict: str
    mode: str
    shards: tuple[Shard, ...]
    stale_reads: float
    ryw_violations: int
    lost_writes: int
    diverged_writes: int
    semi_sync_fallback: bool
    failovers: tuple[Failover, ...] = ()
    lag_trend: tuple[float, ...] = ()


class ShardShare(Struct, frozen=True):
    """A shard as placement sees it."""

    name: str
    keys: int
    key_share: float
    load_share: float
    rate: float
    p99_ms: float
    moving_in: int = 0
    moving_out: int = 0
    hottest: int = -1
    hottest_share: float = 0.0


class Shards(Struct, frozen=True):
    """Pane 6. `ring` is a strip of owners (indexes into `shards`) around the ring; -1 - i marks a piece moving to i."""

    verdict: str
    placement: str
    shards: tuple[ShardShare, ...]
    moving: bool
    moved: int
    to_move: int
    moved_share: float
    theory_ring: float
    theory_modulo: float
    throttle_mb_s: float
    eta_s: float
    double_reads: int = 0
    ring: tuple[int, ...] = ()
    imbalance: float = 1.0
    hot: tuple[HotKey, ...] = ()
    moved_trend: tuple[float, ...] = ()
