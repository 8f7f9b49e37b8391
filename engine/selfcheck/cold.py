"""Row C6: an emptied cache in front of a database that can only serve what a full one lets through."""

from __future__ import annotations

from ..commands import Inject
from ..config import CachePart, Client, Service, Traffic
from ..world import World
from .base import Finding, band
from .worlds import CACHED, FOR_EVER, give, go, part, plain


def goodput(world: World, until: float) -> float:
    """Right answers in time over requests born, from now on until then."""
    ledger = world.core.ledger
    before = int(ledger.outcomes.sum[1]), int(ledger.arrived.sum[0])
    go(world, until)
    return (int(ledger.outcomes.sum[1]) - before[0]) / (int(ledger.arrived.sum[0]) - before[1])


def emptied(
    rate: float, mu: float, keys: int, zipf: float, capacity: int, timeout: float, queue: int, seed: int
) -> tuple[float, float]:
    """Goodput in the half minute before the flush, and in that three minutes after it.

    The cache is filled at a rate that the database can serve without any. Nobody waits longer than a client: what a driver
    has given up on is served all the same, and fills nothing.
    """
    config = plain(
        step_ms=50.0,
        traffic=Traffic(requests_per_second=0.9 * mu, keys=keys, zipf=zipf),
        route=(CACHED,),
        client=Client(timeout=timeout, retries=0, budget=0.0),
        cache=CachePart(nodes=1, capacity=capacity, ttl=0.0, service_us=0.0, timeout=FOR_EVER),
        database=part("database", read=Service(1e3 / mu, 0.0, 1.0), queue=queue, timeout=timeout),
    )
    world = World(config, seed)
    filled = 3.0 * capacity / mu
    go(world, filled)
    world.traffic.requests_per_second = rate
    go(world, filled + 30.0)
    before = goodput(world, filled + 60.0)
    give(world, Inject("flush_cache", "cache-1"))
    go(world, filled + 240.0)
    return before, goodput(world, filled + 270.0)


def c6(
    rate: float = 1_000.0, mu: float = 150.0, keys: int = 10_000, zipf: float = 1.0, capacity: int = 4_000, timeout: float = 1.0,
    queue: int = 100, seed: int = 1,
) -> tuple[Finding, ...]:  # fmt: skip
    """A queue without a bound is soon longer than anybody's patience: all is served too late to fill the cache, for ever. A
    bound of less than the time-out's worth of work sheds the rest, and each read that is served fills one more key.
    """
    before, unbounded = emptied(rate, mu, keys, zipf, capacity, timeout, 0, seed)
    _, bounded = emptied(rate, mu, keys, zipf, capacity, timeout, queue, seed)
    return (
        band("goodput share before the flush", "well", before, 0.99, 1.01),
        band("three minutes after, no bound", "< .6", unbounded, 0.0, 0.6),
        band(f"three minutes after, queue of {queue}", ">= .99", bounded, 0.99, 1.01),
    )
