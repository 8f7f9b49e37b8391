"""The database leaves the web server's machine for one of its own, or comes back to it, under traffic.

A replica is made on the other machine and copies (the ordinary seeding); when it has its data, writes stop at the old primary,
and when it has received the last of them it is promoted; when the drivers know it, the old one goes. Nothing that was
acknowledged is lost; while writes stand still they fail, and are counted as any others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..commands import AddNode, Promote, RemoveNode, Separate
from ..faults.base import Rejected
from ..tiers.database.shard import Role, Shard
from . import agents, scale
from .giver import Giver, Outcome, follow_up
from .undo import Inverse

if TYPE_CHECKING:
    from ..world import World

COPY, STOP, LEAVE = "copies", "stops", "leaves"  # stages of a move


@dataclass(frozen=True, slots=True)
class Move:
    """A database on its way to another machine: the new node, the old one, how far, the event that began it."""

    to: int
    old: int
    stage: str
    event: int
    stopped: float = 0.0


def separate(world: World, giver: Giver, command: Separate) -> Outcome:
    """Begin it. What follows is `carry_on`'s, step by step."""
    database = world.database
    if world.move is not None:
        raise Rejected("the database is on its way to another machine already")
    if command.back:
        _refuse_company(world)
    elif database.guest < 0:
        raise Rejected("the database has a machine of its own already")
    shard = next(s for s in database.shards if s.primary >= 0)
    old = shard.primary if command.back else database.guest
    if not database.is_primary(old) or not database.nodes.up[old]:
        raise Rejected(f"{database.nodes.names[old]} is no primary that works: wait until there is one")
    where = "web-1's machine" if command.back else "a machine of its own"
    text = f"{database.nodes.names[old]} moves to {where}: a copy first"
    event = giver.tell(world, text, target=database.nodes.names[old], keys=f"g {'M' if command.back else 'm'}", disturbs=True)
    scale.add_node(world, giver.led_by(event), AddNode("replica", shard.name), lodged=command.back)
    world.move = Move(len(database.nodes) - 1, old, COPY, event)
    return Outcome(event, text, Inverse((Separate(back=not command.back),)))


def _refuse_company(world: World) -> None:
    """One machine holds one web server and one database, without a cache that would answer some of the queries."""
    if world.database.guest >= 0:
        raise Rejected("the database lives on web-1's machine already")
    tiers = world.core.fabric.tiers
    for tier, most, what in (("web", 1, "web servers"), ("cache", 0, "cache nodes"), ("db", 1, "database nodes")):
        if int(np.count_nonzero(tiers[tier].member)) > most:
            raise Rejected(f"there are more {what} than one machine holds: remove {'them' if not most else 'all but one'} first")
    if not tiers["web"].member[0]:
        raise Rejected("web-1 is gone, and with it the machine")


def carry_on(world: World, move: Move) -> None:
    """At a step boundary: the next stage of a move, when the one before is over."""
    database, names = world.database, world.database.nodes.names
    shard = database.shards[int(database.shard_of_node[move.to])]
    role, giver = database.role_of[move.to], Giver("database", move.event)
    if role is Role.GONE or (role is not Role.PRIMARY and (not database.nodes.up[move.to] or shard.primary != move.old)):
        _give_up(world, move)
    elif role is Role.PRIMARY:
        if move.stage != LEAVE:
            world.move = Move(move.to, move.old, LEAVE, move.event, move.stopped)
        if not shard.unaware:
            _leave(world, move, giver)
    elif role is Role.REPLICA and move.stage == COPY:
        database.writable_from[move.old] = np.inf
        world.move = Move(move.to, move.old, STOP, move.event, world.core.now)
        follow_up(world, move.event, f"{names[move.to]} has its copy: writes stop at {names[move.old]}", "warn", names[move.old])
    elif move.stage == STOP and _has_all(world, shard, move):
        agents.promote(world, giver, Promote(shard.name, names[move.to], True, "it has every write"))


def _has_all(world: World, shard: Shard, move: Move) -> bool:
    """Is nothing left inside the old primary, and has the new one received what came of it?"""
    here = world.database.stations.in_system(move.old)
    return not here and shard.log.received(move.to, world.core.now) == shard.log.head


def _give_up(world: World, move: Move) -> None:
    """The new machine failed, or somebody else became primary: the old one goes on."""
    database, names = world.database, world.database.nodes.names
    if database.is_primary(move.old):
        database.writable_from[move.old] = min(database.writable_from[move.old], world.core.now)
    world.move = None
    follow_up(world, move.event, f"{names[move.old]} stays where it is: {names[move.to]} failed", "bad", names[move.old])


def _leave(world: World, move: Move, giver: Giver) -> None:
    """The drivers know the new primary: the old one goes, and whose machine it was."""
    database, names = world.database, world.database.nodes.names
    world.move = None
    if database.nodes.member[move.old]:
        scale.remove_node(world, giver, RemoveNode(names[move.old]))
    if database.guest == move.old:
        database.lodge(-1)
    where = "on web-1's machine" if database.guest == move.to else "on a machine of its own"
    follow_up(world, move.event, f"{names[move.to]} is the database, {where}", "good", names[move.to])
