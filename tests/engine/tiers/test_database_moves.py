"""Keys that move while they are in use: shares against theory, nothing lost, the throttle, seeding, what is shown of it."""

from __future__ import annotations

import numpy as np
import pytest
from database_rig import Ask, Rig, rig

from engine.causes import Cause
from engine.config import ReplicationPart
from engine.tiers.database.shard import Role


def busy(small: Rig, end: float, rate: float = 200.0, seed: int = 1, writes: float = 0.3) -> None:
    """Requests for all keys until `end`."""
    rng = np.random.default_rng(seed)
    n = int(rate * end)
    keys = small.core.config.traffic.keys
    small.at(
        Ask(t, int(rng.integers(keys)), bool(rng.random() < writes), int(rng.integers(100)), 0.002, int(rng.integers(3)))
        for t in np.sort(rng.random(n)) * end
    )


@pytest.mark.parametrize("placement", ["ring", "modulo"])
def test_h2_a_fifth_shard_takes_its_share(placement: str) -> None:
    """Ring: a fifth of the keys moves, all of it to the new shard. Modulo: four fifths. Both are computed on the real keys."""
    small = rig(shards=4, replicas=0, keys=20_000, placement=placement)
    db = small.database
    before = db.places.owner.copy()
    db.add_shard()
    small.changed()
    planned = db.places.target != before
    if placement == "ring":
        assert planned.mean() == pytest.approx(0.2, abs=0.054)
        assert (db.places.target[planned] == 4).all()
    else:
        assert planned.mean() == pytest.approx(0.8, abs=0.01)
    reading = db.shards_reading()
    assert reading.theory_ring == pytest.approx(0.2, abs=0.054)
    assert reading.theory_modulo == pytest.approx(0.8, abs=0.01)
    assert reading.to_move == int(planned.sum())
    assert any(piece < 0 for piece in reading.ring)


def test_no_version_is_lost_and_every_request_is_answered_while_keys_move() -> None:
    """A shard comes and another goes under traffic: no failures, no key without a home, versions only rise."""
    small = rig(shards=3, replicas=1, keys=300)
    db = small.database
    busy(small, 6.0)
    small.run_until(1.0)
    db.add_shard()
    small.changed()
    small.move_all()
    assert db.places.moved == db.places.planned
    small.run_until(3.5)
    db.remove_shard("s1")
    small.move_all()
    small.run_until(8.0)
    assert db.role_of[0] is Role.GONE
    assert not db.nodes.member[db.nodes.group.index("s1")]
    assert {s.name for s in db.shards_reading().shards} == {"s2", "s3", "s4"}
    answers = small.clients.answers
    assert len(answers) == len(small.asked)
    assert all(a.cause is Cause.NONE for a in answers.values())
    written = {key: 0 for key in range(300)}
    for number, answer in answers.items():
        if small.asked[number].write:
            key = small.asked[number].key
            written[key] = max(written[key], answer.version)
    assert db.committed(np.arange(300), db.core.now).tolist() == list(written.values())


def test_who_waits_at_the_old_owner_is_passed_on() -> None:
    """A read and a write are in service at the old owner while their key changes hands: both are done again at the new one, and
    take the way between the two; the write is in the new log alone."""
    small = rig(shards=1, replicas=0, keys=50, webs=1)
    db = small.database
    db.add_shard()
    small.changed()
    key = int(db.places.queue[0][2][0])
    small.at([Ask(0.001, key, True, 1, 0.4), Ask(0.002, key, False, 2, 0.4)])
    small.steps(1)
    small.move_all()
    assert small.core.now < 0.3
    small.run_until(2.0)
    assert db.meters.totals["forwarded"] == 2
    assert sorted(db.shards[1].log.root[: db.shards[1].log.size].tolist())[-1] == 0
    assert db.shards[0].log.head == 0
    for answer in small.clients.answers.values():
        assert answer.cause is Cause.NONE
        assert answer.spent > 0.8
        assert db.nodes.group[answer.db] == "s2"
    assert [a.version for a in small.clients.answers.values()] == [1, 1]


def test_a_read_after_an_acknowledged_write_finds_it_wherever_the_key_is() -> None:
    """Reads from the primary: whoever asks after the acknowledgement sees that version or a later one, through all moves."""
    small = rig(shards=2, replicas=1, keys=40, replication=ReplicationPart(read_from="primary"))
    db = small.database
    busy(small, 6.0, rate=400.0)
    for name in ("add", "add", "remove"):
        small.run_until(small.core.now + 1.0)
        if name == "add":
            db.add_shard()
        else:
            db.remove_shard("s2")
        small.changed()
        small.move_all()
    small.run_until(7.0)
    acks: dict[int, list[tuple[float, int]]] = {}
    for number, answer in sorted(small.clients.answers.items(), key=lambda item: item[1].at):
        if small.asked[number].write:
            acks.setdefault(small.asked[number].key, []).append((answer.at, answer.version))
    for number, answer in small.clients.answers.items():
        ask = small.asked[number]
        if not ask.write:
            known = max([version for at, version in acks.get(ask.key, []) if at <= ask.at], default=0)
            assert answer.version >= known
    assert db.meters.totals["ryw"] == 0


