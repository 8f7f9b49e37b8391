"""What the database shows of itself: replication (pane 5), shards (pane 6), one node for the inspector. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...meter import quantile
from ...snapshot import Failover, HotKey, NodeState, Replica, Replication, Setting, Shard, Shards, ShardShare
from ...words import count, percent
from ..base import machine
from .joinview import joins
from .move import COPY_COST
from .peers import WRITERS
from .peerview import first_lag, multi, multi_words
from .routing import RECHECK_S
from .shard import FailoverNote, Role
from .shard import Shard as ShardState

if TYPE_CHECKING:
    from . import Database

LOST_SHOWN = 20
FAILOVERS_SHOWN = 5
LAG_SHOWN_S = 0.5  # a verdict speaks of a lag from here on


def lag(shard: ShardState, node: int, now: float) -> tuple[int, int, float]:
    """(position, records behind the head, seconds since the first of them was written) of a node."""
    log = shard.log
    if node == shard.primary:
        return log.head, 0, 0.0
    if node not in log.followers:
        stray = shard.strays.get(node)
        position = stray.fork if stray is not None else 0
        return position, max(0, log.head - position), 0.0
    position = log.position(node, now)
    behind = log.head - position
    return position, behind, now - float(log.written[position - log.base]) if behind else 0.0


def note_lags(db: Database, now: float) -> None:
    """Once a second: the lag of every replica, and the longest of all, seconds."""
    longest = 0.0
    for shard in db.shards:
        for node in shard.nodes:
            seconds = lag(shard, node, now)[2] if db.nodes.member[node] else 0.0
            db.meters.lag_trends[node].push(seconds)
            if db.role_of[node] is Role.REPLICA:
                longest = max(longest, seconds)
    db.meters.lag_trend.push(longest)


def state_of(db: Database, node: int) -> NodeState:
    """How a node is."""
    nodes, role = db.nodes, db.role_of[node]
    if role is Role.FENCED:  # whether its process runs or not: shut out it is
        return NodeState.FENCED
    if not nodes.up[node]:
        return NodeState.DOWN
    if not nodes.speed[node] > 0.0:
        return NodeState.FROZEN
    if role is Role.SEEDING:
        return NodeState.STARTING
    return NodeState.UP if nodes.speed[node] >= 1.0 else NodeState.SLOW


def _node_verdict(db: Database, shard: ShardState, node: int, seconds: float) -> str:
    follower = shard.log.followers.get(node)
    seed = db.places.seeds.get(node)
    if seed is not None:
        return f"copying {percent(seed.done / max(1.0, seed.total))}"
    words = ""
    if db.role_of[node] is Role.STRAY:
        words = "not fenced: takes writes of its own" if db.nodes.up[node] else "was primary, not fenced"
    elif db.role_of[node] is Role.FENCED:
        words = "" if db.nodes.up[node] else "down"
    elif follower is not None and db.nodes.up[node]:
        if not follower.open:
            words = "gets no records"
        elif follower.rate <= 0.0:
            words = "applies nothing"
        elif seconds >= LAG_SHOWN_S:
            words = f"{seconds:.1f} s behind"
    elif node == shard.primary and db.core.now < shard.writable_at:
        words = "applies what it had received"
    return words


def _replica(db: Database, shard: ShardState, node: int, waiting: int) -> Replica:
    now, meters = db.core.now, db.meters
    position, behind, seconds = first_lag(db, shard) if db.multi and node == shard.primary else lag(shard, node, now)
    reads = int(meters.reads.last[node])
    return Replica(
        name=db.nodes.names[node],
        state=state_of(db, node),
        role="writer" if db.multi and db.role_of[node] in WRITERS else db.role_of[node].value,
        position=position,
        lag_s=seconds,
        lag_txn=behind,
        lag_bytes=behind * db.core.config.database.replication.record_bytes,
        reads=float(reads),
        writes=float(meters.writes.last[node]),
        stale_share=int(meters.stale.last[node]) / reads if reads else 0.0,
        utilisation=float(meters.utilisation[node]),
        waiting=max(0, waiting),
        verdict=_node_verdict(db, shard, node, seconds),
        lag_trend=meters.lag_trends[node].tuple(),
    )


def _failover(db: Database, note: FailoverNote, listed: int) -> Failover:
    done = bool(np.isfinite(note.rto))
    return Failover(
        shard=note.shard,
        steps=tuple(sorted(note.steps)),
        rto_s=note.rto if done else db.core.now - note.failed,
        lost=note.lost,
        lost_sample=tuple(
            f"lsn {lsn} key {key} user {user} written {at:.3f} s" for lsn, key, user, at in list(note.sample)[-listed:]
        ),
        done=done,
    )


def replication(db: Database, listed: int = LOST_SHOWN) -> Replication:
    """Pane 5. listed: so many of a failover's lost writes, the last ones, are told one by one."""
    waiting = (db.stations.totals.in_system() - db.stations.in_service(db.core.now)).tolist()
    shards: list[Shard] = []
    for shard in db.shards:
        if shard.primary < 0:
            continue
        nodes = [node for node in shard.nodes if db.nodes.member[node]]
        nodes.sort(key=lambda node: (node != shard.primary, node))
        writable = [n for n in nodes if db.role_of[n] in (Role.PRIMARY, Role.STRAY) and db.nodes.up[n]]
        if db.multi:  # one history, whoever writes it
            writable = [n for n in db.writers(shard) if db.nodes.up[n]][:1]
        shards.append(
            Shard(
                name=shard.name,
                mode=db.mode,
                epoch=shard.epoch,
                head=shard.log.head,
                writes=float(db.meters.writes.last[shard.nodes].sum()),
                reads=float(db.meters.reads.last[shard.nodes].sum()),
                nodes=tuple(_replica(db, shard, node, waiting[node]) for node in nodes),
                writable=len(writable),
            )
        )
    notes = sorted((note for shard in db.shards for note in shard.failovers), key=lambda note: note.promoted)
    totals = db.meters.totals
    return Replication(
        verdict=multi_words(db) if db.multi and all(s.writable for s in shards) else _verdict(db, shards),
        mode=db.mode,
        shards=tuple(shards),
        stale_reads=float(db.meters.stale_last),
        ryw_violations=totals["ryw"],
        lost_writes=totals["lost"],
        diverged_writes=totals["diverged"],
        semi_sync_fallback=any(shard.fallback_at <= db.core.now for shard in db.shards),
        failovers=tuple(_failover(db, note, listed) for note in notes[-FAILOVERS_SHOWN:]),
        lag_trend=db.meters.lag_trend.tuple(),
        multi=multi(db),
    )


