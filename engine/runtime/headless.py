"""Runs a world as fast as the machine can, with its agents and without viewers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import trio

from ..agents.base import Agent
from ..commands import Order
from .clock import Clock
from .log import OrderLog, Replay
from .world import World

V = TypeVar("V")


def by_giver(order: Order) -> tuple[str, int]:
    """The order in which orders of one boundary are applied."""
    return order.by, order.number


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def heart(errors: BaseException) -> BaseException:
    """What a group of errors is really about: an interrupt from the keyboard, else the first error in it."""
    leaves = list(_leaves(errors))
    interrupts = [leaf for leaf in leaves if isinstance(leaf, KeyboardInterrupt)]
    return next(iter(interrupts + [leaf for leaf in leaves if isinstance(leaf, Exception)]), errors)


def run_headless(
    world: World[V],
    table: Mapping[str, Agent[V]],
    seconds: float,
    *,
    log: OrderLog | None = None,
    progress: Callable[[float], None] | None = None,
) -> float:
    """Run `seconds` virtual seconds as fast as the machine can, with agents, without viewers; returns the wall seconds.

    log: orders from outside to replay. progress: called about twice a second (wall) with the virtual time.
    """

    async def main() -> None:
        replay = Replay(log) if log is not None else None
        last = world.step_no + round(seconds / world.dt)
        told = time.perf_counter()
        async with trio.open_nursery() as nursery:
            clock = Clock(world, table, nursery)
            while world.step_no < last:
                orders = await clock.look()
                given = replay.at(world.step_no) if replay else []
                world.step(sorted(given + orders, key=by_giver) if given else orders)
                if (wall := time.perf_counter()) - told > 0.5:
                    told = wall
                    await trio.lowlevel.checkpoint()  # signals
                    if progress is not None:
                        progress(world.now)
            nursery.cancel_scope.cancel()

    began = time.perf_counter()
    try:
        trio.run(main)
    except BaseExceptionGroup as errors:
        raise heart(errors) from None
    return time.perf_counter() - began
