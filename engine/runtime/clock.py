"""The virtual timeline of the agents, on Trio: each agent is one task that sleeps in virtual steps.

At a step boundary `look` wakes the agents that are due, waits until each of them has parked again, and returns their
commands. It counts them; it does not wait for all tasks to block, for in a live engine sockets keep other tasks busy. When
nobody is due it costs a scan of the agents and no switch of tasks. Whatever order Trio runs the tasks in, the world sees
the same: an agent changes only its own state, and the commands are sorted.

When an agent is due, alive, or of which life is read from the world alone; what is kept here (tasks, cancel scopes) can be
thrown away and made again at any boundary, as it is when a saved world is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

import trio

from ..agents.base import Agent, AgentState, wake_step
from ..commands import Order

V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


class Watched(Protocol[V_co]):
    """The part of a world that agents need: see `engine.runtime.world.World`."""

    @property
    def step_no(self) -> int: ...
    @property
    def dt(self) -> float: ...
    @property
    def agents(self) -> Mapping[str, AgentState]: ...
    def view(self) -> V_co: ...


class _Life:
    """The task of one life of one agent."""

    __slots__ = ("agent", "number", "parked", "scope")

    def __init__(self, agent: AgentState) -> None:
        self.agent = agent
        self.number = agent.life
        self.scope = trio.CancelScope()
        self.parked: trio.lowlevel.Task | None = None


    def give_up(self, _: object) -> trio.lowlevel.Abort:
        """Cancelled while parked: Trio has it back, nobody else may wake it."""
        self.parked = None
        return trio.lowlevel.Abort.SUCCEEDED


def _give_up(_: object) -> trio.lowlevel.Abort:
    return trio.lowlevel.Abort.SUCCEEDED


class Clock(Generic[V]):
    """Runs the agents of `world`, whose kinds are rows of `table`, as tasks of `nursery`."""

    def __init__(self, world: Watched[V], table: Mapping[str, Agent[V]], nursery: trio.Nursery) -> None:
        self._world = world
        self._table = table
        self._nursery = nursery
        self._lives: dict[str, _Life] = {}
        self._view: V
        self._orders: list[Order] = []
        self._awaited = 0
        self._barrier: trio.lowlevel.Task | None = None

    async def look(self) -> list[Order]:
        """Let every agent that is due look once; their commands, sorted by (agent, number).

        An exception in an agent ends its task and with it the nursery, and so the engine: a broken agent is a broken world.
        """
        step_no, agents = self._world.step_no, self._world.agents
        due = [agent for agent in agents.values() if agent.wake_step <= step_no and agent.alive]
        self._bury(agents)
        if not due:
            return []
        if any(life.parked is None for life in map(self._lives.get, [agent.name for agent in due]) if life is not None):
            await trio.lowlevel.checkpoint_if_cancelled()  # all of this is being ended
        self._view = self._world.view()
        self._awaited = len(due)
        for agent in due:
            life = self._lives.get(agent.name)
            if life is None:
                life = self._lives[agent.name] = _Life(agent)
                self._nursery.start_soon(self._live, life, name=f"agent {agent.name}")
            else:
                assert life.parked is not None
                task, life.parked = life.parked, None
                trio.lowlevel.reschedule(task)
        self._barrier = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(_give_up)
        orders, self._orders = self._orders, []
        orders.sort(key=lambda order: (order.by, order.number))
        return orders

    @property
    def tasks(self) -> int:
        """Agents that have a task now."""
        return len(self._lives)

    def _bury(self, agents: Mapping[str, AgentState]) -> None:
        """Cancel the tasks of lives that are over."""
        over = [
            name
            for name, life in self._lives.items()
            if agents.get(name) is not life.agent or not life.agent.alive or life.agent.life != life.number
        ]
        for name in over:
            self._lives.pop(name).scope.cancel()

    async def _live(self, life: _Life) -> None:
        with life.scope:
            while True:
                self._one_look(life.agent)
                life.parked = trio.lowlevel.current_task()
                self._awaited -= 1
                if self._awaited == 0:
                    barrier, self._barrier = self._barrier, None
                    assert barrier is not None
                    trio.lowlevel.reschedule(barrier)
                await trio.lowlevel.wait_task_rescheduled(life.give_up)

    def _one_look(self, agent: AgentState) -> None:
        world = self._world
        try:
            look = self._table[agent.kind].look(self._view, agent)
            agent.wake_step = wake_step(world.step_no, look.wake_after, world.dt)
        except Exception as error:
            error.add_note(f"in agent {agent.name!r} at step {world.step_no}")
            raise
        agent.memory = look.memory
        for command in look.commands:
            self._orders.append(Order(agent.by, agent.number, command, look.cause))
            agent.number += 1
