"""Row R7: how often two primaries write the same key without knowing of each other.

A whole world: two nodes of one shard take writes, each ships its own to the other over the engine's own wire.
"""

from __future__ import annotations

import msgspec

from ..commands import Inject
from ..config import ReplicationPart
from ..world import World
from .base import Finding, exact, within
from .replication import stored
from .worlds import give, go


def r7(
    rate: float = 100.0, keys: int = 1_000, one_way: float = 0.05, seconds: float = 2_000.0,
    tolerance: float = 0.05, seed: int = 2,
) -> tuple[Finding, ...]:  # fmt: skip
    """Two primaries of `rate` writes a second each: a write is in conflict with those that the other one took within the delay
    before and after it, on its key: 2 d l1 l2 sum p^2 a second. At the parameters given 2,000 are expected: 2.2 % deviation.
    """
    config = stored(ReplicationPart(mode="multi_cluster"), 2.0 * rate, keys)
    config = msgspec.structs.replace(config, users=msgspec.structs.replace(config.users, count=100_000))
    world = World(config, seed)
    give(world, Inject("latency", "db~db", 1e3 * one_way - config.network.same_zone_rtt_ms / 2.0))
    go(world, 1.0)
    before, written = world.database.counted["conflicts"], world.database.counted["peer_writes"]
    go(world, 1.0 + seconds)
    database = world.database
    lost = database.counted["overwritten"]
    expected = 2.0 * one_way * rate * rate / keys
    return (
        within("conflicts a second", expected, (database.counted["conflicts"] - before) / seconds, tolerance),
        within("writes a second", 2.0 * rate, (database.counted["peer_writes"] - written) / seconds, tolerance / 2.0),
        exact("writes lost with a promotion", 0, database.reading().lost_writes),
        within("acknowledged writes overwritten a second", expected, lost / seconds, tolerance),
    )
