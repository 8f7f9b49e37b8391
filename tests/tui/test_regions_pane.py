"""The pane of regions: the lost one first, who still goes there, and what the others would need."""

from __future__ import annotations

import pane_tools as tools
import pytest
import sample

from tui.pane import PaneView

CALM, TROUBLE = sample.whole(sample.calm()), sample.whole(sample.trouble())
SIZES = [(22, 2), (76, 5), (76, 20), (116, 6), (196, 55)]


def text(snapshot: object, size: tuple[int, int], **view: object) -> str:
    return "\n".join(tools.lines("regions", snapshot, *size, **view))  # type: ignore[arg-type]


@pytest.mark.parametrize("size", SIZES)
def test_the_lost_region_is_the_first_row(size: tuple[int, int]) -> None:
    rows = [row for row in tools.lines("regions", TROUBLE, *size) if any(n in row for n in ("east", "west", "korea"))]
    assert rows[0].startswith("✕ westeurope"), "\n".join(rows)


def test_the_main_facts_fit_on_80x24() -> None:
    drawn = text(TROUBLE, (76, 6))
    for fact in ("geo", "2 of 3 named", "61 resolvers astray", "4.10 k/s", "100 %", "lost, DNS", "14.3 k/s", "92.0 %"):
        assert fact in drawn, drawn


def test_what_a_loss_would_need_is_seen_before_it_happens() -> None:
    pane = tools.pane("regions")
    assert pane.verdict(CALM, PaneView()).words == "westeurope lost would need 134 % of eastus web"
    assert pane.verdict(CALM, PaneView()).attention == 2
    assert "134 %" in text(CALM, (76, 6))
    assert pane.verdict(TROUBLE, PaneView()).attention == 3


def test_zoomed_it_tells_of_each_region_and_of_the_settings() -> None:
    drawn = text(CALM, (116, 30), zoomed=True)
    facts = ("203.0.113.20", "640 resolvers send users here", "eastus web needs 134 %", "all regions' caches", "every 10.0 s")
    for fact in facts:
        assert fact in drawn, drawn