def _verdict(db: Database, shards: list[Shard]) -> str:
    """What matters most, in a few words."""
    split = [s.name for s in shards if s.writable > 1]
    if split:
        return f"split brain: {', '.join(split)} has two primaries"
    headless = [s.name for s in shards if s.writable == 0]
    if headless:
        return f"no primary for {', '.join(headless)}: writes fail"
    replicas = [(node, s.name) for s in shards for node in s.nodes if node.role == Role.REPLICA.value]
    down = [node.name for node, _ in replicas if node.state in (NodeState.DOWN, NodeState.FROZEN)]
    if down:
        return f"{down[0]} is down" if len(down) == 1 else f"{len(down)} replicas are down"
    worst = max(replicas, key=lambda pair: pair[0].lag_s, default=None)
    if worst is not None and worst[0].lag_s >= LAG_SHOWN_S:
        return f"{worst[0].name} is {worst[0].lag_s:.1f} s behind ({worst[0].lag_txn:,} writes)"
    if any(shard.fallback_at <= db.core.now for shard in db.shards):
        return "semi-sync gave up waiting: commits are asynchronous"
    longest = max((node.lag_s for node, _ in replicas), default=0.0)
    return f"all replicas within {max(longest, 0.001) * 1e3:.0f} ms" if replicas else "no replicas"


