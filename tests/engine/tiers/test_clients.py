"""How clients try again: the pause before each retry, with and without jitter, its cap, the budget, and no mercy in a storm."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from engine.commands import Inject
from engine.config import Client, Traffic
from engine.selfcheck.worlds import FOR_EVER, Ear, give, go, plain
from engine.tiers.clients import Clients
from engine.world import World

STEP_S = 0.01
BACKOFF, CAP = 0.4, 1.0


def pauses(client: Client, *, storm: bool = False) -> dict[int, np.ndarray]:
    """Seconds between the failure of an attempt and the next one of its request, by the number of the one that failed."""
    world = World(plain(step_ms=STEP_S * 1e3, traffic=Traffic(requests_per_second=200.0, keys=1), client=client), 4)
    ear = Ear(world.replies.clients, "answer", world.core.flights, ("root", "attempt", "sent"))
    world.replies.clients = cast(Clients, ear)
    give(world, Inject("error_rate", "web-1", 100.0), *([Inject("retry_storm", "traffic")] if storm else []))
    go(world, 20.0)
    heard = ear.heard()
    order = np.lexsort((heard["attempt"], heard["root"]))
    root, attempt, sent, told = (heard[name][order] for name in ("root", "attempt", "sent", "t"))
    again = (root[1:] == root[:-1]) & (attempt[1:] == attempt[:-1] + 1)
    pause = (sent[1:] - told[:-1])[again]
    return {int(n): pause[attempt[:-1][again] == n] for n in np.unique(attempt[:-1][again])}


def test_without_jitter_the_pause_doubles_up_to_its_cap() -> None:
    found = pauses(Client(timeout=FOR_EVER, retries=3, backoff=BACKOFF, backoff_cap=CAP, jitter="none", budget=0.0))
    assert sorted(found) == [0, 1, 2]
    for number, seconds in found.items():
        assert seconds.size > 1_000
        assert seconds == pytest.approx(np.full(seconds.size, min(CAP, BACKOFF * 2**number)), abs=1e-6)


def test_full_jitter_is_uniform_below_the_pause() -> None:
    """Mean and spread of the uniform distribution; four standard deviations of the mean."""
    found = pauses(Client(timeout=FOR_EVER, retries=2, backoff=BACKOFF, backoff_cap=CAP, jitter="full", budget=0.0))
    for number, seconds in found.items():
        most = min(CAP, BACKOFF * 2**number)
        assert seconds.min() >= -1e-6
        assert seconds.max() <= most + STEP_S  # who would be late for this step comes in the next
        assert seconds.mean() == pytest.approx(most / 2, abs=4 * most / np.sqrt(12 * seconds.size) + STEP_S / 10)
        assert seconds.std() == pytest.approx(most / np.sqrt(12), rel=0.05)


def test_in_a_storm_nobody_waits() -> None:
    found = pauses(Client(timeout=FOR_EVER, retries=2, backoff=BACKOFF, jitter="full", budget=0.01), storm=True)
    assert sorted(found) == [0, 1]
    for seconds in found.values():
        assert seconds.size > 1_000  # the budget does not hold them either
        assert seconds.max() <= STEP_S


@pytest.mark.parametrize("budget", [0.1, 0.5])
def test_a_budget_is_a_share_of_first_attempts(budget: float) -> None:
    client = Client(timeout=FOR_EVER, retries=3, backoff=0.0, jitter="none", budget=budget)
    world = World(plain(step_ms=STEP_S * 1e3, traffic=Traffic(requests_per_second=200.0, keys=1), client=client), 4)
    give(world, Inject("error_rate", "web-1", 100.0))
    go(world, 30.0)
    ledger = world.core.ledger
    share = int(ledger.retries.sum[0]) / int(ledger.arrived.sum[0])
    assert share == pytest.approx(budget, rel=0.05)
