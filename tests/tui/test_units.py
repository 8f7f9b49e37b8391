"""Numbers keep their width and their meaning: a share that is not quite all is not shown as all."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui import units


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (units.count(0), "     0"),
        (units.count(921), "   921"),
        (units.count(43_110), "43.1 k"),
        (units.count(1_238_000), "1.24 M"),
        (units.count(999_600), "1.00 M"),
        (units.count(1.5), "  1.50"),
        (units.count(None), "     –"),
        (units.rate(43_110), "43.1 k/s"),
        (units.duration(0.038), "  38 ms"),
        (units.duration(0.0032), " 3.2 ms"),
        (units.duration(85e-6), "  85 µs"),
        (units.duration(11.4), " 11.4 s"),
        (units.duration(0.99962), " 1.00 s"),
        (units.duration(161), "  2m41s"),
        (units.duration(11_520), "  3h12m"),
        (units.percent(0.712), " 71.2 %"),
        (units.percent(1.0), "  100 %"),
        (units.percent(0.99999), "99.99 %"),
        (units.percent(0.00002), "<0.01 %"),
        (units.percent(0.0), "    0 %"),
        (units.percent(1.4), "  140 %"),
        (units.clock(221.2), "00:03:41.20"),
        (units.clock(0.999), "00:00:00.99"),
        (units.money(41.2), "$41.20/h"),
        (units.money(1204), "$1,204/h"),
        (units.size(18_200_000), " 18.2 MB"),
        (units.whole(1_204_551), "1,204,551"),
        (units.times(2.9), "×2.9"),
        (units.signed(-12_400), "−12.4 k"),
        (units.signed(3), "+3"),
    ],
)
def test_known_numbers(text: str, wanted: str) -> None:
    assert text == wanted


@given(st.floats(0, 1e15))
def test_counts_and_rates_never_outgrow_their_width(value: float) -> None:
    assert len(units.count(value)) == 6
    assert len(units.rate(value)) == 8
    assert len(units.size(value)) == 8


@given(st.floats(0, 3e5))
def test_durations_never_outgrow_their_width(value: float) -> None:
    assert len(units.duration(value)) == 7


@given(st.floats(0, 9.99))
def test_shares_never_outgrow_their_width_and_say_all_only_of_all(value: float) -> None:
    assert len(units.percent(value)) == 7
    if value < 1.0:
        assert "100 %" not in units.percent(value)


@example(1.8e306)  # finite, its percentage is not
@given(st.one_of(st.none(), st.floats()))
def test_what_is_not_a_number_is_a_dash(value: float | None) -> None:
    for show in (units.count, units.rate, units.duration, units.percent, units.money, units.size, units.times, units.signed):
        text = show(value)
        assert "nan" not in text
        assert "inf" not in text
        if value is None or not math.isfinite(value):
            assert "–" in text
