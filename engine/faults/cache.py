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


def wrong_ttl(world: World, _target: Target, amount: float, _event: int) -> None:
    """What is stored from now on lives `amount` s."""
    ills = world.core.ills
    ills.wrong_ttl = min(amount, ills.wrong_ttl or amount)


def has_cache(world: World, target: Target) -> Target:
    """Where there is no cache node, nothing of it can be wrong."""
    if not world.cache.nodes.member.any():
        raise Rejected("there is no cache node")
    return target


def less_memory(world: World, target: Target, amount: float, event: int) -> None:
    """`amount` per cent of the memory of these nodes is taken by others: entries have to go."""
    memory, nodes = world.core.ills.memory, world.cache.nodes
    for tier, index in target.nodes:
        if tier == "cache":
            memory[index] = memory.get(index, 1.0) * (1.0 - amount / 100.0)
            nodes.event[index] = event


def clock_jump(world: World, target: Target, amount: float, _event: int) -> None:
    """The clocks of these nodes go `amount` s forward: what would have lived shorter is over."""
    for tier, index in target.nodes:
        if tier == "cache":
            world.cache.clock_jumps(index, amount)


def poison(world: World, target: Target, _amount: float, event: int) -> None:
    """The key's value is no value: whoever reads it, in the cache or in the database, deletes it and asks the database."""
    world.core.ills.poisoned[target.number] = event
    world.cache.forget(target.number)


def split_view(world: World, target: Target, _amount: float, _event: int) -> None:
    """These web servers believe in another ring: they look for every key, and store it, at the node after its home."""
    ills = world.core.ills
    mine = [index for tier, index in target.nodes if tier == "web"]
    ills.strangers = tuple(sorted({*ills.strangers, *mine}))


def of_two(world: World, target: Target) -> Target:
    """Web servers, and at least two cache nodes about which they can differ."""
    if not any(tier == "web" for tier, _ in target.nodes) or int(world.cache.nodes.member.sum()) < 2:
        raise Rejected(f"another ring: it takes a web server ({target.label} has none) or two cache nodes at least")
    return target


def short_library(world: World, _target: Target, amount: float, _event: int) -> None:
    """The library gives a node up after `amount` ms, and asks the database."""
    ills = world.core.ills
    ills.library = min(amount / 1e3, ills.library or amount / 1e3)


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
    row(
        "wrong_ttl", "kt", "cache", ("traffic",), "wrong time to live",
        "A wrong setting: what is stored from now on lives so long and no longer.",
        "new cache entries live {amount} s", wrong_ttl, amount=(0.5, 0.001, 2_592_000.0, "s"), aim=has_cache,
    ),
    row(
        "less_memory", "km", "cache", ("cache", "tier", "zone"), "memory pressure",
        "Others take this share of the node's memory: entries must go, misses rise.",
        "{target} has lost {amount} % of its memory", less_memory, amount=(90.0, 0.0, 100.0, "%"), aim=only_cache,
    ),
    row(
        "clock_jump", "kc", "cache", ("cache", "tier", "zone"), "clock jump",
        "Its clock goes forward by so much: entries end before their time. Cannot be taken back.",
        "the clock of {target} jumps {amount} s forward", clock_jump, amount=(60.0, 0.0, 2_592_000.0, "s"), one_shot=True,
        aim=only_cache,
    ),
    row(
        "poisoned_key", "kp", "cache", ("key",), "poisoned key",
        "Its value is no value: nobody keeps it, everybody asks the database for it (Facebook, 23 September 2010).",
        "{target}: its value is invalid, clients delete it and ask the database", poison, aim=has_cache,
    ),
    row(
        "split_view", "ks", "cache", ("web", "tier", "zone"), "another ring",
        "These web servers have another list of cache nodes: each key lives twice, writes reach one copy.",
        "{target} looks for keys at other cache nodes", split_view, aim=of_two,
    ),
    row(
        "cache_timeout", "kl", "cache", ("traffic",), "cache given up early",
        "Web servers give cache nodes up after so long, and ask the database though the answer is on its way.",
        "web servers wait {amount} ms for a cache node", short_library, amount=(0.2, 0.001, 60_000.0, "ms"), aim=has_cache,
    ),
)  # fmt: skip
