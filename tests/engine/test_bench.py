"""The bench's peers do the same work as each other, and its figures are counted."""

import itertools

import msgspec
import numpy as np
import pytest

from engine.bench import STAGES, Part, big, engine_run
from engine.bench.peers import heap_loop, simpy_run
from engine.config import Traffic


def test_the_heap_loop_and_simpy_give_every_request_the_same_time() -> None:
    """Two ways to write one model: the sums of times in the system agree, under load that makes requests wait."""
    pytest.importorskip("simpy")
    config = big(1_000_000.0)
    rng = np.random.default_rng(3)
    n = 3_000
    t = np.cumsum(rng.exponential(1e-6, n))
    rows = list(zip(t.tolist(), rng.integers(0, 400, n).tolist(), rng.exponential(4e-4, n).tolist(), [1e-3] * n, strict=True))
    cached = set(range(0, 400, 3))
    total = heap_loop(rows, config, set(cached))
    assert total > n * 4.7e-4  # they do wait
    assert simpy_run(rows, config, set(cached)) == pytest.approx(total, rel=1e-9)


def test_a_run_counts_what_was_asked_and_hands_out_the_same_requests() -> None:
    config = msgspec.structs.replace(big(5_000.0), traffic=Traffic(requests_per_second=5_000.0, keys=1_000))
    run, (rows, held) = engine_run(Part(config, 0.02, 0.1), record=50)
    assert run.nodes == 421
    assert 300 < run.requests < 700  # Poisson, mean 500
    assert set(run.us_per_request) == set(STAGES)
    assert sum(run.us_per_request.values()) * run.requests / 1e6 <= run.cpu_s
    assert len(rows) == 50
    assert 100 < len(held) < 700, "what has been asked for is in the caches"
    assert rows[0][0] == 0.0
    assert all(a[0] <= b[0] for a, b in itertools.pairwise(rows))
