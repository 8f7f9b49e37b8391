"""A machine of another size: it stops, comes back after the boot with other workers, memory and price; what that costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..commands import Resize
from ..faults import Target, resolve
from ..faults.base import Rejected, near
from ..faults.targets import NODE_TIERS
from ..machines import SIZES, STEPS, next_size
from .effects import housed, rebuild
from .giver import Giver, Outcome, follow_up
from .undo import Inverse

if TYPE_CHECKING:
    from ..queueing import Stations
    from ..world import World


@dataclass(frozen=True, slots=True)
class Boot:
    """A machine that is on its way up: when (virtual seconds), which node, the event that sent it there."""

    at: float
    tier: str
    index: int
    event: int


def money(more: float) -> str:
    """What a deed changes of the cost, for an event: "+$0.096/h"; "" if nothing."""
    return "" if abs(more) < 5e-7 else f"{'+' if more > 0 else '-'}${abs(more):.4g}/h"


def resize(world: World, giver: Giver, command: Resize) -> Outcome:
    """One node, or every node of a tier at once. Each restarts: what it held in memory is lost, and it is away for the boot."""
    target = resolve(world, command.node, (*NODE_TIERS, "tier", "shard"), "another size")
    target = _machines(world, target)
    wanted = {part: _wanted(world, part, command.size) for part in target.nodes}
    fitting = {part: size for part, size in wanted.items() if size}
    if not fitting:
        raise Rejected(_no(world, target, command.size))
    boot = world.core.config.machines.boot
    tiers = world.core.fabric.tiers
    before = {part: tiers[part[0]].size[part[1]] for part in fitting}
    was = sum(tiers[tier].price(i) for tier, i in fitting)
    more = sum(tiers[tier].plan_price(size) for (tier, _), size in fitting.items()) - was
    sizes = " and ".join(sorted({str(SIZES[size]) for size in fitting.values()}))
    text = f"{target.label} stops, to come back as {sizes} in {boot:.3g} s: {money(more) or 'same price'}"
    event = giver.tell(world, text, target=target.name, keys=f"g {'d' if command.size == 'down' else 'u'}", disturbs=True)
    for tier, index in housed(world, replace(target, nodes=tuple(fitting))).nodes:
        _stop(world, tier, index, event, world.core.now + boot)
    rebuild(world)
    for (tier, index), size in fitting.items():
        _refit(world, tier, index, size)
    back = tuple(Resize(tiers[tier].names[i], size) for (tier, i), size in before.items())
    return Outcome(event, text, Inverse(back))


def _machines(world: World, target: Target) -> Target:
    """Of nodes their machines: a database that lives on the web server's has none of its own."""
    guest = ("db", world.database.guest)
    if guest not in target.nodes:
        return target
    return replace(target, nodes=tuple(dict.fromkeys(("web", world.database.host) if n == guest else n for n in target.nodes)))


def _wanted(world: World, part: tuple[str, int], asked: str) -> str:
    """The size that a node is to have; "" if it has that already or its ladder ends. Rejected for a size that there is not."""
    nodes = world.core.fabric.tiers[part[0]]
    now = nodes.size[part[1]]
    if not now:
        return ""
    if asked in STEPS:
        return next_size(now, STEPS[asked])
    if asked not in SIZES:
        raise Rejected(f"there is no size {asked!r}{near(asked, SIZES)}")
    return "" if asked == now else asked


def _no(world: World, target: Target, asked: str) -> str:
    """Why there is nothing to do."""
    if not target.nodes:
        return f"there is no machine in {target.label}"
    tier, index = target.nodes[0]
    now = world.core.fabric.tiers[tier].size[index]
    if not now:
        return f"{target.label} is no machine of ours"
    end = {"down": "smallest", "up": "largest", "": "largest"}.get(asked)
    if end is None:
        return f"{target.label} is {now} already"
    return f"{target.label} is {now}, the {end} there is{': add machines instead' if end == 'largest' else ''}"


def begin(world: World, tier: str, index: int, event: int, boot: float) -> None:
    """A new machine boots for so many seconds; nobody is sent there before somebody lets it in."""
    world.core.fabric.tiers[tier].draining[index] = True
    _stop(world, tier, index, event, world.core.now + boot)


def _stop(world: World, tier: str, index: int, event: int, until: float) -> None:
    nodes = world.core.fabric.tiers[tier]
    nodes.booting[index] = True
    nodes.event[index] = event
    nodes.up[index] = False
    world.boots = [boot for boot in world.boots if (boot.tier, boot.index) != (tier, index)]
    world.boots.append(Boot(until, tier, index, event))
    for part in world.tiers:  # while the event that explains it stands
        part.effects_changed()


def _refit(world: World, tier: str, index: int, size: str) -> None:
    """The machine is another one; nothing is inside."""
    nodes, now = world.core.fabric.tiers[tier], world.core.now
    assert nodes.plan is not None
    nodes.size[index] = size
    nodes.pace[index] = nodes.plan.pace_of(size)
    if tier in ("broker", "worker"):
        world.queue.refit(tier, index, nodes.plan.workers_of(size))
        return
    held: dict[str, Stations] = {
        "balancer": world.balancer.stations, "web": world.web.stations, "cache": world.cache.stations,
        "db": world.database.stations, "store": world.sessions.stations,
    }  # fmt: skip
    stations = held[tier]
    stations.set_workers(index, now, nodes.plan.workers_of(size))
    stations.set_speed(index, now, nodes.clock(index))
    if tier == "cache":
        world.cache.refit(index)
    elif tier == "store":
        world.sessions.refit(index)


def end_boots(world: World) -> None:
    """At a step boundary: machines whose boot is over are up, unless a fault keeps them down."""
    due = [boot for boot in world.boots if boot.at <= world.core.now]
    if not due:
        return
    world.boots = [boot for boot in world.boots if boot.at > world.core.now]
    for boot in due:
        world.core.fabric.tiers[boot.tier].booting[boot.index] = False
    rebuild(world)
    for boot in due:
        nodes = world.core.fabric.tiers[boot.tier]
        name, size = nodes.names[boot.index], nodes.size[boot.index]
        if not nodes.member[boot.index]:
            continue
        if nodes.guest[boot.index]:
            continue  # its machine is told of
        if nodes.up[boot.index]:
            follow_up(world, boot.event, f"{name} is up: {SIZES[size]}", "good", name)
        else:
            follow_up(world, boot.event, f"{name} has booted, and a fault keeps it down", "warn", name)
