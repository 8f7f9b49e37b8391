"""The real world on the real rim: one digest over task orders, forks, and a save that goes on in a fresh process."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from engine.agents import AGENTS
from engine.commands import Heal, Inject, Order
from engine.runtime import run_headless
from engine.runtime.log import Entry, OrderLog
from engine.scenarios.file import load
from engine.state import copy, fingerprint, save
from engine.world import World

SECONDS = 2.0
LOG = OrderLog([Entry(20, Order("you", 0, Inject("crash", "cache-1"))), Entry(120, Order("you", 1, Heal("cache-1")))])
FIRST, SECOND = OrderLog(LOG.entries[:1]), OrderLog(LOG.entries[1:])

GO_ON = """
import sys
from pathlib import Path
from engine.agents import AGENTS
from engine.runtime import run_headless
from engine.runtime.log import OrderLog
from engine.state import fingerprint, load
from engine.world import World
world, meta = load(sys.argv[1], World)
run_headless(world, AGENTS, float(sys.argv[2]), log=OrderLog.parse(Path(sys.argv[3]).read_bytes()))
print(meta["step"], world.digest(), fingerprint(world))
"""


def test_saved_forked_and_in_any_order_of_tasks_it_is_one_run(tmp_path: Path) -> None:
    """In one piece; in two pieces with other seeds of Trio's scheduler; the second piece in a fork; and in another process."""
    from trio._core import _run

    assert isinstance(_run._r, random.Random)
    scheduler = _run._r.getstate()
    whole = World(load("default"))
    run_headless(whole, AGENTS, SECONDS, log=LOG)
    expected = (whole.digest(), fingerprint(whole))
    assert any("cache-1" in event.text for event in whole.snapshot().events)

    _run._r.seed(1)
    pieces = World(load("default"))
    run_headless(pieces, AGENTS, SECONDS / 2, log=FIRST)
    fork = copy(pieces)
    save(tmp_path / "world", pieces, {"step": pieces.step_no})
    (tmp_path / "log").write_bytes(SECOND.dump())
    for seed, world in enumerate((pieces, fork)):
        _run._r.seed(seed)
        run_headless(world, AGENTS, SECONDS / 2, log=SECOND)
        assert (world.digest(), fingerprint(world)) == expected
    _run._r.setstate(scheduler)

    command = [sys.executable, "-c", GO_ON, str(tmp_path / "world"), str(SECONDS / 2), str(tmp_path / "log")]
    there = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert there.stdout.split() == [str(round(SECONDS / 2 / whole.dt)), *expected], there.stderr
