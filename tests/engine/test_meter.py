"""Counting loses nothing, and a histogram's quantile is within a bucket's width of the true one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.meter import EDGES, Histogram, Latency, Meter, bucket_of, quantile


@given(st.lists(st.lists(st.integers(0, 4), max_size=20), max_size=10))
def test_meter_sums_over_rolls(seconds: list[list[int]]) -> None:
    meter = Meter(5)
    want = np.zeros(5, dtype=np.int64)
    for second in seconds:
        index = np.array(second, dtype=np.int64)
        meter.add(index)
        want += np.bincount(index, minlength=5)
        assert (meter.sum == want).all()
        meter.roll()
        assert (meter.last == np.bincount(index, minlength=5)).all()
    assert (meter.total == want).all()


@given(st.lists(st.floats(0.001, 1e5), min_size=1, max_size=200))
def test_bucket_edges_hold_their_values(values: list[float]) -> None:
    ms = np.array(values)
    b = bucket_of(ms)
    as32 = ms.astype(np.float32).astype(np.float64)
    assert (EDGES[b] <= as32 * (1 + 1e-6)).all()
    assert (as32 < EDGES[b + 1] * (1 + 1e-6)).all()


def test_quantiles_are_within_a_bucket() -> None:
    x = np.random.default_rng(3).standard_exponential(100_000) * 50
    histogram = Latency()
    histogram.add(x[:7])  # so much waits to be counted
    assert abs(histogram.sum_ms / x[:7].sum() - 1) < 1e-12
    histogram.add(x[7:])
    for q in (0.5, 0.95, 0.99):
        assert abs(quantile(histogram.whole()[0], q) / np.quantile(x, q) - 1) < 1 / 32
    assert histogram.max_ms == x.max()
    assert abs(histogram.sum_ms / x.sum() - 1) < 1e-9


@given(st.lists(st.lists(st.floats(0.001, 1e5), max_size=40), min_size=2, max_size=5))
def test_quantiles_of_many_at_once_are_those_of_each(values: list[list[float]]) -> None:
    histogram = Histogram(len(values))
    for i, ms in enumerate(values):
        histogram.add(np.array(ms), np.full(len(ms), i))
    histogram.roll()
    for q in (0.5, 0.99):
        assert histogram.last_quantile(q).tolist() == [quantile(counts, q) for counts in histogram.last]
