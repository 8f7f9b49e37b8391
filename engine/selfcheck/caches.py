"""Rows C1 to C5: eviction hit for hit and against theory, time-to-live, stampedes, the loss of a cache node."""

from __future__ import annotations

import bisect
import itertools
import math
import random

import msgspec
import numpy as np

from .. import api
from ..commands import Inject
from ..config import CachePart, DatabasePart, Scenario, Service, Traffic
from ..flights import FILLS
from ..tiers.traffic import Births
from ..world import World
from .base import Finding, around, exact, within
from .worlds import CACHED, F8, FOR_EVER, I8, NOTHING, at_database, give, go, plain

# Hits of row C1's trace, by libcachesim 0.3.5.
HITS = {"lru": 134643, "fifo": 125862, "lfu": 145540, "clock": 136592, "sieve": 145654, "arc": 144928, "s3fifo": 146470}


def c1(seed: int = 2024, keys: int = 10_000, draws: int = 200_000, capacity: int = 1_000) -> tuple[Finding, ...]:
    """Zipf(1) look-ups of Python's own generator, hit for hit. ValueError for parameters without published counts."""
    if (seed, keys, draws, capacity) != (2024, 10_000, 200_000, 1_000):
        raise ValueError("row C1 has published counts for its own parameters only; engine.api.eviction takes any trace")
    cumulative = list(itertools.accumulate(1 / i for i in range(1, keys + 1)))
    rng = random.Random(seed)
    trace = [bisect.bisect_left(cumulative, rng.random() * cumulative[-1]) + 1 for _ in range(draws)]
    found = []
    for policy, hits in HITS.items():
        cache = api.eviction(policy, capacity)
        measured = sum(map(cache.access, trace))
        found.append(exact(f"hits of {policy}", hits, measured))
    return tuple(found)


def characteristic(p: F8, capacity: int, policy: str) -> float:
    """Hit ratio under independent references p: Che's approximation for LRU, Gelenbe's for FIFO and random."""

    def resident(window: float) -> F8:
        x = p * window
        return np.asarray(-np.expm1(-x) if policy == "lru" else x / (1.0 + x))

    low, high = 1.0, 1e12
    while high - low > 1e-6 * low:  # the characteristic time: as many resident keys as there are places
        middle = (low + high) / 2.0
        low, high = (middle, high) if resident(middle).sum() < capacity else (low, middle)
    return float((p * resident(low)).sum())


def c2(
    keys: int = 10_000, skew: float = 0.8, capacity: int = 1_000, look_ups: int = 200_000, tolerance: float = 0.005, seed: int = 5
) -> tuple[Finding, ...]:
    """200,000 look-ups after filling: one standard deviation of as many coins is .0011, and .005 is 4.5 of them."""
    p: F8 = np.arange(1, keys + 1, dtype=np.float64) ** -skew
    p /= p.sum()
    filling = 20 * capacity
    trace = np.random.default_rng(seed).choice(keys, size=look_ups + filling, p=p).tolist()
    found = []
    for policy in ("lru", "fifo", "random"):
        cache = api.eviction(policy, capacity, seed + 1)
        hits = list(map(cache.access, trace))
        expected = characteristic(p, capacity, policy)
        found.append(around(f"hit ratio of {policy}", expected, sum(hits[filling:]) / look_ups, tolerance))
    return tuple(found)


def c3(products: tuple[float, ...] = (1, 10), look_ups: int = 200_000, tolerance: float = 0.005) -> tuple[Finding, ...]:
    """One key asked for as Poisson, lambda T: fixed x / (1 + x), sliding 1 - exp(-x).

    The variance of the hit ratio is below 2 h (1 - h) / n: .005 is three standard deviations and more.
    """
    found = []
    for sliding in (False, True):
        for x in products:
            cache = api.ttl_cache(x, sliding=sliding)
            t = np.cumsum(np.random.default_rng(int(x)).standard_exponential(look_ups)).tolist()
            hits = sum(cache.access(0, at) for at in t)
            expected = 1.0 - math.exp(-x) if sliding else x / (1.0 + x)
            found.append(around(f"{'sliding' if sliding else 'fixed'}, lambda T {x:g}", expected, hits / look_ups, tolerance))
    return tuple(found)


WAY = 0.02  # seconds from web server to database and back each: a step as long keeps the look-ahead rule


def stampede(rate: float, recompute: float, ttl: float, keys: int, seconds: float, seed: int, **cache: object) -> I8:
    """Reads at the database in each burst (from the first miss to its fill), in a world of `keys` hot keys side by side."""
    config = plain(
        step_ms=WAY * 1e3,
        traffic=Traffic(requests_per_second=rate * keys, keys=keys, zipf=0.0),
        route=(CACHED,),
        cache=CachePart(nodes=1, ttl=ttl, service_us=0.0, timeout=FOR_EVER, **cache),  # type: ignore[arg-type]
    )
    zone = config.network.same_zone_rtt_ms / 2e3
    # From a miss at the cache node to its fill there: to the web server, to the database and back, to the cache node.
    config = _with_reads(config, 1e3 * (recompute - 2.0 * WAY - 2.0 * zone))
    world = World(config, seed)
    ear = at_database(world)
    give(world, Inject("latency", "web~db", (WAY - zone) * 1e3))
    go(world, seconds)
    heard = ear.heard()
    if world.core.ledger.late.sum[0]:
        raise AssertionError("the look-ahead rule was broken: the step is too long for this recompute time")
    fills = heard["flags"].astype(np.int64) & FILLS > 0
    counted: list[int] = []
    for key in range(keys):
        bursts, ends = [], -1.0
        for at in np.sort(heard["t"][fills & (heard["key"] == key)]).tolist():
            if at > ends:  # the first to miss; its fill ends the burst
                bursts.append(0)
                ends = at + recompute
            bursts[-1] += 1
        counted += bursts[1:-1]
    return np.array(counted, dtype=np.int64)


