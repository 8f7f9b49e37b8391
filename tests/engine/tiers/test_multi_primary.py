"""Multi-primary: whoever writes where, nobody's write stops another, and what two writers do to one key is counted and named."""

from __future__ import annotations

import numpy as np
import pytest
from database_rig import Ask, Rig, rig

from engine.causes import Cause
from engine.config import ReplicationPart
from engine.flights import STALE
from engine.policies.hashing import mix
from engine.state import copy

ONE_WAY = 0.05
SERVICE = 0.001


def writers(mode: str = "multi_cluster", conflicts: str = "last_writer", **database: object) -> Rig:
    """Two nodes of one shard, ONE_WAY apart, both writers; a web server beside each."""
    replication = ReplicationPart(mode=mode, conflicts=conflicts)  # type: ignore[arg-type]
    return rig(shards=1, replicas=1, zones=2, webs=2, one_way=ONE_WAY, replication=replication, **database)


def user_of(writer: int, number: int = 0) -> int:
    """A user whose writes go to the writer with this index."""
    homes = (mix(np.arange(100, dtype=np.int64), seed=1) % np.uint64(2)).astype(np.int64)
    return int(np.flatnonzero(homes == writer)[number])


def ask(at: float, writer: int, *, write: bool = True, key: int = 3, number: int = 0) -> Ask:
    """A request of a user of this writer; it leaves the web server beside that writer."""
    return Ask(at, key, write, user_of(writer, number), SERVICE, web=writer)


def test_of_two_writes_that_did_not_know_each_other_the_later_wins_and_the_loser_is_named() -> None:
    world = writers()
    world.at([ask(1.0, 0), ask(1.02, 1), ask(1.5, 1)])
    world.run_until(3.0)
    database, told = world.database, world.clients.answers
    assert [told[i].cause for i in range(3)] == [Cause.NONE] * 3  # all three were told that they are safe
    assert database.counted["conflicts"] == database.counted["overwritten"] == 1  # the third knew both
    assert f"user {user_of(0)} at db-a1 is overwritten by user {user_of(1)}'s at db-a2" in database.last_conflict
    assert int(database.versions.head_version[3]) == told[2].version
    assert told[0].left + told[0].spent < 1.01, "a write waits for nobody"


