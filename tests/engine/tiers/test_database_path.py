"""How requests reach the database and what happens when they do not: retries, refusals, patience, errors, full queues."""

from __future__ import annotations

import numpy as np
import pytest
from database_rig import Ask, Rig, rig

from engine.causes import Cause
from engine.config import ReplicationPart
from engine.state import dumps, fingerprint, loads


def load(small: Rig, rate: float, end: float, *, writes: float = 0.2, work: float = 0.003, seed: int = 3) -> None:
    rng = np.random.default_rng(seed)
    keys = small.core.config.traffic.keys
    times = np.sort(rng.random(int(rate * end))) * end
    demand = rng.standard_exponential(times.size) * work
    small.at(
        Ask(t, int(rng.integers(keys)), bool(rng.random() < writes), int(rng.integers(100)), float(w), int(rng.integers(3)))
        for t, w in zip(times.tolist(), demand, strict=True)
    )


def causes(small: Rig, write: bool) -> dict[Cause, int]:
    found: dict[Cause, int] = {}
    for number, answer in small.clients.answers.items():
        if small.asked[number].write == write:
            found[answer.cause] = found.get(answer.cause, 0) + 1
    return found


def test_without_faults_reads_spread_evenly_and_nothing_fails() -> None:
    """Round robin: each replica of a shard serves the same number of reads, give or take one; the primary serves the writes."""
    small = rig(shards=1, replicas=3)
    load(small, 300.0, 3.0)
    small.run_until(4.0)
    served = small.database.stations.totals.departures
    writes = sum(ask.write for ask in small.asked.values())
    assert int(served[0]) == writes
    assert max(served[1:]) - min(served[1:]) <= 1
    assert causes(small, True).keys() | causes(small, False).keys() == {Cause.NONE}


def test_reads_survive_a_dead_replica_by_asking_another() -> None:
    """Refused at one, answered by the other, and the drivers leave the dead one alone for a while."""
    small = rig(shards=1, replicas=2)
    load(small, 300.0, 4.0)
    small.run_until(1.0)
    small.down("db-a3")
    small.run_until(5.0)
    assert causes(small, False).keys() == {Cause.NONE}
    assert 0 < small.database.meters.totals["retried"] < 20


def test_writes_without_a_primary_fail_at_once_and_reads_go_on() -> None:
    small = rig(shards=1, replicas=2)
    load(small, 300.0, 3.0)
    small.run_until(1.0)
    small.down("db-a1", event=9)
    small.run_until(4.0)
    failed = causes(small, True)
    assert failed[Cause.DB_UNAVAILABLE] > 50
    assert set(failed) <= {Cause.NONE, Cause.DB_UNAVAILABLE, Cause.RESET}
    assert causes(small, False).keys() == {Cause.NONE}
    slow = [a.spent for a in small.clients.answers.values() if a.cause is Cause.DB_UNAVAILABLE]
    assert max(slow) < 0.005, "a refusal is a round trip, not a time-out"


def test_a_partition_costs_the_time_out() -> None:
    """Packets that vanish: the driver waits `timeout`, then a read tries the primary, a write fails."""
    small = rig(shards=1, replicas=1, timeout=0.5)
    small.at([Ask(0.1, 1, False, 1, 0.001, 0), Ask(0.1, 2, True, 1, 0.001, 0)])
    small.cut(("web", -1, -1), ("db", 1, -1))
    small.cut(("web", -1, -1), ("db", 0, -1))
    small.steps(30)
    small.core.fabric.rules = small.core.fabric.rules[:1]
    small.changed()
    small.run_until(2.0)
    read, write = (next(a for n, a in small.clients.answers.items() if small.asked[n].write is w) for w in (False, True))
    assert read.cause is Cause.NONE
    assert 0.5 < read.spent < 0.52
    assert write.cause is Cause.DB_UNAVAILABLE
    assert write.spent == pytest.approx(0.5)


