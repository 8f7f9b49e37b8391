"""The rim changes nothing: one digest at any speed, in any order of Trio's tasks, paused and stepped, saved and loaded."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from small_world import TABLE, SmallWorld

from engine.agents.base import AgentState
from engine.commands import (
    Inject,
    Order,
    Restart,
)
from engine.runtime import Runtime, run_headless
from engine.runtime.log import Entry, OrderLog
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
