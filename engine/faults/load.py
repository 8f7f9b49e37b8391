"""Faults of the load: more of everybody, everybody on one key, and clients that retry without mercy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..flights import Kind
from .base import FaultRow, Rejected, row
from .targets import Target

if TYPE_CHECKING:
    from ..world import World


def traffic(world: World, _target: Target, amount: float, _event: int) -> None:
    """`amount` times the requests; several such faults multiply."""
    world.traffic.multiplier *= amount


def flash_crowd(world: World, target: Target, amount: float, _event: int) -> None:
    """`amount` per cent of the normal rate comes on top, all for one key; crowds on one key add up."""
    world.traffic.add_flash(target.number, amount / 100.0)


def retry_storm(world: World, _target: Target, _amount: float, _event: int) -> None:
    """Clients retry at once: no back-off, no jitter, no budget."""
    world.clients.storm = True


def city_surge(world: World, target: Target, amount: float, _event: int) -> None:
    """The users of one city ask for `amount` times as much."""
    cities = world.core.ills.cities
    cities[target.number] = cities.get(target.number, 1.0) * amount


def write_flood(world: World, target: Target, amount: float, _event: int) -> None:
    """`amount` per cent of the normal rate comes on top, all writing one key."""
    floods = world.core.ills.write_floods
    floods[target.number] = floods.get(target.number, 0.0) + amount / 100.0


def writes(world: World, target: Target) -> Target:
    """Somebody must be able to write."""
    if not (world.traffic.route_kind == Kind.WRITE).any():
        raise Rejected("write storm: no route writes")
    return target


def scrapers(world: World, _target: Target, amount: float, _event: int) -> None:
    """`amount` per cent of the normal rate comes on top, reading all keys alike."""
    world.core.ills.scrapers += amount / 100.0


def _homes(world: World, key: int) -> list[str]:
    """Cache nodes that hold the key, the first to be asked first."""
    cache = world.cache
    owners = cache.homes.owners(np.array([key]))
    return [cache.nodes.names[int(owner)] for owner in owners[:, 0]]


def after_flash(world: World, target: Target) -> str:
    """Where the crowd meets: the home of its key."""
    key = target.number
    homes = _homes(world, key)
    shard = world.database.shard_of(key)
    return f"key {key} lives on {' and '.join([*homes, shard])}"


ROWS: tuple[FaultRow, ...] = (
    row(
        "traffic_x2",
        "2",
        "traffic",
        ("traffic",),
        "traffic ×2",
        "Twice as many requests from everywhere.",
        "traffic ×{amount}",
        traffic,
        amount=(2.0, 0.0, 1_000.0, "×"),
    ),
    row(
        "traffic_x10",
        "x",
        "traffic",
        ("traffic",),
        "traffic ×10",
        "Ten times as many requests from everywhere.",
        "traffic ×{amount}",
        traffic,
        amount=(10.0, 0.0, 1_000.0, "×"),
    ),
    row(
        "flash_crowd",
        "f",
        "traffic",
        ("key",),
        "flash crowd",
        "Everybody wants one key: so many per cent of the normal rate on top of it.",
        "flash crowd on {target}: +{amount} % of all traffic",
        flash_crowd,
        amount=(100.0, 0.0, 100_000.0, "%"),
        then=after_flash,
    ),
    row(
        "retry_storm",
        "r",
        "traffic",
        ("traffic",),
        "retry storm",
        "Clients retry at once, without back-off, jitter or budget.",
        "clients retry at once, without back-off or budget",
        retry_storm,
    ),
    row(
        "city_surge", "tc", "traffic", ("city",), "one city ×10",
        "The users of one city ask for so many times as much.",
        "{target} asks for {amount}× as much", city_surge, amount=(10.0, 0.0, 1_000.0, "×"),
    ),
    row(
        "write_storm", "tw", "traffic", ("key",), "write storm",
        "Everybody writes one key: so many per cent of the normal rate on top of it; caches do not help.",
        "write storm on {target}: +{amount} % of all traffic", write_flood, amount=(100.0, 0.0, 100_000.0, "%"),
        aim=writes, then=after_flash,
    ),
    row(
        "scrapers", "ts", "traffic", ("traffic",), "scrapers",
        "Robots read every key alike, so many per cent of the normal rate: what caches do not hold.",
        "scrapers read all keys: +{amount} % of all traffic", scrapers, amount=(100.0, 0.0, 100_000.0, "%"),
    ),
)  # fmt: skip
