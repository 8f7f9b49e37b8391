"""Users come city by city and keep their numbers; what they ask for follows the curve, or their number."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.agents import AGENTS
from engine.commands import Order, SetOption, Undo
from engine.config import Scenario, Users
from engine.runtime import run_headless
from engine.scenarios.file import ScenarioError, load, parse
from engine.tiers.population import Population
from engine.world import World

PEOPLE = np.array([9.0, 3.0, 2.0, 0.5])
CURVE = ((1, 0.5), (100, 5.0), (10_000, 50.0))


@given(st.integers(1, 5_000), st.integers(1, 5_000))
def test_a_user_keeps_his_city_whoever_comes_later(first: int, later: int) -> None:
    few, most = sorted((first, later))
    population = Population(Users(count=few, most=5_000), PEOPLE, 1.0)
    at = population.city_of(np.arange(5_000))
    had = population.people.copy()
    population.set_count(most)
    assert (population.city_of(np.arange(5_000)) == at).all()
    assert int(population.people.sum()) == most
    assert (population.people >= had - 1.0).all()  # of rounding: a seat may fall to a neighbour
    assert (population.people <= np.diff(population.first) + 1.0).all()


@given(st.lists(st.integers(1, 1_000_000), min_size=1, max_size=6))
def test_without_a_curve_the_rate_hangs_on_the_number_alone(counts: list[int]) -> None:
    population = Population(Users(count=1_000, most=1_000_000), PEOPLE, 300.0)
    for users in counts:
        population.set_count(users)
        assert population.asked == 300.0 * users / 1_000
    population.set_count(1_000)
    assert population.asked == 300.0


@pytest.mark.parametrize(("users", "rate"), [(1, 0.5), (50, 0.5 + 4.5 * 49 / 99), (100, 5.0), (10_000, 50.0), (20_000, 100.0)])
def test_a_curve_is_followed_on_straight_lines(users: int, rate: float) -> None:
    population = Population(Users(count=1, most=20_000, curve=CURVE), PEOPLE, 0.5)
    population.set_count(users)
    assert population.asked == pytest.approx(rate, abs=1e-12)


def test_twice_as_many_in_a_doubling_and_then_no_more() -> None:
    population = Population(Users(count=64, most=1_000, doubling=10.0), PEOPLE, 64.0)
    seen = []
    for _ in range(50):
        population.second()
        seen.append(population.count)
    assert [seen[9], seen[19], seen[29]] == [128, 256, 512]
    assert seen == sorted(seen)
    assert seen[-1] == 1_000
    assert population.asked == 1_000.0


def _growing() -> Scenario:
    calm = load("default")
    users = Users(count=3, most=2_000_000, curve=((1, 0.5), (100, 50.0), (2_000_000, 2_000.0)))
    return msgspec.structs.replace(calm, users=users, traffic=msgspec.structs.replace(calm.traffic, requests_per_second=2.0))


def test_a_running_world_grows_by_order_and_by_undo_shrinks() -> None:
    world = World(_growing())
    run_headless(world, AGENTS, 4.0)
    few = int(world.core.ledger.arrived.sum[0])
    assert few < 40
    world.step([Order("you", 1, SetOption("traffic.users", 2_000_000))])
    assert world.traffic.requests_per_second == 2_000.0
    run_headless(world, AGENTS, 4.0)
    arrived = int(world.core.ledger.arrived.sum[0]) - few
    assert abs(arrived - 8_000) < 5 * 8_000**0.5
    world.step([Order("you", 2, Undo())])
    assert world.traffic.users == 3
    world.step([Order("you", 3, SetOption("traffic.users", 2_000_001))])
    assert world.traffic.users == 3
    assert "users.most" in world.core.log.events[-1].text


def test_only_users_who_are_there_ask() -> None:
    world = World(_growing())
    world.traffic.recorded = []
    run_headless(world, AGENTS, 30.0)
    users = np.concatenate([births.user for _, births in world.traffic.recorded])
    first, people = world.traffic.population.first[:-1], world.traffic.population.people
    there = np.concatenate([np.arange(f, f + n) for f, n in zip(first.tolist(), people.astype(int).tolist(), strict=True)])
    assert there.size == 3
    assert set(users.tolist()) == set(there.tolist())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("count = 10\nmost = 5", "fewer than"),
        ("count = 10\ndoubling = 5.0", "users.most"),
        ("count = 10\nmost = 20\ncurve = [[5, 1.0], [5, 2.0]]", "ascend"),
    ],
)
def test_what_makes_no_sense_is_told(text: str, why: str) -> None:
    with pytest.raises(ScenarioError, match=why):
        parse(f"[users]\n{text}\n", "mine.toml")
