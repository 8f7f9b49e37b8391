"""What a cache tier does when its nodes fail: who answers instead, when exactly, and what is lost."""

import numpy as np
import pytest
from cache_rig import Rig

from engine.causes import Cause
from engine.fabric import Rule
from engine.flights import COALESCED, HIT, MISS, STALE

SERVICE = 20e-6
D = 0.0001  # one way within zone a, where the web server is; cache-1 and cache-3 stand there
FAR = 0.0004
READ = 0.004


def key_at(rig: Rig, node: int, nth: int = 0) -> int:
    """A key whose home is this node."""
    return int(np.flatnonzero(rig.cache.homes.owners(np.arange(1000))[0] == node)[nth])


def warmed(key_node: int = 0, **part: object) -> tuple[Rig, int]:
    """A rig in which one key of the node has been read once, at .1 s."""
    rig = Rig(**part)  # type: ignore[arg-type]
    key = key_at(rig, key_node)
    rig.read(0.1, key)
    return rig, key


def test_miss_then_hit_to_the_microsecond() -> None:
    rig, key = warmed()
    rig.read(0.2, key)
    got = rig.run(0.5)
    assert got[0].at == pytest.approx(0.1 + D + SERVICE + D + FAR + READ + FAR, abs=1e-12)
    assert got[1].at == pytest.approx(0.2 + D + SERVICE + D, abs=1e-12)
    assert [got[0].flags & (HIT | MISS), got[1].flags & (HIT | MISS)] == [MISS, HIT]
    assert rig.cache.mail.used == 0


def test_crash_refuses_and_restart_is_cold() -> None:
    rig, key = warmed()
    rig.run(0.2)
    rig.cache.nodes.up[0] = False
    rig.cache.effects_changed()
    rig.read(0.25, key)
    got = rig.run(0.4)
    assert got[1].at == pytest.approx(0.25 + 2 * D + FAR + READ + FAR, abs=1e-12)  # refused at once, read behind
    assert not got[1].flags & HIT
    rig.cache.nodes.up[0] = True
    rig.cache.effects_changed()
    rig.read(0.45, key)
    rig.read(0.55, key)
    got = rig.run(0.7)
    assert [got[2].flags & HIT, got[3].flags & HIT] == [0, HIT]
    assert rig.cache.counts.total("unanswered") == 1


def test_crash_resets_what_is_inside_and_who_waits_there() -> None:
    """One read leads, one waits for its fill, one stands in the queue: all are answered by the database."""
    rig = Rig(read_s=0.2, service_us=10_000.0, single_flight=True)
    key = key_at(rig, 0)
    for t in (0.1, 0.1001, 0.1352):
        rig.read(t, key)
    rig.run(0.14)
    assert len(rig.cache.desk.shelves[0].waiting) == 1
    rig.cache.nodes.up[0] = False
    rig.cache.effects_changed()
    got = rig.run(1.0)
    reset = 0.14 + D + FAR + 0.2 + FAR
    assert got[1].at == pytest.approx(reset, abs=1e-12)
    assert got[2].at == pytest.approx(reset, abs=1e-12)
    assert rig.database.reads == 3
    assert all(a.at - a.born == pytest.approx(a.spent, abs=1e-12) for a in got.values())
    assert rig.core.flights.used == 0


def test_frozen_node_costs_the_time_out_then_the_database_answers() -> None:
    rig, key = warmed(timeout=0.1)
    rig.run(0.2)
    rig.cache.nodes.speed[0] = 0.0
    rig.cache.effects_changed()
    rig.read(0.3, key)
    got = rig.run(0.6)
    assert got[1].at == pytest.approx(0.3 + 0.1 + FAR + READ + FAR, abs=1e-12)
    rig.cache.nodes.speed[0] = 1.0
    rig.cache.effects_changed()
    rig.read(0.7, key)
    got = rig.run(1.0)
    assert got[2].flags & HIT  # nothing was lost, and the look-up nobody waits for is worked off
    assert rig.cache.mail.used == 0
    assert rig.core.flights.used == 0


def test_freeze_catches_look_ups_that_were_planned_in_time() -> None:
    rig = Rig(service_us=50_000.0, timeout=0.1)
    rig.read(0.1, key_at(rig, 0))
    rig.run(0.12)
    rig.cache.nodes.speed[0] = 0.0
    rig.cache.effects_changed()
    got = rig.run(0.4)
    assert got[0].at == pytest.approx(0.1 + 0.1 + FAR + READ + FAR, abs=1e-12)


def test_saturated_node_is_given_up_after_the_time_out_and_burns_on() -> None:
    """100 look-ups at once, 5 ms each, patience 100 ms: some 20 are answered, the others go behind; the node does all."""
    rig = Rig(service_us=5_000.0, timeout=0.1)
    key = key_at(rig, 0)
    for _ in range(100):
        rig.read(0.1, key)
    got = rig.run(2.0)
    assert len(got) == 100
    assert int(rig.cache.counts.look_ups.sum.sum()) == 19
    assert rig.cache.counts.total("unanswered") == 81
    assert max(a.at for a in got.values()) == pytest.approx(0.2 + FAR + READ + FAR, abs=1e-9)
    assert rig.cache.stations.totals.departures[0] >= 100


