"""The rebalancer on the real database tier: it keeps to its throttle, finishes its plan, and sleeps when there is none."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.agents.base import AgentState, wake_step
from engine.agents.rebalancer import IDLE_S, OPEN, Rebalancer
from engine.commands import CopyChunk
from engine.tiers.database import Database

sys.path.insert(0, str(Path(__file__).parents[1] / "tiers"))
from database_rig import Rig, rig


@dataclass
class Seen:
    """What the agent reads of a view."""

    database: Database
    now: float


def run(small: Rig, until: float) -> list[tuple[float, int]]:
    """Run with a rebalancer; (when, keys) of its orders."""
    kind, orders = Rebalancer(), []
    me = AgentState("rebalancer", "rebalancer", None, kind.begin("rebalancer", None), small.core.step_no)
    while small.core.now < until - 1e-9:
        if me.wake_step <= small.core.step_no:
            look = kind.look(Seen(small.database, small.core.now), me)  # type: ignore[arg-type]
            me.memory, me.wake_step = look.memory, wake_step(small.core.step_no, look.wake_after, small.core.dt)
            for command in look.commands:
                assert isinstance(command, CopyChunk)
                orders.append((small.core.now, command.keys))
                small.order(command)
        small.steps(1)
    return orders


@pytest.mark.parametrize(("mb_s", "chunk"), [(0.5, 100), (2.0, 50), (50.0, 100)])
def test_a_plan_takes_its_bytes_over_the_throttle(mb_s: float, chunk: int) -> None:
    """4,000 keys of 1 kB; what moves takes moved / (MB/s) seconds, and never less."""
    small = rig(shards=3, replicas=1, keys=4_000, rebalance_mb_s=mb_s, rebalance_chunk=chunk)
    db = small.database
    db.add_shard()
    small.changed()
    planned = db.places.planned
    eta = db.shards_reading().eta_s
    assert eta == pytest.approx(planned * 1_000 / (mb_s * 1e6))
    orders = run(small, eta + 1.5)
    assert not db.places.moving
    assert db.places.moved == planned
    last = orders[-1][0] if len(orders) > 1 else 0.0
    assert last <= eta + 3.0 * chunk * 1_000 / (mb_s * 1e6) + 0.01, "each of the three sources may end with a small chunk"
    if len(orders) > 10:
        assert last >= eta - 2.0 * chunk * 1_000 / (mb_s * 1e6) - 0.02, "not faster than the throttle"


def test_without_a_plan_it_only_looks() -> None:
    small = rig(shards=2, replicas=0)
    look = Rebalancer().look(Seen(small.database, 0.0), AgentState("rebalancer", "rebalancer", None, None))  # type: ignore[arg-type]
    assert not look.commands
    assert look.wake_after == IDLE_S


def test_it_waits_for_a_source_that_does_not_answer() -> None:
    """The source is dead: no more than OPEN chunks are begun; when it is back, they end."""
    small = rig(shards=1, replicas=1, keys=4_000, rebalance_mb_s=1.0, rebalance_chunk=10)
    db = small.database
    db.add_shard()
    small.down("db-a1")
    run(small, 2.0)
    assert db.places.moved == 0
    assert len(db.places.chunks) == OPEN
    small.down("db-a1", up=True)
    run(small, 10.0)
    assert db.places.moved == db.places.planned
