"""A failover as a timeline: what happened when, how long nobody could write (RTO), which acknowledged writes are gone (RPO)."""

from __future__ import annotations

from collections.abc import Sequence

from engine.snapshot import Failover

from ..draw import Canvas, Role, cell_len, fit
from ..pane import PaneView
from ..safe import safe_text
from ..units import duration, whole
from .table import Fact, facts, when

__all__ = ["draw_failovers"]


def draw_failovers(canvas: Canvas, failovers: Sequence[Failover], view: PaneView) -> int:
    """The latest first, as many rows as the canvas has; zoomed with a line a step. Returns the rows used."""
    y = 0
    for failover in reversed(failovers):
        if y >= canvas.height:
            break
        _head(canvas, y, failover)
        y += 1
        if not view.zoomed:
            if canvas.height - y >= 1 and failover is failovers[-1]:
                _last(canvas, y, failover)
                y += 1
            continue
        began = failover.steps[0][0] if failover.steps else 0.0
        for at, words in failover.steps:
            if y >= canvas.height:
                break
            x = canvas.text(2, y, when(at), Role.DIM)
            x = canvas.text(x + 1, y, f"+{duration(at - began, 0)}".rjust(8), Role.DIM) + 1
            canvas.text(x, y, fit(words, max(0, min(cell_len(safe_text(words)), canvas.width - x))), Role.TEXT)
            y += 1
        if failover.lost_sample and y < canvas.height:
            gone = "gone: " + ", ".join(failover.lost_sample)
            canvas.text(2, y, fit(gone, max(0, min(cell_len(safe_text(gone)), canvas.width - 2))), Role.DOWN)
            y += 1
    return y


def _head(canvas: Canvas, y: int, failover: Failover) -> None:
    if failover.shard:
        canvas.spot(failover.shard, 0, y, canvas.width)
    time = duration(failover.rto_s, 0)
    facts(
        canvas,
        y,
        (
            Fact(9, (("failover ", Role.DIM), (failover.shard, Role.ACCENT))),
            Fact(8, (("RTO ", Role.DIM), (time, Role.TEXT)) if failover.done else (("running ", Role.SLOW), (time, Role.SLOW))),
            Fact(
                7, (("lost ", Role.DIM), (whole(failover.lost), Role.DOWN if failover.lost else Role.TEXT), (" writes", Role.DIM))
            ),
        ),
    )


def _last(canvas: Canvas, y: int, failover: Failover) -> None:
    """The steps in one line, as many of the latest as fit."""
    began = failover.steps[0][0] if failover.steps else 0.0
    items = [
        Fact(number, ((f"+{duration(at - began, 0)} ", Role.DIM), (words, Role.TEXT)))
        for number, (at, words) in enumerate(failover.steps)
    ]
    facts(canvas, y, items, 2, 2)
