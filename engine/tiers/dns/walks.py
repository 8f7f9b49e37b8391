"""The walks of resolvers: root, TLD, authority, each asked only when what it would say is not cached; tries, time-outs, failure.

A resolver has at most one walk at a time (there is one name to ask for); who asks meanwhile waits for its end. A query is
two events: it reaches the server (which decides then, with the zone as it is then), and its answer or time-out reaches the
resolver. Events are tuples in a heap shared with the tier, ordered by (time, kind, key).
"""

from __future__ import annotations

import heapq
from typing import TypeAlias

from ...config import Dns as DnsConfig
from ...snapshot import Walk as WalkReading
from .authority import NX, SERVFAIL, Authority, Part
from .counts import AUTHORITY, ROOT, TLD, Counts
from .levels import ANSWERED, SILENT, USELESS, Levels
from .levels import AUTHORITY as OF_ZONE
from .providers import NO_DOMAIN, NOBODY, TLD_NEGATIVE_S, Providers, Registry
from .resolvers import SERVFAIL_TTL_S, Resolvers
from .zone import MAX_CHAIN

# Kinds of events, in the order in which they count at one and the same instant.
REPLY, SERVER, TO_USER, TO_RESOLVER, ASK, STUB_ANSWER, STUB_QUERY, STUB_TIMEOUT = range(8)
Event: TypeAlias = tuple[float, int, int, int, int, int, float]  # t, kind, key, then what the kind needs

PRIME, ASK_ROOT, ASK_TLD, ASK_ZONE = range(4)  # steps of a walk
STEP_LEVEL = (0, 0, 1, 2)  # the level of servers that a step asks
STEP_ANSWERS = (ROOT, ROOT, TLD, AUTHORITY)  # how a look-up that needed the step is counted
ANYBODY = "resolver {} in {}"


class Walk:
    """One walk under way, or just ended (then `answer` and `until` hold)."""

    __slots__ = (
        "answer", "at", "content", "deepest", "event", "fate", "followed", "name", "node", "plan", "prefix_until", "referral",
        "resolver", "sent", "servers", "shown", "started", "tries", "until", "waiters",
    )  # fmt: skip

    def __init__(self, resolver: int, started: float, plan: list[int], name: int, followed: int, prefix_until: float) -> None:
        self.resolver = resolver
        self.started = started
        self.plan = plan  # steps to do
        self.at = 0
        self.name = name  # the name asked for
        self.followed = followed  # CNAMEs followed in the cache before it
        self.prefix_until = prefix_until
        self.tries = 0
        self.sent = 0.0
        self.node = 0
        self.servers: tuple[int, ...] = ()  # of the step, in the order in which they are asked
        self.referral = 0  # what the TLD said: number of a delegation
        self.fate = SILENT
        self.content: tuple[Part, ...] = ()
        self.waiters: list[int] = []  # slots
        self.event = 0
        self.deepest = STEP_ANSWERS[plan[0]]
        self.shown: list[tuple[str, str]] = []
        self.answer = SERVFAIL
        self.until = 0.0