def test_load_of_a_node_is_its_busy_time() -> None:
    """300 look-ups in a second at 1 ms each: utilisation .3, and 1 ms more for each fill."""
    rig = Rig(service_us=1_000.0)
    key = key_at(rig, 0)
    for i in range(300):
        rig.read(0.001 + i / 310, key)
    rig.run(1.0)
    rig.cache.second()
    load = rig.cache.load()
    fills = rig.cache.counts.total("filled")
    assert load.utilisation[0] == pytest.approx((300 + fills) * 1e-3, abs=1e-9)
    assert load.rate[0] == 300 + fills
    assert load.p99_ms[0] == pytest.approx(1.0, rel=0.05)
    assert load.utilisation[1:].sum() == 0


def test_cut_link_is_a_time_out() -> None:
    rig, key = warmed(timeout=0.1)
    rig.run(0.2)
    rig.core.fabric.rules.append(Rule(("web", -1, -1), ("cache", 0, -1), 0.0, 0.0, True, 5))
    rig.read(0.3, key)
    got = rig.run(0.6)
    assert got[1].at == pytest.approx(0.3 + 0.1 + FAR + READ + FAR, abs=1e-12)
    rig.core.fabric.rules.clear()
    rig.read(0.7, key)
    assert rig.run(1.0)[2].flags & HIT


def test_pair_survives_one_of_two() -> None:
    """Every value is on both: after a crash each read is a hit on the other copy, and the database sees nothing."""
    rig = Rig(mode="pair", nodes=2)
    keys = list(range(40))
    for i, key in enumerate(keys):
        rig.read(0.1 + i * 1e-3, key)
    rig.run(0.3)
    reads = rig.database.reads
    rig.cache.nodes.up[0] = False
    rig.cache.effects_changed()
    for i, key in enumerate(keys):
        rig.read(0.4 + i * 1e-3, key)
    got = rig.run(0.6)
    assert rig.database.reads == reads == 40
    assert all(got[40 + i].flags & HIT for i in range(40))
    turned = sum(got[40 + i].spent > 2 * D + 2 * FAR for i in range(40))  # had asked the dead one first
    assert turned == rig.cache.counts.total("unanswered")
    assert 8 <= turned <= 32  # the copies share the reads: half of 40, 4 standard deviations


def test_error_rate_sends_that_share_behind() -> None:
    rig, key = warmed()
    rig.run(0.2)
    rig.cache.nodes.error_rate[0] = 0.3
    rig.cache.effects_changed()
    for i in range(2000):
        rig.read(0.3 + i * 1e-3, key)
    rig.run(3.0)
    assert rig.cache.counts.total("unanswered") == pytest.approx(600, abs=4 * np.sqrt(2000 * 0.3 * 0.7))
    assert rig.database.reads == 1 + rig.cache.counts.total("unanswered")


def test_ejected_node_comes_back_with_stale_entries() -> None:
    """Its keys were written while others were home to them: counted as stale reads until the entry's time is up."""
    rig, key = warmed(ttl=2.0)
    rig.run(0.2)
    assert rig.cache.set_member(0, False)
    assert not rig.cache.set_member(0, False)
    rig.write(0.3, key)
    rig.run(0.5)
    assert rig.cache.set_member(0, True)
    rig.read(0.6, key)
    rig.read(2.5, key)
    got = rig.run(3.0)
    assert [got[2].version, bool(got[2].flags & STALE)] == [0, True]
    assert [got[3].version, bool(got[3].flags & STALE)] == [1, False]
    assert rig.cache.counts.total("stale") == 1


def test_nobody_left_means_everything_behind() -> None:
    rig, key = warmed()
    rig.run(0.2)
    for node in range(3):
        rig.cache.set_member(node, False)
    rig.read(0.3, key)
    rig.write(0.31, key)
    got = rig.run(0.5)
    assert got[1].at == pytest.approx(0.3 + FAR + READ + FAR, abs=1e-12)


def test_failed_leader_fails_those_who_wait() -> None:
    """Single flight shares the error as it shares the value; the next look-up may try again."""
    rig = Rig(read_s=0.05, single_flight=True)
    key = key_at(rig, 0)
    for t in (0.1, 0.11, 0.12, 0.3):
        rig.read(t, key)
    rig.database.failing = True
    rig.run(0.2)
    rig.database.failing = False
    got = rig.run(0.5)
    assert [got[i].cause for i in range(4)] == [Cause.DB_UNAVAILABLE] * 3 + [Cause.NONE]
    assert got[1].flags & COALESCED
    assert got[1].at == pytest.approx(0.1 + D + SERVICE + D + FAR + 0.05 + D + SERVICE + D, abs=1e-3)
    assert rig.database.reads == 2
    assert rig.core.flights.used == 0


def test_a_delete_voids_the_lease_that_was_read_before_it() -> None:
    """Read v0, write v1 and delete, then the slow fill of v0 arrives: with leases it is refused, without it stays stale."""
    for leases in (True, False):
        rig = Rig(read_s=0.004, write_s=0.001, single_flight=leases)
        key = key_at(rig, 1)  # the far zone: a long way for the fill
        rig.read(0.1000, key)
        rig.write(0.1035, key)
        slow = Rule(("web", -1, -1), ("cache", 1, -1), 0.05, 0.0, False, 0)
        rig.run(0.104)
        rig.core.fabric.rules.append(slow)  # the fill leaves the web server about .1055 and crawls
        rig.run(0.106)
        rig.core.fabric.rules.clear()
        rig.write(0.110, key)  # its delete overtakes the fill
        rig.read(0.3, key)
        got = rig.run(0.5)
        assert bool(got[3].flags & STALE) is not leases
        assert rig.cache.counts.total("refused_fills") == int(leases)
