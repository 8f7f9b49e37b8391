"""The steps of the ladder, each as commands: up, back, and what they wait for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ..commands import AddNode, Drain, RemoveNode, Resize, Separate, SetOption, WorldCommand
from ..flights import SERVER
from ..tiers.database.shard import Role

if TYPE_CHECKING:
    from ..world import World

# nodes that the steps add; READERS: to each shard; WEB_LATER: once any server can serve anybody
WEB_MORE, WEB_LATER, FRONTS, READERS, CACHES, STORES, WORKERS, PARTS = 4, 6, 2, 2, 2, 2, 6, 3

Commands: TypeAlias = "Callable[[World], tuple[WorldCommand, ...]]"
Words: TypeAlias = "Callable[[World], str]"


@dataclass(frozen=True, slots=True)
class Stage:
    """id: for tests. name: of what the step adds. solves: what it is good for, in a few words.

    users: with so many the stage before is about used up. up: the phases from the stage before to this one; back: from this one
    to it. waits: what a phase has begun and is not over, in words, "" if nothing.
    """

    id: str
    name: str
    solves: str
    users: int
    up: tuple[Commands, ...]
    back: tuple[Commands, ...]
    waits: Words


def _done(_world: World) -> str:
    return ""


def _members(world: World, tier: str) -> list[str]:
    nodes = world.core.fabric.tiers.get(tier)
    if nodes is None:
        return []
    return [name for name, member in zip(nodes.names, nodes.member.tolist(), strict=True) if member]


def _remove(tier: str) -> Commands:
    return lambda world: tuple(RemoveNode(name) for name in _members(world, tier))


def _orders(*commands: WorldCommand) -> Commands:
    return lambda _world: commands


# ---- machines


def _moves(world: World) -> str:
    return "the database is being copied to its new machine" if world.move is not None else ""


def _resize(size: str) -> Commands:
    def commands(world: World) -> tuple[WorldCommand, ...]:
        database = world.database
        primary = [name for name in _members(world, "db") if database.is_primary(database.nodes.index(name))]
        return (Resize(_members(world, "web")[0], size), Resize(primary[0], size))

    return commands


def _boots(world: World) -> str:
    names = [world.core.fabric.tiers[boot.tier].names[boot.index] for boot in world.boots]
    return f"{' and '.join(names)} boot{'s' if len(names) == 1 else ''}" if names else ""


# ---- the front


def _more_web(_world: World) -> tuple[WorldCommand, ...]:
    return (AddNode("balancer"),) * FRONTS + (AddNode("web"),) * WEB_MORE


def _drain_web(kept: int) -> Commands:
    def commands(world: World) -> tuple[WorldCommand, ...]:
        draining = world.web.nodes.draining
        return tuple(Drain(n) for n in _members(world, "web")[kept:] if not draining[world.web.nodes.index(n)])

    return commands


def _drained(world: World) -> tuple[WorldCommand, ...]:
    draining = world.web.nodes.draining
    return tuple(RemoveNode(name) for name in _members(world, "web") if draining[world.web.nodes.index(name)])


def _drop_front(world: World) -> tuple[WorldCommand, ...]:
    """The servers that nobody uses any more, the balancer on standby, and then, when one server is left, the other balancer."""
    active = world.balancer.active_name()
    standby = [name for name in _members(world, "balancer") if name != active]
    return (*_drained(world), *(RemoveNode(name) for name in (*standby, active)))


def _drains(world: World) -> str:
    nodes, flights = world.web.nodes, world.core.flights
    leaving = [i for i in range(len(nodes)) if nodes.member[i] and nodes.draining[i]]
    live = flights.live()
    held = live[(flights.sides[live] & SERVER) != 0]
    busy = [nodes.names[i] for i in leaving if (flights.web[held] == i).any()]
    if busy:
        return f"{' and '.join(busy)} finish{'es' if len(busy) == 1 else ''} what {'it has' if len(busy) == 1 else 'they have'}"
    front = world.balancer
    return "the last balancer serves out" if front.bare and front.holders[0] >= 0 else ""


# ---- data


def _shards(world: World) -> list[str]:
    """Names of the shards that stay."""
    return [shard.name for shard in world.database.shards if shard.primary >= 0 and not shard.leaving]


def _add_replicas(world: World) -> tuple[WorldCommand, ...]:
    return tuple(AddNode("replica", shard) for shard in _shards(world) for _ in range(READERS))


def _drop_replicas(world: World) -> tuple[WorldCommand, ...]:
    database = world.database
    return tuple(RemoveNode(name) for name in _members(world, "db") if not database.is_primary(database.nodes.index(name)))


def _copying(world: World) -> str:
    copying = [name for name, role in world.database.roles().items() if role == Role.SEEDING.value]
    return f"{' and '.join(copying)} still {'copies' if len(copying) == 1 else 'copy'}" if copying else ""


def _add_shards(world: World) -> tuple[WorldCommand, ...]:
    first = len(world.database.shards) + 1
    names = [f"s{first + i}" for i in range(PARTS)]
    own = world.core.config.database.replicas
    more = max(0, READERS - own)
    return (AddNode("shard"),) * PARTS + tuple(AddNode("replica", name) for name in names for _ in range(more))


def _drop_shards(world: World) -> tuple[WorldCommand, ...]:
    return tuple(RemoveNode(name) for name in _shards(world)[1:])


def _moving(world: World) -> str:
    database = world.database
    if database.places.moving:
        return f"{database.shards_reading().to_move:,} keys have still to move"
    leaving = [shard.name for shard in database.shards if shard.leaving and shard.primary >= 0]
    return f"{' and '.join(leaving)} still there" if leaving else ""


# ---- regions


def _leave(world: World) -> tuple[WorldCommand, ...]:
    regions = world.core.regions
    active = [name for name, active in zip(regions.names, regions.active, strict=True) if active]
    return tuple(RemoveNode(f"region:{name}") for name in active[1:])


def _settles(world: World) -> str:
    """A region that is being left, or one that DNS does not name yet."""
    regions, sick = world.core.regions, world.dns.authority.sick
    if not regions.fronts:
        return ""
    for number, (name, address) in enumerate(zip(regions.names, regions.addresses, strict=True)):
        if regions.leaving[number]:
            return f"users still know {name}"
        if regions.active[number] and address in sick and world.balancer.holders[number] >= 0:
            return f"DNS does not name {name} yet"
    return ""


# ---- what else is kept and done


def _stateless(world: World) -> tuple[WorldCommand, ...]:
    carry = () if world.sessions.book.migrate else (SetOption("sessions.migrate", True),)
    stores, servers = (AddNode("store"),) * STORES, (AddNode("web"),) * WEB_LATER
    return (*stores, *carry, SetOption("sessions.store", "shared"), *servers)


def _sticky(world: World) -> tuple[WorldCommand, ...]:
    return (SetOption("sessions.store", "memory"), *_drain_web(1 + WEB_MORE)(world))


def _drop_stores(world: World) -> tuple[WorldCommand, ...]:
    return (*_drained(world), *(RemoveNode(name) for name in _members(world, "store")))


def _jobs_left(world: World) -> str:
    messages = world.queue.messages
    left = int(messages.ready + messages.leased)
    return f"{left:,} jobs are still to be done" if left and world.queue.mode == "inline" else ""


def _queue(_world: World) -> tuple[WorldCommand, ...]:
    return (AddNode("broker"), *(AddNode("worker"),) * WORKERS, SetOption("queue.mode", "queue"))


def _drop_queue(world: World) -> tuple[WorldCommand, ...]:
    return tuple(RemoveNode(name) for name in (*_members(world, "broker"), *_members(world, "worker")))


ALONE = Stage("server", "one server", "", 1, (), (), _done)
OWN_SERVER = Stage(
    "database", "a server for the database", "pages and queries no longer wait for each other, and each can grow by itself",
    200, (_orders(Separate()),), (_orders(Separate(back=True)),), _moves,
)  # fmt: skip
LARGER = Stage(
    "larger", "larger machines", "twice the processors, at the price of a restart and of a size that ends",
    1_000, (_resize("up"),), (_resize("down"),), _boots,
)  # fmt: skip
WEB = Stage(
    "web", "a balancer and more web servers", "pages are made by many, and one that dies is not missed",
    10_000, (_more_web,), (_drain_web(1), _drop_front), _drains,
)  # fmt: skip
REPLICAS = Stage(
    "replicas", "database replicas", "reads go to copies, the primary is left with the writes, and its death is survived",
    50_000, (_add_replicas,), (_drop_replicas,), _copying,
)  # fmt: skip
CACHE = Stage(
    "cache", "a cache", "what many ask for comes from memory, the database sees only what is new",
    100_000, (_orders(*(AddNode("cache"),) * CACHES),), (_remove("cache"),), _done,
)  # fmt: skip
CDN = Stage(
    "cdn", "a CDN", "pictures and scripts come from a place near each user, and never reach the web servers",
    300_000, (_orders(SetOption("cdn.on", True)),), (_orders(SetOption("cdn.on", False)),), _done,
)  # fmt: skip
STATELESS = Stage(
    "stateless", "a stateless web tier", "sessions live in a store of their own: any server can serve anybody, and may die",
    1_000_000, (_stateless,), (_sticky, _drop_stores), _drains,
)  # fmt: skip
REGIONS = Stage(
    "regions", "a second region", "users are served near where they live, and a whole region may be lost",
    2_000_000, (_orders(AddNode("region")),), (_leave,), _settles,
)  # fmt: skip
QUEUE = Stage(
    "queue", "a message queue", "the page answers at once, the slow work waits for workers",
    4_000_000, (_queue,), (_orders(SetOption("queue.mode", "inline")), _drop_queue), _jobs_left,
)  # fmt: skip
SHARDS = Stage(
    "shards", "database shards", "writes and data are divided: each shard has its part of the keys",
    10_000_000, (_add_shards,), (_drop_shards,), lambda world: _copying(world) or _moving(world),
)  # fmt: skip
