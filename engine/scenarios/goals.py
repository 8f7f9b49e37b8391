"""Did a run do what its scenario promised? Each goal names a figure and a band; the verdict says what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ..config import Goal
from ..showing.record import record
from .file import ScenarioError

if TYPE_CHECKING:
    from ..world import World


class GoalError(ScenarioError):
    """A goal that names no figure. index: which of the scenario's goals, from 0."""

    def __init__(self, index: int, sentence: str) -> None:
        super().__init__(sentence)
        self.index = index


class Verdict(msgspec.Struct, frozen=True):
    """One goal judged."""

    metric: str
    measured: float
    least: float | None
    most: float | None
    kept: bool
    why: str


def judge(world: World) -> list[Verdict]:
    """All goals of the world's scenario against its counters as of now."""
    plain = msgspec.to_builtins(record(world, 0.0))
    verdicts = []
    for index, goal in enumerate(world.core.config.goal):
        try:
            verdicts.append(_judge(goal, world, plain))
        except ScenarioError as error:
            raise GoalError(index, str(error)) from None
    return verdicts


def _judge(goal: Goal, world: World, plain: object) -> Verdict:
    measured = world.history.metric(goal.metric, goal.after, goal.before)
    if measured is None:
        measured = _follow(goal.metric, plain)
    kept = (goal.least is None or measured >= goal.least) and (goal.most is None or measured <= goal.most)
    return Verdict(goal.metric, measured, goal.least, goal.most, kept, goal.why)


def _follow(path: str, value: object) -> float:
    """The number at a dotted path of the JSON record, such as `replication.lost_writes` or `tiers.web.web-1.lost`."""
    for part in path.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            known = sorted(value) if isinstance(value, dict) else []
            there = ", ".join(map(str, known)) or "no parts there"
            raise ScenarioError(f"goal `{path}`: the record has no `{part}`; it has {there}.")
    if isinstance(value, bool | int | float):
        return float(value)
    raise ScenarioError(f"goal `{path}`: not a number; name one figure of the JSON record.")