def test_a_writer_shows_what_it_knows_until_the_other_one_s_write_is_there() -> None:
    world = writers()
    world.at([ask(1.0, 0), *[Ask(1.0 + 0.002 * i, 3, False, 50, SERVICE, web=i // 2 % 2) for i in range(1, 80)]])
    world.run_until(3.0)
    for number, asked in world.asked.items():
        if asked.write:
            continue
        got = world.clients.answers[number]
        seen_at = got.at - (0.0001 if got.db == asked.web else ONE_WAY)  # the answer's way from its node
        there = seen_at >= 1.0 + 0.0001 + SERVICE + (0.0 if got.db == 0 else ONE_WAY)
        assert got.version == int(there), (seen_at, got)
        assert bool(got.flags & STALE) == (not there and seen_at >= 1.0 + 0.0001 + SERVICE)
    assert world.database.meters.totals["stale_reads"] > 5


@pytest.mark.parametrize("mode", ["multi_cluster", "multi_shared"])
def test_losing_one_writer_stops_no_writes(mode: str) -> None:
    world = writers(mode)
    world.at([ask(0.1 * i, i % 2, key=i) for i in range(1, 60)])
    world.run_until(2.0)
    world.down("db-a1")
    world.run_until(8.0)
    assert all(answer.cause in (Cause.NONE, Cause.RESET) for answer in world.clients.answers.values())
    assert len(world.clients.answers) == 59
    assert world.database.counted["peer_writes"] >= 58  # one at most was at the node when it died


def test_cut_off_from_each_other_both_go_on_and_are_one_again_afterwards() -> None:
    world = writers()
    world.cut_nodes("db-a1", "db-a2")
    world.at([ask(1.0, 0), ask(2.0, 1), ask(3.0, 0, key=4)])
    world.run_until(4.0)
    assert world.database.counted["conflicts"] == 1, "a second apart, and neither knew"
    world.at([Ask(4.1, 4, False, 50, SERVICE, web=web) for web in (0, 1)])
    world.run_until(4.5)
    assert sorted(world.clients.answers[i].version for i in (3, 4)) == [0, 1]
    world.heal_links()
    world.run_until(5.0)
    assert world.database.merge.book(0) == {}
    world.at([Ask(5.1, key, False, 50, SERVICE, web=web) for web in (0, 1) for key in (3, 4)])
    world.run_until(6.0)
    assert [world.clients.answers[i].version for i in (5, 6, 7, 8)] == [2, 1, 2, 1] or [
        world.clients.answers[i].version for i in (5, 6, 7, 8)
    ] == [2, 2, 1, 1]


def test_with_certification_the_second_is_refused_and_a_commit_takes_the_round_trip() -> None:
    world = writers(conflicts="reject")
    world.at([ask(1.0, 0), ask(1.02, 1), ask(1.5, 1)])
    world.run_until(3.0)
    told, counted = world.clients.answers, world.database.counted
    assert [told[i].cause for i in range(3)] == [Cause.NONE, Cause.WRITE_CONFLICT, Cause.NONE]
    assert (counted["conflicts"], counted["rejected"], counted["overwritten"], counted["peer_writes"]) == (1, 1, 0, 2)
    assert told[0].spent == pytest.approx(2 * ONE_WAY + SERVICE + 2 * 0.0001, abs=1e-9)
    assert told[1].at == pytest.approx(1.0 + 0.0001 + SERVICE + ONE_WAY + 0.0001, abs=1e-9), "when the other's write is there"


def test_on_one_volume_a_write_waits_for_the_row_and_nothing_is_overwritten() -> None:
    world = writers("multi_shared")
    world.at([ask(1.0, 0), ask(1.02, 1), ask(1.03, 1), ask(1.5, 0, key=9)])
    world.run_until(3.0)
    told, database = world.clients.answers, world.database
    base = SERVICE + 2 * 0.0001
    assert told[0].spent == pytest.approx(base, abs=1e-9)
    assert told[3].spent == pytest.approx(base, abs=1e-9)
    assert told[1].spent == pytest.approx(base + 2 * ONE_WAY, abs=1e-9), "asked for, and sent"
    assert told[2].spent == pytest.approx(base + 2 * ONE_WAY - 0.01, abs=1e-9), "behind the one before it"
    assert database.counted["row_waits"] == 2
    assert database.counted["conflicts"] == 0
    assert [told[i].version for i in range(3)] == [1, 2, 3]


def test_a_dead_writer_s_rows_are_free_when_its_death_is_certain() -> None:
    world = writers("multi_shared", timeout=10.0)
    world.at([ask(1.0, 0), ask(2.5, 1)])
    world.run_until(2.0)
    world.down("db-a1")
    world.run_until(8.0)
    database = world.database
    assert world.clients.answers[1].at == pytest.approx(2.0 + database.detect_interval * database.detect_fall + 0.0001, abs=1e-6)


def test_the_state_is_a_value_and_modes_can_be_switched_under_writes() -> None:
    world = writers()
    world.at([ask(0.01 * i, i % 2, key=i % 5, number=i % 7) for i in range(1, 900)])
    world.run_until(1.0)
    twin = copy(world)
    for one in (world, twin):
        for until, mode in ((2.0, "multi_shared"), (3.0, "async"), (4.0, "multi_cluster"), (5.0, "sync"), (6.0, "async")):
            one.run_until(until)
            one.database.set_option("mode", mode)
            one.changed()
        one.run_until(12.0)
    assert world.clients.answers == twin.clients.answers
    assert len(world.clients.answers) == 899
    good = [a for a in world.clients.answers.values() if a.cause is Cause.NONE]
    assert sorted({a.version for a in good}) != []
    assert len(good) >= 890
    newest = world.database.versions.head_version[:5]
    assert newest.tolist() == world.database.versions.issued[:5].tolist(), "no write is gone"


def test_the_first_of_equals_is_behind_as_well() -> None:
    world = writers()
    world.at([ask(1.0, 1)])
    world.run_until(1.03)
    first, second = world.database.reading().shards[0].nodes
    assert (first.name, first.lag_txn) == ("db-a1", 1)
    assert first.lag_s == pytest.approx(1.03 - 1.0 - 0.0001 - SERVICE, abs=1e-9)
    assert (second.lag_txn, second.lag_s) == (0, 0.0)
    assert {first.role, second.role} == {"writer"}
