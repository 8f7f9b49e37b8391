"""What the DNS tier shows of its parties: the hosts, the delegation, and what is wrong between them. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...snapshot import NodeState, Setting
from ...snapshot import panes as readings
from .providers import NO_DOMAIN, NOBODY

if TYPE_CHECKING:
    from . import Dns


def delegation(dns: Dns) -> str:
    """Whom the TLD names now, in words."""
    at = dns.registry.at_tld
    if at == NO_DOMAIN:
        return "NXDOMAIN"
    return dns.providers.words(dns.registry.sets[at].hosts) or "nobody"


def hosts(dns: Dns) -> tuple[readings.Host, ...]:
    """Every DNS host, in the scenario's order."""
    registry, providers, cache = dns.registry, dns.providers, dns.resolvers
    holds = cache.zone_until > dns.core.now
    held = np.bincount(cache.delegation[holds], minlength=len(registry.sets))
    named = () if registry.at_tld == NO_DOMAIN else registry.sets[registry.at_tld].hosts
    found = []
    for host, name in enumerate(providers.names):
        servers = list(providers.servers[host])
        counts = dns.counts.servers
        state, words = _health(dns, host)
        found.append(
            readings.Host(
                name=name,
                state=state,
                named=host in named,
                serves=providers.has_zone(host),
                servers=len(servers),
                queries=float(counts.asked.last[servers].sum()),
                lame=float(counts.useless.last[servers].sum()),
                silent=float(counts.silent.last[servers].sum()),
                resolvers=sum(int(held[n]) for n, one in enumerate(registry.sets) if host in one.hosts),
                verdict=words,
            )
        )
    return tuple(found)


def _health(dns: Dns, host: int) -> tuple[NodeState, str]:
    """The worst of a host, in a few words."""
    nodes, levels, servers = dns.nodes, dns.levels, list(dns.providers.servers[host])
    gone = ~levels.announced[servers]
    dead = gone | ~nodes.up[servers] | (nodes.speed[servers] <= 0.0)
    if dead.any():
        what = "withdrawn" if gone.all() else "down" if dead.all() else f"{int(dead.sum())} of {dead.size} servers down"
        return NodeState.DOWN if dead.all() else NodeState.SLOW, what
    flooded = float(levels.flooded[servers].max())
    if flooded > 0.0:
        return NodeState.SLOW, f"flooded: {flooded:.0%} lost".replace("%", " %")
    at = dns.registry.at_tld
    named = at != NO_DOMAIN and host in dns.registry.sets[at].hosts
    if not dns.providers.has_zone(host):
        return (NodeState.DOWN, "lame: named, but has no zone") if named else (NodeState.STANDBY, "has no zone")
    if host in dns.registry.glue:
        return NodeState.SLOW, "its glue is wrong"
    return (NodeState.UP, "serves") if named else (NodeState.STANDBY, "serves, but is not named")


def trouble(dns: Dns) -> str:
    """What is wrong at the registry or between it and the hosts; "" if nothing is."""
    registry, counts, now = dns.registry, dns.counts, dns.core.now
    if registry.expired:
        left = int(np.count_nonzero(dns.resolvers.zone_until > now))
        return f"the TLD denies the domain: {left:,} of {dns.resolvers.n:,} resolvers still know its servers"
    nobody = [n for n, one in enumerate(registry.sets) if set(one.servers) == {NOBODY}]
    astray = int(np.count_nonzero(np.isin(dns.resolvers.delegation, nobody) & (dns.resolvers.zone_until > now)))
    if nobody and (registry.at_tld in nobody or astray):
        return f"{astray:,} of {dns.resolvers.n:,} resolvers are referred to nobody's servers"
    lame = int(counts.servers.useless.last[2:-1].sum())
    if lame:
        return f"lame delegation: {lame:,} answers/s refused"
    old = dns.old_delegations(now)
    if old:
        return f"{old:,} of {dns.resolvers.n:,} resolvers have the old delegation"
    return ""


def host(dns: Dns, number: int) -> tuple[NodeState, tuple[Setting, ...], tuple[Setting, ...]]:
    """State and settings of a DNS host."""
    shown, counts = hosts(dns)[number], dns.counts.servers
    servers = list(dns.providers.servers[number])
    sums = [int(meter.sum[servers].sum()) for meter in (counts.asked, counts.answered, counts.useless, counts.silent)]
    lines = (
        Setting("verdict", shown.verdict, "named by the TLD" if shown.named else "not named by the TLD"),
        Setting("resolvers", f"{shown.resolvers:,}", "hold a delegation to it, now"),
        Setting("asked", f"{shown.queries:,.0f}/s", "queries of the last second"),
        Setting("since the start", f"{sums[0]:,}", f"{sums[1]:,} answered, {sums[2]:,} refused, {sums[3]:,} silent"),
    )
    where = "anycast: one near everybody" if dns.providers.anycast[number] else "in the site's zones"
    settings = (
        Setting("name servers", ", ".join(dns.nodes.names[i] for i in servers), where),
        Setting("has the zone", "yes" if shown.serves else "no", "dns.zone_at"),
        Setting("withdraw", dns.withdraw, "dns.withdraw"),
    )
    return shown.state, lines, settings


def registrar(dns: Dns, _number: int) -> tuple[NodeState, tuple[Setting, ...], tuple[Setting, ...]]:
    """What the registrar was told, what the TLD says."""
    registry, now = dns.registry, dns.core.now
    wrong = bool(registry.expired or registry.hijacked or registry.glue)
    due = f"published in {registry.pending[0][0] - now:.0f} s" if registry.pending else "published"
    lines = (
        Setting("told", dns.delegation, due),
        Setting("the TLD says", delegation(dns), trouble(dns) or "as the owner wants it"),
        Setting("older delegations", f"{dns.old_delegations(now):,} resolvers", "hold one that the TLD does not have now"),
    )
    settings = (
        Setting("publishes after", f"{dns.publish:g} s", ".com: 3 min (Verisign, 2004)"),
        Setting("delegation TTL", f"{dns.resolvers.delegation_ttl:.0f} s", "dig traces of .com"),
    )
    return NodeState.DOWN if wrong else NodeState.UP, lines, settings
