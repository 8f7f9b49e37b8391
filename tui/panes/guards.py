"""Lines of the balancer's pane on what acts by itself: limits, shedding, breakers; those that act come first."""

from __future__ import annotations

from engine.snapshot import Automation, Guard

from ..draw import Canvas, Role
from ..frame import Verdict
from ..units import rate, whole
from .table import Fact, before, facts

__all__ = ["acting", "guard_lines", "room_for_guards"]

LEAST = 7  # rows of a pane from which one is given to the guards


def acting(part: Automation | None, verdict: Verdict) -> Verdict:
    """A guard that turns people away is told before all that is well."""
    if part is None or not any(guard.alarm for guard in part.guards):
        return verdict
    return Verdict(f"{part.verdict}; {verdict.words}" if verdict.words else part.verdict, max(verdict.attention, 2))


def room_for_guards(part: Automation | None, height: int, *, zoomed: bool) -> int:
    """Rows that their lines take at the foot of a pane of this height."""
    if part is None or not part.guards or height < LEAST:
        return 0
    return min(len(part.guards), height // 4) if zoomed else 1


def guard_lines(canvas: Canvas, y: int, part: Automation | None, rows: int, *, zoomed: bool) -> None:
    """Zoomed a line each, else all in one."""
    if part is None or not rows:
        return
    if not zoomed:
        facts(canvas, y, tuple(_short(guard, 9 - i) for i, guard in enumerate(part.guards)), gap=2)
        return
    for line, guard in enumerate(part.guards[:rows], y):
        facts(
            canvas,
            line,
            (
                _short(guard, 9),
                Fact(7, ((guard.setting, Role.DIM),)),
                before(6, "now", rate(guard.rate)),
                before(5, "in all", whole(guard.total)),
            ),
            gap=2,
        )


def _short(guard: Guard, keep: int) -> Fact:
    return Fact(keep, ((guard.name + " ", Role.DIM), (guard.state, Role.SLOW if guard.alarm else Role.TEXT)))