def test_a_frozen_node_is_found_out_by_patience_alone() -> None:
    """It accepts and never answers: drivers give up after `timeout`. Thawed, it finishes what it had, and a write that nobody
    waits for any more is written all the same."""
    small = rig(shards=1, replicas=1, timeout=0.3)
    small.steps(1)
    small.speed("db-a1", 0.0)
    small.at([Ask(0.1, 5, True, 1, 0.001)])
    small.run_until(1.0)
    (answer,) = small.clients.answers.values()
    assert answer.cause is Cause.DB_TIMEOUT
    assert answer.spent == pytest.approx(0.3)
    assert small.database.shards[0].log.head == 0
    small.speed("db-a1", 1.0)
    small.run_until(1.2)
    log = small.database.shards[0].log
    assert log.head == 1
    assert not log.acknowledged[0]
    assert small.database.committed(np.array([5]), 1.2)[0] == 1
    assert len(small.clients.answers) == 1
    assert not small.database.abandoned


def test_a_full_queue_sheds_and_says_so() -> None:
    small = rig(shards=1, replicas=0, workers=1, queue=2)
    small.at(Ask(0.001 + i * 1e-5, i, False, i, 0.01) for i in range(10))
    small.run_until(1.0)
    assert causes(small, False) == {Cause.NONE: 3, Cause.QUEUE_FULL: 7}


def test_a_crash_resets_what_was_inside() -> None:
    """Writes in the queue of a primary that dies fail with a reset at once; reads go to another node."""
    small = rig(shards=1, replicas=2, workers=1)
    small.at([Ask(0.001, 1, True, 1, 0.5), Ask(0.002, 2, True, 1, 0.5), Ask(0.003, 3, False, 1, 0.5)])
    small.run_until(0.1)
    small.down("db-a1", event=4)
    small.down("db-a2", event=5)
    small.run_until(2.0)
    by_key = {small.asked[n].key: a for n, a in small.clients.answers.items()}
    for key in (1, 2):
        assert by_key[key].cause is Cause.RESET
        assert by_key[key].at == pytest.approx(0.1, abs=0.002)
    assert by_key[3].cause is Cause.NONE
    assert small.database.nodes.names[by_key[3].db] == "db-a3"
    assert by_key[3].at == pytest.approx(0.6, abs=0.01)


def test_the_error_rate_is_the_share_of_errors() -> None:
    small = rig(shards=1, replicas=1)
    small.database.nodes.error_rate[:] = 0.3
    small.changed()
    load(small, 500.0, 4.0)
    small.run_until(5.0)
    found = causes(small, False)
    share = found[Cause.SERVER_ERROR] / sum(found.values())
    assert share == pytest.approx(0.3, abs=0.05)


def test_a_user_who_does_not_see_his_own_write_is_counted() -> None:
    """A write, and 20 ms later a read of the same user at a replica that is 300 ms behind; others are no violation."""
    small = rig(shards=1, replicas=1, one_way=0.1, webs=1, replication=ReplicationPart(apply_per_second=5.0))
    small.at([
        Ask(0.001, 3, True, 1, 0.001), Ask(0.021, 3, False, 1, 0.001), Ask(0.021, 3, False, 2, 0.001),
        Ask(0.5, 3, False, 1, 0.001), Ask(0.6, 4, True, 1, 0.2), Ask(0.61, 4, False, 1, 0.001),
    ])  # fmt: skip
    small.run_until(2.0)
    totals = small.database.meters.totals
    assert totals["ryw"] == 1, "the second one asked before his write was committed"
    assert totals["stale_reads"] == 2


