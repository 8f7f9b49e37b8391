"""Row Q1: the kernels equal the textbook recursions request by request, and each other."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.queueing import heap_fifo, kiefer_wolfowitz, lindley


def recursion(t, service, workers):
    """Kiefer-Wolfowitz 1955 as written: the sorted vector of remaining workloads, one arrival at a time."""
    load = [0.0] * workers
    last = 0.0
    start, finish = [], []
    for at, demand in zip(t, service, strict=True):
        load = sorted(max(0.0, w - (at - last)) for w in load)
        last = at
        start.append(at + load[0])
        load[0] += demand
        finish.append(start[-1] + demand)
    return np.array(start), np.array(finish)


def scripted(seed, n, workers, rho):
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.standard_exponential(n)) * 0.01 / (rho * workers)
    return t, rng.standard_exponential(n) * 0.01


@pytest.mark.parametrize("rho", [0.5, 0.95, 1.05])
def test_one_worker_equals_lindley_on_20000_jobs(rho):
    t, service = scripted(1, 20_000, 1, rho)
    start, finish = recursion(t, service, 1)
    got = lindley(t, np.zeros(20_000, np.int64), service, np.zeros(1))
    assert np.abs(got[0] - start).max() < 1e-9
    assert np.abs(got[1] - finish).max() < 1e-9


@pytest.mark.parametrize("rho", [0.5, 0.95, 1.05])
def test_four_workers_equal_kiefer_wolfowitz_on_20000_jobs(rho):
    t, service = scripted(2, 20_000, 4, rho)
    start, finish = recursion(t, service, 4)
    node = np.zeros(20_000, np.int64)
    for got in (kiefer_wolfowitz(t, node, service, np.zeros((1, 4))), heap_fifo(t, node, service, [[0.0] * 4])):
        assert np.abs(got[0] - start).max() < 1e-9
        assert np.abs(got[1] - finish).max() < 1e-9


def test_precision_holds_late_in_a_long_saturated_run():
    """A day into a run, 60,000 jobs in one busy period per node: batched sums stay within 1e-9 s of exact arithmetic.

    (The plain loop itself rounds once per job and is the worse of the two here, so it is no oracle.)
    """
    rng = np.random.default_rng(3)
    clock, free, exact = 86_400.0, np.full(3, 86_400.0), [Fraction(86_400)] * 3
    for _ in range(120):
        t = clock + np.sort(rng.random(500)) * 0.01
        node, service = rng.integers(0, 3, 500), rng.standard_exponential(500) * 0.001
        _, finish = lindley(t, node, service, free)
        for at, n, demand, got in zip(t.tolist(), node.tolist(), service.tolist(), finish.tolist(), strict=True):
            exact[n] = max(exact[n], Fraction(at)) + Fraction(demand)
            assert abs(float(Fraction(got) - exact[n])) < 1e-9
        clock += 0.01
    assert free.min() > clock + 10.0, "the run was meant to be saturated"


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 4), st.integers(0, 30)), min_size=1, max_size=120),
    st.integers(1, 3),
)
@settings(max_examples=150, deadline=None)
def test_all_kernels_agree_on_any_batch(jobs, workers):
    """Ties, empty nodes, zero service, workers already busy: one meaning."""
    t = np.sort(np.array([job[0] for job in jobs])) / 8.0
    node, service = np.array([job[1] for job in jobs]), np.array([job[2] for job in jobs]) / 16.0
    busy = np.arange(5 * workers).reshape(5, workers) / 4.0
    heap = [sorted(line) for line in busy.tolist()]
    expected = heap_fifo(t, node, service, heap)
    free = busy.copy()
    got = kiefer_wolfowitz(t, node, service, free)
    assert np.array_equal(got[0], expected[0])
    assert np.array_equal(got[1], expected[1])
    assert np.array_equal(np.sort(free, axis=1), [sorted(line) for line in heap])
    if workers == 1:
        column = busy[:, 0].copy()
        got = lindley(t, node, service, column)
        assert np.abs(got[0] - expected[0]).max() < 1e-12
        assert np.abs(got[1] - expected[1]).max() < 1e-12
        assert np.abs(column - np.array(heap)[:, 0]).max() < 1e-12
