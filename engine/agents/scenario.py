"""The agent that carries out the scenario's script: at its virtual time each line becomes an order, and what lasts is healed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from ..commands import Heal, WorldCommand
from ..config import Scenario
from ..scenarios.script import commands_of, in_order
from ..snapshot import ActiveFault
from .base import AgentState, Look

TINY = 1e-9  # seconds: virtual times are quotients of integers, equal ones may differ in the last bit


class Stage(Protocol):
    """What the script needs to see: `engine.view.View`."""

    @property
    def now(self) -> float: ...
    @property
    def config(self) -> Scenario: ...
    @property
    def faults(self) -> tuple[ActiveFault, ...]: ...


@dataclass(frozen=True, slots=True)
class Lasting:
    """A fault of the script that ends at `until`: how to know it again among the active ones."""

    until: float
    fault: str
    target: str
    since: float


@dataclass(frozen=True, slots=True)
class Place:
    """Memory: the next line of the script in order of time, and the faults that it has yet to heal."""

    line: int = 0
    lasting: tuple[Lasting, ...] = ()


class Script:
    """A row of AGENTS; its agent is called "scenario" and lives nowhere."""

    def begin(self, _name: str, _node: str | None) -> object:
        """At the first line."""
        return Place()

    def look(self, view: Stage, me: AgentState) -> Look:
        """Heal what has lasted long enough, then give every line that is due."""
        place = me.memory
        assert isinstance(place, Place)
        steps = in_order(view.config.script)
        orders: list[WorldCommand] = []
        over = [lasting for lasting in place.lasting if lasting.until <= view.now + TINY]
        lasting = [one for one in place.lasting if one not in over]
        healed: list[int] = []
        for one in over:
            fault_id = _which(view.faults, one, healed)
            if fault_id:
                healed.append(fault_id)
                orders.append(Heal(fault_id=fault_id))
        line = place.line
        while line < len(steps) and steps[line].at <= view.now + TINY:
            step = steps[line]
            orders += commands_of(step)
            if step.fault and step.lasts:
                lasting.append(Lasting(view.now + step.lasts, step.fault, step.target, view.now))
            line += 1
        times = [one.until for one in lasting] + [step.at for step in steps[line : line + 1]]
        wake = min(times, default=math.inf) - view.now
        return Look(Place(line, tuple(lasting)), tuple(orders), wake)


def _which(faults: tuple[ActiveFault, ...], lasting: Lasting, taken: list[int]) -> int:
    """Id of the script's own fault; 0 if it has ended by other means. Faults of people on the same target are left alone."""
    mine = [
        f
        for f in faults
        if f.by == "scenario" and f.fault == lasting.fault and abs(f.since - lasting.since) < TINY and f.id not in taken
    ]
    named = [f for f in mine if lasting.target in (f.asked, f.target, f.asked.partition(":")[2])]
    best = named or mine
    return best[0].id if best else 0
