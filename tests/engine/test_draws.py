"""Draws have the distributions that they claim: exact tables, moments within three sigma of theory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import Service
from engine.draws import Shares, Zipf, demands, poisson_times


@given(st.integers(1, 3000), st.floats(0.0, 2.5))
def test_alias_table_holds_exactly_the_zipf_weights(n: int, s: float) -> None:
    """Summing what each column gives to its two keys restores every key's probability."""
    table = Zipf(n, s)
    given_to = table.accept.copy()
    np.add.at(given_to, table.alias, 1.0 - table.accept)
    want = np.array([table.share(k) for k in range(n)]) * n
    assert np.allclose(given_to, want, rtol=1e-9, atol=1e-9)
    assert ((table.accept >= -1e-12) & (table.accept <= 1 + 1e-12)).all()


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=40), st.lists(st.integers(0, (1 << 53) - 1), max_size=50))
def test_the_table_of_shares_tells_what_a_search_does(weights: list[float], bits: list[int]) -> None:
    """Also at the edges themselves and next to them, where shares are narrower than a cell, and beyond a last edge below one."""
    edges = np.cumsum(np.array(weights) / sum(weights))
    near = np.concatenate([edges, np.nextafter(edges, 0.0), np.nextafter(edges, 2.0), np.arange(1024) / 1024])
    u = np.concatenate([np.array(bits, dtype=np.float64) * 2.0**-53, near[near < 1.0]])
    want = np.minimum(np.searchsorted(edges, u, side="right"), edges.size - 1)
    assert (Shares(edges).of(u) == want).all()
    assert (Shares(edges, table=False).of(u) == want).all()


def test_a_few_even_shares_need_no_search() -> None:
    assert Shares(np.arange(1, 9) / 8).first.size
    assert not Shares(np.array([0.5, 0.5 + 1e-9, 0.5 + 2e-9, 1.0])).first.size  # two edges in one cell


def test_poisson_arrivals_are_ordered_and_have_the_rate() -> None:
    rng = np.random.default_rng(1)
    counts = []
    for i in range(2000):
        t = poisson_times(rng, 300.0, i * 0.1, (i + 1) * 0.1)
        assert (np.diff(t) >= 0).all()
        assert not t.size or (t[0] >= i * 0.1 and t[-1] < (i + 1) * 0.1)
        counts.append(t.size)
    n = np.array(counts)
    assert abs(n.mean() - 30.0) < 3 * (30.0 / 2000) ** 0.5
    assert abs(n.var() / 30.0 - 1.0) < 3 * (2 / 2000) ** 0.5 * 1.05


@pytest.mark.parametrize("cv2", [0.0, 0.25, 1.0, 4.0])
def test_demands_have_the_mean_and_variation_of_the_scenario(cv2: float) -> None:
    n = 400_000
    x = demands(np.random.default_rng(2), Service(mean_ms=10.0, floor_ms=2.0, cv2=cv2), n)
    assert x.min() >= 0.002
    assert abs(x.mean() - 0.010) < 4 * 0.008 * cv2**0.5 / n**0.5 + 1e-12
    assert abs(x.var() / 0.008**2 - cv2) < 0.06 * cv2 + 1e-9
