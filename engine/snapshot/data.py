"""The parts of a snapshot for cache, replication and shards: panes 4 to 6. Units as in engine.snapshot.panes."""

from __future__ import annotations

from .base import NodeState, Struct


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


class MultiPrimary(Struct, frozen=True):
    """Every node of a shard takes writes. Counts are since the start, `conflict_rate` of the last second.

    conflicts: two writes that did not know each other; overwritten: acknowledged writes that lost; rejected: refused instead.
    row_waits, row_wait_s: writes that waited for a row that another node held, and how long in all.
    """

    rule: str
    writers: int
    writes: int
    conflicts: int
    conflict_rate: float
    overwritten: int
    rejected: int
    row_waits: int
    row_wait_s: float
    under_way: int
    last: str = ""


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
    multi: MultiPrimary | None = None


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
    alone: bool = False


class Joins(Struct, frozen=True):
    """Requests that ask many shards at once, since the start. mean_ms: of those that succeeded; part_ms: of one part.

    rewritten: writes done again because joined data lie with their keys; rewrites_lost: copies that stayed as they were.
    """

    denormalised: bool
    joins: int
    parts: int
    joined: int
    failed: int
    partial: int
    waiting: int
    mean_ms: float
    part_ms: float
    rewritten: int
    rewrites_lost: int


class Shards(Struct, frozen=True):
    """Pane 6. `ring` is a strip of owners (indexes into `shards`) around the ring; -1 - i marks a piece moving to i.

    split, spread: hot keys with a shard of their own, with a copy on every shard; then writes done again for copies, reads that
    copies answered, and how many of those were behind.
    """

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
    split: tuple[int, ...] = ()
    spread: tuple[int, ...] = ()
    joins: Joins | None = None
    copied_writes: int = 0
    copy_reads: int = 0
    copy_stale: int = 0
