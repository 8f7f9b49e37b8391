"""Every shipped scenario tells the truth about itself: run headless with its agents, all of its goals are kept."""

from __future__ import annotations

import pytest

from engine.agents import AGENTS
from engine.runtime import run_headless
from engine.scenarios.file import load, shipped
from engine.scenarios.goals import judge
from engine.world import World

WITH_GOALS = [name for name in shipped() if load(name).goal]


@pytest.mark.parametrize("name", WITH_GOALS)
def test_the_goals_of_a_shipped_scenario_are_kept(name: str) -> None:
    config = load(name)
    world = World(config)
    run_headless(world, AGENTS, config.length)
    missed = [verdict for verdict in judge(world) if not verdict.kept]
    assert not missed, missed


def test_there_are_at_least_six_with_goals() -> None:
    assert len(WITH_GOALS) >= 6
