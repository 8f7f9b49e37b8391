"""Validation rows R1 to R4: lag, loss at failover, the semi-synchronous stall, stale reads; each on the real tier."""

from __future__ import annotations

import math

import numpy as np
import pytest
from database_rig import NO_TIME, Ask, Rig, rig

from engine.causes import Cause
from engine.config import ReplicationPart

NOW = 1e-9  # work of a request that costs nothing


def writes(times: np.ndarray, keys: int = 100) -> list[Ask]:
    return [Ask(float(t), i % keys, write=True, user=i % 50, work=NOW) for i, t in enumerate(times)]


def poisson(rate: float, start: float, end: float, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return start + np.sort(rng.random(rng.poisson(rate * (end - start)))) * (end - start)


def plain(mode: str = "async", one_way: float = 0.0005, step_ms: float = 10.0, **more: object) -> Rig:
    replication = ReplicationPart(mode=mode, apply_per_second=more.pop("apply_per_second", 1e6), **more)  # type: ignore[arg-type]
    nothing = {"read": NO_TIME, "write": NO_TIME, "queue": 0}
    return rig(shards=1, replicas=1, replication=replication, step_ms=step_ms, one_way=one_way, **nothing)  # type: ignore[arg-type]


def lag_of(small: Rig, name: str) -> tuple[float, int]:
    node = next(n for n in small.database.reading().shards[0].nodes if n.name == name)
    return node.lag_s, node.lag_txn


def test_r1_a_slow_applier_falls_behind_and_drains() -> None:
    """A tenth of R1's rates: 120/s written, 100/s applied for 300 s: 6,000 records, 50 s behind; at 40/s drained 100 s later."""
    small = rig(step_ms=100, shards=1, replicas=1, replication=ReplicationPart(apply_per_second=100.0), write=NO_TIME, queue=0)
    small.at(writes(np.arange(0.0, 300.0, 1 / 120)))
    small.at(writes(np.arange(300.0, 420.0, 1 / 40)))
    small.run_until(300.0)
    seconds, records = lag_of(small, "db-a2")
    assert records == pytest.approx(6_000, rel=0.03)
    assert seconds == pytest.approx(50.0, rel=0.03)
    drained = math.inf
    while small.core.now < 415.0:
        small.steps(1)
        if lag_of(small, "db-a2")[1] <= 2:
            drained = small.core.now - 300.0
            break
    assert drained == pytest.approx(100.0, rel=0.03)


@pytest.mark.parametrize(
    ("mode", "cut", "least", "most"), [("async", True, 29, 71), ("async", False, 0, 0), ("sync", True, 0, 0)]
)
def test_r2_what_a_failover_loses(mode: str, cut: bool, least: int, most: int) -> None:
    """1000 writes/s, 50 ms one way. The wire dies with the primary: what was on it is lost (Poisson 50). It stays intact: nothing
    that was acknowledged. Sync: nothing in any case."""
    small = plain(mode, one_way=0.05)
    small.at(writes(poisson(1000.0, 0.0, 3.0)))
    small.run_until(2.0)
    if cut:
        small.cut_nodes("db-a1", "db-a2")
    small.down("db-a1")
    small.run_until(2.5)
    db = small.database
    small.heal_links()
    db.promote("s1", db.nodes.index("db-a2"), fence=True)
    note = db.shards[0].failovers[-1]
    assert least <= note.lost <= most
    told = {n for n, a in small.clients.answers.items() if a.cause is Cause.NONE and small.asked[n].write}
    gone = told - set(db.shards[0].log.root[: db.shards[0].log.size].tolist())
    assert len(gone) == note.lost, "the count is exactly the acknowledged writes that the new primary does not have"
    assert len(note.sample) == min(note.lost, 100)


def test_r3_semi_sync_stalls_once_and_comes_back() -> None:
    """Time-out 10 s, replica cut at 5 s: the writes of one stall wait until 15 s, later ones do not; healed, they wait again."""
    small = plain("semi_sync", one_way=0.005, step_ms=50, semi_sync_timeout=10.0)
    small.database.timeout = 1e3
    small.at(writes(np.arange(0.0, 30.0, 0.05) + 0.001))
    small.run_until(5.0)
    small.cut_nodes("db-a1", "db-a2")
    small.run_until(20.0)
    assert small.database.reading().semi_sync_fallback
    small.heal_links()
    small.run_until(30.0)
    assert not small.database.reading().semi_sync_fallback
    delay = {round(a.left, 3): a.at - a.left for a in small.clients.answers.values()}
    stalled = [d for left, d in delay.items() if 5.0 <= left < 14.9]
    assert max(stalled) == pytest.approx(10.0, rel=0.02)
    assert all(left + d == pytest.approx(15.0, abs=0.2) for left, d in delay.items() if 5.0 <= left < 14.9)
    assert max(d for left, d in delay.items() if 15.1 <= left < 19.9) < 0.005, "no second stall while the replica is away"
    again = [d for left, d in delay.items() if 21.0 <= left < 29.0]
    assert min(again) > 0.0099
    assert max(d for left, d in delay.items() if left < 4.9) < 0.012


@pytest.mark.parametrize(("apply", "expected"), [("constant", 1 - math.exp(-1.0)), ("exponential", 0.5)])
def test_r4_stale_reads(apply: str, expected: float) -> None:
    """10 writes/s of a key, lag 0.1 s: constant (the wire), or exponential (an M/M/1 applier: 20/s against 10/s).

    Sixty shards with one key each are sixty experiments at once.
    """
    constant = apply == "constant"
    replication = ReplicationPart(apply_per_second=1e6 if constant else 20.0, apply=apply)  # type: ignore[arg-type]
    small = rig(
        step_ms=100, shards=60, replicas=1, one_way=0.1 if constant else 1e-6, replication=replication, keys=2_000,
        placement="modulo", read=NO_TIME, write=NO_TIME, queue=0,
    )  # fmt: skip
    rng, end = np.random.default_rng(2), 80.0
    keys = np.unique(small.database.places.owner, return_index=True)[1]
    assert keys.size == 60
    for write, start in ((True, 0.0), (False, 5.0)):
        times = poisson(10.0 * keys.size, start, end, 3 + write)
        small.at(Ask(t, k, write, int(write), NOW) for t, k in zip(times.tolist(), rng.choice(keys, times.size), strict=True))
    small.run_until(end)
    reads = sum(not ask.write for ask in small.asked.values())
    assert small.database.meters.totals["stale_reads"] / reads == pytest.approx(expected, abs=0.01)


def test_an_interrupted_link_catches_up_in_order() -> None:
    """Cut: nothing arrives. Healed: everything, in order; then replica and primary are equal (invariants 9 and 14)."""
    small = plain()
    small.at(writes(np.arange(0.0, 4.0, 0.01)))
    small.run_until(1.0)
    small.cut_nodes("db-a1", "db-a2")
    small.run_until(3.0)
    seconds, records = lag_of(small, "db-a2")
    assert records == pytest.approx(200, abs=2)
    assert seconds == pytest.approx(2.0, abs=0.03)
    small.heal_links()
    small.run_until(5.0)
    assert lag_of(small, "db-a2") == (0.0, 0)
    log = small.database.shards[0].log
    follower = log.followers[1]
    for times in (follower.received, follower.applied, log.commit):
        assert (np.diff(times[: log.size]) >= 0.0).all()


def test_a_throttled_applier_goes_on_where_it_was() -> None:
    """Stopped for a while and restarted, it has lost exactly that while; the record it was at is not begun anew."""
    small = plain(apply_per_second=10.0)
    small.at(writes(np.zeros(40) + 0.001))
    small.run_until(1.05)
    before = small.database.shards[0].log.followers[1].applied[:40].copy()
    small.database.applier_speed[1] = 0.0
    small.changed()
    small.run_until(2.05)
    assert small.database.shards[0].log.position(1, 2.05) == small.database.shards[0].log.position(1, 1.05)
    small.database.applier_speed[1] = 1.0
    small.changed()
    after = small.database.shards[0].log.followers[1].applied[:40]
    rest = before > 1.05
    np.testing.assert_allclose(after[rest], before[rest] + 1.0, atol=1e-9)
    np.testing.assert_array_equal(after[~rest], before[~rest])


def test_sync_waits_for_the_standby_and_fails_at_the_time_out() -> None:
    """With the standby cut off no write is acknowledged; each fails at the driver's time-out, and none is lost or doubled."""
    small = plain("sync", one_way=0.001)
    small.at(writes(np.arange(0.0, 2.0, 0.05) + 0.001))
    small.run_until(1.0)
    small.cut_nodes("db-a1", "db-a2")
    small.run_until(6.0)
    for number, answer in small.clients.answers.items():
        if small.asked[number].at < 0.99:
            assert answer.cause is Cause.NONE
            assert answer.spent >= 0.002
        else:
            assert answer.cause is Cause.DB_TIMEOUT
            assert answer.spent == pytest.approx(2.0, abs=1e-3)
    assert len(small.clients.answers) == 40


def test_the_mode_can_be_changed_while_writes_wait() -> None:
    """From sync to async: those that wait are acknowledged at once, and no later write waits."""
    small = plain("sync")
    small.cut_nodes("db-a1", "db-a2")
    small.at(writes(np.arange(0.0, 2.0, 0.1) + 0.001))
    small.run_until(1.0)
    assert not small.clients.answers
    small.database.set_option("mode", "async")
    small.run_until(2.1)
    assert len(small.clients.answers) == 20
    assert all(answer.cause is Cause.NONE for answer in small.clients.answers.values())
