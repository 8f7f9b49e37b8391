"""What the DNS tier shows: pane 2, the JSON record, the inspector. Reads and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...snapshot import NodeState, Setting
from ...snapshot import panes as readings
from .counts import AUTHORITY, BROWSER, HOSTS, OS, RESOLVER, ROOT, TLD, WORDS
from .levels import LEVELS
from .showing import delegation, hosts, trouble
from .stubs import ATTEMPTS, TIMEOUT_S

if TYPE_CHECKING:
    from . import Dns

TTL_BINS = 20  # of `ttl_left`: the life left of resolvers' entries, from about to end to just fetched


def reading(dns: Dns) -> readings.Dns:
    """Pane 2."""
    counts, now = dns.counts, dns.core.now
    lookups = counts.lookups
    stale = dns.stale_resolvers(now)
    return readings.Dns(
        verdict=_verdict(dns, stale),
        lookups=float(lookups),
        levels=_cache_levels(dns) + tuple(_server_level(dns, level) for level in range(len(LEVELS))),
        records=_records(dns),
        resolvers=dns.resolvers.n,
        stale_resolvers=stale,
        cold_p99_ms=counts.cold_p99,
        nxdomain_share=float(counts.nxdomain.last[0]) / max(1, lookups),
        servfail_share=float(counts.servfail.last[0]) / max(1, lookups),
        ttl_left=ttl_left(dns),
        walks=tuple(reversed(counts.last_walks)),
        lookups_trend=counts.lookups_trend.tuple(),
        stale_trend=counts.stale_trend.tuple(),
        hosts=hosts(dns),
        delegation=delegation(dns),
        ordered=dns.providers.words(dns.registry.pending[-1][1]) if dns.registry.pending else "",
        old_delegations=dns.old_delegations(now),
        asked=int(counts.servers.asked.sum[2:].sum()),
        lame=int(counts.servers.useless.sum[2:].sum()),
        silent=int(counts.servers.silent.sum[2:].sum()),
        old_trend=counts.old_trend.tuple(),
    )


def ttl_left(dns: Dns) -> tuple[int, ...]:
    """How many resolvers have how much of the TTL left, TTL_BINS counts; the last bin also holds all that is beyond it."""
    left = dns.resolvers.ready_until - dns.core.now
    left = left[left > 0.0]
    ttl = max(dns.ttl, 1e-9)
    bins = np.minimum((left * (TTL_BINS / ttl)).astype(np.int64), TTL_BINS - 1)
    return tuple(np.bincount(bins, minlength=TTL_BINS).tolist())


def _cache_levels(dns: Dns) -> tuple[readings.Level, ...]:
    counts = dns.counts
    rows = []
    for level, ttl in ((BROWSER, dns.browser_cap), (HOSTS, 0.0), (OS, dns.os_cap), (RESOLVER, dns.resolvers.max_ttl)):
        if level == HOSTS and dns.hosts < 0:
            continue
        state, words = NodeState.UP, ""
        if level == HOSTS:
            words = f"overrides with {dns.addresses[dns.hosts]}"
        elif level == RESOLVER:
            state, words = _resolver_health(dns)
            words = _with_unanswered(words, int(counts.silent.last[0]))
        rows.append(
            readings.Level(
                name=WORDS[level],
                state=state,
                queries=float(counts.reached(level)),
                hit_share=counts.share(level),
                ttl=ttl,
                verdict=words,
            )
        )
    return tuple(rows)


def _server_level(dns: Dns, level: int) -> readings.Level:
    counts = dns.counts
    state, words = _health(dns, level)
    asked = int(counts.queries.last[level])
    words = _with_unanswered(words, int(counts.unanswered.last[level]))
    ttl = (dns.resolvers.root_ttl, dns.resolvers.delegation_ttl, dns.ttl)[level]
    return readings.Level(
        name=LEVELS[level],
        state=state,
        queries=float(asked),
        hit_share=counts.share((ROOT, TLD, AUTHORITY)[level]),
        p99_ms=counts.level_p99[level],
        ttl=ttl,
        verdict=words,
    )


def _with_unanswered(words: str, lost: int) -> str:
    """lost: time-outs of this second, of queries of earlier ones, so no part of those asked now."""
    return f"{words + ': ' if words else ''}{lost:,}/s unanswered" if lost else words


def _resolver_health(dns: Dns, which: slice = slice(None)) -> tuple[NodeState, str]:
    """Of these resolvers, the worst first; down only if all of them are."""
    stubs = dns.stubs
    sick, n = stubs.sick[which], stubs.sick[which].size
    if not sick.any():
        return NodeState.UP, ""
    down = ~stubs.up[which]
    counted = (("down", down), ("lossy", stubs.loss[which] > 0.0), ("slow", stubs.extra_s[which] > 0.0))
    parts = []
    for word, ones in counted:
        m = int(np.count_nonzero(ones))
        if m:
            parts.append(word if m == n else f"{m:,} of {n:,} {word}")
    return NodeState.DOWN if down.all() else NodeState.SLOW, ", ".join(parts)


def _health(dns: Dns, level: int) -> tuple[NodeState, str]:
    """The worst of a level's servers; down only if all of them are."""
    nodes = dns.nodes
    servers = dns.levels.members(level)
    dead = ~nodes.up[servers]
    frozen = nodes.speed[servers] <= 0.0
    slow = (nodes.extra_s[servers] > 0.0) | (nodes.loss[servers] > 0.0) | (nodes.error_rate[servers] > 0.0)
    if dead.all():
        return NodeState.DOWN, "down"
    if frozen.all():
        return NodeState.FROZEN, "frozen"
    bad = dead | frozen | slow
    if bad.any():
        which = ", ".join(nodes.names[i] for i in servers[bad].tolist())
        return NodeState.SLOW, f"{which} in trouble"
    return NodeState.UP, ""


