"""Run live, for people: any speed, pauses, single steps and viewers change nothing in the world."""

from __future__ import annotations

import time

import pytest
import trio
from small_world import TABLE, SmallView, SmallWorld

from engine.commands import (
    FollowRequest,
    Inject,
    Inspect,
    Order,
    Pause,
    Restart,
    Resume,
    SetSpeed,
    Shutdown,
    StepOnce,
    WorldCommand,
)
from engine.runtime import CommandError, Runtime, run_headless
from engine.snapshot import Pace
from engine.state import fingerprint


def paced(
    until: int, *plan: tuple[int, WorldCommand], speed: float = 0, watchers: int = 0, work: int = 0, measured: bool = False
) -> tuple[SmallWorld, Runtime[SmallView], list[Pace]]:
    """Run live until step `until`; `plan`: what to do once that step is reached. Returns what the watchers saw.

    measured: run on until a watcher has been told a speed that was measured (a machine may be through before the first reading).
    """
    world = SmallWorld(work=work)
    runtime = Runtime(world, TABLE, speed=speed)
    seen: list[Pace] = []

    async def watch(every: float) -> None:
        number = 0
        while True:
            snapshot = await runtime.newer(number)
            assert snapshot.digest == world.digest()
            number = runtime.number
            seen.append(snapshot.pace)
            await trio.sleep(every)

    todo = sorted(plan, key=lambda row: row[0])
    step = world.step

    def stepped(orders: list[Order]) -> None:
        step(orders)
        while todo and world.step_no >= todo[0][0]:
            runtime.order("you", todo.pop(0)[1])
        if world.step_no >= until and (not measured or (seen and seen[-1].achieved != 0)):
            runtime.stop("enough")

    world.step = stepped  # type: ignore[method-assign]

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            runtime.viewers = watchers
            for i in range(watchers):
                nursery.start_soon(watch, 0.01 * i)
            await runtime.run()
            nursery.cancel_scope.cancel()

    async def in_time() -> None:
        with trio.fail_after(60):
            await main()

    trio.run(in_time)
    del world.step
    return world, runtime, seen


PLAN = ((20, Inject("crash", "node-3")), (60, Restart("node-3")), (60, Inject("crash", "node-5")))


def test_speed_and_viewers_change_nothing() -> None:
    """The same deeds at the same steps: flat out alone, at x1, at x20 with three viewers of different speeds."""
    flat, runtime, _ = paced(160, *PLAN)
    slow, _, _ = paced(160, *PLAN, speed=1.0, watchers=1)
    fast, log, seen = paced(160, *PLAN, speed=20.0, watchers=3, work=2_000)
    assert flat.digest() == slow.digest()
    assert [entry.step_no for entry in runtime.log.entries] == [20, 60, 60]
    again = SmallWorld()
    run_headless(again, TABLE, 0.8, log=runtime.log)
    assert fingerprint(again) == fingerprint(flat)
    busy = SmallWorld(work=2_000)
    run_headless(busy, TABLE, 0.8, log=log.log)
    assert fingerprint(busy) == fingerprint(fast)
    assert seen
    assert seen[-1].viewers == 3


def test_the_clock_keeps_to_the_wall_and_says_how_well() -> None:
    """x1 takes its time and measures itself at one; a machine that cannot keep up measures less and skips nothing."""
    began = time.perf_counter()
    world, _, seen = paced(300, speed=1.0, watchers=1)
    assert time.perf_counter() - began > 1.4
    assert world.step_no == 300
    assert 0.4 < seen[-1].achieved < 1.1  # a busy machine may be slow, none may be fast
    used = time.process_time()
    world, _, seen = paced(300, speed=100.0, watchers=1, work=100_000, measured=True)
    used = (time.process_time() - used) / world.step_no
    assert 0 < seen[-1].achieved < 50
    assert seen[-1].asked == 100.0
    # CPU seconds a step times steps a second, however much of the machine others leave to us
    assert 0.5 * used * seen[-1].achieved / world.dt < seen[-1].busy <= 1.0


def test_pause_stops_single_steps_step_and_resume_resumes() -> None:
    """While paused nothing moves but what is asked for, to the step, and orders wait for it."""
    world = SmallWorld()
    runtime = Runtime(world, TABLE, speed=100.0, paused=True)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(runtime.run)
            runtime.viewers = 1
            first = await runtime.newer(0)
            assert (first.step, first.pace.paused) == (0, True)
            runtime.order("you", Inject("crash", "node-1"))
            runtime.control(StepOnce(1))
            assert (await runtime.newer(runtime.number)).step == 1
            assert not world.up[1]
            runtime.control(StepOnce(40))
            runtime.control(StepOnce(2))
            while (shown := await runtime.newer(runtime.number)).step < 43:
                pass
            assert shown.step == world.step_no == 43
            runtime.control(Resume())
            while (await runtime.newer(runtime.number)).step < 60:
                pass
            runtime.control(Pause())
            while not (await runtime.newer(runtime.number)).pace.paused:
                pass
            stopped = world.step_no
            await trio.sleep(0.02)  # four hundred steps at this speed, if it ran
            assert world.step_no == stopped
            runtime.control(Shutdown(), owner=True)
        assert runtime.why_ended

    trio.run(main)
    assert [entry.step_no for entry in runtime.log.entries] == [0]


@pytest.mark.parametrize(
    "command",
    [
        *(SetSpeed(x) for x in (float("nan"), float("inf"), -1.0, 0.1, 100.5)),
        StepOnce(1),
        Inspect("nowhere"),
        Shutdown(),
    ],
)
def test_what_makes_no_sense_is_refused(command: object) -> None:
    async def main() -> None:
        runtime = Runtime(SmallWorld(), TABLE)
        with pytest.raises(CommandError):
            runtime.control(command)
        runtime.control(Pause())
        for steps in (0, -1, 10_001):
            with pytest.raises(CommandError):
                runtime.control(StepOnce(steps))
        found = runtime.control(Inspect("node-2"))
        assert found is not None
        assert found.title == "node-2"
        assert runtime.control(FollowRequest(key=3)) is None
        for _ in range(1_000):
            runtime.order("you", Restart("node-1"))
        with pytest.raises(CommandError, match="too many"):
            runtime.order("you", Restart("node-1"))

    trio.run(main)
