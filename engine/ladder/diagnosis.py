"""What is used up, and what users feel of it: from the utilisation that was counted, never from the stage's text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..causes import Outcome
from ..words import percent

if TYPE_CHECKING:
    from ..world import World

BUSY = 0.8  # of its workers' time: beyond this, waits grow out of hand (M/M/1: 4 service times of waiting)
ERRORS = 0.01  # share of requests that fail: ten times what the usual SLO of 99.9 % allows
WINDOW_S = 10  # seconds that a figure is taken over


class Figures(NamedTuple):
    """How the system does: busiest node, its utilisation, jobs that wait there; p99 (ms), failures, $ an hour."""

    busiest: str
    utilisation: float
    waiting: int
    p99_ms: float
    errors: float
    cost: float


def figures(world: World) -> Figures:
    """Of the last WINDOW_S seconds, utilisation of the last one."""
    from ..showing.map import loads

    best = ("nothing", 0.0, 0)
    for tier, load in loads(world).items():
        nodes = world.core.fabric.tiers[tier]
        for i in np.flatnonzero(nodes.member).tolist():
            if float(load.utilisation[i]) > best[1]:
                best = (nodes.names[i], float(load.utilisation[i]), int(load.waiting[i]))
    after = world.core.now - WINDOW_S
    p99 = world.history.metric("p99_ms", after, 0.0)
    errors = world.history.metric("error_share", after, 0.0)
    return Figures(*best, p99 or 0.0, errors or 0.0, world.core.fabric.price())


def pressing(now: Figures, latency_s: float) -> bool:
    """Does it hurt, or is it about to?"""
    return now.utilisation >= BUSY or now.errors >= ERRORS or now.p99_ms > latency_s * 1e3


def problem(world: World, now: Figures) -> str:
    """One sentence: the resource, then the users."""
    if not int(world.core.ledger.outcomes.sum[1:].sum()) and not int(world.core.ledger.outcomes.sum[Outcome.OK]):
        return "nobody has come yet"
    busy = f"{now.busiest} works {percent(now.utilisation)} of its time"
    if now.utilisation >= BUSY:
        busy += f", {now.waiting:,} wait there" if now.waiting else ""
    feel = f"p99 {_seconds(now.p99_ms)}"
    if now.errors > 0.0:
        feel += f", {percent(now.errors, 1)} of requests fail"
    return f"{busy}; users feel {feel}" if pressing(now, world.core.config.slo.latency) else f"all is well: {busy}, {feel}"


def changed(before: Figures, now: Figures) -> str:
    """What a step cost and changed: then and now."""
    parts = [
        f"{'+' if now.cost >= before.cost else '−'}${abs(now.cost - before.cost):.3f}/h",
        f"p99 {_seconds(before.p99_ms)} → {_seconds(now.p99_ms)}",
        f"busiest {before.busiest} {percent(before.utilisation)} → {now.busiest} {percent(now.utilisation)}",
    ]
    if before.errors >= 5e-4 or now.errors >= 5e-4:
        parts.insert(2, f"failures {percent(before.errors, 1)} → {percent(now.errors, 1)}")
    return ", ".join(parts)


def _seconds(ms: float) -> str:
    return f"{ms / 1e3:.2g} s" if ms >= 1_000.0 else f"{ms:.0f} ms"
