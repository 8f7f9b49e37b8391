"""Machines in and out: add, remove, drain, undrain; and the table of what can be added."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ..catalogue import ScaleInfo
from ..commands import AddNode, Drain, RemoveNode, Undrain
from ..faults import Target, resolve
from ..faults.base import Rejected, near
from ..faults.kinds import SCALED
from . import machines
from .effects import rebuild, target_of
from .giver import Giver, Outcome, follow_up
from .machines import money
from .regions import add_region, leave_region
from .undo import Inverse

if TYPE_CHECKING:
    from ..nodes import Nodes
    from ..world import World

_T = TypeVar("_T")
AUTOSCALER = "agent:autoscaler"

ROWS: tuple[ScaleInfo, ...] = (
    ScaleInfo("web", "web server", "w", needs_parent=False),
    ScaleInfo("cache", "cache node", "c", needs_parent=False),
    ScaleInfo("store", "session store node", "o", needs_parent=False),
    ScaleInfo("replica", "replica", "r", needs_parent=True),
    ScaleInfo("shard", "shard", "s", needs_parent=False),
    ScaleInfo("balancer", "balancer", "b", needs_parent=False),
    ScaleInfo("broker", "message broker", "q", needs_parent=False),
    ScaleInfo("worker", "worker", "k", needs_parent=False),
    ScaleInfo("region", "region", "e", needs_parent=False),
)
SCALES: dict[str, ScaleInfo] = {scale.tier: scale for scale in ROWS}


def _asked(tier_call: Callable[[], _T]) -> _T:
    """What a tier refuses (ValueError) is refused to the giver, in the tier's words."""
    try:
        return tier_call()
    except ValueError as no:
        raise Rejected(str(no)) from None


def add_node(world: World, giver: Giver, command: AddNode, *, lodged: bool = False) -> Outcome:
    """One more machine, or one more shard with its machines; it starts cold. lodged: a database on the web server's machine."""
    scale = SCALES.get(command.tier)
    if scale is None:
        raise Rejected(f"there is nothing called {command.tier!r} to add{near(command.tier, SCALES)}")
    if world.database.guest >= 0 and scale.tier in ("web", "cache", "shard"):
        raise Rejected("web-1 and its database share a machine: give the database one of its own first (g m)")
    if scale.tier == "region":
        return add_region(world, giver, command.parent.removeprefix("region:"))
    before = world.core.fabric.price()
    name = _add(world, scale, command.parent)
    if lodged:
        world.database.lodge(world.database.nodes.index(name))
    text = f"{name} added" if scale.tier != "replica" else f"{name} added: it copies {command.parent} first"
    more = money(world.core.fabric.price() - before)
    text += f" ({more})" if more else ""
    event = giver.tell(world, text, level="good", target=name, keys=f"g {scale.keys}", disturbs=not giver.agent)
    if giver.by == AUTOSCALER:
        world.automation.counts.add("added")
    if command.boot > 0.0 and scale.tier == "web":
        machines.begin(world, "web", world.web.nodes.index(name), event, command.boot)
    employ(world)
    rebuild(world)
    return Outcome(event, text, Inverse((RemoveNode(name),)))


def employ(world: World) -> None:
    """The agents that watch over what is new (a balancer's checker, a shard's failover manager) begin their first lives."""
    from ..agents import agents_for  # which import the script, which imports this file's table

    for name, agent in agents_for(world).items():
        world.agents.setdefault(name, agent)


def _add(world: World, scale: ScaleInfo, parent: str) -> str:
    """Do it; the name of what is new."""
    machines: dict[str, tuple[Nodes, Callable[[], int]]] = {
        "web": (world.web.nodes, world.web.add_node),
        "cache": (world.cache.nodes, world.cache.add_node),
        "store": (world.sessions.nodes, world.sessions.add_node),
        "balancer": (world.balancer.nodes, world.balancer.add_node),
        "broker": (world.queue.brokers.nodes, world.queue.add_broker),
        "worker": (world.queue.workers.nodes, world.queue.add_worker),
    }
    if scale.tier in machines:
        nodes, add = machines[scale.tier]
        return nodes.names[_asked(add)]
    match scale.tier:
        case "replica":
            shard = resolve(world, parent, ("shard",), "add a replica").name
            return world.database.nodes.names[_asked(lambda: world.database.add_replica(shard))]
        case _:
            return _asked(world.database.add_shard)


