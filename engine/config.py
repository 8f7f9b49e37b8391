"""A scenario as a value: topology, traffic, settings, scripted faults and goals, with ranges and the sources of defaults.

The TOML file's tables are these structs, field by field; unknown fields are refused. `engine.scenarios.file` reads it and
says in one sentence, with file and line, what is wrong. Durations are seconds unless a name ends in `_ms`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from .config_automation import AutomationPart
from .config_base import Count, Millis, Name, Positive, Seconds, Service, Share, Table
from .config_cdn import CdnPart
from .config_dns import Dns, DnsHost
from .config_ladder import LadderPart
from .config_machines import Machines, Scaled, Sized
from .config_queue import QueuePart
from .config_regions import RegionsPart
from .config_script import Goal, Slo, Step
from .config_sessions import SessionsPart
from .config_users import Client, Traffic, Users

__all__ = [
    "AutomationPart", "BalancerPart", "CachePart", "CdnPart", "Client", "DatabasePart", "Dns", "DnsHost", "Goal",
    "Health", "LadderPart", "Machines", "Network", "QueuePart", "RegionsPart", "ReplicationPart", "Route", "Scenario",
    "Service", "SessionsPart", "Slo", "Step", "Table", "Traffic", "Users", "WebPart", "Zone",
]  # fmt: skip


class MonitoringPart(Table, frozen=True):
    """Dashboards that hear of the web servers over the same network; off: nobody looks."""

    on: bool = False


class Route(Table, frozen=True):
    """A kind of page. `share` of the requests; cached reads look in the cache first; demands are means in milliseconds.

    job: each of them also makes a job (a photo to be processed): see the table `queue`.
    fan: a join: one query to each of so many keys' shards, or to all shards, at once; it is answered when the last is.
    static: an object that no database is asked for; with a CDN (the table `cdn`) it is asked of that.
    """

    name: Name = "item"
    share: Share = 1.0
    kind: Literal["read", "write"] = "read"
    cached: bool = True
    database: bool = True
    job: bool = False
    static: bool = False
    fan: Annotated[int, Meta(ge=1, le=1_000)] | Literal["all"] = 1


class Zone(Table, frozen=True):
    """A data-centre zone: where nodes stand. `region` names a row of engine/data/regions.csv."""

    name: Name = "a"
    region: Name = "eastus"


class Network(Table, frozen=True):
    """Distances inside: round trips within a zone and between zones of a region (xkyle.com, AWS region and AZ latency)."""

    zones: tuple[Zone, ...] = (Zone("a"), Zone("b"), Zone("c"))
    same_zone_rtt_ms: Millis = 0.25
    cross_zone_rtt_ms: Millis = 1.0


class Health(Table, frozen=True):
    """Active checks (HAProxy 2.6: inter 2 s, fall 3, rise 2) and passive ones (nginx: max_fails 1 in fail_timeout 10 s)."""

    interval: Positive = 2.0
    timeout: Positive = 2.0
    fall: Annotated[int, Meta(ge=1, le=100)] = 3
    rise: Annotated[int, Meta(ge=1, le=100)] = 2
    active: bool = True
    passive: bool = True
    max_fails: Annotated[int, Meta(ge=1, le=1000)] = 1
    fail_timeout: Positive = 10.0


class BalancerPart(Scaled, frozen=True):
    """The front door: one balancer or an active/passive pair with a moving address."""

    nodes: Annotated[int, Meta(ge=0, le=2)] = 2  # 0 = users talk to the only web server directly
    policy: Name = "round_robin"  # nginx; those that count connections are exact in steps as short as the wire (docs/design.md)
    service: Service = Service(mean_ms=0.05, floor_ms=0.05, cv2=0.0)
    workers: Count = 8
    connect_timeout: Positive = 1.0
    redispatch: Annotated[int, Meta(ge=0, le=5)] = 1
    retry_answers: Annotated[int, Meta(ge=0, le=20)] = 0  # other servers asked after a read's 5xx (nginx: http_500 is off)
    health: Health = Health()
    slow_start: Seconds = 0.0
    fail_open: bool = True
    advert: Positive = 1.0  # keepalived: advertisement each second, master down after 3 and a bit
    load_bound: Annotated[float, Meta(ge=1.0, le=10.0)] = 1.25
    weights: tuple[float, ...] = ()
    price: float = 0.0416  # t3.medium an hour, EC2 us-east-1


class WebPart(Scaled, frozen=True):
    """The web tier: n servers of k workers; the queue is bounded or not.

    threads: requests that a server has at hand at once, from their beginning until their answers have left; 0: an event loop.
    """

    nodes: Annotated[int, Meta(ge=1, le=20_000)] = 6
    workers: Count = 8
    service: Service = Service(mean_ms=8.0, floor_ms=1.0, cv2=1.0)
    queue: Annotated[int, Meta(ge=0, le=10_000_000)] = 1_000  # jobs that may wait; 0 = unbounded
    discipline: Literal["fifo", "lifo"] = "fifo"
    threads: Annotated[int, Meta(ge=0, le=100_000)] = 0
    price: float = 0.096  # m5.large an hour


class CachePart(Sized, frozen=True):
    """The cache cluster. XFetch's beta after Vattani 2015; write modes as chapter section 7."""

    nodes: Annotated[int, Meta(ge=0, le=5_000)] = 3
    mode: Literal["ring", "modulo", "pair"] = "ring"
    virtual_nodes: Annotated[int, Meta(ge=1, le=2_000)] = 160  # ketama: 160 points a server
    capacity: Annotated[int, Meta(ge=1, le=100_000_000)] = 10_000  # entries a node
    ttl: Seconds = 60.0
    sliding: bool = False
    eviction: Name = "lru"
    single_flight: bool = False
    early_expiry_beta: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.0  # 0 = off
    stale_while_revalidate: Seconds = 0.0
    write_mode: Literal["invalidate", "through"] = "invalidate"
    delete_on_error: bool = False  # a web server that cannot read a value deletes its key (Facebook, 2010)
    service_us: Annotated[float, Meta(ge=0.0, le=1e6)] = 20.0  # Redis 7.0 GET: 46k/s a core
    timeout: Positive = 0.1
    eject_after: Annotated[int, Meta(ge=1, le=100)] = 3  # looks of the checker that must fail before clients eject a node
    eject_interval: Positive = 1.0
    price: float = 0.126  # r5.large an hour


