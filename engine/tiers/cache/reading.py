"""What the screen and the inspector are told about the cache tier: nothing here changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...snapshot import Cache as Reading
from ...snapshot import CacheNode, HotKey, NodeState, Setting
from ...words import percent
from ..base import machine

if TYPE_CHECKING:
    from . import Cache


def state_of(cache: Cache, node: int) -> NodeState:
    """How a node is, its own state before what the clients believe."""
    nodes = cache.nodes
    if not nodes.up[node]:
        return NodeState.DOWN
    if nodes.speed[node] == 0.0:
        return NodeState.FROZEN
    if not cache.homes.members[node]:
        return NodeState.UNREACHABLE
    if nodes.speed[node] < 1.0 or nodes.extra_s[node] > 0.0 or nodes.loss[node] > 0.0:
        return NodeState.SLOW
    return NodeState.UP


def node_reading(cache: Cache, node: int, key_share: float) -> CacheNode:
    """One node's line."""
    counts, shelf = cache.counts, cache.desk.shelves[node]
    looked, hits = float(counts.look_ups.last[node]), float(counts.hits.last[node])
    entries, capacity = len(shelf.entries), shelf.policy.capacity
    state = state_of(cache, node)
    if not cache.homes.members[node]:
        verdict = "ejected by the clients"
    elif state is NodeState.DOWN:
        verdict = "refuses: its keys are read from the database"
    elif state is NodeState.FROZEN:
        verdict = f"silent: each look-up waits {cache.timeout * 1e3:g} ms for nothing"
    elif entries < capacity and cache.core.now - float(cache.nodes.born[node]) < max(10.0, cache.desk.ttl):
        verdict = "warming up"
    else:
        verdict = ""
    return CacheNode(
        name=cache.nodes.names[node], state=state, hit_share=hits / max(1.0, looked), rate=looked,
        evictions=float(counts.evictions.last[node]), entries=entries, capacity=capacity, fill=entries / capacity,
        key_share=key_share, verdict=verdict, hit_trend=counts.node_trends[node].tuple(),
    )  # fmt: skip


def hot_keys(cache: Cache) -> tuple[HotKey, ...]:
    """The hottest keys of the last second, and whether their home has them."""
    found = []
    for key, count in cache.counts.hot:
        home = cache.homes.home(key)
        found.append(
            HotKey(
                key=key, rate=float(count), share=count / max(1, cache.counts.asked_total),
                home=cache.nodes.names[home] if home >= 0 else "",
                cached=home >= 0 and key in cache.desk.shelves[home].entries,
            )
        )
    return tuple(found)


def verdict_of(nodes: tuple[CacheNode, ...], hit_share: float, rate: float) -> str:
    """The tier in a few words: the worst node first."""
    if not nodes:
        return "no cache"
    bad = [node for node in nodes if node.state in (NodeState.DOWN, NodeState.FROZEN, NodeState.UNREACHABLE)]
    if bad:
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        return f"{bad[0].name} is {bad[0].state.value}{more}, hits {percent(hit_share)}"
    return f"hits {percent(hit_share)}" if rate else "nobody asks"


def reading(cache: Cache) -> Reading:
    """The snapshot's cache pane."""
    counts, desk = cache.counts, cache.desk
    shares = cache.homes.shares()
    present = [i for i in range(len(cache.nodes)) if cache.nodes.member[i]]
    nodes = tuple(node_reading(cache, i, shares[i]) for i in present)
    looked = float(counts.look_ups.last.sum())
    hit_share = float(counts.hits.last.sum()) / max(1.0, looked)
    return Reading(
        verdict=verdict_of(nodes, hit_share, looked), policy=cache.eviction, ttl=desk.ttl, sliding=desk.sliding,
        single_flight=desk.single_flight, early_expiry=desk.early_expiry_beta > 0.0,
        stale_while_revalidate=desk.stale_while_revalidate, write_mode=cache.write_mode, hit_share=hit_share, rate=looked,
        coalesced=counts.rate("coalesced"), fills=counts.rate("filled"), stale=counts.rate("stale") / max(1.0, looked),
        expired=counts.rate("expired"), invalidated=counts.rate("invalidated"), entries=sum(n.entries for n in nodes),
        capacity=sum(n.capacity for n in nodes), nodes=nodes, hot=hot_keys(cache), hit_trend=counts.trends["hit"].tuple(),
        miss_trend=counts.trends["miss"].tuple(), fills_trend=counts.trends["fills"].tuple(),
    )  # fmt: skip


def inspect(cache: Cache, node: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    """State and settings of one node, each with how it is counted or where its default comes from."""
    counts, shelf, desk = cache.counts, cache.desk.shelves[node], cache.desk
    looked = int(counts.look_ups.sum[node])
    waiting = sum(len(waiters) for waiters in shelf.waiting.values())
    state = (
        Setting("look-ups", f"{looked:,}", "answered since the start"),
        Setting("hit share", percent(int(counts.hits.sum[node]) / max(1, looked), 2), "hits / look-ups"),
        Setting("entries", f"{len(shelf.entries):,} of {shelf.policy.capacity:,}", "resident, expired ones not yet met included"),
        Setting("evictions", f"{int(counts.evictions.sum[node]):,}", "entries that gave way to others"),
        Setting("leases out", f"{len(shelf.leases):,}", "keys that one request reads for all"),
        Setting("waiting for a fill", f"{waiting:,}", "requests coalesced at this moment"),
        Setting("queue", f"{cache.stations.in_system(node):,}", "messages in its queue and in service"),
        Setting("home of", f"{percent(cache.homes.shares()[node], 1)} of all keys", "arcs of the ring, or 1/n by modulo"),
    )
    settings = (
        Setting("placement", f"{cache.homes.mode}, {cache.homes.virtual_nodes} virtual nodes", "ketama: 160 points a server"),
        Setting("eviction", cache.eviction, "scenario cache.eviction"),
        Setting("time to live", f"{desk.ttl:g} s {'sliding' if desk.sliding else 'fixed'}", "scenario cache.ttl; 0 = for ever"),
        Setting("single flight", "on" if desk.single_flight else "off", "leases, Nishtala et al. 2013"),
        Setting("early expiry", f"beta {desk.early_expiry_beta:g}", "XFetch, Vattani et al. 2015; 0 = off"),
        Setting("stale while revalidate", f"{desk.stale_while_revalidate:g} s", "scenario; 0 = off"),
        Setting("writes", cache.write_mode, "delete the entry, or set it"),
        Setting("service", f"{cache.service_us:g} us", "Redis 7.0 GET: 46 k/s, measured"),
        Setting("patience of the clients", f"{cache.timeout * 1e3:g} ms", "then they ask the database"),
        *machine(cache.nodes, node),
    )
    return state, settings
