"""Whoever sees to a step of the ladder: when a phase is over, the next one is begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..commands import Climb
from .base import AgentState, Look

if TYPE_CHECKING:
    from ..view import View

LOOK_S = 0.5  # how often it looks whether a phase is over


class Watcher:
    """A row of AGENTS; one agent, living nowhere, in worlds that are on the ladder."""

    def begin(self, name: str, node: str | None) -> None:  # noqa: ARG002
        """Remembers nothing: the step stands in the world."""
        return

    def look(self, view: View, me: AgentState) -> Look:  # noqa: ARG002
        """Go on if nothing keeps the step under way from it."""
        step = view.step_of_ladder
        if step is None or step[0]:
            return Look(None, (), LOOK_S)
        return Look(None, (Climb(on=True),), LOOK_S, step[1])
