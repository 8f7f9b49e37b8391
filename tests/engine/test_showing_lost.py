"""RPO as a list: every acknowledged write that a failover lost is named, in the record and where a person inspects the shard."""

from __future__ import annotations

from world_rig import Rig

from engine.commands import Inject
from engine.showing.record import record
from engine.tiers.database.reading import LOST_SHOWN


def test_every_lost_write_is_named_once() -> None:
    """Two replicas are 600 ms away when their primary dies with its wires: what was on the way is gone, one by one."""
    rig = Rig()
    rig.run(100)
    rig.give(Inject("traffic_x10", "traffic", 3.0))
    rig.give(Inject("latency", "db~db", 600.0))
    rig.run(200)
    rig.give(Inject("partition", "db-a1~db-a2"))
    rig.give(Inject("partition", "db-a1~db-a3"))
    rig.give(Inject("kill_primary", "s1"))
    rig.run(200)
    found = record(rig.world, 0.0).replication
    (failover,) = [f for f in found.failovers if f.shard == "s1"]
    assert failover.lost == found.lost_writes > LOST_SHOWN
    assert len(set(failover.lost_sample)) == failover.lost
    assert all(line.startswith("lsn ") and " key " in line and " user " in line for line in failover.lost_sample)
    numbers = [int(line.split()[1]) for line in failover.lost_sample]
    assert numbers == sorted(numbers)
    shown = rig.world.snapshot().replication.failovers[-1]
    assert shown.lost_sample == failover.lost_sample[-LOST_SHOWN:]
    inspected = rig.world.inspect("s1")
    assert inspected is not None
    assert tuple(line.value for line in inspected.state_lines if line.name == "lost write") == failover.lost_sample[-200:]
