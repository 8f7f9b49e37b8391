"""Owns a world and runs it: in step with the wall clock for people, flat out for everything else.

Steps run in slices of at most SLICE seconds, then Trio may breathe (sockets, signals). Orders from outside wait for the
next step boundary and are logged with it. Viewers never touch the loop: it leaves the newest snapshot, encoded once, where
they find it (`published`), and whoever is slow finds a newer one later.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec
import trio

from ..agents.base import Agent
from ..commands import (
    Control,
    FollowRequest,
    Inspect,
    Order,
    Pause,
    Resume,
    SetSpeed,
    Shutdown,
    StepOnce,
    WorldCommand,
)
from ..snapshot import Inspection, Snapshot
from .clock import Clock
from .headless import by_giver, heart, run_headless
from .log import OrderLog
from .pace import Pacer
from .world import World

__all__ = ["CommandError", "Runtime", "run_headless"]

V = TypeVar("V")

SLICE = 0.008  # wall seconds; longer makes keys feel slow, shorter spends itself on switching
BREATH = 0.008  # wall seconds slept at least: short steps are run by the handful, sleeping has a price of its own
FRAME = 1 / 15  # wall seconds between snapshots
HEARTBEAT = 1.0  # wall seconds between snapshots of a world that stands still
MAX_WAITING = 1_000  # orders that may wait for one boundary


class CommandError(Exception):
    """A command that is not carried out; the message says why, in words for the person who gave it."""


class Runtime(Generic[V]):
    """One world, its agents (kinds in `table`) and its pace. `run` it in a nursery; `stop` ends it."""

    def __init__(self, world: World[V], table: Mapping[str, Agent[V]], *, speed: float = 1.0, paused: bool = False) -> None:
        self.world = world
        self.log = OrderLog()
        self.viewers = 0
        self.published: Snapshot | None = None
        self.number = 0  # of snapshots published
        self.why_ended = ""
        self._table = table
        self._pacer = Pacer(world.dt, time.perf_counter(), time.process_time(), paused=paused)
        self._pacer.set_speed(speed, time.perf_counter())
        self._waiting: list[Order] = []
        self._given: dict[str, int] = {}
        self._watchers = trio.lowlevel.ParkingLot()
        self._changed = trio.Event()
        self._shown = (-1, False, 0.0, 0)  # step, paused, speed, viewers of the published snapshot
        self._shown_at = -HEARTBEAT

    async def run(self) -> None:
        """Run until `stop`. An exception in world or agent comes out of here as itself."""
        try:
            async with trio.open_nursery() as nursery:
                clock = Clock(self.world, self._table, nursery)
                while not self.why_ended:
                    await self._turn(clock)
                nursery.cancel_scope.cancel()
        except BaseExceptionGroup as errors:
            raise heart(errors) from None

    def stop(self, why: str) -> None:
        """End at the next step boundary; the first reason counts."""
        self.why_ended = self.why_ended or why
        self._changed.set()

    def order(self, by: str, command: WorldCommand) -> None:
        """Put a world command before the next step boundary. CommandError if too many wait already."""
        if len(self._waiting) >= MAX_WAITING:
            raise CommandError("too many commands wait for the next step")
        number = self._given[by] = self._given.get(by, -1) + 1
        self._waiting.append(Order(by, number, command))

    def control(self, command: Control, *, owner: bool = False) -> Inspection | None:
        """Carry out a control command now; the answer, if it asks for one. CommandError if it cannot be."""
        wall = time.perf_counter()
        answer = None
        try:
            match command:
                case Pause():
                    self._pacer.pause()
                case Resume():
                    self._pacer.resume(wall)
                case StepOnce(steps):
                    self._pacer.step_once(steps)
                case SetSpeed(speed):
                    self._pacer.set_speed(speed, wall)
                case Inspect(target):
                    answer = self.world.inspect(target)
                    if answer is None:
                        raise CommandError("there is nothing of that name")
                case FollowRequest(key, user):
                    self.world.follow(key, user)
                case Shutdown():
                    if not owner:
                        raise CommandError("only the screen that started the engine may end it")
                    self.stop("ended by its owner")
        except ValueError as error:
            raise CommandError(str(error)) from error
        self._changed.set()
        return answer

    async def newer(self, number: int) -> Snapshot:
        """The newest snapshot as soon as there is one later than the `number`-th; for viewers."""
        while self.published is None or self.number <= number:
            await self._watchers.park()
        return self.published

    def nudge(self) -> None:
        """Something outside changed (a viewer came or went): look at once."""
        self._changed.set()

    async def _turn(self, clock: Clock[V]) -> None:
        """One slice of steps if any are due, else sleep until one is."""
        wall = time.perf_counter()
        end = wall + SLICE
        while wall < end and not self.why_ended and self._pacer.due(wall):
            await self._one_step(clock)
            wall = time.perf_counter()
        self._pacer.measure(wall, time.process_time())
        self._publish(wall)
        wake = min(self._pacer.next_at(), self._next_frame())
        if wake <= wall or self.why_ended:
            await trio.lowlevel.checkpoint()
        else:  # nothing ran since `wake` was found, so no change can have been missed
            self._changed = trio.Event()
            with trio.move_on_after(max(wake - wall, BREATH)):
                await self._changed.wait()

    async def _one_step(self, clock: Clock[V]) -> None:
        orders = await clock.look()
        given, self._waiting = self._waiting, []
        if given:
            given.sort(key=by_giver)
            self.log.add(self.world.step_no, given)
            orders = sorted(given + orders, key=by_giver)
        self.world.step(orders)
        self._pacer.ran()

    def _next_frame(self) -> float:
        """When the next snapshot is due; inf if nobody watches."""
        if not self.viewers:
            return math.inf
        shown = (self.world.step_no, self._pacer.paused, self._pacer.speed, self.viewers)
        return self._shown_at + (HEARTBEAT if shown == self._shown else FRAME)

    def _publish(self, wall: float) -> None:
        """Leave a new snapshot for viewers, if there are any and it is time."""
        if wall < self._next_frame():
            return
        self._shown = (self.world.step_no, self._pacer.paused, self._pacer.speed, self.viewers)
        self._shown_at = wall
        self.published = msgspec.structs.replace(self.world.snapshot(), pace=self._pacer.pace(self.viewers))
        self.number += 1
        self._watchers.unpark_all()
