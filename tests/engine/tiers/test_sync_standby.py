"""Synchronous replication whose standby is gone: nothing is committed, so nothing can be lost, whatever dies next."""

from __future__ import annotations

import msgspec
import pytest
from world_rig import QUICK, Rig

from engine.commands import HealAll, Inject, RemoveNode
from engine.config import ReplicationPart, Scenario

SYNC: ReplicationPart = msgspec.structs.replace(QUICK.database.replication, mode="sync")


def scenario(replicas: int) -> Scenario:
    """One shard, synchronous, with so many replicas; half of the requests write."""
    base = msgspec.structs.replace(QUICK.database, shards=1, replicas=replicas, replication=SYNC)
    return msgspec.structs.replace(QUICK, database=base)


@pytest.mark.parametrize("replicas", [1, 2])
def test_commits_stop_and_nothing_is_lost(replicas: int) -> None:
    """The standby crashes, then the primary; both come back. The checker excuses nothing: it has seen a standby all along."""
    rig = Rig(scenario(replicas))
    rig.run(200)
    db = rig.world.database
    shard = db.shards[0]
    assert shard.log.committed(rig.world.now) > 10
    standby, primary = db.nodes.names[shard.standby], db.nodes.names[shard.primary]
    rig.give(Inject("crash", standby, None))
    rig.run(4)  # what was acknowledged already is on its way
    before = shard.log.committed(rig.world.now)
    written = shard.log.head
    rig.run(100)
    assert shard.log.head > written
    assert shard.log.committed(rig.world.now) == before
    rig.give(Inject("crash", primary, None))
    rig.run(200)
    assert db.nodes.names[shard.primary] == primary, "somebody was promoted who need not have everything"
    rig.give(HealAll())
    rig.run(400)
    assert shard.log.committed(rig.world.now) > before
    assert db.meters.totals["lost"] == 0
    assert rig.checked.checker.always_sync


def test_without_any_replica_a_write_waits_for_nobody_and_nobody_takes_over() -> None:
    """The only replica is taken out: the shard goes on alone (the one excuse that the checker knows) and loses nothing."""
    rig = Rig(scenario(1))
    rig.run(200)
    db = rig.world.database
    shard = db.shards[0]
    rig.give(RemoveNode(db.nodes.names[shard.standby]))
    rig.run(20)
    before = shard.log.committed(rig.world.now)
    rig.run(200)
    assert shard.standby == -1
    assert not rig.checked.checker.always_sync
    assert shard.log.committed(rig.world.now) > before
    primary = shard.primary
    rig.give(Inject("crash", db.nodes.names[primary], None))
    rig.run(200)
    assert shard.primary == primary
    rig.give(HealAll())
    rig.run(200)
    assert db.meters.totals["lost"] == 0
