"""What goes round a loop in less than a step is late by a step at most (invariant 6), however many turns it takes.

Found by a search over random commands, judged at every step. Nobody hears in the past: without that rule each of these is late by
two steps and more. `late` tells that the case is met, the checker that the bound holds.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from world_rig import QUICK, Rig

from engine.commands import Inject, RemoveNode, SetOption
from engine.config import Scenario
from engine.tiers.base import Tier

STORM = (SetOption("client.retries", 10.0), SetOption("client.budget", 0.0), Inject("retry_storm", ""))


def watched(rig: Rig, part: Callable[[Rig], Tier], method: str) -> list[float]:
    """How late rows came to a method that takes their times first, s before the step: a list that grows."""
    late: list[float] = []
    tier = part(rig)
    taken = getattr(tier, method)

    def spy(t: np.ndarray, *rest: object) -> object:
        late.append(rig.world.core.start - float(t.min(initial=np.inf)))
        return taken(t, *rest)

    setattr(tier, method, spy)
    return late


def scenario(step_ms: float, **cache: object) -> Scenario:
    return msgspec.structs.replace(QUICK, step_ms=step_ms, cache=msgspec.structs.replace(QUICK.cache, **cache))


def test_a_lease_given_back_by_a_query_that_was_late_itself() -> None:
    """The first node is gone, the second attempt is at another's shut door in the next step: its refusal is back in the last one.

    So the lease of a crowd's key was released up to two steps ago.
    """
    rig = Rig(QUICK, seed=27, every=1)
    late = watched(rig, lambda rig: rig.world.database, "_try_again")
    rig.give(Inject("flash_crowd", "key:0", 330.0))
    rig.run(25)
    rig.give(Inject("partition_zone", "zone:a"))
    rig.give(RemoveNode("s1"))
    rig.run(100)
    assert max(late) > 0.0


def test_a_storm_of_retries_on_a_way_shorter_than_a_step() -> None:
    """Each try is refused within a fraction of a step: the next would set out in the past, and fall behind more at each turn."""
    rig = Rig(scenario(20.0), every=1)
    late = watched(rig, lambda rig: rig.world.clients, "_retry")
    for order in STORM:
        rig.give(order)
    rig.run(20)
    rig.give(Inject("crash", "web"))
    rig.run(20)
    assert max(late) > 0.0


def test_the_other_copy_asked_by_who_set_out_late() -> None:
    """A library less patient than a step turns from one node of a pair to the other, for a client that was late already."""
    near = msgspec.structs.replace(QUICK.users, cities=("Washington",))
    rig = Rig(msgspec.structs.replace(scenario(50.0, timeout=0.005, mode="pair", nodes=2), users=near), every=1)
    late = watched(rig, lambda rig: rig.world.cache, "_ask_another")
    for order in (*STORM, SetOption("traffic.requests_per_second", 300.0)):
        rig.give(order)
    rig.run(8)
    rig.give(Inject("error_rate", "web", 50.0))
    rig.give(Inject("packet_loss", "cache", 60.0))
    rig.run(12)
    assert max(late) > 0.0
