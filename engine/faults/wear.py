"""Faults of machines that come and go or creep: pauses, leaks, a killer of processes, and too few connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import FaultRow, Rejected, row
from .node import MACHINES, after_crash, crash, each, freeze, slow
from .targets import Target

if TYPE_CHECKING:
    from ..world import World

PLACES = (*MACHINES, "tier", "zone")
PAUSE_EVERY_S = 10.0
LEAK_STEP_S = 5.0
START_S = 5.0  # a killed process is back after so long


def pausing(since: float, pause_ms: float) -> tuple[float, float]:
    """1 during the pause that begins every PAUSE_EVERY_S, else 0, and until when."""
    begun = int(since / PAUSE_EVERY_S) * PAUSE_EVERY_S
    over = begun + pause_ms / 1e3
    return (1.0, over) if since < over else (0.0, begun + PAUSE_EVERY_S)


def pause(world: World, target: Target, paused: float, event: int) -> None:
    """Everything stands still, or works."""
    if paused:
        freeze(world, target, 0.0, event)
    else:
        each(world, target, event)


def leaking(since: float, doubling: float) -> tuple[float, float]:
    """Times as slow: twice after `doubling` s, three times after twice as long, in steps."""
    steps = int(since / LEAK_STEP_S)
    return 1.0 + steps * LEAK_STEP_S / doubling, (steps + 1) * LEAK_STEP_S


def killing(since: float, period: float) -> tuple[float, float]:
    """1 while the process starts anew, which it does at the begin of every period, else 0, and until when."""
    begun = int(since / period) * period
    back = begun + min(START_S, period / 2.0)
    return (1.0, back) if since < back else (0.0, begun + period)


def kill(world: World, target: Target, dead: float, event: int) -> None:
    """The process is dead, or has started anew."""
    if dead:
        crash(world, target, 0.0, event)
    else:
        each(world, target, event)


def queues(_world: World, target: Target) -> Target:
    """Web servers and databases: where connections wait."""
    nodes = tuple((tier, index) for tier, index in target.nodes if tier in ("web", "db"))
    if not nodes:
        raise Rejected(f"connection limit: there is no web server or database in {target.label}")
    return target


def few_connections(world: World, target: Target, amount: float, event: int) -> None:
    """At most `amount` wait at each node; more are turned away."""
    meant = Target(target.kind, target.name, target.label, tuple(n for n in target.nodes if n[0] in ("web", "db")))
    each(world, meant, event)
    for place in meant.nodes:
        bounds = world.core.ills.bounds
        bounds[place] = min(int(amount), bounds.get(place, int(amount)))


ROWS: tuple[FaultRow, ...] = (
    row(
        "gc_pauses", "mg", "machine", PLACES, "pauses",
        "Every 10 s it stands still for so long: a garbage collector that stops the world.",
        "{target} stands still for {amount} ms every 10 s", pause, amount=(500.0, 1.0, 10_000.0, "ms"), phase=pausing,
    ),
    row(
        "memory_leak", "ml", "machine", PLACES, "memory leak",
        "It swaps more and more: half as fast after so long, and slower still, until it is restarted.",
        "{target} leaks memory: half as fast in {amount} s", slow, amount=(60.0, 1.0, 86_400.0, "s"), phase=leaking,
    ),
    row(
        "oom_kills", "mk", "machine", PLACES, "killed for memory",
        "The kernel kills the process every so often; it starts anew, its memory is lost each time.",
        "{target} is killed for want of memory every {amount} s", kill, amount=(30.0, 1.0, 86_400.0, "s"), phase=killing,
        then=after_crash,
    ),
    row(
        "connection_limit", "mc", "machine", ("web", "db", "tier", "zone", "shard"), "connection limit",
        "No more than so many may wait at it; whoever comes then is turned away.",
        "{target} lets {amount} wait and turns others away", few_connections, amount=(2.0, 1.0, 1_000_000.0, "connections"),
        aim=queues,
    ),
)  # fmt: skip
