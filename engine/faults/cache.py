"""Faults of the cache: memory emptied, the hottest key gone. Both happen once; what follows is the system's own doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import FaultRow, Rejected, row
from .targets import Target, resolve

if TYPE_CHECKING:
    from ..world import World


def flush_cache(world: World, target: Target, _amount: float, _event: int) -> None:
    """Everything that these nodes hold is gone; the nodes go on."""
    for _, index in target.nodes:
        world.cache.flush(index)


def only_cache(_world: World, target: Target) -> Target:
    """The cache nodes among those meant."""
    nodes = tuple((tier, index) for tier, index in target.nodes if tier == "cache")
    if not nodes:
        raise Rejected(f"flush cache: there is no cache node in {target.label}")
    return Target(target.kind, target.name, target.label, nodes, (), target.number)


def hottest(world: World, target: Target) -> Target:
    """The key asked for most in the last second, wherever it lives; a key that was named stays that key."""
    if target.kind == "key":
        return target
    if not world.cache.counts.hot:
        raise Rejected("expire the hottest key: nothing was asked of the cache in the last second")
    return resolve(world, f"key:{world.cache.counts.hot[0][0]}", ("key",))


def expire_key(world: World, target: Target, _amount: float, _event: int) -> None:
    """The key's entries end now; whoever asks next finds nothing."""
    world.cache.forget(target.number)


ROWS: tuple[FaultRow, ...] = (
    row(
        "flush_cache",
        "kf",
        "cache",
        ("cache", "tier", "zone"),
        "flush",
        "Empties the memory of a cache node, or of all of them. Cannot be taken back.",
        "{target} flushed: empty",
        flush_cache,
        one_shot=True,
        aim=only_cache,
    ),
    row(
        "expire_hottest",
        "kh",
        "cache",
        ("tier", "key"),
        "expire the hottest key",
        "The key that most ask for ends at once on every node. Cannot be taken back.",
        "{target}, the hottest, expired",
        expire_key,
        one_shot=True,
        aim=hottest,
    ),
)
