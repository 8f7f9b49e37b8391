"""Taking a step: the commands of a row under one event, and how the system did before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..apply.giver import Giver, Outcome
from ..apply.undo import Inverse
from ..commands import Climb, WorldCommand
from ..faults.base import Rejected
from .diagnosis import Figures, figures
from .stages import STAGES, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..world import World


class Climber:
    """Where a world is on the ladder: part of its state.

    stage: 1 = the lowest. before: how it did when the last step was taken. going: the step under way, if it has phases to come:
    up or back, the row's number in STAGES, the next phase, the event that began it.
    """

    def __init__(self, stage: int) -> None:
        assert 1 <= stage <= len(STAGES), f"there is no stage {stage} of {len(STAGES)}"
        self.stage = stage
        self.before: Figures | None = None
        self.going: tuple[bool, int, int, int] | None = None

    @property
    def here(self) -> Stage:
        """The row of this stage."""
        return STAGES[self.stage - 1]

    @property
    def next(self) -> Stage | None:
        """The row of the next one, None at the top."""
        return STAGES[self.stage] if self.stage < len(STAGES) else None


def waits(world: World) -> str:
    """What the last phase of a step has begun and is not over, "" if nothing is."""
    return next(filter(None, (stage.waits(world) for stage in STAGES)), "")


def under_way(world: World) -> str:
    """As `waits`; also, that another phase is to come."""
    climber = world.climber
    return waits(world) or ("the next part follows" if climber is not None and climber.going is not None else "")


def climb(world: World, giver: Giver, command: Climb, carry_out: Callable[[World, Giver, WorldCommand], Outcome]) -> Outcome:
    """One stage up, or one back. Rejected, having changed nothing, where there is none or the last step is not over."""
    climber = world.climber
    if climber is None:
        raise Rejected("this system is on no ladder; `scaletop ladder` opens one")
    if command.on:
        return _go_on(world, climber, giver, carry_out)
    busy = under_way(world)
    if busy:
        raise Rejected(f"the last step is not over: {busy}")
    if command.up and climber.next is None:
        raise Rejected(f"{climber.here.name} is the top of the ladder")
    if not command.up and climber.stage == 1:
        raise Rejected(f"{climber.here.name} is the bottom of the ladder")
    row = STAGES[climber.stage] if command.up else climber.here
    stage = climber.stage + (1 if command.up else -1)
    text = f"stage {stage}: {row.name}" if command.up else f"back to stage {stage}, without {row.name}"
    climber.before = figures(world)
    event = giver.tell(world, text, level="good", keys="n" if command.up else "N", disturbs=True)
    number = max(climber.stage, stage) - 1
    climber.stage = stage
    climber.going = (command.up, number, 0, event)
    _go_on(world, climber, giver, carry_out)
    return Outcome(event, text, Inverse((Climb(up=not command.up),)))


def _go_on(
    world: World, climber: Climber, giver: Giver, carry_out: Callable[[World, Giver, WorldCommand], Outcome]
) -> Outcome:
    """The next phase of the step under way. What cannot be done of it is told, the rest is done."""
    if climber.going is None:
        return Outcome(0, "")
    up, number, phase, event = climber.going
    phases = STAGES[number].up if up else STAGES[number].back
    climber.going = (up, number, phase + 1, event) if phase + 1 < len(phases) else None
    for one in phases[phase](world):
        try:
            carry_out(world, giver.led_by(event), one)
        except Rejected as no:
            giver.led_by(event).tell(world, f"not done: {no}", level="warn")
    return Outcome(event, "")
