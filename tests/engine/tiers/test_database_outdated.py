"""Which reads were stale: the short cut by the version before the newest agrees with the walk through the log, faults or not."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from world_rig import QUICK, Rig

from engine.commands import AddNode, HealAll, Inject, Promote, SetOption
from engine.tiers.database import Database

KEYS = QUICK.traffic.keys
BUSY = msgspec.structs.replace(QUICK, traffic=msgspec.structs.replace(QUICK.traffic, requests_per_second=400.0))


def judged(db: Database, now: float) -> int:
    """Compare for all keys, several moments and versions; how many were outdated."""
    keys, found = np.arange(KEYS), 0
    for ago in (0.0, 0.004, 0.03, 0.2):
        at = np.full(KEYS, max(0.0, now - ago))
        last = db.committed(keys, at)
        for back in range(4):
            versions = np.maximum(db.versions.issued - back, 0)
            outdated = db.outdated(keys, versions, at)
            assert outdated.tolist() == np.flatnonzero(versions < last).tolist()
            found += outdated.size
    return found


@pytest.mark.parametrize("mode", ["async", "semi_sync", "sync"])
def test_the_short_cut_agrees_with_the_log(mode: str) -> None:
    """While keys are written several times between commits, moved to a new shard, lost in a failover and branch off."""
    rig = Rig(BUSY, seed=5)
    rig.give(SetOption("replication.mode", mode))
    rig.give(SetOption("replication.fencing", False))
    found = 0
    deeds = {40: AddNode("shard"), 90: Inject("kill_primary", "s1"), 160: Promote("s2", "db-b2", fence=False), 230: HealAll()}
    for step in range(300):
        if step in deeds:
            rig.give(deeds[step])
        rig.run(1)
        found += judged(rig.world.database, rig.world.now)
    assert found > 1_000
    assert rig.world.database.places.moved > 0
