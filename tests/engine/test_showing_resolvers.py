"""Faulty resolvers in a whole world: failures lead back to the fault, the pane and the inspector tell it, healing ends it."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace
from world_rig import QUICK, Rig

from engine.commands import HealAll, Inject, Undo
from engine.config import Client
from engine.showing.inspect import inspection
from engine.snapshot import NodeState, Snapshot
from engine.state import dumps, loads
from engine.world import World

STEPS = 400  # 2 s of the quick world: its records live one second, its clients wait .4 s


def fault_event(rig: Rig) -> int:
    return next(event.id for event in rig.world.core.log.events if event.text.startswith(("all resolvers", "resolvers of")))


def level(shown: Snapshot) -> tuple[NodeState, str]:
    return next((row.state, row.verdict) for row in shown.dns.levels if row.name == "resolver")


@pytest.mark.parametrize(("fault", "amount"), [("dns_down", None), ("dns_lossy", 90.0), ("dns_slow", 1_500.0)])
def test_failures_have_a_cause_that_leads_to_the_fault(fault: str, amount: float | None) -> None:
    rig = Rig()
    rig.run(STEPS)
    calm = rig.world.snapshot()
    assert not calm.totals.timed_out
    assert level(calm) == (NodeState.UP, "")
    rig.give(Inject(fault, "resolvers:London", amount))
    rig.give(Inject("latency", "web~cache", 0.0))  # a later disturbance, which explains nothing
    rig.run(3 * STEPS)
    shown = rig.world.snapshot()
    causes = {cause.name: cause.event for cause in shown.headline.causes}
    assert causes["time-out"] == fault_event(rig)
    failed = [trace for trace in shown.traces if trace.cause]
    assert failed
    for trace in failed:
        assert trace.city == "London"
        assert "resolvers of London" in trace.why[0]


def test_after_both_queries_the_look_up_is_a_servfail() -> None:
    patient = replace(QUICK, client=Client(timeout=30.0, retries=0))
    rig = Rig(patient)
    rig.run(STEPS)
    rig.give(Inject("dns_down", "resolvers"))
    rig.run(6 * STEPS)
    causes = {cause.name: cause.event for cause in rig.world.snapshot().headline.causes}
    assert causes == {"SERVFAIL": fault_event(rig)}


def test_pane_faults_and_inspector_tell_it() -> None:
    rig = Rig()
    rig.run(STEPS)
    rig.give(Inject("dns_down", "resolvers"))
    rig.run(6 * STEPS)
    shown = rig.world.snapshot()
    assert [fault.text for fault in shown.faults] == ["all resolvers down"]
    state, words = level(shown)
    assert state is NodeState.DOWN
    assert words.startswith("down: ")
    assert words.endswith("/s unanswered")
    assert shown.dns.verdict.startswith("resolvers down")
    told = inspection(rig.world, "resolvers:London")
    assert told is not None
    assert told.title == "resolvers of London"
    assert told.state is NodeState.DOWN
    assert any("down" in line.source for line in told.state_lines)


@pytest.mark.parametrize("back", [HealAll(), Undo()])
def test_when_it_is_taken_back_users_are_answered_again(back: HealAll | Undo) -> None:
    rig = Rig()
    rig.run(STEPS)
    kept = [rig.world.dns.resolvers.ready.copy(), rig.world.dns.resolvers.ready_until.copy()]
    rig.give(Inject("dns_down", "resolvers"))
    rig.run(2)
    rig.give(back)
    rig.run(1)
    for mine, was in zip((rig.world.dns.resolvers.ready, rig.world.dns.resolvers.ready_until), kept, strict=True):
        untouched = rig.world.dns.resolvers.ready_until == kept[1]
        assert (mine[untouched] == was[untouched]).all()
        assert np.count_nonzero(untouched) >= 3
    rig.run(6 * STEPS)
    before = rig.world.snapshot().totals
    rig.run(STEPS)
    after = rig.world.snapshot().totals
    assert after.ok > before.ok + 100
    assert after.failed == before.failed
    assert rig.world.dns.stubs.asking == {}
    assert level(rig.world.snapshot()) == (NodeState.UP, "")


def test_a_world_saved_while_users_wait_goes_on_as_if_nothing_had_been() -> None:
    digests = set()
    for saved in (False, True):
        rig = Rig()
        rig.run(STEPS)
        rig.give(Inject("dns_lossy", "resolvers", 60.0))
        rig.run(STEPS)
        assert rig.world.dns.stubs.asking
        if saved:
            rig.take(loads(dumps(rig.world), World)[0])
        rig.run(3 * STEPS)
        digests.add(rig.world.digest())
    assert len(digests) == 1
