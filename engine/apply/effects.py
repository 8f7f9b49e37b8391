"""From the list of active faults to what they do: all effects are reset and put on anew whenever that list changes.

So healing is nothing but leaving a fault out: no fault remembers what was there before it, and any order of injecting and
healing ends where the remaining faults alone would have led (invariant 22: inject + heal = identity).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ..faults import FAULTS, Target, resolve
from ..faults.base import Rejected
from ..faults.targets import ANY_KIND
from ..snapshot import ActiveFault

if TYPE_CHECKING:
    from ..world import World


TINY = 1e-9  # seconds: a turn that is due at a step's boundary has come
# What befalls a machine and not one of its processes alone. (A process that is gone for a fault "crash" takes its machine along.)
OF_MACHINES = ("crash", "slow", "freeze", "packet_loss", "latency", "kill_primary", "gc_pauses", "memory_leak", "oom_kills")


def housed(world: World, target: Target) -> Target:
    """With a node of one machine, all that live there: a web server and its database, where they share one."""
    database = world.database
    pair = {("web", database.host), ("db", database.guest)}
    if database.guest < 0 or not pair & set(target.nodes):
        return target
    return replace(target, nodes=(*target.nodes, *sorted(pair - set(target.nodes))))


def rebuild(world: World) -> None:
    """Derive every effect from the active faults, in order of id, and tell the tiers. What comes and goes is as it is now."""
    _reset(world)
    now, turns = world.core.now, [math.inf]
    for fault in world.faults.active():
        target = target_of(world, fault)
        if target is not None:
            met = housed(world, target) if fault.fault in OF_MACHINES else target
            row, amount = FAULTS[fault.fault], fault.amount
            if row.phase is not None:
                amount, until = row.phase(now - fault.since + TINY, amount)
                turns.append(fault.since + until)
            row.act(world, met, amount, fault.event)
    world.faults.turn_at = min(turns)
    world.core.fabric.refresh()
    for tier in world.tiers:
        tier.effects_changed()


def target_of(world: World, fault: ActiveFault) -> Target | None:
    """What a fault acts on; None if that has left the system (a shard may go while the fault is on it)."""
    try:
        return resolve(world, fault.target, ANY_KIND, fault.fault)
    except Rejected:
        return None


def _reset(world: World) -> None:
    fabric = world.core.fabric
    fabric.rules = []
    world.core.ills.reset()
    for nodes in fabric.tiers.values():
        nodes.reset_effects()
    for tier in world.tiers:
        tier.reset_effects()
