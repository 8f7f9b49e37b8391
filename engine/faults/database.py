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


def disk_full(world: World, target: Target, _amount: float, event: int) -> None:
    """Nothing can be written: writes fail, replicas apply nothing. Reads go on."""
    nodes, database = world.core.fabric.tiers["db"], world.database
    for tier, index in target.nodes:
        if tier == "db":
            world.core.ills.full_disks[index] = nodes.event[index] = event
            database.applier_speed[index] = 0.0


def disk_slow(world: World, target: Target, amount: float, event: int) -> None:
    """Writing takes `amount` times as long, applying the log too; reads come from memory."""
    nodes, slow = world.core.fabric.tiers["db"], world.core.ills.slow_disks
    for tier, index in target.nodes:
        if tier == "db":
            slow[index] = slow.get(index, 1.0) * amount
            world.database.applier_speed[index] /= amount
            nodes.event[index] = event


def lock_row(world: World, target: Target, _amount: float, event: int) -> None:
    """A transaction that never ends holds the row: writes to it wait for it until they give up."""
    world.core.ills.locked[target.number] = event


def corrupt_row(world: World, target: Target, _amount: float, event: int) -> None:
    """The row's checksum is wrong, on all nodes: reads of it fail."""
    world.core.ills.corrupt[target.number] = event


def replica_of(world: World, target: Target) -> Target:
    """A node that is a replica at this moment."""
    (_, index), *_rest = target.nodes
    if world.database.roles().get(world.core.fabric.tiers["db"].names[index]) != "replica":
        raise Rejected(f"copy anew: {target.label} is no replica at the moment")
    return target


def copy_anew(world: World, target: Target, _amount: float, _event: int) -> None:
    """The primary has thrown away log records that the replica has not had: it starts without data, from a copy."""
    (_, index), *_rest = target.nodes
    world.database.remove_node(index)
    world.database.restore_node(index)


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
    row(
        "disk_full", "df", "database", ("db", "shard"), "disk full",
        "Nothing can be written any more: writes fail, replicas stop applying; reads go on.",
        "{target}: disk full, nothing is written", disk_full,
    ),
    row(
        "disk_slow", "ds", "database", ("db", "shard"), "disk slow",
        "Writing takes so many times as long, and so does applying the log; reads come from memory.",
        "{target}: its disk writes {amount}× slower", disk_slow, amount=(20.0, 1.0, 10_000.0, "× slower"),
    ),
    row(
        "locked_row", "dl", "database", ("key",), "locked row",
        "A transaction that never ends holds the row: writes to it wait until they give up.",
        "{target} is locked by a transaction that does not end", lock_row,
    ),
    row(
        "corrupt_row", "dr", "database", ("key",), "corrupt row",
        "Its checksum is wrong on every node: reads of it fail, in the cache it may live on for a while.",
        "{target} is corrupt: the database cannot read it", corrupt_row,
    ),
    row(
        "copy_anew", "dn", "database", ("db",), "replica needs a new copy",
        "The primary no longer has the log records that it lacks: it copies everything anew. Cannot be taken back.",
        "{target} lacks log records that nobody has any more: it is copied anew", copy_anew, one_shot=True, aim=replica_of,
    ),
)  # fmt: skip
