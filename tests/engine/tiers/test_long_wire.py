"""A wire that is longer than the driver's patience: the driver gives up in time, as if nothing had come back, and all adds up."""

from __future__ import annotations

import pytest
from world_rig import QUICK, Rig

from engine.causes import Outcome
from engine.commands import HealAll, Inject, SetOption
from engine.faults import FAULTS
from engine.faults.targets import names


@pytest.mark.parametrize("extra_ms", [150.0, 300.0])
def test_longer_than_the_patience_of_the_driver(extra_ms: float) -> None:
    """Every database node is that far away (its drivers wait 200 ms, clients longer); the checker judges all spans and times."""
    assert QUICK.database.timeout == 0.2
    rig = Rig(every=1)
    rig.run(40)
    rig.give(SetOption("client.timeout", 3.0))
    for name in names(rig.world, "db"):
        assert "db" in FAULTS["latency"].info.targets
        rig.give(Inject("latency", name, extra_ms))
    rig.run(200)
    given_up = rig.world.database.meters.totals["refused"]
    assert (given_up > 0) == (extra_ms > 200.0)
    assert int(rig.world.core.ledger.outcomes.sum[Outcome.OK]) > 0
    rig.give(HealAll())
    rig.give(SetOption("traffic.requests_per_second", 0.0))
    rig.run(1_200)
    assert rig.unequal() == []
