"""Cache and database in parts of a step: what the database settles ahead of the caches, with faults and changes under way.

That every request ends as in the slow model is tested there (tests/reference); here are the cases that the model does not know.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from world_rig import QUICK, Rig

from engine.commands import HealAll, Inject, SetOption
from engine.config import Scenario
from engine.state import copy, fingerprint

# Wires of .125 ms and, the queues being unbounded, 1 ms at least at a database node: the way round takes 1.5 ms.
FREE = msgspec.structs.replace(
    QUICK,
    loop_parts=4,
    balancer=msgspec.structs.replace(QUICK.balancer, policy="round_robin"),  # least connections is a loop of its own
    database=msgspec.structs.replace(QUICK.database, queue=0),
    cache=msgspec.structs.replace(QUICK.cache, timeout=0.02, eject_after=100),
)


def late(rig: Rig) -> int:
    return int(rig.world.core.ledger.late.sum[0])


@pytest.mark.parametrize("fault", ["freeze", "crash"])
def test_nothing_is_late_when_a_cache_node_is_ill(fault: str) -> None:
    """Time-outs and refusals send look-ups to the database without waiting for the node: the database hears of them in time."""
    rig = Rig(FREE)
    rig.give(Inject(fault, "cache-1"))
    rig.run(400)
    assert rig.world.cache.counts.total("unanswered") > 5
    assert late(rig) == 0
    rig.give(HealAll())
    rig.run(200)
    assert late(rig) == 0


def test_where_plans_may_change_the_database_keeps_to_the_wires() -> None:
    """A job that comes later may then change what happens to one that is there: parts of 1.25 ms are longer than four wires."""
    rig = Rig(FREE)
    rig.run(50)
    assert rig.world.database.least_service == pytest.approx(0.001)
    rig.give(SetOption("database.queue", 5))
    rig.run(50)
    assert rig.world.database.least_service == 0.0
    newest = Rig(msgspec.structs.replace(FREE, database=msgspec.structs.replace(FREE.database, discipline="lifo")))
    newest.run(50)
    assert newest.world.database.least_service == 0.0
    assert not newest.world.database.leads()


def test_a_fast_node_shortens_what_is_settled() -> None:
    rig = Rig(FREE)
    rig.world.database.nodes.speed[3] = 4.0
    rig.world.database.effects_changed()
    rig.run(1)
    assert rig.world.database.least_service == pytest.approx(0.00025)


@pytest.mark.parametrize("parts", [1, 4, 10])
def test_a_world_in_parts_is_a_value(parts: int) -> None:
    rig = Rig(msgspec.structs.replace(FREE, loop_parts=parts))
    rig.run(120)
    other = Rig(FREE)
    other.take(copy(rig.world))
    rig.run(80)
    other.run(80)
    assert fingerprint(other.world) == fingerprint(rig.world)
    assert other.world.digest() == rig.world.digest()


def test_all_before_a_boundary_has_happened_at_it() -> None:
    """However far the database ran ahead in between: orders meet a world in which nothing of the step is left undone."""
    rig = Rig(FREE)
    for _ in range(300):
        rig.run(1)
        db, now = rig.world.database, rig.world.now
        jobs = db.stations.core.jobs()
        assert all(job[0] >= now for job in jobs), "done, and not handed out"
        assert db.reached == pytest.approx(now)
        assert np.all(db.inbox.everything()[0] >= now)


def test_scenarios_without_the_field_are_taken_whole() -> None:
    assert Scenario().loop_parts == 1
