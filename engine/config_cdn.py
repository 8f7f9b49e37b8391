"""The scenario's table `cdn`: providers of edge caches, their points of presence (PoPs), and how users are led to them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from .config_base import Millis, Name, Positive, Seconds, Table

CITIES = (
    "Washington", "New York", "Chicago", "Dallas", "Los Angeles", "Seattle", "Toronto", "São Paulo", "London", "Frankfurt",
    "Paris", "Stockholm", "Johannesburg", "Dubai", "Mumbai", "Singapore", "Hong Kong", "Tokyo", "Seoul", "Sydney",
)  # fmt: skip


class Provider(Table, frozen=True):
    """A CDN. weight: its share of DNS answers. pops: cities, () = those of the table. purge_ms: mean time of a purge at a PoP,
    beside the way there (Fastly, Cloudflare: about 150 ms; Akamai: about 5 s)."""

    name: Name = "a"
    weight: Annotated[float, Meta(ge=0.0, le=1e6)] = 1.0
    pops: tuple[Name, ...] = ()
    purge_ms: Millis = 150.0


class CdnPart(Table, frozen=True):
    """Edge caches for routes that are `static`; no providers = there is none, and those go to the site itself.

    ttl: CloudFront's default is 24 h. age: edges take over the `Age` of what a shield gives them (RFC 9111). shield: the city of
    the PoP through which a provider's others fetch, "" = none. service_us: of a hit; nginx serves 34,000 objects of 1 KB a second
    a worker. steering: who decides which provider a resolver is told: fixed weights; failover (a provider that fails its
    checks gets nothing: Route 53, every 10 s, 3 failures); monitored (weights follow the errors and delays that probes see);
    anycast (the nearest PoP, whosever). dns_ttl: of that answer (Route 53 advises 60 s or less). withdraw_after: until a dead
    PoP's address is routed to another (three checks, 2 s apart, as HAProxy's). fallback: clients that the CDN fails ask the site
    itself, at once after an error, else after fallback_after (0 = half their patience). origin_timeout: Varnish's first byte.
    """

    providers: tuple[Provider, ...] = ()
    on: bool = True
    pops: tuple[Name, ...] = CITIES
    capacity: Annotated[int, Meta(ge=1, le=10_000_000)] = 10_000  # objects a PoP keeps
    ttl: Seconds = 86_400.0
    age: bool = True
    shield: str = ""
    service_us: Annotated[float, Meta(ge=0.0, le=1e6)] = 30.0
    steering: Literal["weights", "failover", "monitored", "anycast"] = "weights"
    dns_ttl: Seconds = 60.0
    probe_interval: Positive = 10.0
    probe_fall: Annotated[int, Meta(ge=1, le=100)] = 3
    withdraw_after: Seconds = 6.0
    fallback: bool = False
    fallback_after: Seconds = 0.0
    versioned: bool = False  # an object's new version is a new object: pages name the version they want
    tags: Annotated[int, Meta(ge=1, le=1_000_000)] = 100  # object k has tag k modulo this
    origin_timeout: Positive = 60.0
    price: float = 0.0  # of a provider an hour, beside what is paid by use
    price_10k: float = 0.01  # per 10,000 requests: CloudFront's list price, HTTPS, United States
