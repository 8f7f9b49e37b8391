"""Rows Q3, Q4, Q5 and Q7: mean waits, tails and losses equal the closed forms of queueing theory.

Run lengths from the asymptotic variance of the mean wait of an M/M/1 queue (Whitt 1989): 222,000 requests for 3 sigma = 5 %
at utilisation .7 and 445,000 at .8; the seeds are fixed. Start-up is cut off only by starting empty in a long run.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.queueing import Stations


def mmk(seed, rate, mean, workers, n, *, draw=None, bound=None):
    """n Poisson arrivals at one node; (waits s, sojourns s, tier, time of the last arrival) in order of arrival."""
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.standard_exponential(n)) / rate
    service = rng.standard_exponential(n) * mean if draw is None else draw(rng, n) * mean
    tier = Stations([workers], bound=bound)
    batch = 4_000
    out = []
    for low in range(0, n, batch):
        part = slice(low, low + batch)
        tier.admit(t[part], np.zeros(len(t[part]), np.int64), service[part], np.arange(low, low + len(t[part])))
        out.append(tier.departures(t[part][-1]))
    out.append(tier.departures(t[-1] + 1e4))
    finish, _, _, start, arrival, _ = (np.concatenate(column) for column in zip(*out, strict=True))
    return start - arrival, finish - arrival, tier, t[-1]


def test_mm1_mean_tail_and_number():
    """Q3: 80/s at 100/s: W = 1/(mu - lambda) = 50 ms, p99 = W ln 100 = 230.3 ms, L = 4."""
    _, sojourn, _, span = mmk(1, 80.0, 0.01, 1, 800_000)
    assert sojourn.mean() == pytest.approx(0.050, rel=0.05)
    assert np.quantile(sojourn, 0.99) == pytest.approx(0.05 * math.log(100.0), rel=0.05)
    assert sojourn.sum() / span == pytest.approx(4.0, rel=0.05)


def test_mm4_erlang_c():
    """Q4: 320/s at 4 x 100/s: P(wait) .5964 (Erlang 1917), Wq 7.455 ms, p99 of the wait 51.1 ms."""
    wait, _, _, _ = mmk(2, 320.0, 0.01, 4, 800_000)
    assert (wait > 0).mean() == pytest.approx(0.5964, rel=0.05)
    assert wait.mean() == pytest.approx(0.007455, rel=0.05)
    assert np.quantile(wait, 0.99) == pytest.approx(0.0511, rel=0.05)


# Services of mean 1 and a squared coefficient of variation of 0, 1 and 4 (two-phase hyperexponential, balanced means).
P = (1.0 + math.sqrt(3.0 / 5.0)) / 2.0


def constant(rng, n):
    return np.ones(n)


def exponential(rng, n):
    return rng.standard_exponential(n)


def hyperexponential(rng, n):
    phase = rng.random(n) < P
    return rng.standard_exponential(n) * np.where(phase, 1.0 / (2.0 * P), 1.0 / (2.0 * (1.0 - P)))


@pytest.mark.parametrize(
    ("draw", "expected", "tolerance"),
    [(constant, 0.020, 0.05), (exponential, 0.040, 0.05), (hyperexponential, 0.100, 0.08)],
)
def test_mg1_pollaczek_khinchine(draw, expected, tolerance):
    """Q5: Wq = rho S (1 + cv^2) / (2 (1 - rho)) at rho .8 and S 10 ms."""
    wait, _, _, _ = mmk(3, 80.0, 0.01, 1, 900_000, draw=draw)
    assert wait.mean() == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize(("rate", "room"), [(120.0, 10), (90.0, 3), (100.0, 5)])
def test_mm1k_drops(rate, room):
    """Q7 and others: M/M/1/K drops (1 - r) r^K / (1 - r^(K+1)); K counts the one in service, the bound those waiting.

    200,000 arrivals: the drop share's standard error is below .5 % of it.
    """
    n, r = 200_000, rate / 100.0
    expected = 1.0 / (room + 1) if r == 1.0 else (1.0 - r) * r**room / (1.0 - r ** (room + 1))
    _, sojourn, tier, span = mmk(4, rate, 0.01, 1, n, bound=room - 1)
    assert tier.totals.rejected[0] / n == pytest.approx(expected, rel=0.02)
    assert len(sojourn) / span == pytest.approx(rate * (1.0 - expected), rel=0.02)
