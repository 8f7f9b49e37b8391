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


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.floats(0.1, 40.0), st.floats(0.0, 1.0)), min_size=2, max_size=12),
    st.integers(0, 2**32 - 1),
)
def test_crowds_leave_in_order_whether_most_are_due_or_most_wait(batches: list[tuple[int, float, float]], seed: int) -> None:
    """Batches of (rows, widest wire in steps, share of rows on a short wire): all ways through the calendar, against a sort."""
    rng = np.random.default_rng(seed)
    wheel = Pending(DT)
    left_t, left_row = np.empty(0), np.empty(0, dtype=np.int64)
    for number, (size, widest, short) in enumerate(batches):
        wire = rng.random(size) * np.where(rng.random(size) < short, 1.0, widest) * DT
        t = np.round(number * DT + wire, 6)  # ties are wanted
        row = rng.permutation(size).astype(np.int64) + number * 10_000
        wheel.push(t, row)
        left_t, left_row = np.append(left_t, t), np.append(left_row, row)
        end = (number + 1) * DT
        due = left_t < end
        order = np.lexsort((left_row[due], left_t[due]))
        got_t, got_row = wheel.take(end)
        assert (got_t == left_t[due][order]).all()
        assert (got_row == left_row[due][order]).all()
        left_t, left_row = left_t[~due], left_row[~due]
        assert len(wheel) == left_t.size
