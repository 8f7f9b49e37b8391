"""What an agent is: a pure function of what it sees and what it remembers, run on virtual time.

An agent looks at the last step's view and answers with a `Look`: what it wants remembered, the commands it gives, and when
it wants to look again. It keeps nothing else anywhere: its memory is a frozen value in its `AgentState`, which is part of
the world. So a saved world goes on with its agents in mid-thought, and the order in which Trio runs them cannot matter.

An agent lives on a node and dies with it; when the node is back, it begins anew and has forgotten everything (`settle`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ..commands import WorldCommand

NEVER = 1 << 62  # a step that does not come
SCENARIO = "scenario"  # the agent of this name speaks for the scenario's script

V_contra = TypeVar("V_contra", contravariant=True)


@dataclass(slots=True)
class AgentState:
    """An agent as part of the world.

    name: unique, its commands are given by "agent:<name>". kind: its row in the table of agents. node: the name of the
    node it lives on (None: nowhere, it cannot die). memory: a frozen value of its own. wake_step: it looks at the boundary
    at which this many steps are done. number: commands given so far. life: counts its restarts.
    """

    name: str
    kind: str
    node: str | None
    memory: object
    wake_step: int = 0
    number: int = 0
    alive: bool = True
    life: int = 0

    @property
    def by(self) -> str:
        """Who its commands are from, in an `Order`."""
        return self.name if self.name == SCENARIO else f"agent:{self.name}"


@dataclass(frozen=True, slots=True)
class Look:
    """What came of one look. memory: frozen. wake_after: virtual seconds until the next, inf = never again in this life.

    cause: id of the event that led to the commands, 0 if none did.
    """

    memory: object
    commands: tuple[WorldCommand, ...] = ()
    wake_after: float = 1.0
    cause: int = 0


class Agent(Protocol[V_contra]):
    """A row of the table of agents. Stateless: one object serves every agent of its kind."""

    def begin(self, name: str, node: str | None) -> object:
        """The memory with which a life begins (a frozen value)."""
        ...

    def look(self, view: V_contra, me: AgentState) -> Look:
        """One look. Reads `view` and `me`, changes neither, draws no random numbers from anywhere else."""
        ...


def wake_step(step_no: int, wake_after: float, dt: float) -> int:
    """The boundary at which to look again: at least one step on, to the nearest step. ValueError if the time is no time."""
    if math.isnan(wake_after) or wake_after < 0:
        raise ValueError(f"an agent cannot sleep {wake_after} s")
    return step_no + max(1, round(wake_after / dt)) if wake_after / dt < NEVER else NEVER


def settle(
    agents: Mapping[str, AgentState],
    table: Mapping[str, Agent[V_contra]],
    is_up: Callable[[str], bool],
    step_no: int,
) -> None:
    """Let agents die with their nodes and begin anew with them. For the world, at the end of each step.

    is_up: whether a node runs, by name. step_no: the steps done after this one; a reborn agent looks at that boundary.
    """
    for agent in agents.values():
        if agent.node is None or is_up(agent.node) == agent.alive:
            continue
        agent.alive = not agent.alive
        agent.memory = None
        if agent.alive:
            _begin(agent, table, step_no)


def restart(agents: Mapping[str, AgentState], table: Mapping[str, Agent[V_contra]], node: str, step_no: int) -> None:
    """The agents on `node` begin anew, were it up or down: for the world, when it carries out a `Restart`.

    `settle` alone would not see a node that was down for less than a step.
    """
    for agent in agents.values():
        if agent.node == node:
            agent.alive = True
            _begin(agent, table, step_no)


def _begin(agent: AgentState, table: Mapping[str, Agent[V_contra]], step_no: int) -> None:
    agent.life += 1
    agent.memory = table[agent.kind].begin(agent.name, agent.node)
    agent.wake_step = step_no
