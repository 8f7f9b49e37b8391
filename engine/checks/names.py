"""Invariant 18 of the name servers: what resolvers know of the zone's servers was said, and every query has an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .flow import expect

if TYPE_CHECKING:
    from ..world import World


def delegations_were_said(world: World) -> None:
    """18: every delegation that a resolver holds was once at the TLD (or in the zone's own NS records)."""
    dns = world.dns
    cache = dns.resolvers
    held = np.unique(cache.delegation[cache.zone_until > world.core.now]).tolist()
    unheard = sorted(set(held) - set(dns.registry.known))
    expect(not unheard, f"resolvers hold delegations {unheard}, which the TLD never had")


def queries_have_ends(world: World) -> None:
    """18: to every server, queries = answers + useless ones + silences + those under way, one a walk; level by level, too."""
    dns, servers = world.dns, world.dns.counts.servers
    under_way = np.zeros(len(dns.nodes) + 1, dtype=np.int64)
    for walk in dns.walks.open.values():
        under_way[walk.node] += 1
    asked, ended = servers.asked.sum, servers.answered.sum + servers.useless.sum + servers.silent.sum
    told = f"{asked.tolist()} queries, {ended.tolist()} ended, {under_way.tolist()} under way"
    expect((asked == ended + under_way).all(), told)
    expect(int(asked.sum()) == int(dns.counts.queries.sum.sum()), "queries by server are not those by level")
    failed = int((servers.useless.sum + servers.silent.sum).sum())
    expect(failed == int(dns.counts.unanswered.sum.sum()), f"{failed} queries failed, by level {dns.counts.unanswered.sum}")
