"""The header in trouble: what fails is told with its cause at every width, before medians and trends."""

from __future__ import annotations

import msgspec
import pytest
import sample

from engine.snapshot import Cause
from tui.bars import draw_header
from tui.draw import Canvas
from tui.view import ViewState


def header(width: int, **head: object) -> str:
    snapshot = sample.trouble()
    snapshot = msgspec.structs.replace(snapshot, headline=msgspec.structs.replace(snapshot.headline, **head))
    canvas = Canvas(width, 2)
    draw_header(canvas, snapshot, ViewState())
    return canvas.plain()[1]


@pytest.mark.parametrize("width", [80, 100, 120, 150, 200])
def test_errors_are_told_by_cause(width: int) -> None:
    line = header(width, error_share=0.02, causes=(Cause("time-out", 190.0, 812, 10), Cause("queue full", 9.0, 31, 9)))
    assert "190/s time-out" in line
    assert all(word in line for word in ("p99", "errors", "SLO"))
    assert width < 110 or "9/s queue full" in line
    assert width < 120 or "p50" in line or "p95" in line


@pytest.mark.parametrize("width", [120, 200])
def test_a_few_errors_move_nothing(width: int) -> None:
    """Their cause is told where there is room for it; the rest of the row stays where it was."""
    few = header(width, error_share=0.0004, causes=(Cause("queue full", 1.0, 3, 9),))
    calm = header(width, error_share=0.0, causes=(Cause("queue full", 0.0, 3, 9),))
    assert "queue full" not in calm
    assert ("1/s queue full" in few) == (width == 200)
    for words in ("p50", "p95", "p99"):
        assert width == 200 or calm.index(words) == few.index(words)
