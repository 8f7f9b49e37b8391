"""Agents: their sleep in whole steps, their deaths and rebirths, and the tasks that follow them."""

from __future__ import annotations

import math

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from small_world import TABLE, Memory, SmallWorld

from engine.agents.base import NEVER, AgentState, Look, restart, settle, wake_step
from engine.commands import Inject, Note, Order, Restart
from engine.runtime.clock import Clock


@given(st.integers(0, 10**12), st.floats(0, 1e9), st.sampled_from([0.002, 0.005, 0.01]))
def test_sleep_is_at_least_one_step_and_to_the_nearest(now: int, seconds: float, dt: float) -> None:
    later = wake_step(now, seconds, dt)
    assert later > now
    assert later == now + 1 or abs((later - now) * dt - seconds) <= dt * 0.500001 + seconds * 1e-12


def test_never_and_nonsense() -> None:
    assert wake_step(5, math.inf, 0.005) == NEVER
    for seconds in (math.nan, -0.1, -math.inf):
        with pytest.raises(ValueError, match="cannot sleep"):
            wake_step(0, seconds, 0.005)


def test_an_agent_dies_with_its_node_and_begins_anew_with_it() -> None:
    agents = {
        "w-1": AgentState("w-1", "watcher", "node-1", Memory(5, 9), wake_step=70, number=4),
        "free": AgentState("free", "watcher", None, Memory(1, 1), wake_step=8),
    }
    settle(agents, TABLE, lambda node: False, 10)
    assert (agents["w-1"].alive, agents["w-1"].memory) == (False, None)
    assert (agents["free"].alive, agents["free"].memory) == (True, Memory(1, 1))
    settle(agents, TABLE, lambda node: False, 11)
    settle(agents, TABLE, lambda node: True, 12)
    reborn = agents["w-1"]
    assert (reborn.alive, reborn.memory, reborn.wake_step, reborn.life) == (True, Memory(), 12, 1)
    assert reborn.number == 4  # commands are numbered over all lives: (by, number) stays unique
    reborn.memory = Memory(3, 3)
    restart(agents, TABLE, "node-1", 20)
    assert (reborn.life, reborn.memory, reborn.wake_step) == (2, Memory(), 20)


def test_tasks_live_and_die_with_the_agents() -> None:
    """One task for each agent that has looked; a crash cancels it; a restart makes a new one."""

    async def main() -> None:
        world = SmallWorld(agents=6)
        async with trio.open_nursery() as nursery:
            clock = Clock(world, TABLE, nursery)

            async def step(*orders: Order) -> None:
                world.step(sorted([*orders, *await clock.look()], key=lambda o: (o.by, o.number)))

            for _ in range(5):
                await step()
            assert clock.tasks == len(nursery.child_tasks) == 6
            await step(Order("you", 0, Inject("crash", "node-2")))
            await step()
            await trio.testing.wait_all_tasks_blocked()
            assert clock.tasks == len(nursery.child_tasks) == 5
            await step(Order("you", 1, Restart("node-2")))
            await step()
            assert clock.tasks == 6
            del world.agents["w-3"]
            world.agents["w-4"] = AgentState("w-4", "watcher", "node-4", Memory(), world.step_no)
            await step()
            await trio.testing.wait_all_tasks_blocked()
            assert clock.tasks == len(nursery.child_tasks) == 5
            nursery.cancel_scope.cancel()

    trio.run(main)


def test_the_barrier_counts_and_is_not_disturbed_by_others() -> None:
    """Other tasks stay busy all the while, as sockets do; every due agent has looked, once, when the barrier opens."""

    class Counting:
        looks = 0

        def begin(self, name: str, node: str | None) -> int:
            return 0

        def look(self, view: object, me: AgentState) -> Look:
            Counting.looks += 1
            assert isinstance(me.memory, int)
            return Look(me.memory + 1, (Note(me.name), Note("again")), 0.005)

    async def busy() -> None:
        while True:
            await trio.lowlevel.checkpoint()

    async def main() -> None:
        world = SmallWorld(agents=0)
        world.agents = {name: AgentState(name, "c", None, 0) for name in ("b", "a", "c")}
        async with trio.open_nursery() as nursery:
            nursery.start_soon(busy)
            clock = Clock(world, {"c": Counting()}, nursery)
            for step in range(50):
                orders = await clock.look()
                assert Counting.looks == 3 * (step + 1)
                expected = [(f"agent:{name}", 2 * step + i) for name in "abc" for i in range(2)]
                assert [(order.by, order.number) for order in orders] == expected
                world.step_no += 1
            nursery.cancel_scope.cancel()

    trio.run(main)


def test_a_cancelled_engine_ends_wherever_it_is() -> None:
    """Cancelled from outside between two boundaries, after which the loop asks for one more look: an orderly end."""

    async def main() -> None:
        world = SmallWorld()
        async with trio.open_nursery() as nursery:
            clock = Clock(world, TABLE, nursery)
            for _ in range(3):
                world.step(await clock.look())
            nursery.cancel_scope.cancel()
            for _ in range(20):
                world.step(await clock.look())
            raise AssertionError("an agent was due and nobody noticed the cancellation")
        assert clock.tasks == 12

    trio.run(main)
