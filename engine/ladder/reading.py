"""What the screen shows of the ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..commands import AddNode, Resize, Separate
from ..machines import next_size
from ..snapshot import Ladder
from .climb import under_way
from .diagnosis import changed, figures, pressing, problem
from .stages import STAGES

if TYPE_CHECKING:
    from ..world import World


def reading(world: World) -> Ladder | None:
    """The stage line; None where the system is on no ladder."""
    climber = world.climber
    if climber is None:
        return None
    now, row = figures(world), climber.next
    return Ladder(
        stage=climber.stage,
        stages=len(STAGES),
        name=climber.here.name,
        problem=problem(world, now),
        pressing=pressing(now, world.core.config.slo.latency),
        next=row.name if row is not None else "",
        solves=row.solves if row is not None else "",
        costs=cost(world),
        before=STAGES[climber.stage - 2].name if climber.stage > 1 else "",
        changed=changed(climber.before, now) if climber.before is not None else "",
        under_way=under_way(world),
    )


def cost(world: World) -> float:
    """Dollars an hour that the next step adds: the prices of the nodes that its commands bring."""
    from ..showing.map import price_of

    climber = world.climber
    if climber is None or climber.next is None:
        return 0.0
    more = 0.0
    for command in climber.next.up[0](world):
        if isinstance(command, AddNode):
            more += price_of(world, command.tier)
        elif isinstance(command, Resize):
            more += _growth(world, command.node)
        elif isinstance(command, Separate):
            more += price_of(world, "db")
    return more


def _growth(world: World, name: str) -> float:
    """Dollars an hour that the next size of a node costs more."""
    for nodes in world.core.fabric.tiers.values():
        index = nodes.index(name)
        if index >= 0 and nodes.size[index]:
            size = next_size(nodes.size[index], 1)
            return nodes.plan_price(size) - nodes.price(index) if size else 0.0
    return 0.0
