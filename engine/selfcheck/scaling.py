"""Rows S2, S3, G1: what read replicas are worth, what a hot key does to shards, how far regions are apart."""

from __future__ import annotations

import csv
import math
from importlib.resources import files

import msgspec
import numpy as np

from .. import api, geo
from ..config import DatabasePart, ReplicationPart, Scenario, Service, Traffic, Users, WebPart, Zone
from ..fabric import Fabric
from ..tiers.traffic import Births
from ..world import World
from .base import Finding, around, band, exact, within
from .worlds import F8, FOR_EVER, I8, NOTHING, READ, WRITE, go, plain


def replicated(replicas: int, share: float, mu: float, users: int) -> Scenario:
    """A primary with so many read replicas that write all that it writes; `users` who ask again at once."""
    routes = tuple(msgspec.structs.replace(route, share=s) for route, s in ((READ, share), (WRITE, 1.0 - share)) if s > 0.0)
    one = Service(1e3 / mu, 0.0, 1.0)
    database = DatabasePart(
        shards=1, replicas=replicas, workers=1, read=one, write=one, queue=0, timeout=FOR_EVER,
        replication=ReplicationPart(apply_per_second=1e6, apply="exponential", apply_cost=1.0),
    )  # fmt: skip
    return plain(
        step_ms=20.0,
        users=Users(count=users, cities=("London",)),
        traffic=Traffic(requests_per_second=0.0, keys=1_000, zipf=0.0, closed_users=users, think=0.0),
        network=msgspec.structs.replace(plain().network, zones=(Zone("a", "uksouth"),)),
        route=routes,
        database=database,
    )


def saturated(config: Scenario, cold: float, seconds: float, seed: int) -> float:
    """Requests answered a second, after `cold` seconds."""
    world = World(config, seed)
    go(world, cold)
    before = int(world.core.ledger.outcomes.sum[1])
    go(world, cold + seconds)
    return (int(world.core.ledger.outcomes.sum[1]) - before) / seconds


def s2(
    n: tuple[float, ...] = (5, 20), share: float = 0.9, mu: float = 100.0, users: int = 400, seconds: float = 200.0, seed: int = 3
) -> tuple[Finding, ...]:
    """n / (r + n w) times one server's throughput with n read replicas, each of which writes everything: at most 1 / w.

    Everybody always waits at some server, so that the busiest never idles; its rate over m services has a standard deviation
    of 1 / sqrt(m), .7 % of the single server here.
    """
    writes = 1.0 - share
    one = saturated(replicated(0, share, mu, users), 20.0, seconds, seed)
    found = [within("one server, /s", mu, one, 0.03)]
    for count in map(int, n):
        many = saturated(replicated(count, share, mu, users), 20.0, seconds, seed)
        found.append(within(f"throughput, {count} replicas", count / (share + count * writes), many / one, 0.03))
        found.append(band("the limit it stays below", 1.0 / writes, many / one, 1.0, 1.0 / writes))
    return tuple(found)


def s3(
    keys: int = 1_000_000, zipf: float = 1.0, shards: int = 20, requests: int = 300_000, rings: int = 200, seed: int = 8
) -> tuple[Finding, ...]:
    """The hottest key's shard gets p + (1 - p) / shards of all requests, so that only the inverse of that many shards are of use.

    Requests at the nodes of one world against what its own ring says of its own keys; then the same keys on many rings, since
    what else lies on the hot shard is luck (.012 a ring: 200 rings put three standard deviations at 2.3 %).
    """
    config = plain(
        traffic=Traffic(requests_per_second=requests / 20.0, keys=keys, zipf=zipf),
        route=(READ,),
        web=WebPart(nodes=1, service=NOTHING, queue=0),
        database=DatabasePart(shards=shards, replicas=0, workers=1, read=NOTHING, write=NOTHING, queue=0, timeout=FOR_EVER),
    )
    world = World(config, seed)
    recorded: list[tuple[I8, Births]] = []
    world.traffic.recorded = recorded
    go(world, 20.0)
    world.traffic.requests_per_second = 0.0
    go(world, 22.0)  # all have come by then
    key = np.concatenate([births.key for _, births in recorded])
    owners = world.database.places.owner[key]
    wanted = np.bincount(owners, minlength=shards).tolist()
    came = world.database.stations.totals.arrivals.tolist()
    asked, count = np.unique(key, return_counts=True)
    hot, share = int(count.argmax()), []
    for ring in range(rings):
        owner = api.ring([f"ring-{ring}-shard-{i}" for i in range(shards)]).owner(asked)
        share.append(float(count[owner == owner[hot]].sum() / key.size))
    p = 1.0 / float(np.sum(np.arange(1, keys + 1, dtype=np.float64) ** -zipf))
    expected = p + (1.0 - p) / shards
    measured = float(np.mean(share))
    return (
        exact("requests at each node = keys of its shard", str(wanted), str(came)),
        around("the hottest key's share", p, float(count[hot] / key.size), 3.0 * math.sqrt(p / key.size)),
        within("its shard's share", expected, measured, 0.03),
        within("usable shards", 1.0 / expected, 1.0 / measured, 0.03),
    )


def g1(tolerance_ms: float = 1e-9) -> tuple[Finding, ...]:
    """Packets between 50 zones, one a region, through the network of a world: a round trip is what was published, and none is
    faster than light in glass, 2 d / 200 km/ms.
    """
    regions = tuple(geo.regions())
    config = plain(
        network=msgspec.structs.replace(plain().network, zones=tuple(Zone(f"z{i}", name) for i, name in enumerate(regions))),
        web=WebPart(nodes=len(regions), service=NOTHING, queue=0),
        database=DatabasePart(shards=len(regions), replicas=0),
    )
    fabric = World(config, 1).core.fabric
    table = published()
    there: list[float] = []
    wrong, fast, measured, least = 0, 0, 0, math.inf
    every = np.arange(len(regions), dtype=np.int64)
    for i, a in enumerate(regions):
        rtt = _round_trips(fabric, i, every)
        for j, b in enumerate(regions):
            if i == j:
                continue
            there.append(float(rtt[j]))
            bound = 2.0 * geo.great_circle_km(geo.regions()[a], geo.regions()[b]) / geo.FIBRE_KM_PER_MS
            fast += bool(rtt[j] < bound)
            least = min(least, float(rtt[j]) / bound) if bound > 500.0 / geo.FIBRE_KM_PER_MS else least
            ms = table.get((a, b), table.get((b, a)))
            if ms is not None:
                measured += 1
                wrong += abs(float(rtt[j]) - ms) > tolerance_ms
    return (
        exact("regions", 50, len(regions)),
        exact(f"round trips that differ from the matrix, of {measured}", 0, wrong),
        exact(f"round trips below 2 d / 200 km/ms, of {len(there)}", 0, fast),
        band("least ratio to that bound, d > 500 km", ">= 1", least, 1.0, 3.0),
    )


def _round_trips(fabric: Fabric, i: int, to: np.ndarray) -> F8:
    """Milliseconds from zone i's web server to each zone's database and back, (n,)."""
    web = np.full(to.size, i, dtype=np.int64)
    whole: F8 = 1e3 * (fabric.hop("web", web, "db", to).delay * 2.0)
    return whole


def published() -> dict[tuple[str, str], float]:
    """Milliseconds by (from, to), as in the file."""
    with (files("engine") / "data" / "rtt.csv").open(encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    return {(row[0], to): float(cell) for row in rows[1:] for to, cell in zip(rows[0][1:], row[1:], strict=True) if cell}
