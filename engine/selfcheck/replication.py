"""Rows R1 to R4: how far replicas lag, what a failover loses, the semi-synchronous stall, how often reads are stale.

Whole worlds: the failover manager, the appliers, the wires and their faults are the engine's own.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from ..commands import Heal, Inject
from ..config import DatabasePart, ReplicationPart, Route, Scenario, Step, Traffic
from ..tiers.traffic import Births
from ..world import World
from .base import Finding, around, band, exact, within
from .worlds import FOR_EVER, I8, NOTHING, READ, WRITE, at_clients, give, go, plain


def stored(
    replication: ReplicationPart, rate: float, keys: int = 1_000, shards: int = 1, routes: tuple[Route, ...] = (WRITE,)
) -> Scenario:
    """Shards of a primary and one replica; requests cost the databases nothing."""
    database = DatabasePart(
        shards=shards, replicas=1, workers=1, read=NOTHING, write=NOTHING, queue=0, timeout=FOR_EVER, replication=replication,
        placement="modulo",
    )  # fmt: skip
    return plain(traffic=Traffic(requests_per_second=rate, keys=keys, zipf=0.0), route=routes, database=database)


def lag(world: World) -> tuple[float, int]:
    """(seconds, records) that the replica of the first shard is behind."""
    node = next(n for n in world.database.reading().shards[0].nodes if n.role != "primary")
    return node.lag_s, node.lag_txn


def r1(
    written: float = 1200.0, applied: float = 1000.0, seconds: float = 300.0, after: float = 400.0,
    tolerance: float = 0.03, seed: int = 1,
) -> tuple[Finding, ...]:  # fmt: skip
    """(w - a) t records behind, as many seconds as the applier is late: (w - a) t / w; at a lower rate drained at a - after.

    Poisson writes: the standard deviation of the backlog is sqrt(w t), 1 % of it here.
    """
    config = msgspec.structs.replace(
        stored(ReplicationPart(apply_per_second=applied), written),
        script=(Step(at=seconds, option="traffic.requests_per_second", value=after),),
    )
    world = World(config, seed)
    go(world, seconds)
    behind_s, behind = lag(world)
    backlog = (written - applied) * seconds
    drain = backlog / (applied - after)
    drained = math.inf
    while world.now < seconds + 1.2 * drain and math.isinf(drained):
        go(world, world.now + 0.5)
        if lag(world)[1] <= 2:
            drained = world.now - seconds
    return (
        within("records behind", backlog, behind, tolerance),
        within("seconds behind", backlog / written, behind_s, tolerance),
        within("drained after, s", drain, drained, tolerance),
    )


def failover(mode: str, cut: bool, rate: float, one_way: float, seed: int) -> tuple[int, int]:
    """(acknowledged writes lost, promotions): the primary dies at 5 s, its wire to the replica with it or not."""
    replication = ReplicationPart(mode=mode, apply_per_second=1e6)  # type: ignore[arg-type]
    config = msgspec.structs.replace(stored(replication, rate), step_ms=10.0)
    config = msgspec.structs.replace(config, client=msgspec.structs.replace(config.client, timeout=2.0))
    world = World(config, seed)
    give(world, Inject("latency", "db~db", 1e3 * one_way - config.network.same_zone_rtt_ms / 2.0))
    go(world, 5.0)
    if cut:
        give(world, Inject("kill_primary", "s1"), Inject("partition", "db~db"))
    else:
        give(world, Inject("kill_primary", "s1"))
    go(world, 7.0)
    if cut:
        give(world, Heal("db~db"))
    go(world, 14.0)
    reading = world.database.reading()
    return reading.lost_writes, len(reading.failovers)


def r2(rate: float = 1000.0, one_way: float = 0.05, seed: int = 4) -> tuple[Finding, ...]:
    """What is on the wire when it dies with the primary is lost: Poisson(rate x one way), three standard deviations; on an
    intact wire it arrives; a synchronous commit is on both sides before it is acknowledged.
    """
    mean = rate * one_way
    three = 3.0 * math.sqrt(mean)
    lost, promoted = failover("async", True, rate, one_way, seed)
    intact, again = failover("async", False, rate, one_way, seed)
    synchronous, third = failover("sync", True, rate, one_way, seed)
    return (
        band("writes lost, link cut", mean, lost, math.ceil(mean - three), math.floor(mean + three)),
        exact("writes lost, wire intact", 0, intact),
        exact("writes lost, synchronous", 0, synchronous),
        exact("promotions in the three runs", "1 1 1", f"{promoted} {again} {third}"),
    )


def r3(timeout: float = 10.0, one_way: float = 0.005, rate: float = 20.0, seed: int = 1) -> tuple[Finding, ...]:
    """The replica is cut off at 5 s: the writes of one stall wait until the time-out ends, later ones do not wait at all;
    healed and caught up, commits wait for the replica again.
    """
    cut, heal = 5.0, 5.0 + 2.0 * timeout
    replication = ReplicationPart(mode="semi_sync", semi_sync_timeout=timeout, apply_per_second=1e6)
    config = msgspec.structs.replace(stored(replication, rate), step_ms=min(50.0, timeout * 5.0))
    world = World(config, seed)
    zone = config.network.same_zone_rtt_ms / 2e3
    ear = at_clients(world)
    give(world, Inject("latency", "db~db", 1e3 * (one_way - zone)))
    go(world, cut)
    give(world, Inject("cut_replication", "db-a2"))
    go(world, heal)
    fallen = world.database.reading().semi_sync_fallback
    give(world, Heal("db-a2"))
    go(world, heal + 10.0)
    heard = ear.heard()
    took, sent = heard["t"] - heard["sent"], heard["sent"]
    base = float(took[sent < cut - 1.0].min()) - 2.0 * one_way  # what a write takes without waiting for a replica

    def during(start: float, end: float) -> float:
        return float(took[(sent >= start) & (sent < end)].max())

    return (
        within("longest stall, s", timeout, during(cut, cut + timeout), 0.02),
        exact("asynchronous while the replica is away", "True", str(fallen)),
        band("then a commit waits, ms", 0, 1e3 * (during(cut + timeout + 0.5, heal - 0.5) - base), -1.0, 1.0),
        exact("synchronous again when caught up", "False", str(world.database.reading().semi_sync_fallback)),
        within("then a commit waits, ms", 2e3 * one_way, 1e3 * (during(heal + 2.0, heal + 9.0) - base), 0.05),
    )


def stale_share(rate: float, lag_s: float, apply: str, shards: int, seconds: float, seed: int) -> float:
    """Share of stale reads when every shard has one key, written and read `rate` times a second.

    constant: the lag is the wire. exponential: an M/M/1 applier of mean time lag_s in the system, on a wire of no length.
    """
    constant = apply == "constant"
    replication = ReplicationPart(
        apply_per_second=1e6 if constant else rate + 1.0 / lag_s, apply=apply, automatic=False, detect_interval=FOR_EVER  # type: ignore[arg-type]
    )
    world = World(stored(replication, 0.0, keys=4_000, shards=shards, routes=(WRITE, READ)), seed)
    if constant:
        give(world, Inject("latency", "db~db", 1e3 * lag_s - world.core.config.network.same_zone_rtt_ms / 2.0))
    keys = np.unique(world.database.places.owner, return_index=True)[1].astype(np.int64)
    if keys.size != shards:
        raise AssertionError("a shard without keys")
    rng = np.random.default_rng(seed)
    warm = max(1.0, 50.0 * lag_s)
    n = int(2 * rate * shards * seconds)
    t = 0.5 + np.cumsum(rng.standard_exponential(n)) / (2 * rate * shards)
    route = (rng.random(n) < 0.5).astype(np.int64)  # 0 = write, 1 = read
    kept = (route == 0) | (t >= warm)  # nobody reads before the appliers are in their steady state
    t, route = t[kept], route[kept]
    nothing = np.zeros(t.size)
    users: I8 = np.zeros(t.size, dtype=np.int64)
    world.traffic.script.append(Births(t, users, rng.choice(keys, t.size), route, nothing, nothing))
    go(world, math.ceil(float(t[-1])) + 1.0)
    return world.database.meters.totals["stale_reads"] / int((route == 1).sum())


def r4(
    rate: float = 10.0, lag_s: float = 0.1, shards: int = 60, seconds: float = 90.0, tolerance: float = 0.01, seed: int = 3
) -> tuple[Finding, ...]:
    """A read is stale if a write came within the lag before it: 1 - exp(-w L) at a constant lag, w L / (1 + w L) at an
    exponential one (the time in an M/M/1 applier). Shards with one key each are as many experiments at once.
    """
    x = rate * lag_s
    wire = stale_share(rate, lag_s, "constant", shards, seconds / 3.0, seed)
    applier = stale_share(rate, lag_s, "exponential", shards, seconds, seed)
    return (
        around("stale share, constant lag", 1.0 - math.exp(-x), wire, tolerance),
        around("stale share, exponential lag", x / (1.0 + x), applier, tolerance),
    )
