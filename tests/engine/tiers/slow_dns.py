"""A slow model of DNS caching, written from the RFCs as processes that wait: one per look-up, dictionaries for caches.

It shares nothing with the engine's DNS tier but the inputs (who asks when, distances, what is done to the zone and to the
servers) and the stream of random numbers that decides which packets are lost. Times in seconds.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import simpy

Wait = Generator[simpy.Event, Any, Any]


@dataclass
class Server:
    """What is wrong with a server."""

    up: bool = True
    extra: float = 0.0
    loss: float = 0.0
    lame: bool = False


@dataclass
class Settings:
    """The constants of a run."""

    question: str
    negative_ttl: float
    browser_cap: float
    os_cap: float
    max_ttl: float
    negative_cap: float
    root_ttl: float
    delegation_ttl: float
    timeout: float
    tries: int
    to_resolver: float
    zone_ns_ttl: float = 0.0
    fail_ttl: float = 5.0
    stub_timeout: float = 5.0
    stub_attempts: int = 2


@dataclass
class Result:
    """What a resolver says: an address, "NXDOMAIN" or "SERVFAIL", how long it holds, and the deepest level asked for it."""

    said: str
    until: float
    level: str


@dataclass
class Cache:
    """One resolver."""

    records: dict[str, tuple[float, str, str]] = field(default_factory=dict)  # name -> (until, kind, value)
    servers_until: dict[str, float] = field(default_factory=dict)  # "prime", "tld", "zone"
    zone_servers: list[str] = field(default_factory=lambda: ["ns1", "ns2"])  # what "zone" speaks of; "" = nobody
    by_referral: bool = False
    ready: Result | None = None
    failed_until: float = -1.0
    walking: simpy.Event | None = None


class SlowDns:
    """users, resolvers by number; zone: name -> (kind, ttl, value); distance[city][server] one way."""

    def __init__(
        self,
        settings: Settings,
        zone: dict[str, tuple[str, float, str]],
        distance: list[dict[str, float]],
        rng: np.random.Generator,
    ) -> None:
        self.env = simpy.Environment()
        self.s = settings
        self.zone = zone
        self.distance = distance
        self.rng = rng
        self.servers = {name: Server() for name in distance[0]}
        self.referral: list[str] | None = ["ns1", "ns2"]  # what the TLD says; None = no such domain
        self.own_ns = ["ns1", "ns2"]  # what the zone says
        self.serving = {"ns1": True, "ns2": True}  # which servers know the zone
        self.owners = ["ns1", "ns2"]  # what it says when nothing is wrong with the registry
        self.wrong: set[tuple[str, str]] = set()  # what is
        self.lame = 0
        self.to_nobody = 0
        self.resolvers: dict[int, Server] = {}  # what is wrong with the users' side of a resolver
        self.browser: dict[int, tuple[float, str]] = {}
        self.os: dict[int, tuple[float, str]] = {}
        self.asking: dict[int, simpy.Event] = {}
        self.caches: dict[int, Cache] = {}
        self.ended: dict[int, tuple[float, float, str]] = {}  # request -> (when, how long, what)
        self.levels: dict[str, int] = {}
        self.queries: dict[str, int] = {"root": 0, "tld": 0, "authority": 0}

    def look_up(self, request: int, at: float, user: int, city: int, resolver: int) -> Wait:
        """A user asks."""
        yield self.env.timeout(at)
        began = self.env.now
        held = self.browser.get(user)
        if held and held[0] > began:
            return self.end(request, began, held[1], "browser")
        if user in self.asking:
            result = yield self.asking[user]
            return self.end(request, began, result.said, result.level)
        held = self.os.get(user)
        if held and held[0] > began:
            self.browser[user] = (min(held[0], began + self.s.browser_cap), held[1])
            return self.end(request, began, held[1], "os")
        told = self.asking[user] = self.env.event()
        result, ttl = yield from self.stub(resolver, city)
        now = self.env.now
        if result.said != "SERVFAIL":
            until = min(now + ttl, now + self.s.os_cap)
            self.os[user] = (until, result.said)
            self.browser[user] = (min(until, now + self.s.browser_cap), result.said)
        del self.asking[user]
        told.succeed(result)
        return self.end(request, began, result.said, result.level)

    def stub(self, number: int, city: int) -> Wait:
        """The user's system asks, twice if it hears nothing; (result, its TTL) of the first answer that comes."""
        answer = self.env.event()
        for _ in range(self.s.stub_attempts):
            self.env.process(self.query(answer, number, city))
            yield answer | self.env.timeout(self.s.stub_timeout)
            if answer.triggered:
                return answer.value
        nothing = (Result("SERVFAIL", self.env.now, "resolver"), 0.0)
        answer.succeed(nothing)
        return nothing

    def query(self, answer: simpy.Event, number: int, city: int) -> Wait:
        """One query to a resolver and, unless nobody waits any more, its answer."""
        yield self.env.timeout(self.s.to_resolver + self.resolver(number).extra)
        if self.is_lost(number):
            return
        result = yield from self.resolve(number, city)
        if answer.triggered or self.is_lost(number):
            return
        ttl = result.until - self.env.now
        yield self.env.timeout(self.s.to_resolver + self.resolver(number).extra)
        if not answer.triggered:
            answer.succeed((result, ttl))

    def resolver(self, number: int) -> Server:
        """What is wrong with this one now."""
        return self.resolvers.get(number, Server())

    def is_lost(self, number: int) -> bool:
        """Whether a packet to or from a resolver gets lost now."""
        ill = self.resolver(number)
        return not ill.up or (ill.loss > 0.0 and bool(self.rng.random() < ill.loss))

    def end(self, request: int, began: float, said: str, level: str) -> None:
        """A look-up ends now."""
        self.ended[request] = (self.env.now, self.env.now - began, said)
        self.levels[level] = self.levels.get(level, 0) + 1

    def resolve(self, number: int, city: int) -> Wait:
        """A query at a resolver."""
        cache = self.caches.setdefault(number, Cache())
        now = self.env.now
        if cache.ready and cache.ready.until > now:
            return Result(cache.ready.said, cache.ready.until, "resolver")
        if cache.walking is not None:
            return (yield cache.walking)
        if cache.failed_until > now:
            return Result("SERVFAIL", now, "resolver")
        over = cache.walking = self.env.event()
        result = yield from self.walk(cache, number, city)
        cache.walking = None
        if result.said == "SERVFAIL":
            cache.failed_until = self.env.now + self.s.fail_ttl
        over.succeed(result)
        return result

    def walk(self, cache: Cache, number: int, city: int) -> Wait:
        """From the nearest level that is known to the answer."""
        now = self.env.now
        name, hops, until = self.s.question, 0, float("inf")
        while hops <= 8 and name in cache.records and cache.records[name][0] > now and cache.records[name][1] == "CNAME":
            until = min(until, cache.records[name][0])
            name = cache.records[name][2]
            hops += 1
        known = {key: cache.servers_until.get(key, 0.0) > now for key in ("prime", "tld", "zone")}
        todo = ["prime", "root", "tld", "authority"][3 if known["zone"] else 2 if known["tld"] else int(known["prime"]) :]
        deepest = "root" if todo[0] == "prime" else todo[0]
        for what in todo:
            level = "root" if what == "prime" else what
            parts = yield from self.exchange(level, number, city, name, cache)
            if parts is None:
                return Result("SERVFAIL", self.env.now, deepest)
            now = self.env.now
            if what == "prime":
                cache.servers_until["prime"] = now + self.s.root_ttl
            elif what == "root":
                cache.servers_until["tld"] = now + self.s.delegation_ttl
            elif what == "tld":
                if parts[0] is None:
                    end = now + min(900.0, self.s.negative_cap)
                    cache.records[name] = (end, "NX", "")
                    cache.ready = Result("NXDOMAIN", max(now, min(until, end)), deepest)
                    return cache.ready
                cache.servers_until["zone"] = now + self.s.delegation_ttl
                cache.zone_servers, cache.by_referral = list(parts[0]), True
        hops += sum(kind == "CNAME" for _, kind, _, _ in parts)
        if hops > 8 or not parts or parts[-1][1] == "CNAME":
            return Result("SERVFAIL", self.env.now, deepest)
        if self.s.zone_ns_ttl and cache.by_referral:
            cache.servers_until["zone"] = now + self.s.zone_ns_ttl
            cache.zone_servers, cache.by_referral = list(self.own_ns), False
        for part_name, kind, ttl, value in parts:
            end = now + min(ttl, self.s.negative_cap if kind == "NX" else self.s.max_ttl)
            cache.records[part_name] = (end, kind, value)
            until = min(until, end)
        said = "NXDOMAIN" if parts[-1][1] == "NX" else parts[-1][3]
        cache.ready = Result(said, max(until, now), deepest)
        return cache.ready

    def exchange(self, level: str, number: int, city: int, name: str, cache: Cache) -> Wait:
        """Ask a level up to `tries` times; what it says (of the TLD: whom it names), None if nothing of use."""
        servers = {"root": ["root"], "tld": ["tld"], "authority": list(cache.zone_servers)}[level]
        for attempt in range(self.s.tries):
            which = servers[(number + attempt) % len(servers)]
            sent = self.env.now
            patience = self.s.timeout * 2 ** (attempt // len(servers))
            self.queries[level] += 1
            if not which:
                self.to_nobody += 1
                yield self.env.timeout(patience)
                continue
            way = self.distance[city][which] + self.servers[which].extra
            if way >= patience:
                yield self.env.timeout(patience)
                continue
            yield self.env.timeout(way)
            server = self.servers[which]
            back = self.distance[city][which] + server.extra
            arrives = server.up
            if arrives and server.loss > 0.0:
                arrives = all(self.rng.random(2) < 1.0 - server.loss)
            lame = arrives and server.lame and self.rng.random() < 1.0
            answer = self.answer(name) if level == "authority" else [self.referral]
            lame = lame or (arrives and not self.serving.get(which, True))
            if not arrives or self.env.now + back > sent + patience:
                yield self.env.timeout(max(0.0, sent + patience - self.env.now))
                continue
            yield self.env.timeout(back)
            if not lame:
                return answer
            self.lame += level == "authority"
        return None

    def flush(self) -> None:
        """All resolvers forget what they know; walks go on."""
        for cache in self.caches.values():
            cache.records.clear()
            cache.servers_until.clear()
            cache.ready = None
            cache.failed_until = -1.0

    def answer(self, name: str) -> list[tuple[str, str, float, str]]:
        """The authority's response: (name, kind, ttl, value) along the chain."""
        parts: list[tuple[str, str, float, str]] = []
        while name in self.zone and len(parts) <= 9:
            kind, ttl, value = self.zone[name]
            parts.append((name, kind, ttl, value))
            if kind == "A":
                return parts
            name = value
        if name not in self.zone:
            parts.append((name, "NX", self.s.negative_ttl, ""))
        return parts
