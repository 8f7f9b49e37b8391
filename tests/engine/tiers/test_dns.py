"""DNS caching: checks D1 and D2, invariant 18, negative caching, failures and tries, coalescing."""

from __future__ import annotations

import numpy as np
import pytest
from dns_rig import OLD, WWW, Asked, said, world

from engine.fabric import Rule
from engine.tiers.dns import FEW
from engine.tiers.dns.checks import stale_shares, step, ttls_seen
from engine.tiers.dns.counts import BROWSER
from engine.tiers.dns.levels import LEVELS


def test_d1_a_switch_spreads_as_ttls_end() -> None:
    expected = [0.984, 0.738, 0.492, 0.246, 0.0]
    shares = stale_shares((0.0, 75.0, 150.0, 225.0, 300.0))
    assert shares == pytest.approx(expected, abs=0.03)
    assert shares[-1] == 0.0


def test_d1_holds_at_another_point() -> None:
    ttl, rate = 40.0, 0.05  # rarely asked: a third of the resolvers hold nothing
    at = (0.0, 10.0, 30.0, 40.0)
    expected = [rate * (ttl - a) / (1.0 + rate * ttl) for a in at]
    assert stale_shares(at, ttl=ttl, rate=rate, resolvers=3_000, seed=5) == pytest.approx(expected, abs=0.03)


def test_d2_the_ttl_seen_is_what_is_left() -> None:
    seen = ttls_seen((0.013, 0.5, 7.25, 100.0, 299.0), ttl=300.0)
    for age, ttl in seen:
        assert age + ttl == pytest.approx(300.0, abs=1e-9)
    assert seen[0] == pytest.approx((0.0, 300.0), abs=1e-9)
    (_, _, (age, ttl)) = ttls_seen((0.0, 1.0, 12.0), ttl=10.0)  # the entry had ended: fetched anew
    assert (age > 10.0, ttl) == (True, pytest.approx(10.0))


def test_root_tld_and_authority_are_asked_only_on_a_miss() -> None:
    dns, sink = world(ttl=1.0, os_cap=0.0)
    asks = [(0.05 + 0.31 * i, i % 4) for i in range(60)]
    Asked(asks).run(dns, 20.0)
    assert said(sink) == [OLD] * 60
    queries = dict(zip(LEVELS, dns.counts.queries.sum.tolist(), strict=True))
    assert queries["root"] == 2  # the priming query and the one for the TLD, once for all (6 d and 2 d)
    assert queries["tld"] == 1
    # One walk an expiry, and the first of the asks after an expiry comes at most .31 s later: 19 s / 1.0-1.4 s.
    assert queries["authority"] == int(dns.counts.walks.sum[0])
    assert 13 <= queries["authority"] <= 18


@pytest.mark.parametrize(("negative_ttl", "cap"), [(2.0, 3_600.0), (900.0, 2.0)])
def test_a_deletion_is_remembered_for_the_lesser_of_soa_minimum_and_cap(negative_ttl: float, cap: float) -> None:
    dns, sink = world(negative_ttl=negative_ttl, resolver_negative_cap=cap, os_cap=0.0)
    dns.delete_record(WWW, event=7)
    plan = Asked([(0.5, 0), (1.0, 1), (2.0, 2), (3.0, 3)])
    plan.run(dns, 0.9)
    dns.restore(WWW)  # back again, but the resolver knows better for 2 s
    plan.run(dns, 4.0)
    assert said(sink) == ["NXDOMAIN", "NXDOMAIN", "NXDOMAIN", OLD]
    assert int(dns.counts.nxdomain.sum[0]) == 3


def test_users_hold_a_denial_too() -> None:
    dns, sink = world(negative_ttl=2.0, browser_cap=60.0)
    dns.delete_record(WWW)
    Asked([(0.5, 0), (1.0, 0)]).run(dns, 2.0)
    assert said(sink) == ["NXDOMAIN", "NXDOMAIN"]
    assert int(dns.counts.answered.sum[BROWSER]) == 1


