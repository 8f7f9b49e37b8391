"""Faults of the database: the primary killed, replication cut, an applier throttled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import FaultRow, Rejected, row
from .node import after_crash, crash
from .targets import Target, resolve

if TYPE_CHECKING:
    from ..world import World


def primary_of(world: World, target: Target) -> Target:
    """The node that is primary of the shard, or of the shard of the node that was named, at this moment."""
    nodes = world.core.fabric.tiers["db"]
    roles = world.database.roles()
    groups = {nodes.group[index] for tier, index in target.nodes if tier == "db"}
    primaries = [
        nodes.names[i]
        for i in range(len(nodes))
        if nodes.group[i] in groups and nodes.member[i] and nodes.up[i] and roles.get(nodes.names[i]) == "primary"
    ]
    if not primaries:
        raise Rejected(f"kill the primary: {target.label} has none at the moment")
    return resolve(world, primaries[0], ("db",))


def cut_replication(world: World, target: Target, _amount: float, event: int) -> None:
    """No log record reaches these replicas; a primary that is meant reaches none of its own. Reads and writes go on."""
    nodes, database = world.core.fabric.tiers["db"], world.database
    meant = {index for tier, index in target.nodes if tier == "db"}
    primaries = {shard.primary for shard in database.shards}
    senders = {nodes.group[index] for index in meant & primaries}
    for index in range(len(nodes)):
        if index not in primaries and (index in meant or nodes.group[index] in senders):
            database.replication_cut[index] = True
            nodes.event[index] = event


def throttle_applier(world: World, target: Target, amount: float, event: int) -> None:
    """Replicas apply the log with `amount` per cent of their speed; 0 stops them. Reads are served as fast as ever."""
    nodes = world.core.fabric.tiers["db"]
    for tier, index in target.nodes:
        if tier == "db":
            world.database.applier_speed[index] *= amount / 100.0
            nodes.event[index] = event


def cut_copies(world: World, target: Target, _amount: float, event: int) -> None:
    """These shards are sent no more copies: of hot keys (sent again when this is over), of joined data (not sent again)."""
    nodes, database = world.core.fabric.tiers["db"], world.database
    for tier, index in target.nodes:
        if tier == "db":
            database.copies_cut.add(int(database.shard_of_node[index]))
            nodes.event[index] = event


ROWS: tuple[FaultRow, ...] = (
    row(
        "cut_copies",
        "dy",
        "database",
        ("shard",),
        "lose shard copies",
        "Copies of hot keys and of joined data do not reach it: what it shows of them grows old.",
        "{target}: gets no copies from other shards",
        cut_copies,
    ),
    row(
        "kill_primary",
        "dk",
        "database",
        ("shard", "db"),
        "kill the primary",
        "The primary's process dies: writes fail until another is promoted.",
        "{target}, the primary, crashed",
        crash,
        aim=primary_of,
        then=after_crash,
    ),
    row(
        "cut_replication",
        "dc",
        "database",
        ("db", "shard"),
        "cut replication",
        "No log records reach or leave it; replicas fall behind, reads grow stale.",
        "{target}: replication cut",
        cut_replication,
    ),
    row(
        "throttle_applier",
        "dt",
        "database",
        ("db", "shard"),
        "throttle the applier",
        "Replicas apply the log with this share of their speed; 0 stops them.",
        "{target}: applier throttled to {amount} %",
        throttle_applier,
        amount=(10.0, 0.0, 100.0, "%"),
    ),
)
