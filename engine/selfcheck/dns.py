"""Rows D1 and D2: how a changed record spreads as TTLs end, and that what is left of a TTL is inherited."""

from __future__ import annotations

from ..commands import SetOption
from ..config import CdnPart, Dns, Route, Traffic, Users
from ..config_cdn import Provider
from ..tiers.dns.checks import ttls_seen
from ..world import World
from .base import Finding, around, band, exact
from .worlds import give, go, plain


def d1(
    ttl: float = 300.0,
    rate: float = 0.2,
    resolvers: int = 3_000,
    at: tuple[float, ...] = (0, 75, 150, 225, 300),
    seed: int = 1,
) -> tuple[Finding, ...]:
    """Every resolver has one user who keeps nothing and asks `rate` times a second: a renewal process of fetches, life T and
    gap 1 / rate, so that at age a the share rate (T - a) / (1 + rate T) still holds the old answer. Phases are random.
    """
    config = plain(
        users=Users(count=resolvers, cities=("Washington",)),
        traffic=Traffic(requests_per_second=rate * resolvers, keys=1),
        dns=Dns(ttl=ttl, resolvers=resolvers, browser_cap=0.0, os_cap=0.0),
    )
    world = World(config, seed)
    go(world, 1.0)
    switched = world.now
    give(world, SetOption("dns.record", "198.51.100.1"))
    found = []
    for age in at:
        if switched + age > world.now:
            go(world, switched + age)
        share = world.dns.stale_resolvers(world.now) / resolvers
        expected = rate * max(ttl - age, 0.0) / (1.0 + rate * ttl)
        name = f"stale share after {age:g} s"
        found.append(around(name, expected, share, 0.03))
    return tuple(found)


def d2(
    ttl: float = 300.0, ages: tuple[float, ...] = (0.5, 7.25, 100, 299), precision: float = 1e-9, edge_ttl: float = 1.5
) -> tuple[Finding, ...]:
    """authority -> resolver -> user: the TTL told at age a is T - a; past T the record is fetched anew, with T.

    origin -> shield -> edge, lives of `edge_ttl`: no answer is older than T where `Age` is taken over, than 2 T where it is not.
    """
    seen = ttls_seen((0.013, *ages), ttl=ttl)
    found = [around(f"TTL told at age {age:g} s", ttl - age, told, precision) for age, told in seen]
    *_, (_, anew) = ttls_seen((0.0, ttl / 4.0, ttl * 1.25), ttl=ttl)
    found.append(exact("TTL told after its end: fetched anew", ttl, round(anew, 6)))
    for age, low, high, name in ((True, 0.99, 1.0, "taken over"), (False, 1.8, 2.0, "not taken over")):
        oldest, stale = edge_ages(edge_ttl, age=age)
        found.append(band(f"oldest answer of an edge behind a shield, Age {name}", f"{high:g} T", oldest / edge_ttl, low, high))
        found.append(band(f"longest staleness there, Age {name}", f"at most {high:g} T", stale / edge_ttl, low - 0.1, high))
    return tuple(found)


def edge_ages(ttl: float, age: bool, lives: float = 16.0, gap: float = 0.05) -> tuple[float, float]:
    """(greatest age, longest staleness) of what a PoP in Sydney serves behind a shield in Washington, s.

    Users at both places ask for 40 objects, so that their lives at shield and edge lie anywhere against each other; all objects
    change every `gap` seconds, so that staleness is nearly age.
    """
    config = plain(
        step_ms=10.0,
        users=Users(count=1_000, cities=("Washington", "Sydney")),
        traffic=Traffic(requests_per_second=2_000.0, keys=40, zipf=0.0),
        route=(Route("picture", 1.0, "read", static=True),),
        cdn=CdnPart(providers=(Provider("a", pops=("Washington", "Sydney")),), shield="Washington", ttl=ttl, age=age),
    )
    world = World(config, 1)
    while world.now < lives * ttl:
        go(world, world.now + gap)
        world.cdn.deploy("all")
    return world.cdn.counts.oldest, world.cdn.counts.longest_stale
