"""The big system of the bench, stepped in three ways, ends every request alike: when, how, and with which version.

Steps of .125 ms, shorter than any way round the loop of cache and database, need no look-ahead; steps of 1 ms and of 4 ms in four
parts let the database run ahead. The requests are the same: drawn once, then scripted.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from engine.bench import big
from engine.config import Scenario
from engine.tiers.traffic import Births
from engine.world import World

SECONDS = 0.06
CONFIG = msgspec.structs.replace(
    big(60_000.0),
    traffic=msgspec.structs.replace(big(60_000.0).traffic, keys=300),  # few keys: most requests meet a fill or delete on its way
)
Ends = dict[int, tuple[float, int, int]]


def ends(config: Scenario, births: Births) -> tuple[Ends, int]:
    """What became of each request by its number in the script: (when it ended, outcome, version); how many were late."""
    world = World(config)
    world.traffic.script = [births]
    world.traffic.recorded = []
    found: Ends = {}
    seal = world.core.ledger.seal

    def tell(root: np.ndarray, t: np.ndarray, done: np.ndarray, version: np.ndarray) -> None:
        found.update(zip(root.tolist(), zip(t.tolist(), done.tolist(), version.tolist(), strict=True), strict=True))
        seal(root, t, done, version)

    world.core.ledger.seal = tell  # type: ignore[method-assign]
    for _ in range(round(0.8 / world.dt)):
        world.step()
    return found, int(world.core.ledger.late.sum[0])


@pytest.fixture(scope="module")
def drawn() -> Births:
    """What the bench's traffic draws in SECONDS."""
    world = World(CONFIG)
    world.traffic.recorded = []
    while world.now < SECONDS:
        world.step()
    columns = [np.concatenate(column) for column in zip(*(rows for _, rows in world.traffic.recorded), strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return Births(*(column[order] for column in columns))


def silent(step_ms: float, parts: int) -> Scenario:
    """The system without traffic of its own."""
    traffic = msgspec.structs.replace(CONFIG.traffic, requests_per_second=0.0)
    return msgspec.structs.replace(CONFIG, step_ms=step_ms, loop_parts=parts, traffic=traffic)


def test_long_steps_in_parts_end_every_request_as_short_steps_do(drawn: Births) -> None:
    assert drawn.t.size > 3_000
    short, late = ends(silent(0.125, 1), drawn)
    assert late == 0
    assert len(short) == drawn.t.size
    for step_ms, parts in ((1.0, 1), (4.0, 4)):
        long, late = ends(silent(step_ms, parts), drawn)
        assert late == 0
        assert long.keys() == short.keys()
        wrong = [n for n, end in short.items() if end[1:] != long[n][1:] or abs(end[0] - long[n][0]) > 1e-9]
        assert not wrong, f"{len(wrong)} of {len(short)}: {[(n, short[n], long[n]) for n in wrong[:3]]}"
    whole, late = ends(silent(4.0, 1), drawn)
    assert late > 0, "taken whole, the step is longer than the loop"
    assert whole != long
