"""25: one scenario, seed and list of commands is one run: whoever watches, at whatever speed, in any order of tasks, cut into
pieces, in other processes, on other Pythons."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from world_rig import QUICK

from engine.agents import AGENTS
from engine.commands import AddNode, HealAll, Inject, Order, Promote, SetOption, WorldCommand
from engine.runtime import Runtime, run_headless
from engine.runtime.log import Entry, OrderLog
from engine.state import fingerprint
from engine.world import World

STEPS = 300
DEEDS: tuple[tuple[int, WorldCommand], ...] = (
    (20, Inject("packet_loss", "web~cache", 10.0)),
    (40, Inject("crash", "web-2")),
    (60, SetOption("cache.eviction", "arc")),
    (80, Inject("kill_primary", "s1")),
    (110, AddNode("shard")),
    (140, Inject("error_rate", "db-b1", 30.0)),
    (170, SetOption("balancer.policy", "two_choices")),
    (200, Promote("s2", "db-b2", fence=False)),
    (230, HealAll()),
)
LOG = OrderLog([Entry(step, Order("you", number, deed)) for number, (step, deed) in enumerate(DEEDS)])


def told(world: World) -> tuple[str, str]:
    return world.digest(), fingerprint(world)


@pytest.fixture(scope="module")
def whole() -> tuple[str, str]:
    world = World(QUICK)
    run_headless(world, AGENTS, STEPS * world.dt, log=LOG)
    by = {event.by.partition(":")[0] for event in world.core.log.events}
    assert {"you", "agent"} <= by, "the agents have had something to do"
    assert world.core.ledger.retries.sum[0] > 0, "and so have the clients"
    return told(world)


@pytest.fixture
def trio_order() -> Iterator[random.Random]:
    from trio._core import _run

    assert isinstance(_run._r, random.Random)
    was = _run._r.getstate()
    yield _run._r
    _run._r.setstate(was)


def live(speed: float, viewers: int) -> World:
    """Run in step with the wall clock, with viewers who look at every snapshot and ask about nodes."""
    world = World(QUICK)
    runtime = Runtime(world, AGENTS, speed=speed)
    todo, step, number = list(DEEDS), world.step, 0

    def stepped(orders: list[Order]) -> None:
        nonlocal number
        due = [deed for at, deed in todo if at == world.step_no]
        given = [Order("you", number + i, deed) for i, deed in enumerate(due)]
        number += len(given)
        step(sorted([*orders, *given], key=lambda order: (order.by, order.number)))
        if world.step_no >= STEPS:
            runtime.stop("enough")

    async def watch() -> None:
        seen = 0
        while True:
            snapshot = await runtime.newer(seen)
            seen = runtime.number
            for node in snapshot.map.nodes:
                world.inspect(node.name)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            runtime.viewers = viewers
            for _ in range(viewers):
                nursery.start_soon(watch)
            await runtime.run()
            nursery.cancel_scope.cancel()

    world.step = stepped  # type: ignore[method-assign]
    trio.run(main)
    del world.step  # the instance's own, so that the state is the world's again
    return world


@pytest.mark.parametrize(("speed", "viewers"), [(0.0, 2), (4.0, 0)])
def test_viewers_and_speeds_change_nothing(whole: tuple[str, str], speed: float, viewers: int) -> None:
    assert live(speed, viewers).digest() == whole[0]


def test_looking_changes_nothing(whole: tuple[str, str]) -> None:
    """A snapshot, an inspection of everything and the digest, asked for at every fifth step."""
    world = World(QUICK)
    for step in range(0, STEPS, 5):
        due = [entry for entry in LOG.entries if step <= entry.step_no < step + 5]
        run_headless(world, AGENTS, 5 * world.dt, log=OrderLog(due))
        for node in world.snapshot().map.nodes:
            world.inspect(node.name)
    assert world.digest() == whole[0]


def test_eight_orders_of_tasks_are_one_run(whole: tuple[str, str], trio_order: random.Random) -> None:
    runs = set()
    for seed in range(8):
        trio_order.seed(seed)
        world = World(QUICK)
        run_headless(world, AGENTS, STEPS * world.dt, log=LOG)
        runs.add(told(world))
    assert runs == {whole}


ROOT = Path(__file__).parents[2]


def scaletop(*arguments: str, python: str = sys.executable, seed: int = 0) -> str:
    """What `scaletop run` prints, in a fresh process with another order of hashes."""
    command = [python, "-c", "from engine.cli import main; main()", "run", *arguments]
    environment = os.environ | {"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def digest(text: str) -> str:
    found = json.loads(text)["digest"]
    assert isinstance(found, str)
    return found


SCENARIO, LENGTH = "retry_storm", 4.0


@pytest.fixture(scope="module")
def in_one_piece() -> str:
    return digest(scaletop(SCENARIO, "--headless", "--for", str(LENGTH), "--json", "-", "--check"))


def test_saved_and_loaded_in_fresh_processes_at_any_step(in_one_piece: str, tmp_path: Path) -> None:
    """The command line as people use it: three processes, cut at steps drawn by lot, each with another order of hashes."""
    dice = random.Random(25)
    cuts = sorted(dice.randrange(1, int(LENGTH * 100)) / 100 for _ in range(2))
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    scaletop(SCENARIO, "--headless", "--for", str(cuts[0]), "--save", first, seed=1)
    scaletop("--headless", "--load", first, "--for", f"{cuts[1] - cuts[0]:.3f}", "--save", second, seed=2)
    rest = scaletop("--headless", "--load", second, "--for", f"{LENGTH - cuts[1]:.3f}", "--json", "-", seed=3)
    assert digest(rest) == in_one_piece


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_other_pythons_give_the_same(in_one_piece: str, version: str) -> None:
    python = shutil.which(f"python{version}")
    if python is None or f"{sys.version_info.major}.{sys.version_info.minor}" == version:
        pytest.skip(f"no other Python {version} here")
    needs = subprocess.run(
        [python, "-c", "import numpy, msgspec, trio, click"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if needs.returncode:
        pytest.skip(f"Python {version} has not the libraries: {needs.stderr.strip().splitlines()[-1:]}")
    assert digest(scaletop(SCENARIO, "--headless", "--for", str(LENGTH), "--json", "-", python=python)) == in_one_piece
