"""The timing wheel hands out exactly what is due, in order, whatever was pushed when."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.order import time_order
from engine.pending import Pending

DT = 0.01


@given(
    st.lists(
        st.lists(st.floats(0.0, 60.0, allow_nan=False, width=32), max_size=30),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 400),
)
def test_every_row_leaves_once_in_its_step_in_order(batches: list[list[float]], jump: int) -> None:
    """Against a sorted list: same rows, same step, same order; pushes and takes interleaved, some rows already overdue."""
    wheel, naive, row = Pending(DT, columns=2), [], 0
    end = 0.0
    for batch in batches:
        t = np.array(batch, dtype=np.float64) + end
        rows = np.arange(row, row + t.size, dtype=np.int64)
        row += t.size
        wheel.push(t, rows, rows * 10)
        naive += list(zip(t.tolist(), rows.tolist(), strict=True))
        end += DT * (1 + jump % 7 * 60)
        got_t, (got_row, got_tag) = wheel.take_all(end)
        due = sorted(x for x in naive if x[0] < end)
        naive = [x for x in naive if x[0] >= end]
        assert list(zip(got_t.tolist(), got_row.tolist(), strict=True)) == due
        assert (got_tag == got_row * 10).all()
        assert len(wheel) == len(naive)
    t, (rows, _) = wheel.everything()
    assert list(zip(t.tolist(), rows.tolist(), strict=True)) == sorted(naive)


@given(st.lists(st.floats(0.0, 30.0, width=32), max_size=60), st.sets(st.integers(0, 59)))
def test_pull_removes_exactly_the_rows_asked_for(times: list[float], wanted: set[int]) -> None:
    wheel = Pending(DT)
    t = np.array(times, dtype=np.float64)
    wheel.push(t, np.arange(t.size, dtype=np.int64))
    _, (rows,) = wheel.pull(np.array(sorted(wanted), dtype=np.int64))
    assert sorted(rows.tolist()) == sorted(w for w in wanted if w < t.size)
    assert len(wheel) == t.size - rows.size


@given(st.lists(st.integers(0, 50), min_size=1, max_size=2000), st.sampled_from([1.0, 0.1, 1e-7]))
def test_time_order_is_the_order_by_time_then_rank(ticks: list[int], unit: float) -> None:
    """Many ties, small and large batches: the permutation equals Python's sort by (time, rank)."""
    t = np.array(ticks) * unit
    rank = np.arange(t.size, dtype=np.int64)[::-1].copy()
    want = sorted(range(t.size), key=lambda i: (t[i], rank[i]))
    assert time_order(t, rank).tolist() == want
