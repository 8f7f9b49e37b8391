"""Faults of the network: lost packets, longer ways, and partitions between two parts, around a zone, a region or a city."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fabric import Rule
from .base import FaultRow, row
from .kinds import EVERYTHING
from .targets import Target

if TYPE_CHECKING:
    from ..world import World

NODES = ("web", "cache", "db", "balancer", "store", "broker", "worker", "pop", "tier")
BUFFER_S = 1.0  # what a narrow link's buffer holds: a bloated one (Gettys and Nichols, 2011: up to seconds)
PLACES = ("link", *NODES, "zone", "city")


def _rules(world: World, target: Target, event: int, *, extra_s: float = 0.0, loss: float = 0.0, cut: bool = False) -> None:
    """One rule for each pair of ends that the target names."""
    world.core.fabric.rules += [Rule(a, b, extra_s, loss, cut, event) for a, b in target.ends]


def _shaped(world: World, target: Target, rule: Rule) -> None:
    """As `rule` says, for each pair of ends that the target names."""
    world.core.fabric.rules += [rule._replace(a=a, b=b) for a, b in target.ends]


def _like(event: int) -> Rule:
    return Rule(EVERYTHING, EVERYTHING, 0.0, 0.0, False, event)


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


def one_way(world: World, target: Target, _amount: float, event: int) -> None:
    """Nothing gets from the first end to the second; what the second sends arrives."""
    _shaped(world, target, _like(event)._replace(cut=True, one_way=True))


def one_way_latency(world: World, target: Target, amount: float, event: int) -> None:
    """Packets from the first end to the second take `amount` ms longer; those back do not."""
    _shaped(world, target, _like(event)._replace(extra_s=amount / 1e3, one_way=True))


def jitter(world: World, target: Target, amount: float, event: int) -> None:
    """Each packet takes up to `amount` ms longer, each another time: they overtake each other."""
    _shaped(world, target, _like(event)._replace(jitter_s=amount / 1e3))


def narrow(world: World, target: Target, amount: float, event: int) -> None:
    """The link carries `amount` packets a second, both directions together; a second's worth of them waits in its buffer."""
    _shaped(world, target, _like(event)._replace(per_second=amount, room=amount * BUFFER_S))


def flaps(world: World, target: Target, down: float, event: int) -> None:
    """The link is down, or up again."""
    _shaped(world, target, _like(event)._replace(cut=bool(down)))


def by_halves(since: float, period: float) -> tuple[float, float]:
    """1 in the first half of every period, 0 in the second, and until when."""
    half = int(2.0 * since / period)
    return float(half % 2 == 0), (half + 1) * period / 2.0


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
    row(
        "one_way_cut", "po", "network", ("link",), "one-way cut",
        "Packets from the first end to the second vanish; the other direction works.",
        "{target}: nothing gets from the first to the second", one_way,
    ),
    row(
        "one_way_latency", "pa", "network", ("link",), "slow one way",
        "Packets from the first end to the second take so much longer; those back do not.",
        "{target}: {amount} ms more from the first to the second", one_way_latency, amount=(50.0, 0.0, 60_000.0, "ms"),
    ),
    row(
        "jitter", "pj", "network", ("link", "zone", "city"), "jitter",
        "Each packet takes up to so much longer, each another time: they overtake each other.",
        "{target}: up to {amount} ms more, packet by packet", jitter, amount=(50.0, 0.0, 60_000.0, "ms"),
    ),
    row(
        "narrow_link", "pn", "network", ("link", "zone", "city"), "narrow link",
        "It carries so many packets a second; the others wait in its buffer (one second's worth) or are lost.",
        "{target} carries {amount} packets/s and no more", narrow, amount=(1_000.0, 1.0, 1e9, "packets/s"),
    ),
    row(
        "flapping_link", "pf", "network", ("link", "zone", "city"), "flapping link",
        "Down for half of so many seconds, up for the other half, and again.",
        "{target} flaps, every {amount} s", flaps, amount=(10.0, 0.1, 86_400.0, "s"), phase=by_halves,
    ),
)
