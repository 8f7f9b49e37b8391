"""What must stay bounded does: logs, what is remembered of rows, and the cost of a replica that never comes back."""

from __future__ import annotations

import numpy as np
import pytest
from database_rig import NO_TIME, Ask, Rig, rig

from engine.config import ReplicationPart
from engine.tiers.database import nodes as db_nodes
from engine.tiers.database.log import INF, NONE, Log
from engine.tiers.database.shard import Role

NOW = 1e-9


def stream(rate: float, end: float, start: float = 0.0) -> list[Ask]:
    times = np.arange(start, end, 1.0 / rate)
    return [Ask(float(t), i // 2 % 20, i % 2 == 0, i % 50, NOW) for i, t in enumerate(times)]


def quick(replication: ReplicationPart) -> Rig:
    return rig(shards=1, replicas=1, keys=20, replication=replication, read=NO_TIME, write=NO_TIME, queue=0, rebalance_mb_s=10.0)


def test_a_log_is_cut_behind_its_followers_and_reads_stay_right() -> None:
    """20,000 writes leave a log of a few thousand records; reads at the lagging replica are those of a run whose
    log is never cut."""
    runs = []
    for kept in (db_nodes.LOG_KEPT, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(db_nodes, "LOG_KEPT", kept)
            small = quick(ReplicationPart(apply_per_second=990.0))
            small.at(stream(2_000.0, 20.0))
            small.run_until(22.0)
            runs.append(small)
    cut, whole = runs
    assert cut.database.shards[0].log.capacity <= 8_192
    assert cut.database.shards[0].log.base > 10_000
    assert whole.database.shards[0].log.base == 0
    assert cut.clients.answers == whole.clients.answers
    assert cut.database.meters.totals["stale_reads"] > 1_000


def test_a_replica_too_far_behind_loses_its_place_and_is_seeded_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db_nodes, "LOG_CAP", 2_000)
    small = quick(ReplicationPart(apply_per_second=1e5))
    small.at(stream(1_000.0, 12.0))
    small.run_until(1.0)
    small.cut_nodes("db-a1", "db-a2")
    small.run_until(8.0)
    db = small.database
    assert db.role_of[1] is Role.SEEDING
    assert db.shards[0].log.size < 6_000
    small.heal_links()
    small.run_until(13.0)
    assert db.role_of[1] is Role.REPLICA
    assert db.shards[0].log.position(1, small.core.now) == db.shards[0].log.head
    assert not db.abandoned
    assert not small.core.flights.used


def test_positions_and_walks_survive_dropping_and_growing() -> None:
    """The log alone: columns and followers move together, whatever is appended, dropped or cut back."""
    log = Log(4)
    log.follow(9, 0)
    heads: dict[int, tuple[int, int]] = {}
    for i in range(1, 401):
        key = i % 7
        lsn, version = heads.get(key, (NONE, 0))
        heads[key] = (log.append(float(i), key, 1, i, i, lsn, version, 1.0), i)
        k = log.size - 1
        log.commit[k] = log.followers[9].received[k] = i
        log.followers[9].applied[k] = i + 0.5 if i < 395 else INF
        if i % 50 == 0:
            log.drop_before(log.head - 20)
    assert log.head == 400
    assert log.base > 200
    assert log.position(9, 390.6) == 390
    assert log.position(9, 1e9) == 394
    assert log.committed(399.0) == 399
    lsn, version = heads[400 % 7]
    assert log.walk(lsn, version, 400) == 400
    assert log.walk(lsn, version, 399) == 393
    assert log.walk(lsn, version, 392) == 386
    log.cut_back(395)
    assert (log.head, log.committed(1e9)) == (395, 395)


def test_followers_come_and_go_and_the_others_keep_their_plans() -> None:
    """The plans of all lie in one table: whoever joins, leaves or makes it grow moves everybody's columns, and no figure."""
    log = Log(2)
    want: dict[int, list[float]] = {}

    def written(n: int) -> None:
        for _ in range(n):
            i = log.claim()
            log.commit[i] = i
            for node, follower in log.followers.items():
                follower.received[i], follower.applied[i] = i + node, i + 10.0 * node
                want[node].append(i + 10.0 * node)

    def join(node: int) -> None:
        log.follow(node, log.head)
        want[node] = [-INF] * log.size

    join(1)
    written(3)
    join(2)
    join(3)
    written(4)
    gone = log.followers[2]
    log.leave(2)
    log.leave(7)  # never was there
    written(9)
    assert list(log.followers) == [1, 3]
    assert log.commit[: log.size].tolist() == list(range(16))
    for node, follower in log.followers.items():
        assert follower.applied[: log.size].tolist() == want[node]
        assert np.shares_memory(follower.applied, log.flat)
    assert log.flat.reshape(log.capacity, log.width)[15].tolist() == [15.0, 16.0, 25.0, 18.0, 45.0]
    assert gone.applied[:7].tolist() == want[2]

