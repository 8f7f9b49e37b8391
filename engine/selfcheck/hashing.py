"""Rows H1 to H4: how even a ring is, what moves when a node comes, golden vectors, bounded loads; through engine.api."""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np

from .. import api
from ..policies.hashing import jump_one, ketama_hash, ketama_points, redis_slot
from .base import Finding, around, band, exact, within

KETAMA_WEIGHTS = (600, 300, 200, 350, 1000, 800, 950, 100)  # libketama's own test: servers 10.0.1.1 to 10.0.1.8
KETAMA = {
    "SVa_]_V41)": (443691461, 7), "30C1*Z*S/_": (1473165754, 2), "D[HE+cFXDK": (2117036136, 3), "(bEIQJ:E./": (2922607787, 6),
}  # fmt: skip
REDIS = {"foo": 12182, "bar": 5061, "123456789": 12739}
JUMP = {(10863919174838991, 11): 6, (2016238256797177309, 11): 3, (1673758223894951030, 11): 5, (2, 100001): 80343}


def h1(
    nodes: int = 10, virtual_nodes: tuple[float, ...] = (1, 100, 200), rings: int = 50, keys: int = 1_000_000
) -> tuple[Finding, ...]:
    """Coefficient of variation of what the nodes of a ring own, root mean square over rings: sqrt((N - 1) / (N V + 1)).

    By the exact arcs, and for the last V also by counting keys on one ring in five, whose own noise sqrt(N / keys) is small.
    """
    found = []
    for v in map(int, virtual_nodes):
        made = [api.ring([f"ring-{r}-cache-{i}" for i in range(nodes)], v) for r in range(rings)]
        spread = [np.array(list(ring.share().values())) * nodes for ring in made]
        theory = math.sqrt((nodes - 1) / (nodes * v + 1))
        found.append(within(f"CV of the arcs at V {v}", theory, _rms([float(s.std()) for s in spread]), 0.15))
    asked = np.arange(keys)
    counted = [np.bincount(ring.owner(asked), minlength=nodes) for ring in made[::5]]
    arcs = _rms([float(s.std()) for s in spread[::5]])
    by_keys = _rms([float(c.std() / c.mean()) for c in counted])
    found.append(within(f"the same by {keys:,} keys, {len(counted)} rings", arcs, by_keys, 0.05))
    return tuple(found)


def _rms(values: list[float]) -> float:
    return math.sqrt(sum(v * v for v in values) / len(values))


def h2(nodes: int = 4, virtual_nodes: int = 100, keys: int = 100_000) -> tuple[Finding, ...]:
    """A node comes: a ring moves 1/(n+1) of the keys, all to the new node; modulo moves n/(n+1).

    Tolerance of the ring: three standard deviations of the new node's own arc, share x sqrt(n / ((n + 1) V + 1)).
    """
    asked = np.arange(keys)
    share = 1.0 / (nodes + 1)
    three = 3.0 * share * math.sqrt(nodes / ((nodes + 1) * virtual_nodes + 1))
    found: list[Finding] = []
    for rule in ("ring", "modulo"):
        placed = api.ring([f"shard-{i}" for i in range(nodes)], virtual_nodes, rule=rule)
        before = placed.owner(asked)
        placed.add(f"shard-{nodes}")
        after = placed.owner(asked)
        moved = before != after
        if rule == "ring":
            found.append(around("share moved, ring", share, float(moved.mean()), three))
            found.append(exact("keys moved between old nodes, ring", 0, int((moved & (after != nodes)).sum())))
        else:
            noise = 4.0 * math.sqrt(share * (1.0 - share) / keys)
            found.append(around("share moved, modulo", 1.0 - share, float(moved.mean()), noise))
    return tuple(found)


def h3() -> tuple[Finding, ...]:
    """The inventors' own programs' answers."""
    total = sum(KETAMA_WEIGHTS)
    points = sorted(
        (int(point), server)
        for server, weight in enumerate(KETAMA_WEIGHTS, 1)
        for point in ketama_points(f"10.0.1.{server}", 4 * int(weight / total * 40 * len(KETAMA_WEIGHTS)))
    )
    found = {key: (h := ketama_hash(key), points[bisect_left(points, (h, 0)) % len(points)][1]) for key in KETAMA}
    return (
        exact("ketama: hash and server of 4 keys", str(list(KETAMA.values())), str(list(found.values()))),
        exact("Redis slots of foo, bar, 123456789", str(list(REDIS.values())), str([redis_slot(key) for key in REDIS])),
        exact("jump hash of 4 keys", str(list(JUMP.values())), str([jump_one(key, n) for key, n in JUMP])),
    )


def h4(nodes: int = 10, c: float = 1.25, items: int = 10_000, skew: float = 1.5, seed: int = 1) -> tuple[Finding, ...]:
    """Hot keys pile up, yet after every single item no node holds more than c times the mean (once that leaves room for one)."""
    ring = api.ring(nodes, rule="bounded")
    loads, worst = [0] * nodes, 0.0
    first = math.ceil(nodes / (c - 1.0))
    for item, key in enumerate(np.random.default_rng(seed).zipf(skew, items).tolist(), 1):
        loads[ring.assign(key, loads, c)] += 1
        if item >= first:
            worst = max(worst, max(loads) * nodes / item)
    return (band("worst max / mean of all moments", f"<= {c:g}", worst, 1.0, c * (1.0 + 1e-12)),)
