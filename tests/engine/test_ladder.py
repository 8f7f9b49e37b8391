"""The ladder: steps are taken and taken back under traffic; nothing fails, nothing is lost, every invariant holds."""

from __future__ import annotations

import msgspec
import pytest

from engine.agents import AGENTS
from engine.checks import Checked
from engine.commands import Climb, Inject, Order, SetOption, Undo, WorldCommand
from engine.config import Scenario
from engine.ladder import STAGES
from engine.ladder.diagnosis import figures
from engine.ladder.reading import reading
from engine.runtime import run_headless
from engine.scenarios.file import ScenarioError, parse
from engine.snapshot import Ladder
from engine.state import dumps, loads
from engine.world import World

TEXT = """
name = "ladder"
step_ms = 10.0

[ladder]
stage = 1

[users]
count = 1_000
most = 1_000_000
curve = [[1_000, 50.0], [1_000_000, 400.0]]
cities = ["Washington"]

[traffic]
requests_per_second = 50.0
keys = 20_000

[dns]
resolvers = 20

[web]
nodes = 3

[cache]
nodes = 0

[database]
shards = 1
replicas = 0
workers = 2
"""


def scenario(**changes: object) -> Scenario:
    return msgspec.structs.replace(parse(TEXT, "ladder.toml"), **changes)


class Person:
    """Gives orders to a world that is checked at every step."""

    def __init__(self, world: World) -> None:
        self.world, self.checked, self.number = world, Checked(world), 0

    def __call__(self, *commands: WorldCommand) -> str:
        first = len(self.world.core.log.events)
        orders = [Order("you", self.number + i, command) for i, command in enumerate(commands)]
        self.number += len(commands)
        self.checked.step(orders)
        return self.world.core.log.events[first].text if len(self.world.core.log.events) > first else ""

    def go(self, seconds: float) -> None:
        run_headless(self.checked, AGENTS, seconds)

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


def test_up_to_the_top_and_back_to_the_bottom_under_traffic() -> None:
    you = Person(World(scenario()))
    members = {tier: int(nodes.member.sum()) for tier, nodes in you.world.core.fabric.tiers.items()}
    you.go(2.0)
    for number, stage in enumerate(STAGES[1:], start=2):
        before = you.ladder
        assert (before.next, before.stage) == (stage.name, number - 1)
        cost = figures(you.world).cost
        assert you(Climb()) == f"stage {number}: {stage.name}"
        you.settle()
        you.go(2.0)
        assert you.ladder.stage == number
        assert figures(you.world).cost - cost == pytest.approx(before.costs), "the price that was told is the price"
        assert you.ladder.changed.startswith(f"+${before.costs:.3f}/h")
    assert you.ladder.next == ""
    assert "top" in you(Climb())
    for number in range(len(STAGES), 1, -1):
        assert you.ladder.before == STAGES[number - 2].name
        assert you(Climb(up=False)).startswith(f"back to stage {number - 1}")
        you.settle()
        you.go(2.0)
    assert "bottom" in you(Climb(up=False))
    left = {tier: int(nodes.member.sum()) for tier, nodes in you.world.core.fabric.tiers.items()}
    assert left == members, you.world.database.roles()
    outcomes = you.world.core.ledger.outcomes.sum
    assert int(outcomes[2:].sum()) == 0, "nobody's request failed on the way"
    lost = you.world.database.reading().lost_writes
    assert lost == 0


def test_a_step_is_not_taken_before_the_last_one_is_over() -> None:
    you = Person(World(scenario()))
    you.go(1.0)
    you(Climb())
    waits = you.ladder.under_way
    assert "copy" in waits
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
    assert int(you.world.database.nodes.member.sum()) == 1


def test_what_is_used_up_is_named_as_it_is_counted() -> None:
    you = Person(World(scenario()))
    assert you.ladder.problem == "nobody has come yet"
    you.go(12.0)
    assert you.ladder.problem.startswith("all is well: ")
    assert not you.ladder.pressing
    you(SetOption("traffic.users", 1_000_000))
    you.go(12.0)
    now = figures(you.world)
    assert now.busiest == "db-a1"
    assert now.utilisation > 0.8
    assert you.ladder.pressing
    assert you.ladder.problem.startswith(f"db-a1 works {now.utilisation:.0%} of its time".replace("%", " %"))
    before = you.ladder.problem
    you(Climb())
    you.settle()
    you(Climb())
    you.go(15.0)
    assert not you.ladder.pressing, (before, you.ladder.problem)
    you(Inject("crash", "web"))
    you.go(3.0)
    assert "fail" in you.ladder.problem


def test_a_script_climbs_and_a_saved_world_goes_on_climbing() -> None:
    steps = parse(TEXT + '\n[[script]]\nat = 1.0\nclimb = "up"\n\n[[script]]\nat = 40.0\nclimb = "up"\n', "mine.toml").script
    world = World(scenario(script=steps))
    run_headless(world, AGENTS, 5.0)
    assert world.climber is not None
    assert world.climber.stage == 2
    again, _ = loads(dumps(world), World)
    for one in (world, again):
        run_headless(one, AGENTS, 40.0)
    assert world.climber.stage == 3
    assert world.digest() == again.digest()
    assert reading(world) == reading(again)


def test_where_there_is_no_ladder_it_is_said() -> None:
    world = World(scenario(ladder=msgspec.structs.replace(scenario().ladder, stage=0)))
    world.step([Order("you", 1, Climb())])
    assert "no ladder" in world.core.log.events[-1].text
    assert world.snapshot().ladder is None
    with pytest.raises(ScenarioError, match=r"line \d+: there are \d+ stages"):
        parse(TEXT.replace("stage = 1", "stage = 20"), "mine.toml")


def test_rows_are_named_apart_and_say_what_they_are_good_for() -> None:
    assert len({stage.id for stage in STAGES}) == len(STAGES)
    assert [stage.users for stage in STAGES] == sorted(stage.users for stage in STAGES)
    assert all(stage.solves for stage in STAGES[1:])