def test_a_dead_authority_costs_all_tries_then_fails_and_that_is_remembered() -> None:
    dns, sink = world(query_timeout=0.4, tries=3)
    for node in ("ns1", "ns2"):
        dns.nodes.up[dns.nodes.index(node)] = False
        dns.nodes.event[dns.nodes.index(node)] = 42
    plan = Asked([(0.5, 0), (0.7, 1), (3.5, 2)])
    plan.run(dns, 3.0)
    assert said(sink) == ["SERVFAIL", "SERVFAIL"]
    assert dns.counts.queries.sum.tolist() == [2, 1, 3]
    # to the resolver and back, three anycast queries, then .4 s to either server and .8 s to the first again
    assert sorted(sink.seen)[0].took == pytest.approx(0.0287 + 3 * 0.028 + 0.4 + 0.4 + 0.8)
    plan.run(dns, 4.0)
    assert dns.counts.queries.sum.tolist() == [2, 1, 3]  # user 2 is told at once (RFC 9520)
    assert sorted(sink.seen)[2].took == pytest.approx(0.0287)
    assert int(dns.core.flights.event[:3].max()) == 42


def test_what_is_cached_survives_a_dead_authority_until_it_ends() -> None:
    dns, sink = world(ttl=5.0, os_cap=0.0)
    plan = Asked([(0.1, 0), (1.0, 1), (4.0, 2), (8.0, 3)])
    plan.run(dns, 0.9)
    dns.nodes.up[2:] = False
    plan.run(dns, 12.0)
    assert said(sink) == [OLD, OLD, OLD, "SERVFAIL"]


def test_retries_multiply_the_load_of_a_lossy_level() -> None:
    dns, _ = world(users=2_000, resolvers=2_000, ttl=300.0)
    dns.nodes.loss[:2] = 0.5  # a quarter of the exchanges succeeds
    Asked([(0.001 + i * 4e-4, i) for i in range(2_000)]).run(dns, 12.0)
    asked = dns.counts.queries.sum
    # tries of three: 1 + 3/4 + 9/16; the second root query only by those who got through the first
    through = 1.0 - 0.75**3
    per_level = 1.0 + 0.75 + 0.75**2
    walks = 2_000
    assert asked[0] == pytest.approx(walks * per_level * (1.0 + through), rel=0.05)
    assert asked[1] == pytest.approx(walks * per_level * through**2, rel=0.05)
    assert asked[2] == pytest.approx(walks * through**3, rel=0.1)
    assert int(dns.counts.servfail.sum[0]) == pytest.approx(walks * (1.0 - through**3), rel=0.05)


def test_a_cut_between_a_city_and_the_zone_of_a_name_server_is_felt() -> None:
    dns, sink = world(query_timeout=0.4)
    dns.core.fabric.rules = [Rule(("*", -1, 0), ("city", -1, -1), 0.0, 0.0, True, 9)]  # zone a, where ns1 stands
    Asked([(0.1, 0)]).run(dns, 2.0)
    assert said(sink) == [OLD]
    assert dns.counts.unanswered.sum.tolist() == [0, 0, 1]
    assert sink.seen[0].took > 0.4


def test_many_ask_one_resolver_and_one_walk_serves_them() -> None:
    n = 5 * FEW
    dns, sink = world(users=n)
    t = 0.01 + np.arange(n) * 1e-5
    step(dns, t, np.arange(n), np.zeros(n, dtype=np.int64))
    Asked([]).run(dns, 1.0)
    assert said(sink) == [OLD] * n
    assert int(dns.counts.walks.sum[0]) == 1
    assert int(dns.counts.coalesced.sum[1]) == n - 1
    assert len({round(seen.t, 9) for seen in sink.seen}) == 1  # all hear of it at the same moment


def test_a_client_that_gave_up_connects_nowhere_but_the_answer_is_kept() -> None:
    dns, sink = world(query_timeout=0.4)
    dns.nodes.up[2] = False
    dns.nodes.up[3] = True
    resolver_asks_ns1_first = dns.registry.sets[0].servers[0] == 2
    assert resolver_asks_ns1_first
    Asked([(0.1, 0)]).run(dns, 2.0, patience=0.3)
    assert sink.seen == []
    assert int(dns.counts.abandoned.sum[0]) == 1
    assert dns.users.os_until[0] > 2.0
    assert dns.core.flights.sides.max() == 1  # the client's own side is its own business
