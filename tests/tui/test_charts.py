"""Charts have the size asked for, show the largest as the largest, never draw what was not measured."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import charts
from tui.charts import Glyphs

SAMPLES = st.lists(st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True), st.floats(0, 1e9)), max_size=80)
SETS = st.sampled_from(list(Glyphs))


@given(SAMPLES, st.integers(0, 40), st.integers(0, 6), SETS)
def test_every_chart_has_the_size_asked_for(values: list[float | None], width: int, height: int, glyphs: Glyphs) -> None:
    assert [len(row) for row in charts.area(values, width, height, glyphs=glyphs)] == [width] * height
    assert len(charts.sparkline(values, width, glyphs=glyphs)) == width
    counts = [abs(v) for v in values if v is not None and math.isfinite(v)]
    rows = charts.histogram(counts, width, height, glyphs)
    assert [len(row) for row in rows] == [width] * height


@given(st.one_of(st.none(), st.floats()), st.integers(0, 40), SETS)
def test_bars_and_gauges_have_the_size_asked_for(share: float | None, width: int, glyphs: Glyphs) -> None:
    assert len(charts.bar(share, width, glyphs)) == width
    assert len(charts.gauge(share, width + 2, glyphs)) == width + 2


@given(SETS, st.integers(1, 30))
def test_ascii_is_ascii(glyphs: Glyphs, width: int) -> None:
    values = [float(i) for i in range(40)]
    drawn = "".join(
        [
            *charts.area(values, width, 3, glyphs=Glyphs.ASCII),
            *charts.histogram(values, width, 3, Glyphs.ASCII),
            charts.sparkline(values, width, glyphs=Glyphs.ASCII),
            charts.gauge(0.4, width + 2, Glyphs.ASCII),
        ]
    )
    assert drawn.isascii()


def test_known_pictures() -> None:
    assert charts.sparkline([0, 1, 2, 3, 4, 5, 6, 7, 8], 9) == "▁▁▂▃▄▅▆▇█"
    assert charts.sparkline([None, 8, math.nan, 4], 6) == "   █ ▄"
    assert charts.bar(0.5, 4) == "██  "
    assert charts.bar(3 / 32, 4) == "▍   "
    assert charts.bar(1e-9, 4) == "▏   ", "a little is not nothing"
    assert charts.bar(7.0, 4) == "████"
    assert charts.gauge(1.0, 4) == "▕██▏"
    assert charts.area([1, 2, 3, 4], 2, 1, high=4.0) == ["⣠⣾"]
    assert charts.area([4, 4], 1, 2, high=4.0) == ["⣿", "⣿"]


def test_a_gap_is_not_a_zero() -> None:
    assert charts.area([None, None], 1, 1, high=1.0) == [" "]
    assert charts.area([0.0, 0.0], 1, 1, high=1.0) == ["⣀"]
    assert charts.sparkline([], 3) == "   "


@pytest.mark.parametrize(
    ("value", "top"), [(0.0, 1.0), (0.7, 1.0), (1.0, 1.0), (1.1, 2.0), (3, 5.0), (420, 500.0), (999, 1000.0)]
)
def test_the_top_of_an_axis_is_a_round_number(value: float, top: float) -> None:
    assert charts.nice_top([value, None]) == top
