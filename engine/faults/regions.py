"""Faults of regions: one is lost, its ways to the other regions are cut or slow; the DNS host's health checkers see nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fabric import CITY, Rule
from .base import FaultRow, Rejected, row
from .node import crash
from .targets import Target

if TYPE_CHECKING:
    from ..world import World


def _one_of_several(world: World, target: Target) -> Target:
    """Where there is but one region, there is no way to others that could be hurt."""
    if len(world.core.regions.names) < 2:
        raise Rejected(f"{target.label} is the only one: it has no way to other regions")
    return target


def _between(world: World, target: Target, event: int, *, extra_s: float = 0.0, cut: bool = False) -> None:
    """A rule for every way between this region's zones and those of the others; users reach all of them as before."""
    for a, b in target.ends:
        if CITY not in (a[0], b[0]):
            world.core.fabric.rules.append(Rule(a, b, extra_s, 0.0, cut, event))


def region_cut(world: World, target: Target, _amount: float, event: int) -> None:
    """Nothing gets from this region to the others or back: no queries, no log records, no invalidations."""
    _between(world, target, event, cut=True)


def region_slow(world: World, target: Target, amount: float, event: int) -> None:
    """Each packet between this region and the others takes `amount` ms longer, each way."""
    _between(world, target, event, extra_s=amount / 1e3)


def dns_blind(world: World, _target: Target, _amount: float, _event: int) -> None:
    """Checkers look at nothing; what they believed last stays in force."""
    world.dns.blind = True


ROWS: tuple[FaultRow, ...] = (
    row(
        "region_lost",
        "gl",
        "network",
        ("region",),
        "lose a region",
        "Every machine in a region dies; its users go elsewhere once DNS has noticed and their TTLs are over.",
        "{target} lost: every machine there is dead",
        crash,
    ),
    row(
        "region_cut",
        "gc",
        "network",
        ("region",),
        "cut off a region",
        "Nothing gets from a region to the others; users still reach both sides, which go on living.",
        "{target} cut off from the other regions",
        region_cut,
        aim=_one_of_several,
    ),
    row(
        "region_slow",
        "gs",
        "network",
        ("region",),
        "slow way to a region",
        "Every packet between a region and the others takes so much longer, each way.",
        "{amount} ms more each way between {target} and the others",
        region_slow,
        amount=(200.0, 0.0, 60_000.0, "ms"),
        aim=_one_of_several,
    ),
    row(
        "dns_blind",
        "gb",
        "dns",
        ("traffic",),
        "DNS checks blind",
        "The checkers of addresses see nothing: DNS goes on naming what it named, dead or not.",
        "the DNS host's health checkers see nothing",
        dns_blind,
    ),
)
