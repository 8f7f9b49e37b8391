"""Faults of machines: a process dies, works slowly, freezes, or answers with errors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .base import FaultRow, Rejected, row
from .targets import Target

if TYPE_CHECKING:
    from ..nodes import Nodes
    from ..world import World

MACHINES = ("web", "cache", "db", "balancer", "store", "broker", "worker", "pop")
SILENT = ("balancer", "broker")
PLACES = (*MACHINES, "tier", "zone", "shard")


def each(world: World, target: Target, event: int) -> list[tuple[Nodes, int]]:
    """(the tier's nodes, index) of all nodes meant; the event that explains what is wrong with them is noted."""
    found: list[tuple[Nodes, int]] = []
    for tier, index in target.nodes:
        nodes = world.core.fabric.tiers[tier]
        nodes.event[index] = event
        found.append((nodes, index))
    return found


def crash(world: World, target: Target, _amount: float, event: int) -> None:
    """The process is gone: memory lost, connections reset, the port refuses."""
    for nodes, index in each(world, target, event):
        nodes.up[index] = False


def slow(world: World, target: Target, amount: float, event: int) -> None:
    """All work takes `amount` times as long."""
    for nodes, index in each(world, target, event):
        nodes.speed[index] /= amount


def freeze(world: World, target: Target, _amount: float, event: int) -> None:
    """The node accepts and never answers: a grey failure."""
    for nodes, index in each(world, target, event):
        nodes.speed[index] = 0.0


def answering(_world: World, target: Target) -> Target:
    """The nodes that make answers of their own: balancers and brokers have none to spoil, they hand on what others say."""
    if not any(tier not in SILENT for tier, _ in target.nodes):
        raise Rejected(f"errors: nothing in {target.label} makes answers of its own")
    return target


def error_rate(world: World, target: Target, amount: float, event: int) -> None:
    """`amount` per cent of what it serves is answered with an error."""
    makers = tuple((tier, index) for tier, index in target.nodes if tier not in SILENT)
    for nodes, index in each(world, replace(target, nodes=makers), event):
        nodes.error_rate[index] = 1.0 - (1.0 - nodes.error_rate[index]) * (1.0 - amount / 100.0)


def after_crash(world: World, target: Target) -> str:
    """What is missing now: servers, keys' homes, a primary, the address."""
    said: list[str] = []
    fabric = world.core.fabric
    cache = [i for tier, i in target.nodes if tier == "cache"]
    if cache:
        share = sum(world.cache.homes.shares()[i] for i in cache)
        said.append(f"{share:.0%} of keys without a home".replace("%", " %"))
    stores = [i for tier, i in target.nodes if tier == "store"]
    if stores:
        said.append(f"{world.sessions.shares(stores):.0%} of users without their sessions".replace("%", " %"))
    web = [i for tier, i in target.nodes if tier == "web"]
    if web:
        nodes = fabric.tiers["web"]
        said.append(f"{int(nodes.serving.sum())} of {int(nodes.member.sum())} web servers left")
    lost = [fabric.tiers["db"].group[i] for tier, i in target.nodes if tier == "db" and world.database.is_primary(i)]
    if lost:
        said.append(f"no primary for {', '.join(sorted(lost))}: writes fail there")
    said += _queue_left(world, {tier for tier, _ in target.nodes})
    balancers = [i for tier, i in target.nodes if tier == "balancer"]
    if balancers:
        left = int(fabric.tiers["balancer"].serving.sum())
        said.append(f"{left} balancer left" if left else "no balancer left: nobody gets in")
    return ", ".join(said)


def _queue_left(world: World, tiers: set[str]) -> list[str]:
    """What the message queue lacks now."""
    queue, said = world.queue, []
    if "worker" in tiers:
        left, all_of = int(queue.workers.nodes.serving.sum()), queue.workers.members
        said.append(f"{left} of {all_of} workers left; their messages come back within {queue.visibility:g} s")
    if "broker" in tiers:
        left = int(queue.brokers.nodes.serving.sum())
        said.append(f"{left} of {queue.brokers.members} brokers left" if left else "no broker left: pages with jobs fail")
    return said


ROWS: tuple[FaultRow, ...] = (
    row(
        "crash",
        "c",
        "machine",
        PLACES,
        "crash",
        "The process dies: memory is lost, connections are reset, the port refuses.",
        "{target} crashed",
        crash,
        then=after_crash,
    ),
    row(
        "slow",
        "s",
        "machine",
        PLACES,
        "slow",
        "Everything it does takes so many times as long.",
        "{target} {amount}× slower",
        slow,
        amount=(10.0, 1.0, 1_000.0, "× slower"),
    ),
    row(
        "freeze",
        "z",
        "machine",
        PLACES,
        "freeze",
        "A grey failure: it accepts connections and never answers.",
        "{target} frozen: accepts, never answers",
        freeze,
    ),
    row(
        "error_rate",
        "e",
        "machine",
        ("web", "cache", "db", "worker", "store", "pop", "tier", "zone"),
        "errors",
        "It answers this share of requests with an error.",
        "{target} answers {amount} % with errors",
        error_rate,
        aim=answering,
        amount=(20.0, 0.0, 100.0, "%"),
    ),
)
