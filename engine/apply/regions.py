"""A region entered, with all that makes one, and left again when DNS sends nobody there any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..commands import RemoveNode
from ..faults.base import Rejected
from .effects import rebuild
from .giver import Giver, Outcome, follow_up
from .machines import money
from .undo import Inverse

if TYPE_CHECKING:
    from ..world import World


def add_region(world: World, giver: Giver, name: str) -> Outcome:
    """Balancers, web servers, cache nodes and a replica of every shard, as many as the other regions have in the mean.

    DNS names the new address when its health checks succeed.
    """
    from .scale import employ

    regions = world.core.regions
    free = [region for region, active in zip(regions.names, regions.active, strict=True) if not active]
    if not regions.fronts or not free:
        raise Rejected("there is no region to enter: `regions.reserve` of the scenario names those that may come")
    if name and name not in free:
        raise Rejected(f"{name!r} is no region to enter; there is {', '.join(free)}")
    name = name or free[0]
    number = regions.names.index(name)
    before = world.core.fabric.price()
    many = numbers(world)
    event = giver.tell(world, f"{name} is entered", level="good", target=f"region:{name}", keys="g e", disturbs=True)
    regions.active[number] = True
    world.dns.authority.absent.remove(regions.addresses[number])
    zones = regions.zones_of(number)
    for i in range(many["balancer"]):
        world.balancer.add_node(zones[i % len(zones)])
    for i in range(many["web"]):
        world.web.add_node(zones[i % len(zones)])
    for i in range(many["cache"]):
        world.cache.add_node(zones[i % len(zones)])
    for shard in [shard for shard in world.database.shards if shard.primary >= 0 and not shard.leaving]:
        world.database.add_replica(shard.name, zones[shard.index % len(zones)])
    employ(world)
    rebuild(world)
    more = money(world.core.fabric.price() - before)
    text = f"{name}: {many['web']} web servers, {many['cache']} cache nodes, a replica of each shard ({more})"
    follow_up(world, event, text, "good", f"region:{name}")
    return Outcome(event, text, Inverse((RemoveNode(f"region:{name}"),)))


def numbers(world: World) -> dict[str, int]:
    """How many nodes of each tier a new region brings: as many as the others have in the mean."""
    tiers, others = world.core.fabric.tiers, sum(world.core.regions.active)
    many = {tier: -(-int(tiers[tier].member.sum()) // others) for tier in ("balancer", "web", "cache")}
    return many | {"balancer": min(2, many["balancer"])}


def leave_region(world: World, giver: Giver, number: int) -> Outcome:
    """DNS is to leave the region's address out; its nodes go when nobody comes any more."""
    regions = world.core.regions
    name = regions.names[number]
    if not regions.fronts or not regions.active[number]:
        raise Rejected(f"nothing of ours stands in {name}")
    if regions.leaving[number]:
        raise Rejected(f"{name} is being left already")
    if sum(a and not b for a, b in zip(regions.active, regions.leaving, strict=True)) <= 1:
        raise Rejected(f"{name} is the last region and stays")
    where = regions.of(world.database.nodes)
    if any(shard.primary >= 0 and int(where[shard.primary]) == number for shard in world.database.shards):
        raise Rejected(f"{name} has a primary: fail it over first")
    if not world.dns.option("failover"):
        raise Rejected("DNS does not check health: switch dns.failover on, so that it can leave the address out")
    regions.leaving[number] = True
    text = f"{name} is to be left: DNS will no longer name it"
    return Outcome(giver.tell(world, text, target=f"region:{name}", keys="g E", disturbs=True), text)


def left(world: World) -> None:
    """A virtual second has passed: a region that is being left, and that nobody knows any more, is gone."""
    regions = world.core.regions
    if not any(regions.leaving):
        return
    for number, name in enumerate(regions.names):
        if regions.leaving[number] and not _used(world, number):
            _clear(world, number)
            regions.leaving[number] = regions.active[number] = False
            world.dns.authority.absent.append(regions.addresses[number])
            world.core.log.tell(world.core.now, "world", f"{name} is left", level="good", target=f"region:{name}")


def _used(world: World, number: int) -> bool:
    """Does DNS, a resolver, a user or a request still know the region?"""
    regions, dns, flights, now = world.core.regions, world.dns, world.core.flights, world.core.now
    address = regions.addresses[number]
    if address not in dns.authority.sick:
        return True
    asked = dns.authority.addresses.index(address)
    holding = [i for i, answer in enumerate(dns.authority.answers) if answer.kind == "A" and asked in answer.numbers]
    resolvers = dns.resolvers
    if any(bool(((resolvers.ready == i) & (resolvers.ready_until > now)).any()) for i in holding):
        return True
    users = dns.users
    if bool(((users.answer == asked + 1) & ((users.os_until > now) | (users.browser_until > now))).any()):
        return True
    live = flights.live()
    return bool((flights.address[live] == asked).any())


def _clear(world: World, number: int) -> None:
    """All nodes there go."""
    regions = world.core.regions
    for tier in (world.web, world.cache, world.balancer, world.database):
        here = regions.of(tier.nodes) == number
        for index in (tier.nodes.member[: here.size] & here).nonzero()[0].tolist():
            tier.remove_node(index)
    rebuild(world)
