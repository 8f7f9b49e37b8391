"""What is done two ways for the sake of speed comes out the same: turns of replicas, looks into the log, the hottest keys."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.tiers.database import routing as db_routing
from engine.tiers.database.log import NONE, Log
from engine.tiers.database.meters import HOT, Meters
from engine.tiers.database.routing import Routing


@given(st.lists(st.integers(0, 4), max_size=200), st.integers(0, 200))
def test_turns_by_loop_and_by_arrays_are_the_same(shards: list[int], few: int) -> None:
    """Whatever the batches, each shard's rows get its turns in order."""
    routing = Routing(1)
    for _ in range(5):
        routing.add_shard()
    asked = np.array(shards, dtype=np.int16)
    got = [*routing._turns(asked[:few]).tolist(), *routing._turns(asked[few:]).tolist()]
    assert got == [shards[:i].count(s) for i, s in enumerate(shards)]
    assert routing.turn == [shards.count(s) for s in range(5)]
    assert db_routing.FEW < 200, "batches on both sides of the border are drawn"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=30), st.integers(0, 40), st.integers(0, 30))
def test_a_look_at_a_moment_is_a_walk_to_the_position_of_that_moment(
    writes: list[tuple[int, int]], at: int, dropped: int
) -> None:
    """`as_of` needs no search for the position; ties, plans that never happen and dropped records included."""
    log = Log(capacity=32)
    heads: dict[int, tuple[int, int]] = {}
    now = 0.0
    for version, (key, gap) in enumerate(writes, start=1):
        now += gap
        lsn, before = heads.get(key, (NONE, 0))
        heads[key] = (log.append(now, key, 0, 0, version, lsn, before, 1.0), version)
        log.commit[log.size - 1] = now if now < 35 else np.inf
    log.drop_before(dropped)
    position = log.committed(float(at))
    for lsn, version in heads.values():
        assert log.as_of(log.commit, lsn, version, float(at)) == log.walk(lsn, version, position)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2)), max_size=300))
def test_the_hottest_keys_are_those_of_a_full_count(rows: list[tuple[int, int]]) -> None:
    """Leaving out most rows before sorting loses no key that is told, in all or of a shard, ties included."""
    meters = Meters(31)
    for _ in range(3):
        meters.add_shard()
    asked = np.array(rows, dtype=np.int64).reshape(-1, 2)
    meters._rank(asked[:, 0], asked[:, 1])
    total = {key: sum(k == key for k, _ in rows) for key, _ in rows}
    # a key with copies on several shards is told once, at the first of them, and each shard tells what it has of it
    first = {key: min(shard for k, shard in rows if k == key) for key in total}
    assert meters.hot == [(key, total[key], first[key]) for key in sorted(total, key=lambda key: (-total[key], key))[:HOT]]
    for shard in {shard for _, shard in rows}:
        best = min((-total[key], key) for key, s in rows if s == shard)[1]
        assert meters.hottest[shard] == (best, sum(row == (best, shard) for row in rows))
    assert not meters.key_count.any()