def _with_reads(config: Scenario, read_ms: float) -> Scenario:
    """A database of room for everybody, whose reads take a constant time."""
    database = DatabasePart(
        shards=1, replicas=0, workers=20_000, queue=0, timeout=FOR_EVER, write=NOTHING,
        read=Service(mean_ms=read_ms, floor_ms=read_ms, cv2=0.0),
    )  # fmt: skip
    return msgspec.structs.replace(config, database=database)


def early_reads(rate: float, recompute: float, ttl: float, bursts: int, rng: random.Random) -> float:
    """Mean reads an expiry under XFetch with beta 1, one key, event by event: tends to e for a TTL of many recompute times."""
    t, expires, ends, count, reads = 0.0, 0.0, 0.0, -1, 0
    fills: list[float] = []
    while count < bursts:
        t += rng.expovariate(rate)
        while fills and fills[0] <= t:
            expires = fills.pop(0) + ttl
        if t + recompute * rng.expovariate(1.0) >= expires:
            fills.append(t + recompute)
            if t > ends:
                ends = t + recompute
                count += 1
            reads += count > 0  # the first burst finds nothing in the cache
    return (reads - 1) / (count - 1)  # and the last has only begun


def c4(rate: float = 200.0, recompute: float = 0.5, ttl: float = 3.0, keys: int = 64, seed: int = 11) -> tuple[Finding, ...]:
    """Unprotected 1 + rate x recompute; single flight 1; XFetch at beta 1 e = 2.72 in the limit of a long TTL, at 6 recompute
    times 2.89 by the process itself.

    100 bursts of Poisson size have a mean with a standard deviation of 1 %; XFetch's bursts have mean e and variance (e - 1) e
    about, so that 1,600 bursts put three standard deviations at 6 %.
    """
    cycle = ttl + recompute
    unprotected = stampede(rate, recompute, ttl, keys, cycle * (2.0 + 128.0 / keys), seed)
    single = stampede(rate, recompute, ttl, keys, cycle * (2.0 + 128.0 / keys), seed, single_flight=True)
    early = stampede(rate, recompute, ttl, keys, cycle * (2.0 + 1600.0 / keys) * 0.4, seed, early_expiry_beta=1.0)
    theory = early_reads(rate, recompute, ttl, 8_000, random.Random(seed))
    return (
        within(f"reads an expiry, {unprotected.size} bursts", 1.0 + rate * recompute, float(unprotected.mean()), 0.10),
        exact(f"most reads an expiry with single flight, {single.size} bursts", 1, int(single.max())),
        within(f"reads an expiry with XFetch, {early.size} bursts (e for long TTLs)", theory, float(early.mean()), 0.06),
    )


def lose_one(nodes: int, keys: int, hit_ratio: float, mode: str, lost: int, seed: int) -> tuple[int, int]:
    """Reads at the database when every key is asked for once: with all cache nodes, and (in a fresh world) without one.

    First `hit_ratio` of the keys is asked for, which fills the cache; then the node dies, clients find out by themselves and
    eject it; then every key is asked for once.
    """
    config = plain(
        step_ms=50.0,
        traffic=Traffic(requests_per_second=0.0, keys=keys, zipf=0.0),
        route=(CACHED,),
        cache=CachePart(nodes=nodes, mode=mode, ttl=0.0, service_us=0.0, capacity=keys),  # type: ignore[arg-type]
    )
    warm = np.sort(np.random.default_rng(seed).permutation(keys)[: round(hit_ratio * keys)])
    counted = []
    for crash in (False, True):
        world = World(config, seed)
        world.traffic.script += [_once(0.1, warm), _once(8.0, np.arange(keys))]
        go(world, 2.0)
        if crash:
            give(world, Inject("crash", f"cache-{lost + 1}"))
        go(world, 7.5)
        ear = at_database(world)
        go(world, 10.0)
        counted.append(ear.heard()["t"].size)
    return counted[0], counted[1]


def _once(start: float, keys: I8) -> Births:
    """A request for each of these keys within half a second."""
    zeros, nothing = np.zeros(keys.size, dtype=np.int64), np.zeros(keys.size)
    return Births(np.linspace(start, start + 0.5, keys.size), zeros, keys, zeros, nothing, nothing)


def c5(nodes: int = 10, hit_ratio: float = 0.95, keys: int = 4_000, seed: int = 2) -> tuple[Finding, ...]:
    """(m (1 - 1/n) + 1/n) / m on a ring, (m / n + 1 - 1/n) / m by modulo, m = 1 - hit ratio; over all nodes that may be lost."""
    m, share = 1.0 - hit_ratio, 1.0 / nodes
    expected = {"ring": (m * (1.0 - share) + share) / m, "modulo": (m * share + 1.0 - share) / m}
    found = []
    for mode, wanted in expected.items():
        pairs = [lose_one(nodes, keys, hit_ratio, mode, lost, seed) for lost in range(nodes)]
        load = sum(after for _, after in pairs) / sum(before for before, _ in pairs)
        found.append(within(f"database load, {mode}", wanted, load, 0.05))
    return tuple(found)
