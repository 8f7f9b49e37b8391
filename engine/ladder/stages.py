"""The table of stages. To add one: a row in ROWS, with the commands that lead up to it and those that lead back.

A row's commands are made from the world as it is, so that they name the nodes that there are. `waits` says what has been
begun and is not over (a copy, a move of keys), "" when the stage stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ..commands import AddNode, RemoveNode, WorldCommand
from ..tiers.database.shard import Role

if TYPE_CHECKING:
    from ..world import World

REPLICAS, CACHES, SHARDS = 2, 2, 3  # of a shard; nodes; added by the step

Commands: TypeAlias = "Callable[[World], tuple[WorldCommand, ...]]"
Words: TypeAlias = "Callable[[World], str]"


@dataclass(frozen=True, slots=True)
class Stage:
    """id: for scenario files and tests. name: of the step that leads here. solves: what it is good for, in a few words.

    users: with so many the stage before is about used up. up: from the stage before to this one; back: from this one to it.
    """

    id: str
    name: str
    solves: str
    users: int
    up: Commands
    back: Commands
    waits: Words


def _nothing(_world: World) -> tuple[WorldCommand, ...]:
    return ()


def _done(_world: World) -> str:
    return ""


def _members(world: World, tier: str) -> list[str]:
    nodes = world.core.fabric.tiers[tier]
    return [name for name, member in zip(nodes.names, nodes.member.tolist(), strict=True) if member]


def _shards(world: World) -> list[str]:
    """Names of the shards that stay."""
    return [shard.name for shard in world.database.shards if shard.primary >= 0 and not shard.leaving]


def _add_replicas(world: World) -> tuple[WorldCommand, ...]:
    return tuple(AddNode("replica", shard) for shard in _shards(world) for _ in range(REPLICAS))


def _drop_replicas(world: World) -> tuple[WorldCommand, ...]:
    database = world.database
    return tuple(RemoveNode(name) for name in _members(world, "db") if not database.is_primary(database.nodes.index(name)))


def _copying(world: World) -> str:
    copying = [name for name, role in world.database.roles().items() if role == Role.SEEDING.value]
    return f"{' and '.join(copying)} still copy" if copying else ""


def _add_cache(_world: World) -> tuple[WorldCommand, ...]:
    return (AddNode("cache"),) * CACHES


def _drop_cache(world: World) -> tuple[WorldCommand, ...]:
    return tuple(RemoveNode(name) for name in _members(world, "cache"))


def _add_shards(world: World) -> tuple[WorldCommand, ...]:
    first = len(world.database.shards) + 1
    names = [f"s{first + i}" for i in range(SHARDS)]
    return (AddNode("shard"),) * SHARDS + tuple(AddNode("replica", name) for name in names for _ in range(REPLICAS))


def _drop_shards(world: World) -> tuple[WorldCommand, ...]:
    return tuple(RemoveNode(name) for name in _shards(world)[1:])


def _moving(world: World) -> str:
    database = world.database
    if database.places.moving:
        return f"{database.shards_reading().to_move:,} keys have still to move"
    leaving = [shard.name for shard in database.shards if shard.leaving and shard.primary >= 0]
    return f"{' and '.join(leaving)} still there" if leaving else ""


ROWS: tuple[Stage, ...] = (
    Stage("server", "a web server and its database", "", 1, _nothing, _nothing, _done),
    Stage(
        "replicas", "database replicas", "reads go to copies, the primary is left with the writes, and its death is survived",
        100_000, _add_replicas, _drop_replicas, _copying,
    ),
    Stage(
        "cache", "a cache", "what many ask for comes from memory, the database sees only what is new",
        300_000, _add_cache, _drop_cache, _done,
    ),
    Stage(
        "shards", "database shards", "writes and data are divided: each shard has its part of the keys",
        10_000_000, _add_shards, _drop_shards, _moving,
    ),
)  # fmt: skip
STAGES = ROWS
