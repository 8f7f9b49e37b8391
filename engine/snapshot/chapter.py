"""The parts of a snapshot for the chapter's other systems; each is None where its system is absent. Units as in `panes`."""

from __future__ import annotations

from .base import NodeState, Struct


class QueueNode(Struct, frozen=True):
    """A broker (`holds` messages that are ready) or worker (`holds` jobs that it does). `rate`: operations or jobs a second."""

    name: str
    kind: str
    state: NodeState
    utilisation: float
    rate: float
    holds: int
    threads: int
    p99_ms: float
    verdict: str = ""


class Queue(Struct, frozen=True):
    """The message queue. enqueued = ready + leased + acknowledged + dead + lost, counted since the start.

    `mode`: who does a page's job: "queue" = workers, "inline" = the web server itself. `ready_p50_ms`, `ready_p99_ms`: from
    storing a message to its acknowledgement. `drains_s`: until nothing is ready at the pace of the last seconds; -1 = never.
    """

    verdict: str
    mode: str
    ready: int
    leased: int
    enqueued: int
    acknowledged: int
    dead: int
    lost: int
    redelivered: int
    duplicates: int
    late_acks: int
    refused: int
    unsent: int
    processed: int
    failed: int
    inline: int
    jobs_lost: int
    acks_lost: int
    most_ready: int
    oldest_s: float
    in_rate: float
    out_rate: float
    inline_rate: float
    redelivered_rate: float
    duplicate_rate: float
    drains_s: float
    ready_p50_ms: float
    ready_p99_ms: float
    busy: int
    threads: int
    workers: int
    stopped: bool
    visibility: float
    max_receives: int
    capacity: int
    persistent: bool
    autoscale: bool
    nodes: tuple[QueueNode, ...] = ()
    depth_trend: tuple[float, ...] = ()
    age_trend: tuple[float, ...] = ()
    in_trend: tuple[float, ...] = ()
    out_trend: tuple[float, ...] = ()
