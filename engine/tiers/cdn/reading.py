"""What is told of the CDN: the pane's part of a snapshot, the inspection of a PoP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...meter import quantile
from ...nodes import Nodes
from ...snapshot import NodeState, Setting
from ...snapshot.cdn import Cdn, CdnTotals, Pop, Provider
from ...words import percent
from .counts import TIER
from .origin import Purge

if TYPE_CHECKING:
    from . import Cdn as Tier

ORDER = list(NodeState)  # worst first
WRONG = 0.01  # share of errors from which a provider is not well


def state_of(nodes: Nodes, p: int) -> NodeState:
    """State of a PoP by its effects."""
    if not nodes.up[p]:
        return NodeState.DOWN
    if nodes.speed[p] <= 0.0:
        return NodeState.FROZEN
    ill = nodes.speed[p] < 1.0 or nodes.extra_s[p] > 0 or nodes.loss[p] > 0 or nodes.error_rate[p] > 0
    return NodeState.SLOW if ill else NodeState.UP


def words_of(tier: Tier, p: int) -> str:
    """What is wrong with a PoP, in a few words."""
    nodes, atlas, said = tier.nodes, tier.atlas, []
    if not nodes.up[p]:
        said.append("down")
    elif nodes.speed[p] <= 0.0:
        said.append("frozen")
    elif nodes.speed[p] < 1.0:
        said.append(f"{1 / nodes.speed[p]:.3g}x slower")
    if nodes.error_rate[p] > 0:
        said.append(f"{percent(float(nodes.error_rate[p]))} answered 503")
    if nodes.extra_s[p] > 0:
        said.append(f"+{nodes.extra_s[p] * 1e3:.3g} ms")
    if nodes.loss[p] > 0:
        said.append(f"{percent(float(nodes.loss[p]))} lost")
    if not atlas.announced[p]:
        said.append("withdrawn")
    shut = sorted({atlas.city_country[c] for c in np.flatnonzero(atlas.closed[p]).tolist()})
    if shut:
        said.append(f"closed to {', '.join(shut[:4])}{' ...' if len(shut) > 4 else ''}")
    return ", ".join(said)


def _pops(tier: Tier) -> tuple[Pop, ...]:
    counts, store, atlas, nodes = tier.counts, tier.edge.store, tier.atlas, tier.nodes
    middle = counts.latency.last_quantile(0.50)
    found = []
    for p in np.flatnonzero(nodes.member).tolist():
        asked, place = int(counts.look_ups.last[p]), atlas.places[p]
        found.append(
            Pop(
                name=nodes.names[p], provider=nodes.group[p], city=place.name, state=state_of(nodes, p), latitude=place.latitude,
                longitude=place.longitude, rate=float(asked + counts.errors.last[p]),
                hit_share=int(counts.hits.last[p]) / asked if asked else 0.0, errors=float(counts.errors.last[p]),
                entries=int(store.count[p]), fill=int(store.count[p]) / store.room, p50_ms=float(middle[p]),
                announced=bool(atlas.announced[p]), shield=bool((atlas.shield == p).any()), verdict=words_of(tier, p),
                hit_trend=counts.pop_trends[p].tuple(),
            )
        )  # fmt: skip
    return tuple(found)


def _providers(tier: Tier, pops: tuple[Pop, ...]) -> tuple[Provider, ...]:
    shares, told = tier.steering.shares(), tier.steering.told_shares(tier.core.now)
    found = []
    for v, name in enumerate(tier.atlas.provider_names):
        mine = tier.atlas.provider == v
        asked, hits = int(tier.counts.look_ups.last[mine].sum()), int(tier.counts.hits.last[mine].sum())
        wrong = int(tier.counts.errors.last[mine].sum())
        share = wrong / (asked + wrong) if asked + wrong else 0.0
        theirs = [pop for pop in pops if pop.provider == name]
        said = []
        if share > WRONG:
            said.append(f"{percent(share)} errors")
        ill = sum(p.state is not NodeState.UP for p in theirs)
        if ill:
            said.append(f"{ill} of {len(theirs)} PoPs ill")
        blocked = sorted({tier.atlas.city_country[c] for c in np.flatnonzero(tier.atlas.blocked[v]).tolist()})
        if blocked:
            said.append(f"blocked in {', '.join(blocked)}")
        if v in tier.edge.drift:
            said.append(f"TTL drifted to {tier.edge.drift[v]:g} s")
        if shares[v] < tier.steering.wanted[v] / max(1e-9, float(tier.steering.wanted.sum())) - 1e-9:
            said.append(f"steered away from: {percent(float(shares[v]))} of answers")
        state = NodeState.DOWN if share > 0.5 else NodeState.SLOW if said else NodeState.UP
        found.append(
            Provider(
                name=name, state=state, weight=float(shares[v]), told=float(told[v]), rate=float(tier.counts.sent.last[v]),
                hit_share=hits / asked if asked else 0.0, error_share=share, ttl=tier.edge.ttl_of(v), pops=len(theirs),
                verdict=", ".join(said),
            )
        )  # fmt: skip
    return tuple(found)


def _verdict(tier: Tier, part: Cdn) -> str:
    if not tier.on:
        return "switched off: static objects are asked of the site"
    ill = [p for p in part.providers if p.verdict]
    if ill:
        return f"{ill[0].name}: {ill[0].verdict}"
    wrong = [p for p in part.pops if p.verdict]
    if wrong:
        more = f", {len(wrong) - 1} more" if len(wrong) > 1 else ""
        return f"{wrong[0].name} {wrong[0].verdict}{more}"
    if part.stale > 0:
        return f"{part.stale:,.0f} stale answers a second: purge, or wait for the TTL"
    return f"{percent(part.offload)} never reach the origin" if part.rate else "nobody asks"


def purge_words(purge: Purge, tier: Tier) -> str:
    """How far a purge has come."""
    left = tier.edge.purges.get(purge.number)
    there = len(tier.nodes) - (left[2] if left else 0)
    how = "reached all it can" if left is None else f"at {there} of {len(tier.nodes)} PoPs"
    return f"{purge.scope.text()} at {purge.issued:.1f} s: {how}"


def direct_ms(tier: Tier) -> float:
    """What the median user's way to the site and back takes, ms: the CDN's rival, without any wait there."""
    way = tier.core.fabric.city_one_way[: len(tier.cities)].min(axis=1)
    order = np.argsort(way, kind="stable")
    people = np.cumsum(tier.traffic.population.share[order])
    return 2e3 * float(way[order[int(np.searchsorted(people, 0.5))]])


def totals(tier: Tier) -> CdnTotals:
    """Since the start."""
    counts = tier.counts
    return CdnTotals(
        **{name: counts.total(name) for name in TIER}, look_ups=int(counts.look_ups.sum.sum()), hits=int(counts.hits.sum.sum()),
        misses=int(counts.misses.sum.sum()), pop_errors=int(counts.errors.sum.sum()),
        evictions=int(tier.edge.store.evictions.sum()),
    )  # fmt: skip


def reading(tier: Tier) -> Cdn:
    """The whole part."""
    counts, edge = tier.counts, tier.edge
    pops = _pops(tier)
    asked, hits = int(counts.look_ups.last.sum()), int(counts.hits.last.sum())
    latency = counts.latency.last.sum(axis=0)
    trends = {name: trend.tuple() for name, trend in counts.trends.items()}
    last = {name: values[-1] if values else 0.0 for name, values in trends.items()}
    part = Cdn(
        verdict="", on=tier.on, steering=tier.mode, ttl=edge.ttl, age=edge.age, versioned=edge.versioned, fallback=tier.fallback,
        shield=str(tier.option("shield")), rate=last["rate"], hit_share=hits / asked if asked else 0.0, offload=last["offload"],
        error_share=last["error"], origin_rate=float(counts.last("ask_origin")), direct=float(counts.last("direct")),
        joined=float(counts.last("joined")), stale=float(counts.last("stale")), longest_stale_s=counts.longest_stale,
        oldest_s=counts.oldest, p50_ms=quantile(latency, 0.50), p99_ms=quantile(latency, 0.99), direct_ms=direct_ms(tier),
        providers=_providers(tier, pops), pops=pops, countries=tuple(tier.atlas.countries),
        purges=tuple(purge_words(purge, tier) for purge in list(edge.recent)[-3:]),
        totals=totals(tier),
        hit_trend=trends["hit"], offload_trend=trends["offload"], error_trend=trends["error"], rate_trend=trends["rate"],
    )  # fmt: skip
    return Cdn(**{**{f: getattr(part, f) for f in part.__struct_fields__}, "verdict": _verdict(tier, part)})


def inspect(tier: Tier, p: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    """State and settings of one PoP."""
    counts, edge, atlas = tier.counts, tier.edge, tier.atlas
    fetching = sum(f.pop == p for f in edge.fetches.all.values())
    serves = [c.name for i, c in enumerate(tier.cities) if (atlas.best[:, i] == p).any()]
    state = (
        Setting("look-ups", f"{int(counts.look_ups.sum[p]):,}", "counted"),
        Setting("hits", f"{int(counts.hits.sum[p]):,}", "answered from what it keeps"),
        Setting("misses", f"{int(counts.misses.sum[p]):,}", f"{fetching} fetches are under way"),
        Setting("errors", f"{int(counts.errors.sum[p]):,}", "answered 503"),
        Setting("keeps", f"{int(edge.store.count[p]):,} objects", f"room for {edge.store.room:,}; least recently used go first"),
        Setting("serves", ", ".join(serves[:6]) or "nobody", "cities that are led here"),
        Setting("to the site", f"{2e3 * float(atlas.zone_way[p].min()):.1f} ms", "round trip, from measured medians"),
    )
    v = int(atlas.provider[p])
    shield = int(atlas.shield[v])
    settings = (
        Setting("provider", atlas.provider_names[v], f"in {atlas.places[p].name}, {atlas.places[p].country}"),
        Setting("ttl", f"{edge.ttl_of(v):g} s", "CloudFront's default is 24 h"),
        Setting("shield", tier.nodes.names[shield] if shield >= 0 else "none", "whom it asks for what it lacks"),
        Setting("service", f"{edge.service_s * 1e6:g} us", "nginx: 34,000 objects of 1 KB a second a worker"),
        Setting("speed", f"{tier.nodes.speed[p]:g}", "1 = nominal; faults change it"),
    )
    return state, settings
