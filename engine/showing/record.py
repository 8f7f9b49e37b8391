"""The JSON record of a run: every counter of the last step, the same values that a snapshot shows, and per node totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ..causes import WORDS, Cause, Outcome
from ..meter import quantile
from ..snapshot import (
    Automation,
    Balancer,
    Cache,
    Cdn,
    Dns,
    Event,
    NodeState,
    Queue,
    Regions,
    Replication,
    Sessions,
    Shards,
    Totals,
)
from ..tables import program_version
from ..tiers.database.shard import SAMPLE
from . import totals
from .map import node_state

if TYPE_CHECKING:
    from ..queueing import Stations
    from ..world import World


class Requests(Totals, frozen=True):
    """arrived = ok + failed + shed + in_flight: in all, per route, per source."""

    by_route: dict[str, dict[str, int]]
    by_source: dict[str, dict[str, int]]
    by_cause: dict[str, int]


class Latency(msgspec.Struct, frozen=True):
    """Of successful requests since the start, from birth to answer, milliseconds."""

    mean: float
    p50: float
    p95: float
    p99: float
    max: float


class NodeRecord(msgspec.Struct, frozen=True):
    """A node since the start: counts, mean times in ms, utilisation = busy worker seconds / (workers x seconds)."""

    state: NodeState
    utilisation: float
    queue: int
    arrivals: int
    departures: int
    rejected: int
    lost: int
    mean_wait_ms: float
    mean_time_ms: float
    size: str = ""
    dollars_per_hour: float = 0.0


class TierRecord(msgspec.Struct, frozen=True):
    """A tier since the start: sums over its nodes that are there; utilisation of all their workers together."""

    nodes: int
    utilisation: float
    queue: int
    arrivals: int
    departures: int
    rejected: int
    lost: int


class Record(msgspec.Struct, frozen=True):
    """A run. tiers: by tier, then by node; tier_totals: each tier as a whole."""

    scenario: str
    seed: int
    version: str
    virtual_seconds: float
    wall_seconds: float
    steps: int
    digest: str
    requests: Requests
    latency_ms: Latency
    tiers: dict[str, dict[str, NodeRecord]]
    tier_totals: dict[str, TierRecord]
    dns: Dns
    balancer: Balancer
    cache: Cache
    replication: Replication
    shards: Shards
    cdn: Cdn | None
    events: tuple[Event, ...]
    sessions: Sessions | None = None
    queue: Queue | None = None
    automation: Automation | None = None
    regions: Regions | None = None


def _nodes(world: World, tier: str, stations: Stations) -> dict[str, NodeRecord]:
    nodes, out = world.core.fabric.tiers[tier], {}
    t, now = stations.totals, max(world.core.now, 1e-9)
    busy = stations.busy_seconds(world.core.now)
    inside = t.in_system()
    serving = stations.in_service(world.core.now)
    for i in np.flatnonzero(nodes.member).tolist():
        done = max(1, int(t.departures[i]))
        out[nodes.names[i]] = NodeRecord(
            state=node_state(nodes, i),
            utilisation=float(busy[i]) / (stations.nodes.workers[i] * now),
            queue=max(0, int(inside[i] - serving[i])),
            arrivals=int(t.arrivals[i]),
            departures=int(t.departures[i]),
            rejected=int(t.rejected[i]),
            lost=int(t.lost[i]),
            mean_wait_ms=float(t.wait[i]) / done * 1e3,
            mean_time_ms=float(t.sojourn[i]) / done * 1e3,
            size=nodes.size[i],
            dollars_per_hour=nodes.price(i),
        )
    return out


def _whole(world: World, tier: str, stations: Stations, nodes: dict[str, NodeRecord]) -> TierRecord:
    """The sums of a tier's nodes."""
    known = world.core.fabric.tiers[tier]
    workers = [stations.nodes.workers[known.index(name)] for name in nodes]
    busy = sum(node.utilisation * k for node, k in zip(nodes.values(), workers, strict=True))
    return TierRecord(
        nodes=len(nodes),
        utilisation=busy / max(1, sum(workers)),
        queue=sum(node.queue for node in nodes.values()),
        arrivals=sum(node.arrivals for node in nodes.values()),
        departures=sum(node.departures for node in nodes.values()),
        rejected=sum(node.rejected for node in nodes.values()),
        lost=sum(node.lost for node in nodes.values()),
    )


SOURCES = ("open", "closed", "scripted", "real")


def _split(table: np.ndarray[tuple[int, int], np.dtype[np.int64]], names: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """Rows (arrived, in flight, ok, failed, shed) of the ledger by name; empty rows are left out."""
    out: dict[str, dict[str, int]] = {}
    for name, row in zip(names, table, strict=True):
        if row[0]:
            ok, failed, shed = (int(row[1 + o]) for o in (Outcome.OK, Outcome.FAILED, Outcome.SHED))
            arrived = int(row[0])
            out[name] = {
                "arrived": arrived, "ok": ok, "failed": failed, "shed": shed, "in_flight": arrived - ok - failed - shed,
            }  # fmt: skip
    return out


def record(world: World, wall_seconds: float) -> Record:
    """All counters of a world now; wall_seconds: what the run took."""
    ledger, config = world.core.ledger, world.core.config
    sums: Totals = totals(world)
    counts = ledger.latency.whole()[0]
    n = max(1, int(counts.sum()))
    queues = {
        "balancer": world.balancer.stations, "web": world.web.stations, "cache": world.cache.stations,
        "db": world.database.stations,
        **({"store": world.sessions.stations} if len(world.sessions.nodes) else {}),
    }  # fmt: skip
    tiers = {tier: _nodes(world, tier, stations) for tier, stations in queues.items()}
    return Record(
        scenario=config.name,
        seed=world.core.seed,
        version=program_version(),
        virtual_seconds=world.core.now,
        wall_seconds=round(wall_seconds, 3),
        steps=world.core.step_no,
        digest=world.digest(),
        requests=Requests(
            **msgspec.structs.asdict(sums),
            by_route=_split(ledger.by_route, tuple(r.name for r in config.route)),
            by_source=_split(ledger.by_source, SOURCES),
            by_cause={WORDS[c]: int(ledger.causes.sum[c]) for c in Cause if ledger.causes.sum[c]},
        ),
        latency_ms=Latency(
            mean=ledger.latency.sum_ms / n,
            p50=quantile(counts, 0.50),
            p95=quantile(counts, 0.95),
            p99=quantile(counts, 0.99),
            max=ledger.latency.max_ms,
        ),
        tiers=tiers,
        tier_totals={tier: _whole(world, tier, stations, tiers[tier]) for tier, stations in queues.items()},
        dns=world.dns.reading(),
        balancer=world.balancer.reading(),
        cache=world.cache.reading(),
        replication=world.database.reading(listed=SAMPLE),
        shards=world.database.shards_reading(),
        cdn=world.cdn.reading(),
        events=tuple(world.core.log.events),
        sessions=world.sessions.reading(),
        queue=world.queue.reading(),
        automation=world.automation.reading(),
        regions=world.regions.reading(),
    )
