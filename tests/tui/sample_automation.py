"""The automation part of a sample snapshot: two guards that act, one that waits."""

from __future__ import annotations

from engine.snapshot import Automation, AutomationTotals, Guard


def automation_part() -> Automation:
    """A city over its limit, and servers that shed."""
    return Automation(
        verdict="rate limit turns 1,240/s away, queue delay turns 86/s away",
        guards=(
            Guard("rate limit", "40/s a city, burst 80", "turns 1,240/s away", 1_240.0, 91_400, True),
            Guard("queue delay", "wait 5 ms, 100 ms at first", "turns 86/s away", 86.0, 3_100, True),
            Guard("open requests", "1,024 open a balancer", "idle", 0.0, 0),
        ),
        totals=AutomationTotals(
            limited=91_400, over_open=0, over_wait=3_100, circuit_open=40, bulkhead=0, opened=4, closed=3, added=0, removed=0
        ),
        refused_trend=(0.0,) * 30 + (1_326.0,) * 30,
    )
