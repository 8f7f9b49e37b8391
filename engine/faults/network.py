"""Faults of the network: lost packets, longer ways, and partitions between two parts, around a zone, a region or a city."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fabric import Rule
from .base import FaultRow, row
from .targets import Target

if TYPE_CHECKING:
    from ..world import World

NODES = ("web", "cache", "db", "balancer", "store", "broker", "worker", "pop", "tier")
PLACES = ("link", *NODES, "zone", "city")


def _rules(world: World, target: Target, event: int, *, extra_s: float = 0.0, loss: float = 0.0, cut: bool = False) -> None:
    """One rule for each pair of ends that the target names."""
    world.core.fabric.rules += [Rule(a, b, extra_s, loss, cut, event) for a, b in target.ends]


def packet_loss(world: World, target: Target, amount: float, event: int) -> None:
    """`amount` per cent of packets are lost; each is sent again after the retransmission time-out."""
    if target.kind in NODES:
        for tier, index in target.nodes:
            nodes = world.core.fabric.tiers[tier]
            nodes.loss[index] = 1.0 - (1.0 - nodes.loss[index]) * (1.0 - amount / 100.0)
            nodes.event[index] = event
        return
    _rules(world, target, event, loss=amount / 100.0)


def latency(world: World, target: Target, amount: float, event: int) -> None:
    """Each packet takes `amount` ms longer, each way."""
    if target.kind in NODES:
        for tier, index in target.nodes:
            nodes = world.core.fabric.tiers[tier]
            nodes.extra_s[index] += amount / 1e3
            nodes.event[index] = event
        return
    _rules(world, target, event, extra_s=amount / 1e3)


def partition(world: World, target: Target, _amount: float, event: int) -> None:
    """Nothing gets through, either way; nobody is told."""
    _rules(world, target, event, cut=True)


ROWS: tuple[FaultRow, ...] = (
    row(
        "packet_loss",
        "l",
        "network",
        PLACES,
        "packet loss",
        "This share of packets is lost; each is sent again 200 ms later, doubling.",
        "{amount} % of packets lost at {target}",
        packet_loss,
        amount=(5.0, 0.0, 100.0, "%"),
    ),
    row(
        "latency",
        "y",
        "network",
        PLACES,
        "latency",
        "Every packet takes so much longer, each way.",
        "{amount} ms more each way at {target}",
        latency,
        amount=(50.0, 0.0, 60_000.0, "ms"),
    ),
    row(
        "partition",
        "pp",
        "network",
        ("link", *NODES),
        "cut a link",
        "Packets between two parts vanish, both ways; both go on living.",
        "{target} cut off",
        partition,
    ),
    row(
        "partition_zone",
        "pz",
        "network",
        ("zone",),
        "cut off a zone",
        "Nothing gets into or out of a zone (or region:<name>); inside, all goes on.",
        "{target} cut off from everything outside",
        partition,
    ),
    row(
        "partition_city",
        "pc",
        "network",
        ("city",),
        "cut off a city",
        "The users of a city reach nothing.",
        "{target} cut off from the service",
        partition,
    ),
)