class ReplicationPart(Table, frozen=True):
    """How the log reaches the replicas, and what happens when the primary dies. Semi-sync time-out: MariaDB 10.11."""

    mode: Literal["async", "semi_sync", "sync", "multi_shared", "multi_cluster"] = "async"
    conflicts: Literal["last_writer", "reject"] = "last_writer"  # multi_cluster: of two writes that did not know each other
    semi_sync_timeout: Positive = 10.0
    apply_per_second: Positive = 5_000.0
    apply: Literal["constant", "exponential"] = "constant"  # what one record costs the applier, as a share of the mean
    apply_cost: Share = 0.0  # what one record takes of a replica's own workers, as a share of a write; 0 = nothing
    record_bytes: Annotated[int, Meta(ge=1, le=10_000_000)] = 400
    detect_interval: Positive = 1.0
    detect_fall: Annotated[int, Meta(ge=1, le=1000)] = 3
    promote_time: Seconds = 2.0
    repoint_time: Seconds = 1.0
    fencing: bool = True
    automatic: bool = True
    read_from: Literal["replicas", "primary"] = "replicas"


class DatabasePart(Scaled, frozen=True):
    """Shards, each a primary with replicas."""

    shards: Annotated[int, Meta(ge=1, le=1_000)] = 4
    replicas: Annotated[int, Meta(ge=0, le=20)] = 2
    workers: Count = 8
    read: Service = Service(mean_ms=4.0, floor_ms=1.0, cv2=1.0)
    write: Service = Service(mean_ms=6.0, floor_ms=2.0, cv2=1.0)
    queue: Annotated[int, Meta(ge=0, le=10_000_000)] = 1_000
    discipline: Literal["fifo", "lifo"] = "fifo"
    timeout: Positive = 2.0
    retries: Annotated[int, Meta(ge=0, le=20)] = 0  # of a failed query, by the web servers' library; drivers leave it off
    retry_backoff: Seconds = 0.1  # the first one, then x 2^n (AWS builders' library)
    placement: Literal["ring", "modulo"] = "ring"
    virtual_nodes: Annotated[int, Meta(ge=1, le=2_000)] = 100
    denormalised: bool = False  # joined data lie with the key: one read, and each write again on every copy's shard
    partial_joins: bool = False  # a join of which a part failed is answered with the others
    split: str = ""  # hot keys with a shard of their own: "0, 17"
    spread: str = ""  # hot keys with a copy on every shard
    replication: ReplicationPart = ReplicationPart()
    item_bytes: Annotated[int, Meta(ge=1, le=100_000_000)] = 1_000
    rebalance_mb_s: Positive = 2.0
    rebalance_chunk: Annotated[int, Meta(ge=1, le=1_000_000)] = 200
    price: float = 0.126  # r5.large an hour


class Scenario(Table, frozen=True):
    """A whole scenario. `step_ms` is the step's length; see the look-ahead rule in docs/design.md."""

    name: Name = "default"
    title: str = "A web service under live traffic"
    story: str = ""
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 7
    step_ms: Annotated[float, Meta(ge=0.1, le=100.0)] = 10.0
    loop_parts: Annotated[int, Meta(ge=1, le=64)] = 1  # of a step, in which caches and database are taken in turn
    length: Annotated[float, Meta(gt=0.0, le=1e6)] = 120.0
    users: Users = Users()
    traffic: Traffic = Traffic()
    route: tuple[Route, ...] = (
        Route("item", 0.85, "read"),
        Route("home", 0.05, "read", cached=True),
        Route("save", 0.10, "write"),
    )
    client: Client = Client()
    monitoring: MonitoringPart = MonitoringPart()
    network: Network = Network()
    dns: Dns = Dns()
    balancer: BalancerPart = BalancerPart()
    web: WebPart = WebPart()
    cache: CachePart = CachePart()
    database: DatabasePart = DatabasePart()
    cdn: CdnPart = CdnPart()
    queue: QueuePart = QueuePart()
    machines: Machines = Machines()
    sessions: SessionsPart = SessionsPart()
    automation: AutomationPart = AutomationPart()
    slo: Slo = Slo()
    ladder: LadderPart = LadderPart()
    regions: RegionsPart = RegionsPart()
    script: tuple[Step, ...] = ()
    goal: tuple[Goal, ...] = ()
    base: str = ""  # a shipped scenario that this one builds on: its tables, without its script and goals
