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


def walked(db: Database, key: int, at: float) -> int:
    """The last committed version by a walk through the log, for one key alone."""
    log, versions = db.shards[int(db.places.owner[key])].log, db.versions
    return log.as_of(log.commit, int(versions.head_lsn[key]), int(versions.head_version[key]), at)


def judged(db: Database, now: float) -> int:
    """Compare for all keys, several moments and versions; how many were outdated."""
    keys, found = np.arange(KEYS), 0
    for ago in (0.0, 0.004, 0.03, 0.2):
        at = np.full(KEYS, max(0.0, now - ago))
        last = db.committed(keys, at)
        assert last.tolist() == [walked(db, key, float(at[key])) for key in range(KEYS)]
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


def test_many_questions_about_one_key_are_answered_from_one_walk() -> None:
    """A key that is written often, asked for at many moments in one batch."""
    rig = Rig(BUSY, seed=7)
    rig.give(SetOption("replication.mode", "sync"))
    open_ = 0
    for _ in range(60):
        rig.run(1)
        db, now = rig.world.database, rig.world.now
        keys = np.repeat(np.arange(8), 12)
        at = np.tile(np.linspace(max(0.0, now - 0.1), now, 12), 8)
        assert db.committed(keys, at).tolist() == [walked(db, key, t) for key, t in zip(keys.tolist(), at.tolist(), strict=True)]
        open_ += np.count_nonzero(db.versions.head_time[keys] > at)
    assert open_ > 100
