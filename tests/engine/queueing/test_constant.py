"""Jobs that are all alike: the arrays give bit for bit what the loop over a heap gives."""

import numpy as np
import pytest

from engine.queueing import heap_fifo
from engine.queueing.constant import constant_fifo


@pytest.mark.parametrize("workers", [1, 3, 8, 64])
@pytest.mark.parametrize("rho", [0.3, 0.8, 0.98, 1.1])
def test_many_batches_equal_the_loop_to_the_last_bit(workers: int, rho: float) -> None:
    """Free workers are carried from batch to batch; where the arrays decline (deep queues) nothing is changed."""
    rng, demand = np.random.default_rng(workers), 5e-5
    ours, heap, at, taken = [0.0] * workers, [0.0] * workers, 0.0, 0
    for _ in range(30):
        t = at + np.cumsum(rng.standard_exponential(200)) * demand / (rho * workers)
        at = float(t[-1])
        start, finish = heap_fifo(t, np.zeros(200, dtype=np.int64), np.full(200, demand), [heap])
        before = list(ours)
        got = constant_fifo(t, demand, ours)
        if got is None:
            assert ours == before
            ours = list(heap)
            continue
        taken += 1
        assert (got[0] == start).all()
        assert (got[1] == finish).all()
        assert sorted(ours) == sorted(heap)
    assert taken >= 25 or workers == 1 or rho > 0.9


def test_unlike_jobs_before_are_left_to_the_loop() -> None:
    free = [0.0, 10.0]
    assert constant_fifo(np.array([1.0, 1.1]), 0.5, free) is None
    assert free == [0.0, 10.0]
