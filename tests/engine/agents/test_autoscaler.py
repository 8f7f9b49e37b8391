"""The autoscaler: servers come when needed, take traffic only when they are up, go gently, and never beyond the quota."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from world_rig import QUICK, Rig

from engine.commands import Heal, Inject, SetOption
from engine.config import AutomationPart, Service, Traffic, WebPart

PART = AutomationPart(
    scale="cpu", scale_interval=1.0, scale_out_after=1, scale_in_after=2, cooldown=0.0, warm_up=0.5, drain=1.0, least=1, most=6,
    at_once=2,
)  # fmt: skip
WEB = WebPart(nodes=2, workers=2, service=Service(10.0, 10.0, 0.0), queue=200)


def rig_of(part: AutomationPart = PART, rate: float = 300.0) -> Rig:
    return Rig(msgspec.structs.replace(QUICK, automation=part, web=WEB, traffic=Traffic(requests_per_second=rate, keys=40)))


def servers(rig: Rig) -> int:
    return int(rig.world.web.nodes.member.sum())


def test_as_many_servers_as_the_target_asks_for() -> None:
    """Half of 2 workers' 200/s each: 300/s and a few retries ask for four servers at least, and no more than the quota."""
    rig = rig_of()
    rig.run(3_000)
    assert 3 <= servers(rig) <= 5
    up = rig.world.web.nodes.member & ~rig.world.web.nodes.draining
    assert 0.35 < float(rig.world.web.gauge.utilisation[up].mean()) < 0.65


def test_a_new_server_gets_nothing_before_it_is_up() -> None:
    rig = rig_of(msgspec.structs.replace(PART, warm_up=2.0))
    while servers(rig) == 2:
        rig.run(1)
    born, nodes = rig.world.now, rig.world.web.nodes
    assert nodes.booting[2]
    assert nodes.draining[2]
    while rig.world.now < born + 1.95:
        rig.run(10)
        assert not nodes.up[2]
        assert int(rig.world.web.stations.totals.arrivals[2]) == 0
    rig.run(500)
    assert int(rig.world.web.stations.totals.arrivals[2]) > 0


def test_the_quota_holds_and_is_told() -> None:
    rig = rig_of(msgspec.structs.replace(PART, most=3), rate=600.0)
    rig.run(1_600)
    assert servers(rig) == 3
    assert any("quota is 3" in event.text for event in rig.world.core.log.events)


def test_servers_go_by_way_of_a_drain_and_nobody_is_hurt() -> None:
    rig = rig_of(msgspec.structs.replace(PART, scale="off"), rate=40.0)
    rig.run(400)
    failed = int(rig.world.core.ledger.outcomes.sum[2:].sum())
    rig.give(SetOption("automation.scale", "cpu"))
    drained = False
    for _ in range(200):
        rig.run(10)
        nodes = rig.world.web.nodes
        drained |= bool((nodes.member & nodes.draining).any())
        if servers(rig) == 1:
            break
    assert servers(rig) == 1
    assert drained
    assert int(rig.world.core.ledger.outcomes.sum[2:].sum()) == failed
    assert rig.world.automation.counts.total("removed") == 1


@pytest.mark.parametrize("fault", ["scaler_stuck", "quota_exhausted"])
def test_a_fault_keeps_it_from_adding_and_healing_lets_it(fault: str) -> None:
    rig = rig_of()
    rig.give(Inject(fault, "traffic"))
    rig.run(1_000)
    assert servers(rig) == 2
    rig.give(Heal("traffic"))
    rig.run(1_500)
    assert servers(rig) > 2


def test_slow_provisioning_takes_longer() -> None:
    rig = rig_of()
    rig.give(Inject("slow_provisioning", "traffic", 100.0))
    rig.run(1_500)
    nodes = rig.world.web.nodes
    assert servers(rig) > 2
    assert nodes.booting[2:].all()
    assert int(np.count_nonzero(nodes.up)) == 2
