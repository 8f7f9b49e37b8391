"""The DNS tier against a slow independent model: every look-up's end, time and answer, and which levels were asked how often.

Random users, times, TTLs, caps, chains of CNAMEs, and on the way changes of the record, deletions, flushed resolvers, servers
that die, slow down, lose packets or are lame. Both see the same random numbers for losses.
"""

from __future__ import annotations

from itertools import pairwise
from unittest.mock import patch

import numpy as np
import pytest
from dns_deeds import HOSTS, OF_HOST, Deed, do, do_slow, in_turn
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_dns import Cache, Settings, SlowDns

from engine.config import Dns as DnsConfig
from engine.config import Scenario, Users
from engine.core import generator
from engine.tiers import dns as dns_module
from engine.tiers.dns import Dns
from engine.tiers.dns.checks import alone, step
from engine.tiers.dns.counts import WORDS
from engine.tiers.dns.levels import LEVELS
from engine.tiers.dns.providers import NOBODY
from engine.tiers.dns.zone import Rrset

WWW = "www.example.com"
CITIES = ("Seoul", "London")


PATIENT = 1e9  # while resolvers are well stubs wait for as long as a walk takes
deeds = st.builds(
    Deed,
    step=st.integers(0, 40),
    what=st.sampled_from(["change", "delete", "restore", "ttl", "flush", "down", "slow", "lossy", "lame", "heal"]),
    which=st.integers(0, 3),
    amount=st.sampled_from([0.03, 0.2, 0.5]),
)
# In bursts, so that users and resolvers are asked again while a query is under way. Times off any grid: no two events tie.
asks = st.tuples(
    st.builds(lambda second, part: second + part * 1.37e-4 + 3.1e-6, st.integers(0, 7), st.integers(0, 6_000)), st.integers(0, 5)
)
worlds = st.fixed_dictionaries(
    {
        "step_ms": st.sampled_from([20.0, 100.0, 200.0]),
        "ttl": st.sampled_from([0.0, 0.05, 0.7, 3.0, 300.0]),
        "negative_ttl": st.sampled_from([0.0, 0.5, 5.0]),
        "browser_cap": st.sampled_from([0.0, 0.3, 60.0]),
        "os_cap": st.sampled_from([0.0, 1.0, 86_400.0]),
        "max_ttl": st.sampled_from([1.5, 86_400.0]),
        "delegation_ttl": st.sampled_from([0.1, 1.0, 172_800.0]),
        "root_ttl": st.sampled_from([0.3, 518_400.0]),
        "resolvers": st.integers(1, 4),
        "aliases": st.integers(0, 9),
        "seed": st.integers(0, 9),
        "few": st.sampled_from([0, dns_module.FEW]),  # 0: every step goes by arrays
        "tld_known": st.sampled_from([0.0, 3.0, 4.0, 5.0]),  # until when resolvers know the name servers from before
        "zone_known": st.sampled_from([0.0, 1.0, 2.5, 5.0]),
        "hosts": st.sampled_from([0, 2]),  # 0: the site itself
        "zone_ns_ttl": st.sampled_from([0.0, 0.3, 2.0]),
    }
)


def build(world: dict[str, float]) -> tuple[Scenario, dict[str, tuple[str, float, str]]]:
    """The scenario, and the zone as name -> (kind, ttl, value)."""
    names = [WWW] + [f"a{i}.example.com" for i in range(int(world["aliases"]))]
    zone = {a: ("CNAME", world["ttl"] + 0.4, b) for a, b in pairwise(names)}
    zone[names[-1]] = ("A", world["ttl"], "203.0.113.10")
    config = Scenario(
        step_ms=world["step_ms"],
        users=Users(count=6, cities=CITIES),
        dns=DnsConfig(
            name=WWW, ttl=world["ttl"], negative_ttl=world["negative_ttl"], browser_cap=world["browser_cap"],
            os_cap=world["os_cap"], resolvers=int(world["resolvers"]), resolver_max_ttl=world["max_ttl"],
            hosts=HOSTS if world["hosts"] else (), zone_ns_ttl=world["zone_ns_ttl"], publish=0.0,
            resolver_negative_cap=2.0, root_ttl=world["root_ttl"], delegation_ttl=world["delegation_ttl"], warm=False,
        ),
    )  # fmt: skip
    return config, zone


def slow_model(dns: Dns, config: Scenario, zone: dict[str, tuple[str, float, str]], seed: int, stub_timeout: float) -> SlowDns:
    d = config.dns
    own = Settings(
        question=WWW, negative_ttl=d.negative_ttl, browser_cap=d.browser_cap, os_cap=d.os_cap, max_ttl=d.resolver_max_ttl,
        negative_cap=d.resolver_negative_cap, root_ttl=d.root_ttl, delegation_ttl=d.delegation_ttl, timeout=d.query_timeout,
        tries=d.tries, to_resolver=0.0287 / 2, stub_timeout=stub_timeout, zone_ns_ttl=d.zone_ns_ttl,
    )  # fmt: skip
    to_site = dns.core.fabric.city_one_way
    distance = [
        {"root": 0.014, "tld": 0.014, "ns1": float(to_site[c, 0]), "ns2": float(to_site[c, 1])} for c in range(len(CITIES))
    ]
    if d.hosts:
        distance = [
            {"root": 0.014, "tld": 0.014, "one-ns1": ways["ns1"], "one-ns2": ways["ns2"], "two-ns1": 0.014} for ways in distance
        ]
    model = SlowDns(own, zone, distance, generator(seed, "dns loss"))
    if d.hosts:
        model.owners = model.referral = model.own_ns = in_turn("one")
        model.serving = {name: True for names in OF_HOST.values() for name in names}
    return model


