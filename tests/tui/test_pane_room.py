"""What the map says of DNS and of faults, and how the rows that a pane has left are used."""

from __future__ import annotations

import msgspec
import pane_tools as tools
import pytest
import sample

from engine.snapshot import NodeState
from tui.charts import Glyphs
from tui.draw import Canvas, Role
from tui.pane import PaneView
from tui.panes.history import LEAST_ROWS, fill_with_histories

CALM, TROUBLE = sample.calm(), sample.trouble()


@pytest.mark.parametrize(("state", "word"), [(NodeState.DOWN, "down"), (NodeState.SLOW, "slow"), (NodeState.FROZEN, "frozen")])
def test_the_title_of_the_map_names_a_level_of_dns_in_trouble(state: NodeState, word: str) -> None:
    levels = tuple(msgspec.structs.replace(v, state=state) if v.name == "tld" else v for v in CALM.dns.levels)
    snapshot = msgspec.structs.replace(CALM, dns=msgspec.structs.replace(CALM.dns, levels=levels))
    found = tools.pane("map").verdict(snapshot, PaneView())
    assert f"DNS tld {word}" in found.words
    assert found.attention == (2 if state is NodeState.SLOW else 3)
    assert "DNS" not in tools.pane("map").verdict(CALM, PaneView()).words


@pytest.mark.parametrize("width", [64, 118, 198])
def test_lines_of_faults_stand_in_columns(width: int) -> None:
    one = TROUBLE.faults[0]
    faults = tuple(
        msgspec.structs.replace(one, id=n, text=text, by="you", since=at)
        for n, (text, at) in enumerate((("crashed", 10.0), ("loses 30 % of packets for a while", 200.0)))
    )
    snapshot = msgspec.structs.replace(TROUBLE, faults=faults)
    rows = [line for line in tools.lines("map", snapshot, width, 56, zoomed=True) if line.startswith("fault")]
    assert len(rows) == 2
    assert len({row.index("by you") for row in rows}) == 1
    assert len({row.index("since ") for row in rows}) == 1


@pytest.mark.parametrize("free", range(12))
def test_rows_that_are_left_show_history_if_a_chart_fits(free: int) -> None:
    canvas = Canvas(40, 20)
    values = [float(n) for n in range(60)]
    fill_with_histories(canvas, 20 - free, (("good", values, str, Role.CHART),), Glyphs.BLOCK)
    drawn = [y for y in range(20) if canvas.row(y)[0].strip()]
    assert bool(drawn) == (free >= LEAST_ROWS)
    if drawn:
        assert drawn[-1] == 19
        assert drawn[0] - (20 - free) <= 1  # no more than one blank row above it


def test_a_large_map_leaves_no_block_of_empty_rows() -> None:
    rows = tools.lines("map", TROUBLE, 198, 56, zoomed=True)
    blank = [not row.strip() for row in rows]
    assert not any(all(blank[y : y + 3]) for y in range(len(rows) - 2))
