"""The rim changes nothing: one digest at any speed, in any order of Trio's tasks, paused and stepped, saved and loaded."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from small_world import TABLE, SmallView, SmallWorld

from engine.agents.base import AgentState
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
from engine.readings import Pace
from engine.runtime import CommandError, Runtime, run_headless
from engine.runtime_log import Entry, OrderLog
from engine.state import copy, fingerprint, save

CRASHES = OrderLog(
    [
        Entry(20, Order("you", 0, Inject("crash", "node-3"))),
        Entry(20, Order("you:2", 0, Inject("crash", "node-5"))),
        Entry(60, Order("you", 1, Restart("node-3"))),
        Entry(110, Order("you", 2, Inject("crash", "node-3"))),
        Entry(110, Order("you", 3, Restart("node-3"))),
    ]
)


def headless(log: OrderLog = CRASHES, seconds: float = 1.0) -> SmallWorld:
    world = SmallWorld()
    run_headless(world, TABLE, seconds, log=log)
    return world


def test_agents_run_and_matter() -> None:
    """The digest hangs on the agents: without them, or without the crash, it is another."""
    world = headless()
    assert world.step_no == 200
    assert any(note.startswith("w-3 saw") for note in world.notes)
    assert not world.agents["w-5"].alive
    assert world.agents["w-3"].life == 2
    silent = SmallWorld(agents=0)
    run_headless(silent, TABLE, 1.0, log=CRASHES)
    assert len({world.digest(), silent.digest(), headless(OrderLog()).digest()}) == 3


@pytest.fixture
def trio_order() -> random.Random:
    """Trio's own source of disorder, put back as it was."""
    from trio._core import _run

    assert isinstance(_run._r, random.Random)
    was = _run._r.getstate()
    yield _run._r
    _run._r.setstate(was)


def test_any_order_of_tasks_gives_one_digest(trio_order: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seeds of Trio's scheduler: the agents look in different orders (seen), the world is one and the same."""
    orders: set[tuple[str, ...]] = set()
    worlds = set()
    for seed in range(10):
        trio_order.seed(seed)
        looked: list[str] = []
        watcher = type(TABLE["watcher"])
        plain = watcher.look

        def spy(self: object, view: object, me: AgentState, plain: object = plain, looked: list[str] = looked) -> object:
            looked.append(me.name)
            return plain(self, view, me)

        with monkeypatch.context() as patch:
            patch.setattr(watcher, "look", spy)
            worlds.add(fingerprint(headless()))
        orders.add(tuple(looked))
    assert len(orders) >= 8
    assert len(worlds) == 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 99), st.sampled_from(["you", "you:2", "scenario"]), st.integers(0, 11), st.booleans())))
def test_a_log_is_the_run(deeds: list[tuple[int, str, int, bool]]) -> None:
    """Any orders, written to lines and read back, give the same world again; the log of a run replays it."""
    entries = []
    for number, (step, by, node, up) in enumerate(sorted(deeds)):
        command = Restart(f"node-{node}") if up else Inject("crash", f"node-{node}")
        entries.append(Entry(step, Order(by, number, command)))
    log = OrderLog(entries)
    assert fingerprint(headless(log, 0.5)) == fingerprint(headless(OrderLog.parse(log.dump()), 0.5))


def test_a_broken_log_is_told_by_line() -> None:
    lines = CRASHES.dump().splitlines()
    with pytest.raises(ValueError, match="line 2 of the order log"):
        OrderLog.parse(lines[0] + b"\n[1, 2")
    with pytest.raises(ValueError, match="line 1 of the order log"):
        OrderLog.parse(b'\xff"\n')
    with pytest.raises(ValueError, match="not in order"):
        OrderLog.parse(lines[4] + b"\n" + lines[0])


def test_saved_in_the_middle_and_gone_on_in_a_fresh_process(tmp_path: Path) -> None:
    """Agents in mid-thought, generators, everything: the second half runs elsewhere to the digest of the whole."""
    world = SmallWorld()
    run_headless(world, TABLE, 0.4, log=OrderLog(CRASHES.entries[:3]))
    save(tmp_path / "world", world)
    (tmp_path / "log").write_bytes(OrderLog(CRASHES.entries[3:]).dump())
    program = (
        "import sys; from pathlib import Path; from small_world import SmallWorld, TABLE\n"
        "from engine.state import fingerprint, load; from engine.runtime import run_headless, OrderLog\n"
        "world, _ = load(sys.argv[1] + '/world', SmallWorld)\n"
        "run_headless(world, TABLE, 0.6, log=OrderLog.parse(Path(sys.argv[1], 'log').read_bytes()))\n"
        "print(world.digest(), fingerprint(world))"
    )
    paths = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])])}
    command = [sys.executable, "-c", program, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | paths)
    whole = headless()
    assert run.stdout.split() == [whole.digest(), fingerprint(whole)], run.stderr


def test_a_fork_goes_its_own_way() -> None:
    world = headless()
    fork = copy(world)
    run_headless(world, TABLE, 0.5)
    run_headless(fork, TABLE, 0.25)
    run_headless(fork, TABLE, 0.25, log=OrderLog())
    assert fork.digest() == world.digest() == headless(seconds=1.5).digest()
    assert fork.rng is not world.rng


def test_a_broken_agent_ends_the_run_with_its_own_error() -> None:
    world = SmallWorld()
    world.agents["b"] = AgentState("b", "broken", None, 0)
    with pytest.raises(RuntimeError, match="broken agent") as told:
        run_headless(world, TABLE, 1.0)
    assert told.value.__notes__ == ["in agent 'b' at step 4"]

    async def live() -> None:
        world = SmallWorld()
        world.agents["b"] = AgentState("b", "broken", None, 0)
        await Runtime(world, TABLE, speed=0).run()

    with pytest.raises(RuntimeError, match="broken agent"):
        trio.run(live)


def paced(
    until: int, *plan: tuple[int, WorldCommand], speed: float = 0, watchers: int = 0, work: int = 0
) -> tuple[SmallWorld, Runtime[SmallView], list[Pace]]:
    """Run live until step `until`; `plan`: what to do once that step is reached. Returns what the watchers saw."""
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
        if world.step_no >= until:
            runtime.stop("enough")

    world.step = stepped  # type: ignore[method-assign]

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            runtime.viewers = watchers
            for i in range(watchers):
                nursery.start_soon(watch, 0.01 * i)
            await runtime.run()
            nursery.cancel_scope.cancel()

    trio.run(main)
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
    _, _, seen = paced(300, speed=100.0, watchers=1, work=100_000)
    assert 0 < seen[-1].achieved < 50
    assert seen[-1].asked == 100.0
    assert seen[-1].busy > 0.3


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