def test_the_same_whatever_the_step() -> None:
    """An open path does not depend on the step's length: every answer at the same time with the same version."""
    found = []
    for step_ms in (2.0, 10.0, 50.0):
        small = rig(step_ms=step_ms, shards=3, replicas=2, workers=2)
        load(small, 800.0, 2.0)
        small.run_until(4.0)
        assert int(small.core.ledger.late.sum[0]) == 0
        found.append({n: (round(a.at, 9), a.version, a.cause, a.db) for n, a in small.clients.answers.items()})
    assert found[0] == found[1] == found[2]


def chaos(small: Rig, part: int) -> None:
    """A bit of everything, in two parts."""
    db = small.database
    if part == 0:
        load(small, 400.0, 4.0, seed=8)
        small.run_until(1.0)
        small.cut_zone(0)
        small.run_until(1.5)
        db.promote("s1", db.nodes.index("db-a2"), fence=False)
        db.add_shard()
        small.changed()
        for _ in range(20):
            db.copy_chunk(5)
            small.steps(1)
        return
    small.speed("db-b1", 0.0)
    small.run_until(2.2)
    small.heal_links()
    db.demote("s1", db.nodes.index("db-a1"))
    db.add_replica("s2")
    small.speed("db-b1", 1.0)
    small.move_all()
    small.run_until(6.0)


def test_a_saved_world_goes_on_as_if_nothing_had_been() -> None:
    """Saved in the middle of a split brain with keys on the move, loaded, and run on: the same state as without, bit for bit."""
    straight = rig(shards=2, replicas=2, replication=ReplicationPart(mode="semi_sync", semi_sync_timeout=0.2))
    chaos(straight, 0)
    saved, _ = loads(dumps(straight), Rig)
    assert fingerprint(saved) == fingerprint(straight)
    chaos(straight, 1)
    chaos(saved, 1)
    assert fingerprint(saved) == fingerprint(straight)
    assert straight.clients.answers == saved.clients.answers


def test_looking_changes_nothing() -> None:
    """Readings may be taken at any time, by any number of viewers."""
    small = rig(shards=2, replicas=2)
    chaos(small, 0)
    before = fingerprint(small)
    db = small.database
    shown = db.reading(), db.shards_reading(), db.record(), db.roles(), db.load().rate.tolist()
    for node in range(len(db.nodes)):
        state, settings = db.inspect(node)
        assert state
        assert settings
    assert fingerprint(small) == before
    assert shown[0] == db.reading()


@pytest.mark.parametrize("seed", range(4))
def test_sync_with_primary_reads_is_linearizable_through_failovers(seed: int) -> None:
    """Invariants 7 and 13: no read returns less than what was acknowledged before it was sent, or than an earlier read returned;
    no failover loses an acknowledged write."""
    small = rig(shards=1, replicas=2, keys=5, replication=ReplicationPart(mode="sync", read_from="primary", repoint_time=0.1))
    db = small.database
    load(small, 300.0, 6.0, writes=0.4, seed=seed)
    rng = np.random.default_rng(seed)
    for turn in range(1, 5):
        small.run_until(turn * 1.2 - 1.0 + rng.random() * 0.5)
        shard = db.shards[0]
        old = db.nodes.names[shard.primary]
        if rng.random() < 0.5:
            small.cut_nodes(old, db.nodes.names[shard.standby])
        small.steps(int(rng.integers(1, 8)))
        small.down(old)
        small.steps(int(rng.integers(1, 8)))
        small.heal_links()
        db.promote("s1", shard.standby, fence=bool(rng.random() < 0.5))
        small.changed()
        small.steps(20)
        small.down(old, up=True)
        db.demote("s1", db.nodes.index(old))
        small.changed()
    small.run_until(9.0)
    assert db.meters.totals["lost"] == 0
    events = [(small.asked[n].key, a.left, a.at, a.version) for n, a in small.clients.answers.items() if a.cause is Cause.NONE]
    assert len(events) > 600
    for key, left, _, version in events:
        known = max((v for k, _, at, v in events if k == key and at < left), default=0)
        assert version >= known, f"key {key}: {version} at {left}, though {known} was known"
