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

    stage: 1 = the lowest. before: how it did when the last step was taken.
    """

    def __init__(self, stage: int) -> None:
        assert 1 <= stage <= len(STAGES), f"there is no stage {stage} of {len(STAGES)}"
        self.stage = stage
        self.before: Figures | None = None

    @property
    def here(self) -> Stage:
        """The row of this stage."""
        return STAGES[self.stage - 1]

    @property
    def next(self) -> Stage | None:
        """The row of the next one, None at the top."""
        return STAGES[self.stage] if self.stage < len(STAGES) else None


def under_way(world: World) -> str:
    """What a step, up or back, has begun and is not over, "" if nothing is."""
    return next(filter(None, (stage.waits(world) for stage in STAGES)), "")


def climb(world: World, giver: Giver, command: Climb, carry_out: Callable[[World, Giver, WorldCommand], Outcome]) -> Outcome:
    """One stage up, or one back. Rejected, having changed nothing, where there is none or the last step is not over."""
    climber = world.climber
    if climber is None:
        raise Rejected("this system is on no ladder; `scaletop ladder` opens one")
    waits = under_way(world)
    if waits:
        raise Rejected(f"the last step is not over: {waits}")
    if command.up:
        row = climber.next
        if row is None:
            raise Rejected(f"{climber.here.name} is the top of the ladder")
        commands, text, stage = row.up(world), f"stage {climber.stage + 1}: {row.name}", climber.stage + 1
    else:
        if climber.stage == 1:
            raise Rejected(f"{climber.here.name} is the bottom of the ladder")
        row = climber.here
        commands, text, stage = row.back(world), f"back to stage {climber.stage - 1}, without {row.name}", climber.stage - 1
    climber.before = figures(world)
    event = giver.tell(world, text, level="good", keys="n" if command.up else "N", disturbs=True)
    climber.stage = stage
    for one in commands:
        carry_out(world, giver.led_by(event), one)
    return Outcome(event, text, Inverse((Climb(up=not command.up),)))
