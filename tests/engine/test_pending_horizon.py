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


@pytest.mark.parametrize("spread", [0.7, 5.0, 200.0, 9000.0])
def test_a_crowd_leaves_as_few_do(spread: float) -> None:
    """Thousands of rows a push go through the calendar, every seventh push is small: the same rows as a sort would give."""
    rng, dt = np.random.default_rng(int(spread)), 0.0004
    wheel, pushed = Pending(dt, columns=2), 0
    naive: list[tuple[float, int]] = []
    for step in range(60):
        end = (step + 1) * dt
        n = 20 if step % 7 == 3 else 3000
        t = np.round((end - dt + rng.exponential(dt * spread, n)) * 1e6) / 1e6  # with ties
        rows = np.arange(pushed, pushed + n)
        pushed += n
        wheel.push(t, rows, -rows)
        naive += list(zip(t.tolist(), rows.tolist(), strict=True))
        got, (got_rows, tag) = wheel.take_all(end)
        want = sorted(x for x in naive if x[0] < end)
        naive = [x for x in naive if x[0] >= end]
        assert list(zip(got.tolist(), got_rows.tolist(), strict=True)) == want
        assert (tag == -got_rows).all()
        assert len(wheel) == len(naive)
    gone = np.arange(0, pushed, 5)
    _, (pulled, _) = wheel.pull(gone)
    assert sorted(pulled.tolist()) == sorted(row for _, row in naive if row % 5 == 0)
    t, (rows, _) = wheel.take_all(1e4)
    assert list(zip(t.tolist(), rows.tolist(), strict=True)) == sorted(x for x in naive if x[1] % 5)
    assert not wheel