def _records(dns: Dns) -> tuple[readings.Record, ...]:
    """The zone as configured; who answers what is known of the name that everybody asks for."""
    authority = dns.authority
    end = authority.configured.chain(dns.question)
    last = end[-1].name if end else dns.question
    rows = []
    for rrset in authority.configured.rrsets:
        gone = authority.served.find(rrset.name) is None
        served = authority.served.find(rrset.name) or rrset
        rows.append(
            readings.Record(
                name=rrset.name,
                kind=rrset.kind,
                value="deleted" if gone else ", ".join(rrset.values),
                ttl=served.ttl,
                was=", ".join(authority.was.get(rrset.name, ())),
                answers=answers(dns) if rrset.name == last else (),
            )
        )
    return tuple(rows)


def answers(dns: Dns) -> tuple[tuple[str, int], ...]:
    """(address or NXDOMAIN, resolvers that answer it from their cache now), most first."""
    cache, authority = dns.resolvers, dns.authority
    held = np.bincount(cache.ready[cache.ready_until > dns.core.now], minlength=len(authority.answers))
    found: dict[str, int] = {}
    for number, answer in enumerate(authority.answers):
        if held[number]:
            word = "NXDOMAIN" if answer.kind == "NX" else ", ".join(authority.addresses[n] for n in answer.numbers)
            found[word] = found.get(word, 0) + int(held[number])
    return tuple(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _outage(dns: Dns) -> str:
    """Resolvers that are not well, or a level of servers that does not answer; "" if there is none."""
    _, words = _resolver_health(dns)
    if words:
        return f"resolvers {words}: {int(dns.counts.silent.last[0]):,} queries/s unanswered"
    for level in (2, 1, 0):
        state, words = _health(dns, level)
        if state in (NodeState.DOWN, NodeState.FROZEN):
            return f"{LEVELS[level]} {words}: {int(dns.counts.servfail.last[0])}/s fail as caches run out"
    return ""


def _verdict(dns: Dns, stale: int) -> str:
    counts = dns.counts
    if outage := _outage(dns) or trouble(dns):
        return outage
    if stale:
        what, _ = dns.authority.current(dns.question)
        kind = "have not heard of the deletion" if what == "NXDOMAIN" else "still on the old address"
        return f"{stale:,} of {dns.resolvers.n:,} resolvers {kind}"
    if counts.nxdomain.last[0]:
        return f"{int(counts.nxdomain.last[0])}/s get NXDOMAIN"
    unanswered = int(counts.unanswered.last.sum() + counts.silent.last.sum())
    if unanswered:
        return f"{unanswered} queries/s unanswered"
    if dns.hosts >= 0:
        return f"hosts files point to {dns.addresses[dns.hosts]}"
    return "all levels answer"


def record(dns: Dns) -> dict[str, object]:
    """Every counter since the start."""
    counts = dns.counts
    return {
        "answered": dict(zip(WORDS, counts.answered.sum.tolist(), strict=True)),
        "coalesced": {"user": int(counts.coalesced.sum[0]), "resolver": int(counts.coalesced.sum[1])},
        "queries": dict(zip(LEVELS, counts.queries.sum.tolist(), strict=True)),
        "unanswered": {"resolver": int(counts.silent.sum[0])} | dict(zip(LEVELS, counts.unanswered.sum.tolist(), strict=True)),
        "lame": int(counts.servers.useless.sum[2:-1].sum()),
        "old_delegations": dns.old_delegations(dns.core.now),
        "walks": int(counts.walks.sum[0]),
        "nxdomain": int(counts.nxdomain.sum[0]),
        "servfail": int(counts.servfail.sum[0]),
        "abandoned": int(counts.abandoned.sum[0]),
        "resolvers": dns.resolvers.n,
        "stale_resolvers": dns.stale_resolvers(dns.core.now),
        "cold_p99_ms": counts.cold_p99,
    }


def inspect(dns: Dns, node: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    """State and settings of one server."""
    level = next(i for i, servers in enumerate(dns.levels.servers) if node in servers)
    counts, config = dns.counts, dns.core.config.dns
    state = (
        Setting("level", LEVELS[level], ""),
        Setting("queries", f"{int(counts.queries.last[level])}/s, {int(counts.queries.sum[level])} in all", "of the level"),
        Setting("unanswered", f"{int(counts.unanswered.last[level])}/s", "of the level"),
        Setting("p99", f"{counts.level_p99[level]:.0f} ms", "of one query"),
    )
    settings = (
        Setting("first time-out", f"{config.query_timeout * 1e3:.0f} ms", "unbound 1.17.1, a server it does not know"),
        Setting("tries a level", str(config.tries), "scenario"),
        Setting("root NS TTL", f"{config.root_ttl:.0f} s", "Debian dns-root-data"),
        Setting("delegation TTL", f"{config.delegation_ttl:.0f} s", "dig traces of .com"),
        Setting("record TTL", f"{dns.ttl:.0f} s", "scenario"),
    )
    return state, settings


def resolvers(dns: Dns, city: int) -> tuple[NodeState, tuple[Setting, ...], tuple[Setting, ...]]:
    """State and settings of the resolvers that a city's users ask; city -1: of all."""
    which, now = dns.resolvers.of_city(city), dns.core.now
    state, words = _resolver_health(dns, which)
    ready = dns.resolvers.ready_until[which] > now
    lines = (
        Setting("resolvers", f"{ready.size:,}", words or "all answer"),
        Setting("have the answer", f"{int(np.count_nonzero(ready)):,}", "in their caches, now"),
        Setting("unanswered", f"{int(dns.counts.silent.last[0]):,}/s", "queries of users' systems, to all resolvers"),
    )
    settings = (
        Setting("stub time-out", f"{TIMEOUT_S:g} s", "resolv.conf(5)"),
        Setting("stub attempts", str(ATTEMPTS), "resolv.conf(5)"),
    )
    return state, lines, settings
