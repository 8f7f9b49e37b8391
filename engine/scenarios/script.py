"""The scenario's [[script]]: steps in order of time, the commands that each becomes, and what is wrong with a script."""

from __future__ import annotations

from ..apply.scale import SCALES
from ..commands import (
    AddNode,
    Climb,
    Deploy,
    Heal,
    HealAll,
    Inject,
    Note,
    Purge,
    RemoveNode,
    Resize,
    Separate,
    SetOption,
    WorldCommand,
)
from ..config import Scenario, Step
from ..faults import FAULTS, Rejected
from ..faults.base import near
from ..machines import SIZES, STEPS
from ..options import find

EVERYTHING = ("all", "*")


def in_order(script: tuple[Step, ...]) -> tuple[Step, ...]:
    """Steps by time; those of one time as they stand in the file."""
    return tuple(sorted(script, key=lambda step: step.at))


def commands_of(step: Step) -> tuple[WorldCommand, ...]:
    """What a step asks for: its words first, then its deed."""
    said: tuple[WorldCommand, ...] = (Note(step.say),) if step.say else ()
    return said + _deed(step)


def _deed(step: Step) -> tuple[WorldCommand, ...]:
    if step.fault:
        return (Inject(step.fault, step.target, step.amount),)
    if step.heal:
        return (HealAll(),) if step.heal in EVERYTHING else (Heal(step.heal),)
    if step.option:
        return (SetOption(step.option, step.value),)
    return _building(step)


def _building(step: Step) -> tuple[WorldCommand, ...]:
    """Machines that come, go, or come back in another size."""
    if step.add:
        return (AddNode(step.add, step.target),)
    if step.remove:
        return (RemoveNode(step.remove),)
    if step.resize:
        return (Resize(step.resize, str(step.value) or "up"),)
    return _whole(step)


def _whole(step: Step) -> tuple[WorldCommand, ...]:
    """The database's move, stages, and what is put on the edge."""
    if step.separate:
        return (Separate(back=step.separate == "back"),)
    if step.climb:
        return (Climb(step.climb == "up"),)
    return (Deploy(step.deploy),) if step.deploy else (Purge(step.purge),) if step.purge else ()


def problems(scenario: Scenario) -> list[tuple[int, str]]:
    """(index in the script, sentence) for each step that names nothing there is or a value out of range.

    Targets are not looked at: what they name may be added by the run itself.
    """
    found: list[tuple[int, str]] = []
    for index, step in enumerate(scenario.script):
        try:
            _check(step)
        except Rejected as no:
            found.append((index, str(no)))
    return found


def _check(step: Step) -> None:
    if step.fault:
        row = FAULTS.get(step.fault)
        if row is None:
            hint = near(step.fault, FAULTS) or f"; there are {', '.join(FAULTS)}"
            raise Rejected(f"there is no fault called {step.fault!r}{hint}")
        row.amount(step.amount)
        if step.lasts and row.info.one_shot:
            raise Rejected(f"{row.info.title} happens once and cannot last")
    elif step.lasts:
        raise Rejected("only a fault can last for a while")
    if step.option:
        find(step.option).check(step.value)
    if step.resize and str(step.value) not in (*SIZES, *STEPS):
        raise Rejected(f"there is no size {step.value!r}{near(str(step.value), SIZES)}")
    if step.add and step.add not in SCALES:
        raise Rejected(f"there is nothing called {step.add!r} to add{near(step.add, SCALES)}")
