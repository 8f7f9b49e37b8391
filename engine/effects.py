"""From the list of active faults to what they do: all effects are reset and put on anew whenever that list changes.

So healing is nothing but leaving a fault out: no fault remembers what was there before it, and any order of injecting and
healing ends where the remaining faults alone would have led (invariant 22: inject + heal = identity).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .faults import FAULTS, resolve
from .faults.base import Rejected
from .faults.targets import ANY_KIND

if TYPE_CHECKING:
    from .world import World


def rebuild(world: World) -> None:
    """Derive every effect from the active faults, in order of id, and tell the tiers."""
    _reset(world)
    for fault in world.faults.active():
        row = FAULTS[fault.fault]
        try:
            target = resolve(world, fault.target, ANY_KIND, fault.fault)
        except Rejected:
            continue  # what it acted on has left the system; should it come back, so does the effect
        row.act(world, target, fault.amount, fault.event)
    world.core.fabric.refresh()
    for tier in world.tiers:
        tier.effects_changed()


def _reset(world: World) -> None:
    fabric = world.core.fabric
    fabric.rules = []
    for nodes in fabric.tiers.values():
        nodes.reset_effects()
    for tier in world.tiers:
        tier.reset_effects()
