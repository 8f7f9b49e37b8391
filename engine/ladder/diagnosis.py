"""What is used up, and what users feel of it: from the utilisation that was counted, never from the stage's text."""

from __future__ import annotations

from collections.abc import Iterator
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
    """How the system does: the busiest group of nodes (in words), the mean share of its workers' time, jobs that wait there; p99
    (ms), share of failures, dollars an hour."""

    busiest: str
    utilisation: float
    waiting: int
    p99_ms: float
    errors: float
    cost: float


WORDS = {
    "balancer": "balancers", "web": "web servers", "cache": "cache nodes", "store": "session stores", "broker": "brokers",
    "worker": "workers",
}  # fmt: skip


def _groups(world: World) -> Iterator[tuple[str, str, list[int]]]:
    """(tier, what its nodes are called together, their indexes): a tier each, primaries and replicas apart."""
    for tier, words in WORDS.items():
        nodes = world.core.fabric.tiers.get(tier)
        if nodes is not None and nodes.member.any():
            yield tier, words, np.flatnonzero(nodes.member).tolist()
    database = world.database
    mine = np.flatnonzero(database.nodes.member).tolist()
    for words, wanted in (("primaries", True), ("replicas", False)):
        chosen = [i for i in mine if database.is_primary(i) is wanted]
        if chosen:
            yield "db", words, chosen


def figures(world: World) -> Figures:
    """Of the last WINDOW_S seconds, utilisation of the last one."""
    from ..showing.map import loads

    best, known = ("nothing", 0.0, 0), loads(world)
    for tier, words, which in _groups(world):
        load = known[tier]
        use, waiting = float(load.utilisation[which].mean()), int(load.waiting[which].sum())
        if use > best[1]:
            name = world.core.fabric.tiers[tier].names[which[0]] if len(which) == 1 else f"{len(which)} {words}"
            best = (name, use, waiting)
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
    does = "work" if now.busiest[:1].isdigit() else "works"
    busy = f"{now.busiest} {does} {percent(now.utilisation)} of the time" if now.utilisation else "nothing is busy"
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
    if not ms:
        return "–"  # nobody was answered
    return f"{ms / 1e3:.2g} s" if ms >= 1_000.0 else f"{ms:.0f} ms"
