"""The part of a snapshot for the CDN: pane 9. Rates are of the last whole second; latencies in ms."""

from __future__ import annotations

from .base import NodeState, Struct


class Pop(Struct, frozen=True):
    """A point of presence. latitude, longitude: degrees. latency: median from sending to answer of those whom it serves."""

    name: str
    provider: str
    city: str
    state: NodeState
    latitude: float
    longitude: float
    rate: float
    hit_share: float
    errors: float
    entries: int
    fill: float
    p50_ms: float
    announced: bool = True
    shield: bool = False
    verdict: str = ""
    hit_trend: tuple[float, ...] = ()


class Provider(Struct, frozen=True):
    """A CDN. weight: its share of the zone's answers now; told: its share of what resolvers keep; rate: users led to it."""

    name: str
    state: NodeState
    weight: float
    told: float
    rate: float
    hit_share: float
    error_share: float
    ttl: float
    pops: int
    verdict: str = ""


class CdnTotals(Struct, frozen=True):
    """Since the start: look-ups of users at PoPs, what became of them, of fetches, and of users whom the CDN failed.

    joined: misses that waited for a fetch that was under way; shield_*: look-ups of edges at their shield; outdated: kept, but of
    another version than was wanted; direct: asked the site itself; unserved: no PoP may serve them; bypassed: past a shield.
    """

    look_ups: int = 0
    hits: int = 0
    misses: int = 0
    pop_errors: int = 0
    evictions: int = 0
    joined: int = 0
    ask_shield: int = 0
    ask_origin: int = 0
    filled: int = 0
    fetch_failed: int = 0
    shield_look_ups: int = 0
    shield_hits: int = 0
    shield_joined: int = 0
    stale: int = 0
    expired: int = 0
    outdated: int = 0
    purged: int = 0
    purges_lost: int = 0
    direct: int = 0
    unserved: int = 0
    blocked: int = 0
    lost: int = 0
    refused: int = 0
    bypassed: int = 0


class Cdn(Struct, frozen=True):
    """offload: share of users' static requests that did not reach the origin. direct_ms: what the median user would wait for an
    answer of the site itself, its way alone; p50_ms, p99_ms: what users wait. stale: hits older than the origin, a second."""

    verdict: str
    on: bool
    steering: str
    ttl: float
    age: bool
    versioned: bool
    fallback: bool
    shield: str
    rate: float
    hit_share: float
    offload: float
    error_share: float
    origin_rate: float
    direct: float
    joined: float
    stale: float
    longest_stale_s: float
    oldest_s: float
    p50_ms: float
    p99_ms: float
    direct_ms: float
    providers: tuple[Provider, ...]
    pops: tuple[Pop, ...]
    purges: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    totals: CdnTotals = CdnTotals()
    hit_trend: tuple[float, ...] = ()
    offload_trend: tuple[float, ...] = ()
    error_trend: tuple[float, ...] = ()
    rate_trend: tuple[float, ...] = ()
