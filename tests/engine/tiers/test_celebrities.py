"""Hot keys: a shard of its own, or a copy on every shard; nothing is lost on the way, and what copies cost is counted."""

from __future__ import annotations

import numpy as np
import pytest
from database_rig import Ask, Rig, rig

from engine.causes import Cause
from engine.flights import STALE
from engine.state import copy

HOT = 3
READ, WRITE = 0.002, 0.003


def crowd(until: float, *, every: float = 0.004, write_every: int = 10, start: float = 0.0) -> list[Ask]:
    """Everybody asks for one key; some write it."""
    n = int((until - start) / every)
    return [
        Ask(start + every * (i + 1), HOT, i % write_every == 0, 1 + i % 90, WRITE if i % write_every == 0 else READ, web=i % 3)
        for i in range(n)
    ]


def shards(**database: object) -> Rig:
    return rig(shards=3, replicas=1, workers=2, queue=0, **database)


def served_by(world: Rig, start: float, end: float) -> set[str]:
    """Shards whose nodes answered in that time."""
    group = world.database.nodes.group
    return {group[a.db] for a in world.clients.answers.values() if start <= a.at < end}


def test_a_split_off_key_moves_to_a_shard_of_its_own_under_traffic_and_back() -> None:
    world = shards()
    database = world.database
    home = database.shard_of(HOT)
    world.at(crowd(20.0))
    world.run_until(2.0)
    database.set_option("split", "hot")
    assert database.option("split") == str(HOT)
    world.move_all()
    world.run_until(8.0)
    assert database.shard_of(HOT) == "s4"
    assert np.flatnonzero(database.places.owner == 3).tolist() == [HOT]
    assert served_by(world, 5.0, 8.0) == {"s4"}
    with pytest.raises(ValueError, match="one key"):
        database.remove_shard("s4")
    database.set_option("split", "none")
    world.move_all()
    world.run_until(22.0)
    assert database.shard_of(HOT) == home
    assert database.roles()["db-d1"] == "removed"
    assert {a.cause for a in world.clients.answers.values()} == {Cause.NONE}
    assert len(world.clients.answers) == len(world.asked)
    writes = sum(ask.write for ask in world.asked.values())
    assert int(database.versions.head_version[HOT]) == writes, "no write was lost on the way"


def test_a_spread_key_is_read_on_every_shard_and_written_on_all() -> None:
    world = shards()
    database = world.database
    world.at(crowd(10.0))
    world.run_until(1.0)
    database.set_option("spread", str(HOT))
    world.run_until(12.0)
    assert served_by(world, 2.0, 9.0) == {"s1", "s2", "s3"}
    reads = [a for n, a in world.clients.answers.items() if not world.asked[n].write and a.at > 2.0]
    per_shard = np.bincount([int(database.shard_of_node[a.db]) for a in reads])
    assert per_shard.max() - per_shard.min() <= 0.1 * per_shard.mean()
    writes = int(database.versions.head_version[HOT])
    later = sum(ask.write and ask.at > 1.0 for ask in world.asked.values())
    assert 2 * later <= database.copied_writes <= 2 * (later + 3), "every write is done on two more shards"
    for shard in (s for s in range(3) if s != int(database.places.owner[HOT])):
        assert database.copies[HOT, shard].version == writes
    stale = sum(bool(a.flags & STALE) for a in world.clients.answers.values())
    assert stale == database.meters.totals["stale_reads"] >= database.copy_stale
    assert database.copy_stale > 50, "a copy is behind for as long as a write is under way"
    assert len(world.clients.answers) == len(world.asked)


def test_what_a_shard_missed_is_sent_again() -> None:
    world = shards()
    database = world.database
    database.set_option("spread", str(HOT))
    world.run_until(1.0)
    away = next(s for s in database.shards if s.index != int(database.places.owner[HOT]))
    world.down(database.nodes.names[away.primary])
    world.at([Ask(1.1, HOT, True, 5, WRITE)])
    world.run_until(2.0)
    assert database.copies[HOT, away.index].version == 0
    world.down(database.nodes.names[away.primary], up=True)
    world.run_until(3.0)
    assert database.copies[HOT, away.index].version == 1


def test_a_copy_that_died_with_its_primary_is_no_copy() -> None:
    world = shards()
    database = world.database
    database.set_option("spread", str(HOT))
    world.at(crowd(6.0))
    world.run_until(2.0)
    away = next(s for s in database.shards if s.index != int(database.places.owner[HOT]))
    old, replica = away.primary, next(iter(away.log.followers))
    world.down(database.nodes.names[old])
    database.promote(away.name, replica, fence=True)
    assert not database._has(HOT, away.index)
    world.run_until(8.0)
    assert database._has(HOT, away.index)
    assert database.copies[HOT, away.index].epoch == 2


def test_the_state_is_a_value() -> None:
    world = shards()
    world.at(crowd(6.0))
    world.database.set_option("spread", str(HOT))
    world.run_until(2.0)
    twin = copy(world)
    for one in (world, twin):
        one.database.set_option("split", f"{HOT}, 7")
        one.move_all()
        one.run_until(9.0)
    assert world.clients.answers == twin.clients.answers


@pytest.mark.parametrize("words", ["x", "200", "-5", "0 1 2 3 4 5 6 7 8", "hot"])
def test_what_is_no_key_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="key"):
        shards().database.set_option("split", words)


def test_a_shard_that_is_sent_no_copies_shows_old_ones_until_it_is() -> None:
    world = shards()
    database = world.database
    database.set_option("spread", str(HOT))
    world.run_until(1.0)
    away = next(s.index for s in database.shards if s.index != int(database.places.owner[HOT]))
    database.copies_cut.add(away)
    world.at([Ask(1.1, HOT, True, 5, WRITE), *[Ask(2.0 + 0.01 * i, HOT, False, 6, READ) for i in range(30)]])
    world.run_until(3.0)
    assert database.copies[HOT, away].version == 0
    assert database.copy_stale == 10, "a third of the readers ask there"
    database.reset_effects()
    world.run_until(4.0)
    assert database.copies[HOT, away].version == 1
