"""The ladder: steps are taken and taken back under traffic; nothing is lost, every invariant holds, and who fails is told why."""

from __future__ import annotations

import msgspec
import pytest

from engine.agents import AGENTS
from engine.checks import check
from engine.commands import Climb, Inject, Order, SetOption, Undo, WorldCommand
from engine.config import Scenario
from engine.ladder import STAGES
from engine.ladder.diagnosis import figures
from engine.ladder.reading import reading
from engine.runtime import run_headless
from engine.scenarios.file import ScenarioError, load, parse
from engine.snapshot import Ladder
from engine.state import dumps, loads
from engine.world import World

# steps that are felt, and by how many at most: the only machines restart; writes stand still while the database moves
FELT = {"larger": 10_000, "database": 10}


def scenario(**changes: object) -> Scenario:
    """The shipped ladder, small: few keys, machines that boot soon, and nobody but a few hundred users."""
    whole = load("ladder")
    small: dict[str, object] = {
        "users": msgspec.structs.replace(whole.users, count=1_000, curve=((1_000, 40.0), (10_000_000, 400.0)), most=10_000_000),
        "traffic": msgspec.structs.replace(whole.traffic, requests_per_second=40.0, keys=2_000),
        "machines": msgspec.structs.replace(whole.machines, boot=2.0),
    }
    return msgspec.structs.replace(whole, step_ms=20.0, **(small | changes))


class Person:
    """Gives orders to a world whose state is checked every second."""

    def __init__(self, world: World) -> None:
        self.world, self.number = world, 0

    def __call__(self, command: WorldCommand) -> str:
        first = self.world.core.log.events[-1].id
        self.number += 1
        self.world.step([Order("you", self.number, command)])
        return next((event.text for event in self.world.core.log.events if event.id > first), "")

    def go(self, seconds: float) -> None:
        while seconds > 0.0:
            run_headless(self.world, AGENTS, min(1.0, seconds))
            check(self.world)
            seconds -= 1.0

    @property
    def ladder(self) -> Ladder:
        found = reading(self.world)
        assert found is not None
        return found

    def settle(self) -> None:
        """Until what the last step has begun is over."""
        for _ in range(120):
            if not self.ladder.under_way:
                return
            self.go(1.0)
        raise AssertionError(self.ladder.under_way)

    @property
    def failed(self) -> int:
        return int(self.world.core.ledger.outcomes.sum[2:].sum())


def _members(world: World) -> dict[str, int]:
    return {tier: int(nodes.member.sum()) for tier, nodes in world.core.fabric.tiers.items() if nodes.member.any()}


def test_up_to_the_top_and_back_to_the_bottom_under_traffic() -> None:
    you = Person(World(scenario()))
    members = _members(you.world)
    you.go(2.0)
    for number, stage in enumerate(STAGES[1:], start=2):
        before, failed = you.ladder, you.failed
        assert (before.next, before.stage) == (stage.name, number - 1)
        cost = figures(you.world).cost
        assert you(Climb()) == f"stage {number}: {stage.name}"
        you.settle()
        you.go(2.0)
        assert you.ladder.stage == number
        assert figures(you.world).cost - cost == pytest.approx(before.costs), "the price that was told is the price"
        assert you.ladder.changed.startswith(f"+${before.costs:.3f}/h")
        assert you.failed - failed <= FELT.get(stage.id, 0), f"somebody felt the step to {stage.name}"
    assert you.ladder.next == ""
    assert "top" in you(Climb())
    for number in range(len(STAGES), 1, -1):
        assert you.ladder.before == STAGES[number - 2].name
        failed = you.failed
        assert you(Climb(up=False)).startswith(f"back to stage {number - 1}")
        you.settle()
        you.go(2.0)
        felt = FELT.get(STAGES[number - 1].id, 0)
        assert you.failed - failed <= felt, f"somebody felt the step back from {STAGES[number - 1].name}"
    assert "bottom" in you(Climb(up=False))
    assert _members(you.world) == members, you.world.database.roles()
    assert you.world.database.reading().lost_writes == 0
    assert not [event.text for event in you.world.core.log.events if event.text.startswith("not done") and event.by != "you"]


def test_a_step_is_not_taken_before_the_last_one_is_over() -> None:
    you = Person(World(scenario()))
    you.go(1.0)
    you(Climb())
    waits = you.ladder.under_way
    assert "copied" in waits
    assert waits in you(Climb())
    assert you.ladder.stage == 2
    you.settle()
    you(Climb())
    assert you.ladder.stage == 3


def test_undo_takes_a_step_back() -> None:
    you = Person(World(scenario()))
    you.go(1.0)
    you(Climb())
    you.settle()
    you(Undo())
    assert you.ladder.stage == 1
    you.settle()
    assert you.world.database.guest >= 0


def test_what_is_used_up_is_named_as_it_is_counted() -> None:
    you = Person(World(scenario()))
    assert you.ladder.problem == "nobody has come yet"
    you.go(12.0)
    assert you.ladder.problem.startswith("all is well: ")
    assert not you.ladder.pressing
    you(SetOption("traffic.users", 4_000_000))
    you.go(12.0)
    now = figures(you.world)
    assert now.busiest == "web-1"
    assert now.utilisation > 0.8
    assert you.ladder.pressing
    assert you.ladder.problem.startswith(f"web-1 works {now.utilisation:.0%} of the time".replace("%", " %"))
    you(Inject("crash", "web"))
    you.go(3.0)
    assert "fail" in you.ladder.problem


def test_a_script_climbs_and_a_saved_world_goes_on_climbing() -> None:
    steps = parse('[[script]]\nat = 1.0\nclimb = "up"\n\n[[script]]\nat = 30.0\nclimb = "up"\n', "mine.toml").script
    world = World(scenario(script=steps))
    run_headless(world, AGENTS, 3.0)
    assert world.climber is not None
    assert world.climber.stage == 2
    again, _ = loads(dumps(world), World)
    for one in (world, again):
        run_headless(one, AGENTS, 33.0)
    assert world.climber.stage == 3
    assert world.digest() == again.digest()
    assert reading(world) == reading(again)


def test_a_step_back_in_phases_survives_a_save_between_them() -> None:
    you = Person(World(scenario()))
    for _ in range(3):
        you(Climb())
        you.settle()
    you.go(3.0)
    you(Climb(up=False))
    climber = you.world.climber
    assert climber is not None
    assert climber.going is not None, "servers finish what they have, then they go"
    again, _ = loads(dumps(you.world), World)
    for one in (you.world, again):
        run_headless(one, AGENTS, 15.0)
        assert _members(one)["web"] == 1
        assert "balancer" not in _members(one)
    assert again.digest() == you.world.digest()


def test_where_there_is_no_ladder_it_is_said() -> None:
    world = World(scenario(ladder=msgspec.structs.replace(scenario().ladder, stage=0)))
    world.step([Order("you", 1, Climb())])
    assert "no ladder" in world.core.log.events[-1].text
    assert world.snapshot().ladder is None
    with pytest.raises(ScenarioError, match=r"line \d+: there are \d+ stages"):
        parse("[ladder]\nstage = 20\n", "mine.toml")


def test_rows_are_named_apart_and_say_what_they_are_good_for() -> None:
    assert len({stage.id for stage in STAGES}) == len(STAGES)
    assert [stage.users for stage in STAGES] == sorted(stage.users for stage in STAGES)
    assert all(stage.solves and stage.up and stage.back for stage in STAGES[1:])