def shards(db: Database) -> Shards:
    """Pane 6."""
    places, meters = db.places, db.meters
    counts = places.counts(len(db.shards)).tolist()
    total_keys, asked = max(1, sum(counts)), max(1, int(meters.shard_rate.last.sum()))
    into, out = [0] * len(db.shards), [0] * len(db.shards)
    for source, to, keys in (*places.queue, *((c.source, c.to, c.keys) for c in places.chunks.values())):
        out[source] += keys.size
        into[to] += keys.size
    shown: list[ShardShare] = []
    for shard in db.shards:
        if shard.primary < 0:
            continue
        i = shard.index
        key, count = meters.hottest.get(i, (-1, 0))
        rate = int(meters.shard_rate.last[i])
        shown.append(
            ShardShare(
                name=shard.name,
                keys=counts[i],
                key_share=counts[i] / total_keys,
                load_share=rate / asked,
                rate=float(rate),
                p99_ms=quantile(meters.shard_latency.last[i], 0.99),
                moving_in=into[i],
                moving_out=out[i],
                hottest=key,
                hottest_share=count / rate if rate else 0.0,
                alone=shard.alone,
            )
        )
    left = sum(into)
    bytes_left = left * db.core.config.database.item_bytes
    number = {shard.index: position for position, shard in enumerate(s for s in db.shards if s.primary >= 0)}
    hottest_load = max((s.load_share for s in shown), default=0.0)
    return Shards(
        verdict=_shards_verdict(db, shown, left),
        placement=places.rule,
        shards=tuple(shown),
        moving=places.moving,
        moved=places.moved,
        to_move=left,
        moved_share=places.moved / total_keys,
        theory_ring=places.theory["ring"],
        theory_modulo=places.theory["modulo"],
        throttle_mb_s=db.rebalance_mb_s,
        eta_s=bytes_left / (db.rebalance_mb_s * 1e6),
        double_reads=meters.totals["forwarded"],
        ring=tuple(number.get(i, 0) if i >= 0 else -1 - number.get(-1 - i, 0) for i in places.ring()),
        imbalance=hottest_load * len(shown),
        hot=tuple(
            HotKey(key, float(count), count / max(1, meters.asked), "all" if key in db.spread else db.shards[home].name)
            for key, count, home in meters.hot
        ),
        moved_trend=meters.moved_trend.tuple(),
        split=tuple(sorted(places.pinned)), spread=tuple(db.spread),
        joins=joins(db),
        copied_writes=db.copied_writes, copy_reads=db.copy_reads, copy_stale=db.copy_stale,
    )  # fmt: skip


def _shards_verdict(db: Database, shown: list[ShardShare], left: int) -> str:
    places = db.places
    if places.moving:
        return f"moving keys: {places.moved:,} of {places.planned:,}, {left:,} to go"
    if not shown:
        return "no shards"
    busiest = max(shown, key=lambda s: s.load_share)
    if busiest.load_share * len(shown) > 1.5 and busiest.rate >= 20.0:
        alone = percent(busiest.hottest_share)
        return f"{busiest.name} has {percent(busiest.load_share)} of the load: key {busiest.hottest} alone {alone}"
    shown = [s for s in shown if not s.alone] or shown
    uneven = max(s.key_share for s in shown) * len(shown) - 1.0
    return f"{count(len(shown), 'shard')}, keys within {percent(uneven, sign='+')} of even"


def inspect(db: Database, node: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    """State and settings of one node, for the inspector."""
    shard = db.shards[int(db.shard_of_node[node])]
    totals, config = db.stations.totals, db.core.config.database
    position, behind, seconds = lag(shard, node, db.core.now)
    served = max(1, int(totals.departures[node]))
    follower = shard.log.followers.get(node)
    state = [
        Setting("role", db.role_of[node].value, f"of {shard.name}, epoch {shard.epoch}"),
        Setting("position", f"{position:,} of {shard.log.head:,}", "log records applied / written"),
        Setting("lag", f"{seconds:.3f} s, {behind:,} records", "age of the first record not applied"),
        Setting("served", f"{int(totals.departures[node]):,}", "departures of its queue"),
        Setting("mean wait", f"{totals.wait[node] / served * 1e3:.2f} ms", "queueing time / served"),
        Setting("mean service", f"{totals.busy[node] / served * 1e3:.2f} ms", "busy time / served"),
        Setting("shed", f"{int(totals.rejected[node]):,}", "found the queue full"),
        Setting("lost", f"{int(totals.lost[node]):,}", "inside when it died"),
        Setting("utilisation", percent(db.meters.utilisation[node], 1), "busy worker seconds of the last second"),
    ]
    if follower is not None:
        link = f"{follower.delay * 1e3:.2f} ms one way" if follower.open else "nothing gets through"
        state.append(Setting("replication link", link, "distance of the zones and active faults"))
        state.append(Setting("applier", f"{follower.rate:g} records/s", "rate x speed of the node x faults"))
    settings = (
        Setting("workers", str(db.stations.nodes.workers[node]), "scenario database.workers"),
        Setting("read", f"{config.read.mean_ms:g} ms, cv2 {config.read.cv2:g}", "scenario database.read"),
        Setting("write", f"{config.write.mean_ms:g} ms, cv2 {config.write.cv2:g}", "scenario database.write"),
        Setting("queue", f"{db.queue or 'unbounded'} {db.discipline}", "scenario database.queue"),
        Setting("replication", db.mode, "MariaDB 10.11: asynchronous unless told"),
        Setting("semi-sync time-out", f"{db.semi_sync_timeout:g} s", "MariaDB 10.11: 10,000 ms"),
        Setting("drivers look again after", f"{RECHECK_S:g} s", "pgJDBC: hostRecheckSeconds"),
        Setting("a row copied in bulk", f"{COPY_COST:g} of a request", "assumption"),
        *machine(db.nodes, node),
    )
    return tuple(state), settings
