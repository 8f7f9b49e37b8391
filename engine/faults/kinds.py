"""The kinds of things that a command can be aimed at, and what people call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

SCALED = ("balancer", "web", "store", "cache", "db", "broker", "worker")  # tiers whose machines are added and removed one by one
NODE_TIERS = ("balancer", "web", "store", "cache", "db", "broker", "worker", "pop")
# A canonical name is found among all kinds: it leads back to the very thing that it was made from.
ANY_KIND = (*NODE_TIERS, "dns", "resolvers", "tier", "link", "zone", "city", "shard", "key", "record", "queue", "host",
            "registrar", "traffic", "route", "provider", "country", "region")  # fmt: skip
TIER_WORDS = {"balancer": "the balancers", "web": "all web servers", "cache": "all cache nodes", "db": "all databases",
              "dns": "all name servers", "store": "all store nodes", "broker": "all brokers",
              "worker": "all workers", "pop": "all PoPs"}  # fmt: skip
KIND_WORDS = {
    "balancer": "a balancer", "web": "a web server", "cache": "a cache node", "db": "a database node", "dns": "a name server",
    "tier": "a tier", "link": "a link", "zone": "a zone", "city": "a city", "shard": "a shard", "key": "a key",
    "record": "a DNS record", "traffic": "the traffic", "resolvers": "recursive resolvers",
    "broker": "a broker", "worker": "a worker", "queue": "the queue", "store": "a store node",
    "pop": "a PoP", "provider": "a CDN provider", "country": "a country",
    "host": "a DNS host", "registrar": "the registrar",
    "region": "a region", "route": "a route",
}  # fmt: skip
ALIASES = {"database": "db", "lb": "balancer", "authority": "ns", "": ""}

End: TypeAlias = tuple[str, int, int]  # as in engine.fabric.Rule: tier, node or -1, zone or -1

EVERYTHING: End = ("*", -1, -1)
LINKS = ("city~balancer", "balancer~web", "web~cache", "web~db", "cache~db", "db~db", "web~store", "web~broker",
         "broker~worker", "city~pop", "pop~balancer")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """kind: as in FaultInfo.targets. name: canonical. label: for sentences. nodes: (tier, index) of every node meant.

    ends: pairs of link ends that rules apply to. number: a key, the index of a city; -1 = none.
    """

    kind: str
    name: str
    label: str
    nodes: tuple[tuple[str, int], ...] = ()
    ends: tuple[tuple[End, End], ...] = ()
    number: int = -1
