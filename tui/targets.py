"""What a command can be aimed at: names by kind, found in the snapshot, so that what exists now is what is offered.

Kinds are those of the fault table (`engine.catalogue.FaultInfo.targets`). The order is deterministic: trouble-free and busy
first, since that is where a fault shows most; then by the engine's own order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.snapshot import NodeState, Snapshot

__all__ = ["candidates", "default_target", "describe", "kinds_of"]

DNS_CACHES = ("browser", "os", "resolver")
TIER_OF_FAMILY = {"cache": "cache", "sessions": "store", "cdn": "pop", "database": "db", "dns": "dns"}
NODE_KINDS = ("web", "cache", "db", "balancer", "store", "broker", "worker", "pop", "city")
_FIT = (NodeState.UP, NodeState.SLOW, NodeState.STANDBY)


def candidates(kind: str, snapshot: Snapshot) -> list[str]:
    """Names of this kind, the most telling first."""
    if kind in NODE_KINDS:
        nodes = [node for node in snapshot.map.nodes if node.tier == kind]
        return [n.name for n in sorted(nodes, key=lambda n: (n.state not in _FIT, n.role in ("standby", "replica"), -n.rate))]
    return list(dict.fromkeys(_others(kind, snapshot)))


def _others(kind: str, snapshot: Snapshot) -> Iterable[str]:  # noqa: PLR0911, PLR0912 - one case a kind
    match kind:
        case "dns":
            # caches of the viewers' side are no servers; the nearest to the answer shows most
            levels = (level.name for level in reversed(snapshot.dns.levels) if level.name not in DNS_CACHES)
            return (*(host.name for host in snapshot.dns.hosts if len(snapshot.dns.hosts) > 1), *levels)
        case "host":
            return (f"host:{host.name}" for host in snapshot.dns.hosts)
        case "resolvers":
            cities = (node.name for node in snapshot.map.nodes if node.tier == "city")
            return ("resolvers", *(_resolvers_of(city) for city in cities))
        case "link":
            return (link.name for link in snapshot.map.links)
        case "zone":
            zones = [node.at for node in snapshot.map.nodes if node.at and node.tier not in ("city", "pop")]
            return (*zones, *(f"region:{region}" for region in snapshot.map.regions))
        case "region":
            return (f"region:{region}" for region in snapshot.map.regions[::-1])
        case "key":
            return (str(hot.key) for hot in (*snapshot.shards.hot, *snapshot.cache.hot))
        case "shard":
            return (shard.name for shard in snapshot.shards.shards)
        case "queue":
            return ("queue",) if snapshot.queue is not None else ()
        case "record":
            return (record.name for record in snapshot.dns.records)
        case "provider":
            return (f"provider:{provider.name}" for provider in (snapshot.cdn.providers if snapshot.cdn else ()))
        case "country":
            return (f"country:{name}" for name in (snapshot.cdn.countries if snapshot.cdn else ()))
        case "tier":
            return (node.tier for node in snapshot.map.nodes if node.tier != "city")
        case _:
            return (kind,)  # things there is one of, such as "traffic"


def _resolvers_of(selected: str) -> str:
    """The resolvers that a selected city means, or the pane's level of that name."""
    return "resolvers" if selected == "resolver" else f"resolvers:{selected.removeprefix('city:')}"


def kinds_of(target: str, snapshot: Snapshot) -> set[str]:
    """Every kind in which this name occurs now."""
    kinds = (*NODE_KINDS, "dns", "resolvers", "link", "zone", "key", "shard", "record", "host", "queue", "tier",
             "provider", "country")  # fmt: skip
    return {kind for kind in kinds if target in candidates(kind, snapshot)}


def default_target(kinds: Sequence[str], selected: str, snapshot: Snapshot, family: str = "") -> tuple[str, ...]:
    """What a fault on these kinds could be aimed at: the selected target first if it is one, then all others.

    Of whole tiers, a family that belongs to one ("cache") is offered that one only.
    """
    own = TIER_OF_FAMILY.get(family)
    names = [(kind, name) for kind in kinds for name in candidates(kind, snapshot)]
    if family == "database" and kinds[:1] == ("db",):  # what concerns the log shows at those who follow it
        replicas = {node.name for node in snapshot.map.nodes if node.role == "replica"}
        names.sort(key=lambda pair: pair[1] not in replicas)
    found = list(dict.fromkeys(name for kind, name in names if kind != "tier" or own is None or name == own))
    if "link" in kinds:
        found += _pairs(selected, snapshot)
    at = selected if selected in found else _resolvers_of(selected)
    if at in found:
        found.remove(at)
        found.insert(0, at)
    return tuple(found)


def _pairs(selected: str, snapshot: Snapshot) -> list[str]:
    """The selected node's ways to each node that it speaks with, as the engine writes links: "web-1~cache-2"."""
    tier = next((node.tier for node in snapshot.map.nodes if node.name == selected), "")
    ends = [(one, other) for one, _, other in (link.name.partition("~") for link in snapshot.map.links)]
    beside = {b for one, other in ends for a, b in ((one, other), (other, one)) if a == tier}
    return [f"{selected}~{node.name}" for node in snapshot.map.nodes if node.tier in beside and node.name != selected]


def describe(target: str, snapshot: Snapshot) -> str:
    """The target in one line: its state, verdict and faults, for the clipboard and for menus."""
    for node in snapshot.map.nodes:
        if node.name == target:
            parts = [node.state.value, node.role, node.verdict, *(f"fault: {fault}" for fault in node.faults)]
            return " · ".join(part for part in parts if part)
    for link in snapshot.map.links:
        if link.name == target:
            return " · ".join(part for part in (link.state.value, link.verdict, *link.faults) if part)
    faults = [fault.text or fault.fault for fault in snapshot.faults if fault.target == target]
    return " · ".join(faults)
