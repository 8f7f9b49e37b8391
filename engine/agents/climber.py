"""Whoever sees to a step of the ladder: when a phase is over, the next one is begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..commands import Climb
from .base import AgentState, Look

if TYPE_CHECKING:
    from ..view import View

LOOK_S = 0.5  # how often it looks whether a phase is over


@dataclass(frozen=True, slots=True)
class Nothing:
    """Memory: what there is to know stands in the world."""


class Watcher:
    """A row of AGENTS; one agent, living nowhere, in worlds that are on the ladder."""

    def begin(self, _name: str, _node: str | None) -> object:
        """Nothing to remember."""
        return Nothing()

    def look(self, view: View, me: AgentState) -> Look:
        """Go on if nothing keeps the step under way from it."""
        step = view.step_of_ladder
        if step is None or step[0]:
            return Look(me.memory, (), LOOK_S)
        return Look(me.memory, (Climb(on=True),), LOOK_S, step[1])
