"""What the engine shows: one frozen value a step, everything that the screen may read.

The parts of each pane are in `panes` and `data`; this file holds what is shared by all panes (events, faults, traces) and
the whole. Units are as told there.
"""

from __future__ import annotations

from .automation import Automation, AutomationTotals, Guard
from .base import NodeState, Struct
from .cdn import Cdn
from .chapter import Queue, QueueNode
from .data import Cache, CacheNode, Failover, HotKey, Joins, MultiPrimary, Replica, Replication, Shard, Shards, ShardShare
from .ladder import Ladder
from .panes import Backend, Balancer, Cause, Dns, Headline, Host, Level, Link, Map, Node, Pace, Record, Totals, Walk
from .regions import Region, Regions
from .sessions import LostSessions, SessionHome, Sessions, SessionTotals

__all__ = [
    "SNAPSHOT_VERSION",
    "ActiveFault",
    "Automation",
    "AutomationTotals",
    "Backend",
    "Balancer",
    "Cache",
    "CacheNode",
    "Cause",
    "Cdn",
    "Clients",
    "Dns",
    "Event",
    "Failover",
    "Guard",
    "Headline",
    "Host",
    "HotKey",
    "Inspection",
    "Joins",
    "Ladder",
    "Level",
    "Link",
    "LostSessions",
    "Map",
    "MultiPrimary",
    "Node",
    "NodeState",
    "Pace",
    "Queue",
    "QueueNode",
    "Record",
    "Region",
    "Regions",
    "Replica",
    "Replication",
    "SessionHome",
    "SessionTotals",
    "Sessions",
    "Setting",
    "Shard",
    "ShardShare",
    "Shards",
    "Snapshot",
    "Span",
    "Struct",
    "Totals",
    "Trace",
    "Walk",
]

SNAPSHOT_VERSION = 1


class Event(Struct, frozen=True):
    """Something that happened. `cause` is the id of the event that led to it, 0 for a beginning. `keys`: what was pressed."""

    id: int
    at: float
    by: str
    text: str
    cause: int = 0
    level: str = "info"
    target: str = ""
    keys: str = ""


class ActiveFault(Struct, frozen=True):
    """A fault that acts now. `since` in virtual seconds; `event` began it; `asked`: the target as it was ordered."""

    id: int
    fault: str
    target: str
    amount: float
    since: float
    by: str
    event: int
    text: str = ""
    asked: str = ""


class Span(Struct, frozen=True):
    """One hop of a request: when it came, waited and was served, relative to the request's birth."""

    hop: str
    node: str
    address: str
    start_ms: float
    wait_ms: float
    service_ms: float
    wire_ms: float
    note: str = ""


class Trace(Struct, frozen=True):
    """A sampled request with its full spans; latency_ms is the sum of wire, wait and service over them (invariant 23).

    version: of the item, as read or written (0: never written yet); -1 = none was. why: what a failed or slow request leads
    back to, its latest cause first.
    """

    id: int
    route: str
    key: int
    user: int
    city: str
    born: float
    latency_ms: float
    outcome: str
    cause: str
    attempt: int
    spans: tuple[Span, ...]
    why: tuple[str, ...] = ()
    version: int = -1


class Clients(Struct, frozen=True):
    """The clients' own view: retries, their budget, time-outs, closed-loop users thinking."""

    attempts_per_request: float
    retry_rate: float
    timeout_rate: float
    budget_left: float
    retries_on: bool
    backoff: str
    multiplier: float = 1.0
    flash_key: int = -1


class Snapshot(Struct, frozen=True):
    """Everything, at the end of step `step`."""

    version: int
    scenario: str
    seed: int
    step: int
    now: float
    dt: float
    pace: Pace
    headline: Headline
    totals: Totals
    clients: Clients
    map: Map
    dns: Dns
    balancer: Balancer
    cache: Cache
    replication: Replication
    shards: Shards
    cdn: Cdn | None = None
    events: tuple[Event, ...] = ()
    faults: tuple[ActiveFault, ...] = ()
    traces: tuple[Trace, ...] = ()
    digest: str = ""
    hint: str = ""
    ladder: Ladder | None = None
    sessions: Sessions | None = None
    queue: Queue | None = None
    automation: Automation | None = None
    regions: Regions | None = None


class Setting(Struct, frozen=True):
    """One line of an inspection: what, value now, unit, how counted or where the default comes from."""

    name: str
    value: str
    source: str = ""


class Inspection(Struct, frozen=True):
    """The answer to `Inspect`: state, configuration with sources, faults, the latest requests that went through."""

    target: str
    title: str
    state: NodeState
    state_lines: tuple[Setting, ...]
    settings: tuple[Setting, ...]
    faults: tuple[ActiveFault, ...] = ()
    traces: tuple[Trace, ...] = ()
    actions: tuple[str, ...] = ()
