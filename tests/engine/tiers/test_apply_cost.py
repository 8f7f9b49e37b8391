"""What applying the log costs a replica's workers: each record once, its own share, no matter what happens on the way."""

from __future__ import annotations

import numpy as np
import pytest
from database_rig import Ask, Rig, rig

from engine.config import ReplicationPart, Service
from engine.queueing.jobs import Departures, in_order

WRITE = Service(mean_ms=4.0, floor_ms=4.0, cv2=0.0)


def applying(cost: float, **more: object) -> Rig:
    replication = ReplicationPart(apply_per_second=1e6, apply_cost=cost, automatic=False)
    return rig(shards=1, replicas=2, replication=replication, write=WRITE, queue=0, step_ms=10.0, **more)  # type: ignore[arg-type]


def busy(small: Rig, name: str) -> float:
    return float(small.database.stations.busy_seconds(small.core.now)[small.database.nodes.index(name)])


def writes(n: int, start: float = 0.0) -> list[Ask]:
    return [Ask(start + 0.01 * i, i % 50, write=True, user=i % 7, work=0.004) for i in range(n)]


@pytest.mark.parametrize("cost", [0.0, 0.5, 1.0])
def test_each_record_takes_its_share_at_every_replica(cost: float) -> None:
    small = applying(cost)
    small.at(writes(300))
    small.run_until(5.0)
    assert busy(small, "db-a1") == pytest.approx(300 * 0.004)
    assert [busy(small, n) for n in ("db-a2", "db-a3")] == pytest.approx([300 * 0.004 * cost] * 2)
    assert not small.database.places.jobs


def test_what_came_while_the_replica_was_cut_off_is_paid_for_when_it_arrives() -> None:
    small = applying(1.0)
    small.at(writes(300))
    small.run_until(1.0)
    small.database.replication_cut[1] = True
    small.database.effects_changed()
    small.run_until(4.0)
    assert busy(small, "db-a2") == pytest.approx(0.004 * 100, abs=0.009)
    assert busy(small, "db-a3") == pytest.approx(0.004 * 300)
    small.database.replication_cut[1] = False
    small.database.effects_changed()
    small.run_until(7.0)
    assert busy(small, "db-a2") == pytest.approx(0.004 * 300)


def test_rows_of_jobs_far_below_zero_are_in_order() -> None:
    """Jobs have rows that count down without an end; the table of ranks has only as many places as there are requests."""
    finish = np.array([1.0, 1.0, 1.0])
    rows = np.array([1, -5_000, 0])
    zero = np.zeros(3)
    gone = in_order(Departures(finish, rows, np.zeros(3, dtype=np.int64), zero, zero, zero), np.array([7, 3]))
    assert gone.row.tolist() == [-5_000, 1, 0]