def test_a_key_with_an_uncommitted_write_stays_until_it_is_committed() -> None:
    """Sync, standby cut off: the write waits, its key is not handed over; healed, it is, with the write."""
    small = rig(shards=1, replicas=1, keys=50, replication=ReplicationPart(mode="sync"), timeout=30.0)
    db = small.database
    db.add_shard()
    small.cut_nodes("db-a1", "db-a2")
    key = int(db.places.queue[0][2][0])
    small.at([Ask(0.001, key, True, 1, 0.001)])
    small.steps(2)
    for _ in range(200):
        db.copy_chunk(50)
        small.steps(1)
    assert db.places.moving
    assert db.shard_of(key) == "s1"
    assert int((db.places.owner != db.places.target).sum()) == 1
    small.heal_links()
    small.move_all()
    assert db.shard_of(key) == "s2"
    assert db.committed(np.array([key]), db.core.now)[0] == 1
    assert [a.cause for a in small.clients.answers.values()] == [Cause.NONE]


def test_copying_takes_work_at_both_ends() -> None:
    """The copy's jobs are served by the same workers as requests: busy time appears at source and destination, and no more."""
    small = rig(shards=2, replicas=0, keys=2_000)
    db = small.database
    db.add_shard()
    small.changed()
    small.move_all()
    small.steps(50)
    busy_s = db.stations.totals.busy
    moved = db.places.moved
    assert moved == db.places.planned
    expected_read, expected_write = 0.1 * 0.004 * moved, 0.1 * 0.006 * moved
    assert float(busy_s[:2].sum()) == pytest.approx(expected_read, rel=1e-6)
    assert float(busy_s[2:].sum()) == pytest.approx(expected_write, rel=1e-6)


def test_a_destination_that_dies_gets_its_copies_anew() -> None:
    """The new shard's primary crashes in the middle and is failed over: the plan ends, and no acknowledged write of a key that
    had been handed over before is missing but those its replica never received."""
    small = rig(shards=2, replicas=1, keys=400)
    db = small.database
    busy(small, 4.0)
    small.run_until(1.0)
    db.add_shard()
    small.changed()
    for _ in range(4):
        db.copy_chunk(20)
        small.steps(1)
    small.down("db-c1")
    db.promote("s3", db.nodes.index("db-c2"), fence=True)
    small.changed()
    small.move_all()
    small.run_until(6.0)
    assert (db.places.owner == db.places.target).all()
    lost = db.shards[2].failovers[-1].lost
    written: dict[int, list[int]] = {}
    for number, answer in small.clients.answers.items():
        if small.asked[number].write and answer.cause is Cause.NONE:
            written.setdefault(small.asked[number].key, []).append(answer.version)
    shown = db.committed(np.arange(400), db.core.now)
    missing = sum(int((np.array(versions) > shown[key]).sum()) for key, versions in written.items())
    assert missing <= lost


def test_a_new_replica_is_seeded_at_the_throttle_before_it_serves() -> None:
    """2,000 keys of 1 kB in one shard at 1 MB/s: two seconds; then it follows, serves reads, and has every version."""
    small = rig(shards=1, replicas=1, keys=2_000, rebalance_mb_s=1.0)
    db = small.database
    busy(small, 6.0)
    small.run_until(1.0)
    index = db.add_replica("s1")
    small.changed()
    small.run_until(2.9)
    assert db.role_of[index] is Role.SEEDING
    assert int(db.stations.totals.departures[index]) == 0
    small.run_until(3.2)
    assert db.role_of[index] is Role.REPLICA
    small.run_until(7.0)
    assert int(db.stations.totals.departures[index]) > 50
    assert db.shards[0].log.position(index, small.core.now) == db.shards[0].log.head
    assert all(a.cause is Cause.NONE for a in small.clients.answers.values())


def test_a_removed_replica_comes_back_under_its_name() -> None:
    small = rig(shards=1, replicas=2, keys=100, rebalance_mb_s=10.0)
    db = small.database
    busy(small, 3.0)
    small.run_until(1.0)
    index = db.nodes.index("db-a3")
    db.remove_node(index)
    small.changed()
    small.run_until(1.5)
    assert index not in db.shards[0].log.followers
    db.restore_node(index)
    small.changed()
    small.run_until(4.0)
    assert db.role_of[index] is Role.REPLICA
    assert all(a.cause is Cause.NONE for a in small.clients.answers.values())


@pytest.mark.parametrize("what", ["primary", "last shard", "no shard", "twice"])
def test_what_cannot_be_removed_says_so(what: str) -> None:
    small = rig(shards=1, replicas=1)
    db = small.database
    if what == "twice":
        db.remove_node(1)
    attempt, words = {
        "primary": (lambda: db.remove_node(0), "promote a replica"),
        "last shard": (lambda: db.remove_shard("s1"), "last shard"),
        "no shard": (lambda: db.add_replica("s9"), "no shard"),
        "twice": (lambda: db.remove_node(1), "gone already"),
    }[what]
    with pytest.raises(ValueError, match=words):
        attempt()


def test_the_hottest_keys_are_counted_exactly() -> None:
    """Key 7 gets half of all requests of the second."""
    small = rig(shards=2, replicas=1, keys=50)
    rng = np.random.default_rng(5)
    keys = [7 if i % 2 else int(rng.integers(50)) for i in range(400)]
    small.at(Ask(0.001 + i * 0.002, key, False, i % 100, 0.0005) for i, key in enumerate(keys))
    small.run_until(1.0)
    reading = small.database.shards_reading()
    assert reading.hot[0].key == 7
    assert reading.hot[0].rate == keys.count(7)
    assert reading.hot[0].home == small.database.shard_of(7)
    assert [h.rate for h in reading.hot] == sorted((h.rate for h in reading.hot), reverse=True)
    home = next(s for s in reading.shards if s.name == reading.hot[0].home)
    assert home.hottest == 7
    assert sum(s.rate for s in reading.shards) == 400
