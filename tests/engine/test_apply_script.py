"""The scenario's script: lines become orders at their times, what lasts is healed, people's faults are left alone."""

from __future__ import annotations

import math

import msgspec
import pytest
from apply_rig import SMALL, Person, effects, make

from engine.agents import AGENTS, agents_for
from engine.agents.base import AgentState, wake_step
from engine.commands import AddNode, Heal, HealAll, Inject, Note, Order, RemoveNode, SetOption
from engine.config import Scenario, Step
from engine.scenarios.script import commands_of, in_order, problems
from engine.state import copy
from engine.world import World


def with_script(*steps: Step) -> Scenario:
    return msgspec.structs.replace(SMALL, script=steps)


def run(world: World, seconds: float) -> None:
    """Let the script's agent look whenever it is due, as the clock does; nobody else looks."""
    agent = world.agents["scenario"]
    for _ in range(round(seconds / world.dt)):
        orders = look(world, agent) if agent.wake_step <= world.step_no else []
        world.step(orders)


def look(world: World, agent: AgentState) -> list[Order]:
    seen = AGENTS[agent.kind].look(world.view(), agent)
    agent.memory = seen.memory
    agent.wake_step = wake_step(world.step_no, seen.wake_after, world.dt)
    agent.number += len(seen.commands)
    return [Order(agent.by, agent.number - len(seen.commands) + i, c, seen.cause) for i, c in enumerate(seen.commands)]


def test_every_step_becomes_the_command_that_it_names() -> None:
    assert commands_of(Step(1.0, fault="crash", target="web-1")) == (Inject("crash", "web-1"),)
    assert commands_of(Step(1.0, heal="web-1", say="now")) == (Note("now"), Heal("web-1"))
    assert commands_of(Step(1.0, heal="all")) == (HealAll(),)
    assert commands_of(Step(1.0, option="cache.ttl", value=3.0)) == (SetOption("cache.ttl", 3.0),)
    assert commands_of(Step(1.0, add="replica", target="s1")) == (AddNode("replica", "s1"),)
    assert commands_of(Step(1.0, remove="web-3")) == (RemoveNode("web-3"),)
    late, early, also = Step(2.0, say="c"), Step(1.0, say="a"), Step(1.0, say="b")
    assert in_order((late, early, also)) == (early, also, late)


def test_lines_happen_at_their_times_in_the_scenarios_name() -> None:
    world = make(with_script(
        Step(0.5, fault="slow", target="web-1", amount=3.0, lasts=0.2),
        Step(0.3, say="watch the first server"),
        Step(0.6, option="cache.ttl", value=7.0),
        Step(0.0, add="web"),
    ))  # fmt: skip
    run(world, 1.0)
    told = [(round(e.at, 6), e.text) for e in world.core.log.events if e.by == "scenario" and e.id > 1]
    assert told == [
        (0.0, "web-4 added (+$0.096/h)"),
        (0.3, "watch the first server"),
        (0.5, "web-1 3× slower"),
        (0.6, "cache.ttl: 60 s → 7 s"),
        (0.7, "healed: web-1 3× slower"),
    ]
    healed = world.core.log.events[-1]
    fault = next(e for e in world.core.log.events if e.text == "web-1 3× slower")
    assert healed.cause == fault.id
    assert world.agents["scenario"].wake_step > 1 << 60  # nothing left to do


def test_what_lasts_is_healed_alone_not_what_a_person_did_to_the_same_target() -> None:
    world = make(with_script(
        Step(0.1, fault="slow", target="web-1", amount=3.0, lasts=0.2),
        Step(0.1, fault="slow", target="web-2", amount=4.0, lasts=0.3),
        Step(0.1, fault="slow", target="a", amount=2.0, lasts=0.4),
        Step(0.1, fault="kill_primary", target="s2", lasts=0.5),
    ))  # fmt: skip
    pristine = effects(world)
    run(world, 0.2)
    you = Person(world)
    you(Inject("slow", "web-1", 9.0))
    assert len(world.faults.active()) == 5
    for ends in ("web-1", "web-2", "zone:a", "db-b1"):
        assert ends in [f.target for f in world.faults.active() if f.by == "scenario"]
        run(world, 0.1 if ends != "web-1" else 0.12)
        assert ends not in [f.target for f in world.faults.active() if f.by == "scenario"]
    assert [(f.by, f.target, f.amount) for f in world.faults.active()] == [("you", "web-1", 9.0)]
    you(HealAll())
    assert effects(world) == pristine


def test_what_a_person_healed_early_is_not_healed_twice() -> None:
    world = make(with_script(Step(0.1, fault="slow", target="web-1", lasts=0.2)))
    run(world, 0.2)
    you = Person(world)
    you(HealAll())
    you(Inject("slow", "web-1"))
    run(world, 0.3)
    assert [f.by for f in world.faults.active()] == ["you"]
    assert not any(e.text.startswith("not done") for e in world.core.log.events)


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.25, 0.35])
def test_a_world_saved_in_mid_script_goes_on_to_the_same_end(seconds: float) -> None:
    world = make(with_script(
        Step(0.1, fault="crash", target="cache-1", lasts=0.2),
        Step(0.2, fault="traffic_x2", target="traffic"),
        Step(0.3, heal="traffic"),
    ))  # fmt: skip
    run(world, seconds)
    twin = copy(world)
    for one in (world, twin):
        run(one, 0.5 - seconds)
    assert world.digest() == twin.digest()
    assert world.faults.active() == ()


def test_a_script_is_checked_before_it_runs() -> None:
    wrong = with_script(
        Step(1.0, fault="crush", target="web-1"),
        Step(1.0, fault="slow", target="web-1", amount=0.5),
        Step(1.0, fault="flush_cache", target="cache", lasts=3.0),
        Step(1.0, option="cache.tll", value=3.0),
        Step(1.0, option="cache.ttl", value=-3.0),
        Step(1.0, add="webs"),
        Step(1.0, heal="web-1", lasts=2.0),
        Step(1.0, fault="crash", target="web-1", lasts=2.0),
    )
    found = problems(wrong)
    assert [index for index, _ in found] == [0, 1, 2, 3, 4, 5, 6]
    for (_, sentence), says in zip(
        found, ("mean crash", "slow takes 1", "happens once", "mean cache.ttl", "from 0", "mean web", "only a fault"), strict=True
    ):
        assert says in sentence


def test_the_script_has_its_agent_and_it_sleeps_for_ever_without_lines() -> None:
    world = make()
    agents = agents_for(world)
    assert agents["scenario"].by == "scenario"
    assert AGENTS["script"].look(world.view(), agents["scenario"]).wake_after == math.inf