class Walks:
    """All walks under way, by resolver."""

    def __init__(
        self, config: DnsConfig, levels: Levels, parties: tuple[Providers, Registry], resolvers: Resolvers, authority: Authority,
        counts: Counts, heap: list[Event],
    ) -> None:  # fmt: skip
        self.first_timeout = config.query_timeout
        self.tries = config.tries
        self.zone_ns_ttl = config.zone_ns_ttl
        self.levels = levels
        self.providers, self.registry = parties
        self.resolvers = resolvers
        self.authority = authority
        self.counts = counts
        self.heap = heap
        self.open: dict[int, Walk] = {}

    def begin(self, t: float, r: int) -> Walk:
        """Resolver r sets out at t."""
        cache = self.resolvers
        name, followed, until = cache.cached_chain(r, t)
        if cache.zone_until[r] > t:
            plan = [ASK_ZONE]
        elif cache.tld_until[r] > t:
            plan = [ASK_TLD, ASK_ZONE]
        elif cache.root_until[r] > t:
            plan = [ASK_ROOT, ASK_TLD, ASK_ZONE]
        else:  # priming: the hints are asked who the root servers are now (RFC 8109)
            plan = [PRIME, ASK_ROOT, ASK_TLD, ASK_ZONE]
        walk = Walk(r, t, plan, name, followed, until)
        walk.shown = [(word, "cached") for word in ("root", "tld")[: max(0, 3 - len(plan))]]
        self.open[r] = walk
        self.counts.walks.add_one(0)
        self._send(t, walk)
        return walk

    def at_server(self, t: float, r: int) -> None:
        """The query of resolver r reaches the server at t, if it does."""
        walk = self.open[r]
        step = walk.plan[walk.at]
        city = int(self.resolvers.city[r])
        verdict = self.levels.judge(city, walk.node)
        walk.event = verdict.event or walk.event
        walk.fate = verdict.fate
        give_up = walk.sent + self._timeout(walk)
        back = t + verdict.rtt / 2.0
        if verdict.fate == SILENT or back > give_up:
            walk.fate = SILENT
            back = give_up
        elif verdict.fate == ANSWERED:
            self._ask(walk, step, city)
        heapq.heappush(self.heap, (back, REPLY, r, 0, 0, 0, 0.0))

    def _ask(self, walk: Walk, step: int, city: int) -> None:
        """The server has got the query: what it says."""
        if step == ASK_TLD:
            walk.referral = self.registry.at_tld
            walk.event = self.registry.expired or walk.event
        elif step == ASK_ZONE:
            host = self.providers.of_node[walk.node]
            if self.providers.has_zone(host):
                walk.content = self.authority.respond(walk.name, city)
            else:  # REFUSED: it does not know the zone
                walk.fate = USELESS
                walk.event = self.providers.event[host]

    def at_resolver(self, t: float, r: int) -> Walk | None:
        """The answer or the time-out of its query reaches resolver r at t; returns the walk if it is over."""
        walk = self.open[r]
        step = walk.plan[walk.at]
        level = STEP_LEVEL[step]
        self.counts.took(level, (t - walk.sent) * 1e3)
        self.counts.servers.ends(walk.node, walk.fate)
        if walk.fate != ANSWERED:
            return self._failed(t, walk, level)
        walk.shown.append((self.levels.nodes.names[walk.node], f"{(t - walk.sent) * 1e3:.0f} ms"))
        cache = self.resolvers
        if step == PRIME:
            cache.root_until[r] = t + cache.root_ttl
        elif step == ASK_ROOT:
            cache.tld_until[r] = t + cache.delegation_ttl
        elif step == ASK_TLD:
            if walk.referral == NO_DOMAIN:
                denial = (Part(walk.name, NX, TLD_NEGATIVE_S),)
                return self._over(t, walk, NX, cache.keep(r, t, denial, walk.prefix_until))
            cache.refer(r, walk.referral, t + cache.delegation_ttl)
        else:
            return self._answered(t, walk)
        walk.at += 1
        walk.tries = 0
        self._send(t, walk)
        return None

    def _timeout(self, walk: Walk) -> float:
        """Doubled for each time that the resolver has asked the same server."""
        return self.first_timeout * float(2 ** (walk.tries // len(walk.servers)))

    def _send(self, t: float, walk: Walk) -> None:
        level = STEP_LEVEL[walk.plan[walk.at]]
        if level == OF_ZONE:  # those that this resolver was referred to, whoever the zone's owner means now
            number = self.resolvers.delegation.item(walk.resolver)
            walk.servers = self.registry.sets[number].servers
        else:
            walk.servers = self.levels.servers[level]
        # resolvers spread over the servers and take the next one at each try
        walk.node = walk.servers[(walk.resolver + walk.tries) % len(walk.servers)]
        walk.sent = t
        walk.fate = SILENT
        self.counts.queries.add_one(level)
        self.counts.servers.asked.add_one(walk.node)
        if walk.node == NOBODY:
            walk.event = self.registry.event[self.resolvers.delegation.item(walk.resolver)]
            heapq.heappush(self.heap, (t + self._timeout(walk), REPLY, walk.resolver, 0, 0, 0, 0.0))
            return
        delay = self.levels.delay(int(self.resolvers.city[walk.resolver]), walk.node)
        wait = self._timeout(walk)
        if delay >= wait:  # given up before it arrives
            walk.event = int(self.levels.nodes.event[walk.node]) or walk.event
            heapq.heappush(self.heap, (t + wait, REPLY, walk.resolver, 0, 0, 0, 0.0))
        else:
            heapq.heappush(self.heap, (t + delay, SERVER, walk.resolver, 0, 0, 0, 0.0))

    def _failed(self, t: float, walk: Walk, level: int) -> Walk | None:
        self.counts.unanswered.add_one(level)
        word = "no use" if walk.fate == USELESS else "no answer"
        walk.shown.append((self.levels.nodes.names[walk.node] if walk.node != NOBODY else "nobody", word))
        walk.tries += 1
        if walk.tries < self.tries:
            self._send(t, walk)
            return None
        return self._over(t, walk, SERVFAIL, t)

    def _answered(self, t: float, walk: Walk) -> Walk:
        cnames = walk.followed + sum(self.authority.answers[p.answer].kind == "CNAME" for p in walk.content)
        if not walk.content or cnames > MAX_CHAIN or self.authority.answers[walk.content[-1].answer].kind == "CNAME":
            return self._over(t, walk, SERVFAIL, t)
        if self.zone_ns_ttl > 0.0 and self.resolvers.from_tld[walk.resolver]:
            # what the zone says of itself counts more (RFC 2181 section 5.4.1), but does not keep itself alive (Jiang, NDSS 2012)
            self.resolvers.refer(walk.resolver, self.registry.of_zone(), t + self.zone_ns_ttl, from_tld=False)
        until = self.resolvers.keep(walk.resolver, t, walk.content, walk.prefix_until)
        return self._over(t, walk, walk.content[-1].answer, until)

    def _over(self, t: float, walk: Walk, answer: int, until: float) -> Walk:
        walk.answer = answer
        walk.until = until
        if answer == SERVFAIL:
            self.resolvers.fail_until[walk.resolver] = t + SERVFAIL_TTL_S
            self.resolvers.fail_event[walk.resolver] = walk.event
        del self.open[walk.resolver]
        city = self.levels.core.fabric.cities[int(self.resolvers.city[walk.resolver])]
        self.counts.last_walks.append(
            WalkReading(
                resolver=ANYBODY.format(walk.resolver, city),
                at=walk.started,
                total_ms=(t - walk.started) * 1e3,
                steps=tuple(walk.shown),
            )
        )
        return walk
