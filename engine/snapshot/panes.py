"""The parts of a snapshot, one group a pane: frozen values that a pane may read, all of one and the same step.

Cache, replication and shards (panes 4 to 6) are in `engine.snapshot.data`.

Units: times in virtual seconds unless a name ends in `_ms`; rates per virtual second, counted over the last whole
second; shares 0..1. A `trend` is one value a second, oldest first, at most 60. Nothing in here is computed by the screen.
"""

from __future__ import annotations

from .base import NodeState, Struct

__all__ = [
    "Backend",
    "Balancer",
    "Cause",
    "Dns",
    "Headline",
    "Host",
    "Level",
    "Link",
    "Map",
    "Node",
    "Pace",
    "Record",
    "Totals",
    "Walk",
]


class Pace(Struct, frozen=True):
    """How virtual time runs (filled in by the runtime). `asked` 0 = as fast as possible; `busy` = share of a core."""

    asked: float = 1.0
    achieved: float = 0.0
    busy: float = 0.0
    paused: bool = False
    viewers: int = 0


class Cause(Struct, frozen=True):
    """One cause of failed requests: its name, per second now, in all, and the event that it leads back to."""

    name: str
    rate: float
    total: int
    event: int = 0


class Headline(Struct, frozen=True):
    """The header: is it well, and for whom."""

    users: int
    offered: float
    goodput: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    error_share: float
    slo_target: float
    budget_left: float
    cost_per_hour: float
    causes: tuple[Cause, ...] = ()
    offered_trend: tuple[float, ...] = ()
    goodput_trend: tuple[float, ...] = ()
    p50_trend: tuple[float, ...] = ()
    p95_trend: tuple[float, ...] = ()
    p99_trend: tuple[float, ...] = ()
    error_trend: tuple[float, ...] = ()
    users_most: int = 0  # so many there may be; 0 = as many as there are


class Totals(Struct, frozen=True):
    """Since the start. arrived = ok + failed + shed + in_flight, always (invariant 1)."""

    arrived: int
    ok: int
    failed: int
    shed: int
    in_flight: int
    attempts: int
    retries: int
    timed_out: int
    wasted: int
    late: int


class Node(Struct, frozen=True):
    """A node on the map. `verdict` is a few words; `role` e.g. "active", "primary", "replica"; `at` = zone or city."""

    name: str
    tier: str
    state: NodeState
    at: str = ""
    address: str = ""
    role: str = ""
    group: str = ""
    utilisation: float = 0.0
    workers: int = 0
    in_service: int = 0
    waiting: int = 0
    rate: float = 0.0
    p99_ms: float = 0.0
    verdict: str = ""
    faults: tuple[str, ...] = ()
    size: str = ""
    price: float = 0.0


class Link(Struct, frozen=True):
    """A link on the map between two tiers, zones or nodes, by name; `name` is what commands call it ("web~cache")."""

    name: str
    a: str
    b: str
    state: NodeState
    rate: float = 0.0
    one_way_ms: float = 0.0
    loss: float = 0.0
    verdict: str = ""
    faults: tuple[str, ...] = ()


class Map(Struct, frozen=True):
    """The topology: nodes in tier order, links between tiers, regions whose zones the nodes stand in."""

    verdict: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    regions: tuple[str, ...] = ()


class Level(Struct, frozen=True):
    """One level of the DNS walk. `hit_share` is of all look-ups; latency of one query to it (root, tld, authority)."""

    name: str
    state: NodeState
    queries: float
    hit_share: float
    p99_ms: float = 0.0
    ttl: float = 0.0
    verdict: str = ""


class Record(Struct, frozen=True):
    """A record as the authority has it now. `answers`: (address, resolvers that answer it now), most first."""

    name: str
    kind: str
    value: str
    ttl: float
    was: str = ""
    answers: tuple[tuple[str, int], ...] = ()


class Host(Struct, frozen=True):
    """A DNS host. named: does the TLD refer to it? serves: has it the zone? resolvers: that hold a delegation to it.

    queries and what came of them a second: lame (refused), silent.
    """

    name: str
    state: NodeState
    named: bool
    serves: bool
    servers: int
    queries: float
    lame: float
    silent: float
    resolvers: int
    verdict: str = ""


class Walk(Struct, frozen=True):
    """The last full walk of some resolver: (level, "cached" or "12 ms"), in order."""

    resolver: str
    at: float
    total_ms: float
    steps: tuple[tuple[str, str], ...]


class Dns(Struct, frozen=True):
    """Pane 2."""

    verdict: str
    lookups: float
    levels: tuple[Level, ...]
    records: tuple[Record, ...]
    resolvers: int
    stale_resolvers: int
    cold_p99_ms: float
    nxdomain_share: float
    servfail_share: float
    old_delegations: int  # resolvers that hold another delegation than the TLD has
    asked: int  # queries to servers of the zone since the start, and of those:
    lame: int  # answered with what is of no use
    silent: int  # never answered
    ttl_left: tuple[int, ...] = ()
    walks: tuple[Walk, ...] = ()
    lookups_trend: tuple[float, ...] = ()
    stale_trend: tuple[float, ...] = ()
    hosts: tuple[Host, ...] = ()
    delegation: str = ""  # as the TLD has it
    ordered: str = ""  # what the registry will publish next, "" = nothing is under way
    old_trend: tuple[float, ...] = ()


class Backend(Struct, frozen=True):
    """A web server as the balancer sees it."""

    name: str
    state: NodeState
    share: float
    rate: float
    open: int
    p50_ms: float
    p99_ms: float
    weight: float = 1.0
    healthy: bool = True
    verdict: str = ""
    share_trend: tuple[float, ...] = ()


class Balancer(Struct, frozen=True):
    """Pane 3. `active` is the node that holds `address`; `fail_open` = all unhealthy, so all are tried."""

    verdict: str
    policy: str
    address: str
    active: str
    rate: float
    fail_open: bool
    refused_private: int
    redispatched: int
    backends: tuple[Backend, ...]
    rate_trend: tuple[float, ...] = ()