def remove_node(world: World, giver: Giver, command: RemoveNode) -> Outcome:
    """Take a machine out; a shard first gives its keys away. Faults on what is gone end with it."""
    target = resolve(world, command.node, (*SCALED, "shard", "region"), "remove")
    if target.kind == "region":
        return leave_region(world, giver, world.core.regions.names.index(target.name.removeprefix("region:")))
    keys = f"g {_capital(target)}"
    if target.kind == "shard":
        _asked(lambda: world.database.remove_shard(target.name))
        text = f"{target.name} is to go: it gives its keys away"
        return Outcome(giver.tell(world, text, target=target.name, keys=keys, disturbs=True), text)
    _refuse_needed(world, target)
    tier, index = target.nodes[0]
    less = money(-world.core.fabric.tiers[tier].price(index))
    text = f"{target.name} removed{f' ({less})' if less else ''}"
    event = giver.tell(world, text, target=target.name, keys=keys, disturbs=True)  # first: what it held is lost because of it
    world.core.fabric.tiers[tier].event[index] = event
    _remove(world, tier, index)
    if giver.by == AUTOSCALER:
        world.automation.counts.add("removed")
    gone = tuple(fault for fault in world.faults.active() if target_of(world, fault) is None)
    world.faults.remove(f.id for f in gone)
    rebuild(world)
    for fault in gone:
        follow_up(world, event, f"ended with it: {fault.text}", "info", fault.target)
    return Outcome(event, text, Inverse(faults=gone, nodes=(target.name,)))


def _capital(target: Target) -> str:
    tier = "replica" if target.kind == "db" else target.kind
    return SCALES[tier].keys.upper()


def _refuse_needed(world: World, target: Target) -> None:
    """The last web server, balancer and worker stay, and every primary; the last cache node may go."""
    if target.kind == "db" and world.database.is_primary(target.nodes[0][1]):
        raise Rejected(f"{target.name} is a primary: promote a replica first")
    nodes = world.core.fabric.tiers[target.kind]
    alone = target.kind == "balancer" and int(world.web.nodes.member.sum()) == 1  # a single web server needs none
    alone |= target.kind == "worker" and not world.queue.brokers.members  # nobody has work for it
    if target.kind in ("web", "balancer", "worker") and int(nodes.member.sum()) <= 1 and not alone:
        raise Rejected(f"{target.name} is the last of its kind and stays")
    if target.kind == "broker" and int(nodes.member.sum()) <= 1 and (kept := world.queue.messages.kept):
        raise Rejected(f"{target.name} keeps {kept:,} messages, and there is no other broker to take them")


def _remove(world: World, tier: str, index: int) -> None:
    match tier:
        case "web":
            world.web.remove_node(index)
        case "cache":
            world.cache.remove_node(index)
        case "store":
            world.sessions.remove_node(index)
        case "balancer":
            world.balancer.remove_node(index)
        case "broker":
            world.queue.remove_broker(index)
        case "worker":
            world.queue.remove_worker(index)
        case _:
            world.database.remove_node(index)


def restore_nodes(world: World, names: tuple[str, ...]) -> None:
    """Removed machines come back under their old names, cold."""
    for name in names:
        for tier in (world.web, world.cache, world.balancer, world.sessions, world.database):
            index = tier.nodes.index(name)
            if index >= 0 and not tier.nodes.member[index]:
                tier.restore_node(index)
        world.queue.restore(name)
    rebuild(world)


def drain(world: World, giver: Giver, command: Drain) -> Outcome:
    """No new requests for a web server; those it has finish."""
    name, index = _web_server(world, command.node, "drain")
    if world.web.nodes.draining[index]:
        raise Rejected(f"{name} is drained already")
    world.web.nodes.draining[index] = True
    text = f"{name} drains: no new requests"
    event = giver.tell(world, text, target=name, keys="d", disturbs=True)
    return Outcome(event, text, Inverse((Undrain(name),)))


def undrain(world: World, giver: Giver, command: Undrain) -> Outcome:
    """A drained web server gets requests again, gently if the balancer has a slow start."""
    name, index = _web_server(world, command.node, "undrain")
    if not world.web.nodes.draining[index]:
        raise Rejected(f"{name} is not drained")
    world.web.nodes.draining[index] = False
    text = f"{name} is back: new requests come"
    event = giver.tell(world, text, level="good", target=name, keys="d")
    return Outcome(event, text, Inverse((Drain(name),)))


def _web_server(world: World, name: str, what: str) -> tuple[str, int]:
    target = resolve(world, name, ("web",), what)
    return target.name, target.nodes[0][1]
