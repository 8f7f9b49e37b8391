"""The failover manager on the real database tier: detection, promotion, re-pointing, the way back, split brain."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.agents.base import AgentState, wake_step
from engine.agents.failover import Failover, phase_of
from engine.causes import Cause
from engine.commands import Note, Promote, WorldCommand
from engine.config import ReplicationPart
from engine.tiers.database import Database
from engine.tiers.database.shard import Role

sys.path.insert(0, str(Path(__file__).parents[1] / "tiers"))
from database_rig import Ask, Rig, rig

WORK = 0.001


@dataclass
class Seen:
    """What an agent reads of a view."""

    database: Database
    now: float


class Watched:
    """A rig whose shards are watched by failover managers."""

    def __init__(self, small: Rig) -> None:
        self.rig = small
        self.kind = Failover()
        names = [f"failover {shard.name}" for shard in small.database.shards]
        self.agents = [AgentState(name, "failover", None, self.kind.begin(name, None)) for name in names]
        self.orders: list[tuple[float, WorldCommand]] = []

    def run_until(self, t: float) -> None:
        core = self.rig.core
        while core.now < t - 1e-9:
            view = Seen(self.rig.database, core.now)
            looks = [(me, self.kind.look(view, me)) for me in self.agents if me.wake_step <= core.step_no]  # type: ignore[arg-type]
            for me, look in looks:
                me.memory, me.wake_step = look.memory, wake_step(core.step_no, look.wake_after, core.dt)
                for command in look.commands:
                    self.orders.append((core.now, command))
                    self.rig.order(command)
            self.rig.steps(1)

    def given(self, kind: type) -> list[tuple[float, WorldCommand]]:
        return [order for order in self.orders if isinstance(order[1], kind)]


def watched(rate: float = 100.0, end: float = 30.0, **replication: object) -> Watched:
    small = rig(shards=1, replicas=2, replication=ReplicationPart(**replication))  # type: ignore[arg-type]
    n = int(rate * end)
    small.at(Ask(i / rate + 0.0005, i % 50, i % 2 == 0, i % 40, WORK, i % 3) for i in range(n))
    return Watched(small)


def test_a_failover_from_crash_to_first_write() -> None:
    """Reads go on, writes fail; detected within (fall - 1, fall) looks, promoted, re-pointed; then writes succeed again."""
    world = watched()
    small, db = world.rig, world.rig.database
    world.run_until(10.0)
    small.down("db-a1", event=77)
    world.run_until(20.0)
    ((told, note),) = world.given(Note)
    ((when, promoted),) = world.given(Promote)
    assert isinstance(promoted, Promote)
    assert isinstance(note, Note)
    assert note.cause == 77, "the chain leads back to what killed the primary"
    assert 2.0 - 0.02 <= told - 10.0 <= 3.0 + 0.02
    assert when - told == pytest.approx(2.0, abs=0.011)
    shown = db.reading().failovers[-1]
    words = [text for _, text in shown.steps]
    assert words[0] == "db-a1 does not answer"
    assert words[1] == "detected"
    assert "promoted" in words[2]
    assert words[-1] == "first write acknowledged"
    assert shown.done
    assert shown.rto_s == pytest.approx(when - 10.0 + 1.0, abs=0.1)
    assert shown.lost == 0
    for number, answer in small.clients.answers.items():
        ask = small.asked[number]
        if not ask.write:
            assert answer.cause is Cause.NONE, "reads go on all the time"
        elif 10.01 < ask.at < when + 0.99:
            assert answer.cause is not Cause.NONE
        elif ask.at < 9.98 or ask.at > when + 1.02:
            assert answer.cause is Cause.NONE


def test_the_old_primary_comes_back_as_a_replica() -> None:
    """Fenced while away; back, it is demoted, and catches up (invariant 14)."""
    world = watched()
    small, db = world.rig, world.rig.database
    world.run_until(5.0)
    small.down("db-a1")
    world.run_until(15.0)
    assert db.role_of[0] is Role.FENCED
    small.down("db-a1", up=True)
    world.run_until(17.0)
    assert db.role_of[0] is Role.REPLICA
    world.run_until(31.0)
    head = db.shards[0].log.head
    assert all(db.shards[0].log.position(node, small.core.now) == head for node in db.shards[0].log.followers)
    assert len(db.shards[0].log.followers) == 2


def test_a_primary_that_answers_in_time_stays() -> None:
    """Back before the promotion: no failover, and the manager says so."""
    world = watched()
    world.run_until(5.0)
    world.rig.down("db-a1")
    world.run_until(8.5)
    assert world.given(Note)
    world.rig.down("db-a1", up=True)
    world.run_until(15.0)
    assert not world.given(Promote)
    assert len(world.given(Note)) == 2


def test_nothing_happens_when_failover_is_not_automatic() -> None:
    world = watched(automatic=False)
    world.run_until(3.0)
    world.rig.down("db-a1")
    world.run_until(12.0)
    assert not world.orders


@pytest.mark.parametrize("fencing", [True, False])
def test_a_partition_with_and_without_fencing(fencing: bool) -> None:
    """Zone a is cut off with the primary in it. Fenced, it refuses the writes of its zone; not fenced, it goes on taking them:
    two primaries, whose histories part, until the partition is healed and the old one throws its branch away."""
    world = watched(fencing=fencing)
    small, db = world.rig, world.rig.database
    world.run_until(5.0)
    small.cut_zone(0)
    world.run_until(15.0)
    shard = db.shards[0]
    assert shard.epoch == 2
    assert db.nodes.names[shard.primary] in ("db-a2", "db-a3")
    late = {n: a for n, a in small.clients.answers.items() if small.asked[n].write and small.asked[n].at > 12.0}
    inside = [a for n, a in late.items() if small.asked[n].web == 0]
    outside = [a for n, a in late.items() if small.asked[n].web != 0]
    assert outside
    assert all(a.cause is Cause.NONE for a in outside)
    assert inside
    if fencing:
        assert all(a.cause is Cause.FENCED for a in inside)
        assert db.reading().diverged_writes == 0
    else:
        assert all(a.cause is Cause.NONE for a in inside)
        assert db.reading().shards[0].writable == 2
        assert "split brain" in db.reading().verdict
        assert db.reading().diverged_writes > 50
    small.heal_links()
    world.run_until(20.0)
    assert db.role_of[0] is Role.REPLICA
    assert db.reading().shards[0].writable == 1
    branch = {a.version for n, a in small.clients.answers.items() if small.asked[n].write and small.asked[n].web == 0}
    main = set(shard.log.version[: shard.log.size].tolist())
    assert fencing or branch - main, "versions are given once: what the branch wrote is not in the history that survived"


def test_sync_promotes_only_the_standby() -> None:
    """The node that has every commit, even if another answers too; if it does not answer, nobody."""
    world = watched(mode="sync")
    small, db = world.rig, world.rig.database
    standby = db.nodes.names[db.shards[0].standby]
    world.run_until(5.0)
    small.down("db-a1")
    small.down(standby)
    world.run_until(15.0)
    assert not world.given(Promote)
    small.down(standby, up=True)
    world.run_until(20.0)
    ((_, order),) = world.given(Promote)
    assert isinstance(order, Promote)
    assert order.node == standby
    assert db.reading().lost_writes == 0


def test_phases_spread_and_hang_on_the_name_alone() -> None:
    phases = [phase_of(f"failover s{i}") for i in range(200)]
    assert len(set(phases)) == 200
    assert 0.0 <= min(phases) < 0.05
    assert 0.95 < max(phases) < 1.0
    assert math.isclose(phase_of("failover s1"), phases[1])
