"""The regions part of a snapshot. Units as in engine.snapshot.panes."""

from __future__ import annotations

from .base import NodeState, Struct


class Region(Struct, frozen=True):
    """A region, of the last whole second.

    holder: who has its public address, "" = nobody. named: DNS answers with its address. resolvers: that hold it as their answer
    now. users: as many as its share of the requests stands for. rate: users' requests a second that asked its address; errors:
    share of them that failed. spill: share served by another region's web servers. crossing: share whose web server asked a
    cache node or a database of another region. web, database: mean utilisation of its machines there. lag_s: of its slowest
    replica. stale: stale reads a second from its databases. need: if it is lost, the highest utilisation that the others would
    need (above 1: more than they have), at need_at; -1 = there is nobody else.
    """

    name: str
    state: NodeState
    address: str
    holder: str
    named: bool
    resolvers: int
    users: int
    rate: float
    share: float
    errors: float
    p50_ms: float
    p99_ms: float
    spill: float
    crossing: float
    servers: int
    web: float
    database: float
    primaries: int
    lag_s: float
    stale: float
    need: float
    need_at: str
    verdict: str = ""
    share_trend: tuple[float, ...] = ()


class Regions(Struct, frozen=True):
    """All regions. nowhere: requests a second that ended without any region's address. stray: resolvers that still hold an
    address which DNS has left out. ended, failed: users' requests since the start.
    """

    verdict: str
    answers: str
    failover: bool
    check_interval: float
    caches: str
    invalidate: str
    spill: bool
    read_near: bool
    regions: tuple[Region, ...]
    nowhere: float
    resolvers: int
    stray: int
    ended: tuple[int, ...]
    failed: tuple[int, ...]
