"""Rows L1 to L4: the policies have the response times, tails, sequences and traps that theory and the field know.

L1's runs: the mean of n requests at utilisation .9 in one M/M/1 queue has a relative error of about
sqrt(2 (1 + rho) / (n (1 - rho)^2)) (Whitt 1989): 1.2 % at 2.5 million requests over ten nodes for random, the worst of the
four; feedback shortens the memory of the system, and 400,000 suffice.
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
import pytest

from engine.policies.balancing import BALANCING, Closes, everyone, no_closes, simulate_cluster


def policy(name, seed=1, **options):
    return BALANCING[name](np.random.default_rng(seed), **options)


@pytest.mark.parametrize(
    ("name", "expected", "requests", "tolerance"),
    [
        ("random", 10.0, 2_500_000, 0.04),
        ("round_robin", 5.660, 1_500_000, 0.04),
        ("two_choices", 2.981, 400_000, 0.04),
        ("least_connections", 1.912, 400_000, 0.04),
    ],
)
def test_mean_response_time_at_ten_nodes(name, expected, requests, tolerance):
    """L1: E[T]/S at n 10, rho .9, exponential: M/M/1, E_10/M/1, two distinct choices, join the shortest queue."""
    rng = np.random.default_rng(42)
    t = np.cumsum(rng.standard_exponential(requests)) / 9.0
    _, finish, _ = simulate_cluster(policy(name), t, rng.standard_exponential(requests), 10)
    # The first tenth is the way from empty to steady.
    assert (finish - t)[requests // 10 :].mean() == pytest.approx(expected, rel=tolerance)


def test_two_choices_have_doubly_exponential_tails():
    """L2: n 100, rho .9: the share of servers with at least i jobs is rho^(2^i - 1) (Mitzenmacher 2001)."""
    rng = np.random.default_rng(43)
    n = 400_000
    t = np.cumsum(rng.standard_exponential(n)) / 90.0
    _, finish, node = simulate_cluster(policy("two_choices"), t, rng.standard_exponential(n), 100)
    shares = np.zeros(5)
    moments = np.linspace(0.2 * t[-1], 0.98 * t[-1], 400)
    for now in moments:
        inside = np.bincount(node[(t <= now) & (now < finish)], minlength=100)
        shares += [(inside >= i).mean() for i in range(1, 6)]
    assert shares / len(moments) == pytest.approx([0.9 ** (2**i - 1) for i in range(1, 6)], abs=0.02)


def test_smooth_weighted_round_robin_is_nginx_sequence():
    """L3: weights 5, 1, 1 give aabacaa, again and again, whatever the batches."""
    backends = everyone(3)._replace(weight=np.array([5.0, 1.0, 1.0]))
    smooth, letters, counts = policy("weighted_round_robin"), "", [0, 0, 0]
    for batch in (1, 2, 4, 3, 4):
        chosen = smooth.choose(np.zeros(batch), np.zeros(batch, np.int64), backends, counts, no_closes())
        letters += "".join("abc"[node] for node in chosen)
    assert letters == "aabacaa" * 2
    assert counts == [10, 2, 2]


@pytest.mark.parametrize(("name", "share"), [("least_connections", 0.526), ("round_robin", 0.100), ("least_response_time", None)])
def test_a_fast_failing_server_is_a_black_hole(name, share):
    """L4: nine servers take 200 ms, one 20 ms (it fails at once); 100 clients that ask again at once.

    Least connections keeps ten clients at each, so the fast one answers 10/.02 of 950/s; round robin gives it a tenth.
    Least response time is drawn in further still.
    """
    lb, open_counts, backends = policy(name), [0] * 10, everyone(10)
    takes = [0.02] + [0.2] * 9
    clients = [(i * 1e-4, -1, 0.0) for i in range(100)]  # time, node it was at, when it came there
    served = np.zeros(10)
    for _ in range(20_000):
        now, was, came = heappop(clients)
        closes = no_closes() if was < 0 else Closes(np.array([now]), np.array([was]), np.array([now - came]))
        node = int(lb.choose(np.array([now]), np.array([0]), backends, open_counts, closes)[0])
        served[node] += 1
        heappush(clients, (now + takes[node], node, now))
    fast = served[0] / served.sum()
    assert sum(open_counts) == 100
    if share is None:
        assert fast > 0.6
    else:
        assert fast == pytest.approx(share, abs=0.04)
