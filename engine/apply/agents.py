"""What agents do to the world: verdicts on health, moved addresses, ring membership, failovers, rebalancing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..commands import CopyChunk, Demote, MoveAddress, Note, Promote, SetAddress, SetAnnounced, SetHealth, SetMember
from ..faults import Rejected, resolve
from .effects import rebuild
from .giver import Giver, Outcome

if TYPE_CHECKING:
    from ..world import World


def because(reason: str) -> str:
    """The words of a reason, if there is one."""
    return f": {reason}" if reason else ""


def _concerned(world: World, tier: str, index: int) -> int:
    """Event of what is wrong with a node or with a link that it has part in; 0 if nothing is."""
    fabric = world.core.fabric
    nodes = fabric.tiers[tier]
    if nodes.event[index]:
        return int(nodes.event[index])
    zone = int(nodes.zone[index])
    for rule in reversed(fabric.rules):
        for want, node, where in (rule.a, rule.b):
            if want in ("*", tier) and node in (-1, index) and where in (-1, zone):
                return rule.event
    return 0


def _verdict_before(world: World, giver: Giver, target: str) -> int:
    """The giver's own last event about the same node: what it takes back now; 0 if there is none."""
    return next((e.id for e in reversed(world.core.log.events) if e.by == giver.by and e.target == target), 0)


def because_of(world: World, giver: Giver, tier: str, index: int, *, good: bool) -> Giver:
    """An agent sees that a node is silent, not why; whoever reads the log shall find what led to it."""
    if giver.cause:
        return giver
    name = world.core.fabric.tiers[tier].names[index]
    if good:
        return giver.led_by(_verdict_before(world, giver, name))
    return giver.led_by(_concerned(world, tier, index) or world.core.log.latest_disturbance)


def set_health(world: World, giver: Giver, command: SetHealth) -> Outcome:
    """A balancer sends a web server requests, or none."""
    balancer = resolve(world, command.balancer, ("balancer",), "health").nodes[0][1]
    web = resolve(world, command.node, ("web",), "health").nodes[0][1]
    if not world.balancer.set_health(balancer, web, command.up):
        return Outcome(0, "")  # it thought so already
    verdict = "healthy" if command.up else "unhealthy"
    giver = because_of(world, giver, "web", web, good=command.up)
    text = f"{command.balancer}: {command.node} is {verdict}{because(command.reason)}"
    return Outcome(giver.tell(world, text, level="good" if command.up else "warn", target=command.node), text)


def move_address(world: World, giver: Giver, command: MoveAddress) -> Outcome:
    """The other balancer of the pair answers for the public address from now on."""
    to = resolve(world, command.to, ("balancer",), "address").nodes[0][1]
    holder = world.balancer.holder_of(to)
    if not world.balancer.move_address(to):
        return Outcome(0, "")  # it has it already
    giver = because_of(world, giver, "balancer", holder if holder >= 0 else to, good=False)
    text = f"{command.address} moves to {command.to}{because(command.reason)}"
    return Outcome(giver.tell(world, text, level="warn", target=command.to), text)


def set_address(world: World, giver: Giver, command: SetAddress) -> Outcome:
    """The authority leaves an address out of its answers, or names it again; caches keep what they have until its TTL ends."""
    if not world.dns.set_address(command.address, command.healthy):
        return Outcome(0, "")  # it does so already
    doors = world.balancer.door.addresses
    holder = world.balancer.holders[doors.index(command.address)] if command.address in doors else -1
    if holder >= 0:
        giver = because_of(world, giver, "balancer", holder, good=command.healthy)
    text = f"DNS {'names' if command.healthy else 'leaves out'} {command.address}{because(command.reason)}"
    event = giver.tell(world, text, level="good" if command.healthy else "warn", target=world.dns.question)
    return Outcome(event, text)


def set_announced(world: World, giver: Giver, command: SetAnnounced) -> Outcome:
    """A name server withdraws its route by its own health rule, or announces it again."""
    node = resolve(world, command.node, ("dns",), "route").nodes[0][1]
    if bool(world.dns.levels.announced[node]) == command.announced:
        return Outcome(0, "")  # it is so already
    giver = because_of(world, giver, "dns", node, good=command.announced)
    what = "announces its route again" if command.announced else "withdraws its route"
    text = f"{command.node} {what}{because(command.reason)}"
    event = giver.tell(world, text, level="good" if command.announced else "warn", target=command.node)
    world.dns.set_announced(node, command.announced, event)
    return Outcome(event, text)


def set_member(world: World, giver: Giver, command: SetMember) -> Outcome:
    """The clients' ring without a cache node, or with it again; its keys change hands."""
    index = resolve(world, command.node, ("cache",), "membership").nodes[0][1]
    before = world.cache.homes.shares()[index]
    if not world.cache.set_member(index, command.member):
        return Outcome(0, "")  # the clients do so already
    share = world.cache.homes.shares()[index] if command.member else before
    giver = because_of(world, giver, "cache", index, good=command.member)
    keys = f"{100.0 * share:.0f} % of keys"
    what = f"back in the ring, takes {keys}" if command.member else f"out of the ring, its {keys} go to others"
    text = f"{command.node} {what}{because(command.reason)}"
    event = giver.tell(world, text, level="good" if command.member else "warn", target=command.node)
    return Outcome(event, text)


def promote(world: World, giver: Giver, command: Promote) -> Outcome:
    """A replica becomes the primary of its shard, in a new epoch."""
    shard = resolve(world, command.shard, ("shard",), "promotion").name
    node = resolve(world, command.node, ("db",), "promotion").nodes[0][1]
    old = world.database.shard_by_name(shard).primary
    giver = because_of(world, giver, "db", old, good=False)
    text = f"{command.node} promoted to primary of {command.shard}{because(command.reason)}"
    event = giver.tell(world, text, level="warn", target=command.node)  # first: what is lost now happens because of it
    try:
        world.database.promote(shard, node, command.fence, event, command.detected)
    except ValueError as no:
        giver.led_by(event).tell(world, f"not done: {no}", level="warn", target=command.node)
    names = world.database.nodes.names
    if world.database.roles()[names[old]] == "fenced":
        giver.led_by(event).tell(world, f"{names[old]} fenced: it accepts nothing", target=names[old])
    rebuild(world)  # which links are meant by "replication of db-a1" hangs on who is the primary
    return Outcome(event, text)


def demote(world: World, giver: Giver, command: Demote) -> Outcome:
    """A former primary joins the present epoch as a replica."""
    shard = resolve(world, command.shard, ("shard",), "demotion").name
    node = resolve(world, command.node, ("db",), "demotion").nodes[0][1]
    try:
        world.database.demote(shard, node)
    except ValueError as no:
        raise Rejected(str(no)) from None
    rebuild(world)
    text = f"{command.node} joins {command.shard} as a replica"
    return Outcome(giver.tell(world, text, level="good", target=command.node), text)


def copy_chunk(world: World, _giver: Giver, command: CopyChunk) -> Outcome:
    """Part of a running plan: too many of them for the log."""
    world.database.copy_chunk(command.keys)
    return Outcome(0, "")


def note(world: World, giver: Giver, command: Note) -> Outcome:
    """Only a line in the log."""
    giver = giver.led_by(command.cause or giver.cause)
    return Outcome(giver.tell(world, command.text), command.text)
