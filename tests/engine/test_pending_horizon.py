"""The timing wheel over many steps in a row: where one level hands over to the next, nothing is left behind."""

import numpy as np
import pytest

from engine.pending import Pending


@pytest.mark.parametrize("spread", [3.0, 30.0, 300.0])
def test_nothing_stays_behind_when_a_level_ends_between_two_looks(spread: float) -> None:
    """3,000 steps without a gap: every row comes out in its own step, not in a later one."""
    rng, dt = np.random.default_rng(int(spread)), 0.0004
    wheel, pushed, taken = Pending(dt), 0, 0
    for step in range(3000):
        start, end = step * dt, (step + 1) * dt
        n = int(rng.integers(0, 4))
        wheel.push(end + rng.exponential(dt * spread, n), np.arange(pushed, pushed + n))
        pushed += n
        t, rows = wheel.take(end)
        taken += rows.size
        assert (t >= start).all()
    assert taken + len(wheel) == pushed