def run_both(
    world: dict[str, float], plan: list[Deed], people: list[tuple[float, int]], stub_timeout: float = PATIENT
) -> tuple[Dns, SlowDns, dict]:
    config, zone = build(world)
    seed = int(world["seed"])
    dns, sink = alone(config, seed)
    end = next(name for name, record in zone.items() if record[0] == "A")
    if len(zone) > 1:
        for name, (kind, ttl, value) in zone.items():
            dns.authority.configured = dns.authority.configured.with_rrset(Rrset(name, kind, ttl, (value,)))
        dns.authority.refresh(0)
    model = slow_model(dns, config, dict(zone), seed, stub_timeout)
    dns.resolvers.tld_until[:] = world["tld_known"]
    dns.resolvers.zone_until[:] = world["zone_known"]
    for r in range(dns.resolvers.n):
        known = {"tld": world["tld_known"], "zone": world["zone_known"]}
        model.caches[r] = Cache(servers_until=known, zone_servers=list(model.owners))
    people = sorted(people)
    cities = [u % 2 for _, u in people]
    own = dns.resolvers.of(np.array(cities, dtype=np.int64), np.array([u for _, u in people], dtype=np.int64)).tolist()
    for i, (at, user) in enumerate(people):
        model.env.process(model.look_up(i, at, user, int(dns.resolvers.city[own[i]]), own[i]))
    plan = sorted(plan, key=lambda d: d.step)
    gone: dict[str, tuple[str, float, str]] = {}
    t = np.array([p[0] for p in people])
    user = np.array([p[1] for p in people], dtype=np.int64)
    city = np.array(cities, dtype=np.int64)
    for number in range(round(20.0 / dns.core.dt)):
        if dns.core.now > 8.5 and len(sink.seen) == len(people):
            break
        while plan and plan[0].step * 0.2 <= dns.core.now + 1e-9:
            deed = plan.pop(0)
            do(dns, deed, end)
            if dns.core.now > model.env.now:
                model.env.run(until=dns.core.now)
            do_slow(model, deed, end, gone)
        due = (t >= dns.core.now) & (t < (number + 1) * dns.core.config.step_ms / 1e3)
        step(dns, t[due], user[due], city[due])
    model.env.run(until=dns.core.now + 1e-6)
    return dns, model, {seen.id: seen for seen in sink.seen}


@settings(max_examples=100, deadline=None)
@given(world=worlds, plan=st.lists(deeds, max_size=8), people=st.lists(asks, min_size=30, max_size=80, unique_by=lambda a: a[0]))
def test_every_look_up_ends_as_in_the_slow_model(
    world: dict[str, float], plan: list[Deed], people: list[tuple[float, int]]
) -> None:
    compare(world, plan, people, PATIENT)


party_deeds = st.builds(
    Deed,
    step=st.integers(0, 40),
    what=st.sampled_from(
        ["delegate", "delegate", "name", "serve", "hijack", "expire", "glue", "heal", "flush", "down", "change"]
    ),
    which=st.integers(0, 3),
    amount=st.just(0.2),
)


@settings(max_examples=150, deadline=None)
@given(
    world=worlds,
    plan=st.lists(party_deeds, min_size=1, max_size=10),
    people=st.lists(asks, min_size=30, max_size=80, unique_by=lambda a: a[0]),
)
def test_resolvers_follow_the_delegation_that_they_hold_as_in_the_slow_model(
    world: dict[str, float], plan: list[Deed], people: list[tuple[float, int]]
) -> None:
    """Hosts with and without the zone, moved and hijacked delegations, wrong glue, a domain that is denied."""
    compare({**world, "hosts": 2}, plan, people, PATIENT)


resolver_deeds = st.builds(
    Deed,
    step=st.integers(0, 60),
    what=st.sampled_from(["resolver down", "resolver slow", "resolver lossy", "resolver lossy", "heal", "flush", "change"]),
    which=st.integers(0, 3),
    amount=st.sampled_from([0.03, 0.2, 0.5]),
)


@settings(max_examples=100, deadline=None)
@given(
    world=worlds,
    plan=st.lists(resolver_deeds, min_size=1, max_size=10),
    people=st.lists(asks, min_size=30, max_size=80, unique_by=lambda a: a[0]),
)
def test_stubs_of_faulty_resolvers_ask_again_and_give_up_as_in_the_slow_model(
    world: dict[str, float], plan: list[Deed], people: list[tuple[float, int]]
) -> None:
    """All servers being well, no walk lasts as long as a stub waits: there each stub of the model counts the seconds."""
    compare(world, plan, people, 5.0)


def compare(world: dict[str, float], plan: list[Deed], people: list[tuple[float, int]], stub_timeout: float) -> None:
    with patch.object(dns_module, "FEW", world["few"]):
        dns, model, seen = run_both(world, plan, people, stub_timeout)
    assert sorted(seen) == sorted(model.ended)
    for request, (when, took, said) in model.ended.items():
        mine = seen[request]
        assert mine.said == said, request
        assert mine.t == pytest.approx(when, abs=1e-9)
        assert mine.took == pytest.approx(took, abs=1e-9)
    answered = {word: n for word, n in zip(WORDS, dns.counts.answered.sum.tolist(), strict=True) if n}
    assert answered == model.levels
    assert dict(zip(LEVELS, dns.counts.queries.sum.tolist(), strict=True)) == model.queries
    servers = dns.counts.servers
    assert int(servers.useless.sum[2:].sum()) == model.lame
    assert int(servers.asked.sum[NOBODY]) == model.to_nobody
