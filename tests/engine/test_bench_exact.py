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

FEW = msgspec.structs.replace(
    big(60_000.0),
    traffic=msgspec.structs.replace(big(60_000.0).traffic, keys=300),  # so that most requests meet a fill or delete on its way
)
SYSTEMS = [pytest.param(FEW, 0.06, id="few keys"), pytest.param(big(1_000_000.0), 0.01, id="the bench itself")]
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
    for _ in range(round(0.7 / world.dt)):
        world.step()
    return found, int(world.core.ledger.late.sum[0])


def drawn(config: Scenario, seconds: float) -> Births:
    """What the traffic draws in so long."""
    world = World(config)
    world.traffic.recorded = []
    while world.now < seconds:
        world.step()
    columns = [np.concatenate(column) for column in zip(*(rows for _, rows in world.traffic.recorded), strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return Births(*(column[order] for column in columns))


def silent(config: Scenario, step_ms: float, parts: int) -> Scenario:
    """The system without traffic of its own."""
    traffic = msgspec.structs.replace(config.traffic, requests_per_second=0.0)
    return msgspec.structs.replace(config, step_ms=step_ms, loop_parts=parts, traffic=traffic)


@pytest.mark.parametrize(("config", "seconds"), SYSTEMS)
def test_long_steps_in_parts_end_every_request_as_short_steps_do(config: Scenario, seconds: float) -> None:
    births = drawn(config, seconds)
    assert births.t.size > 3_000
    short, late = ends(silent(config, 0.125, 1), births)
    assert late == 0
    assert len(short) == births.t.size
    for step_ms, parts in ((1.0, 1), (4.0, 4)):
        long, late = ends(silent(config, step_ms, parts), births)
        assert late == 0
        assert long.keys() == short.keys()
        wrong = [n for n, end in short.items() if end[1:] != long[n][1:] or abs(end[0] - long[n][0]) > 1e-9]
        assert not wrong, f"{len(wrong)} of {len(short)}: {[(n, short[n], long[n]) for n in wrong[:3]]}"
    whole, late = ends(silent(config, 4.0, 1), births)
    assert late > 0, "taken whole, the step is longer than the loop"
    assert whole != long
