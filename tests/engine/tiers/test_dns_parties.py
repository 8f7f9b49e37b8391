"""Registrar and DNS hosts as two parties: a zone moved rightly and wrongly, two hosts, hijack, expiry, glue, withdrawal."""

from __future__ import annotations

import numpy as np
import pytest
from dns_rig import OLD, WWW, Asked, said, world

from engine.config import DnsHost
from engine.tiers.dns import Dns
from engine.tiers.dns.checks import Sink
from engine.tiers.dns.providers import NOBODY, TLD_NEGATIVE_S
from engine.tiers.dns.zone import ZoneError

TWO = (DnsHost("old"), DnsHost("new", servers=3, serves=False))
KEPT = 20.0  # s for which resolvers keep a delegation here


def moving(**settings: object) -> tuple[Dns, Sink]:
    """Ten users at ten resolvers, a short TTL; the registry publishes after 5 s."""
    own: dict[str, object] = {"ttl": 0.5, "hosts": TWO, "publish": 5.0, "delegation_ttl": KEPT, "resolvers": 10, **settings}
    return world(10, **own)


def ask(dns: Dns, until: float) -> None:
    """Everybody asks once a second."""
    first = int(dns.core.now)
    Asked([(s + 0.013 + u * 0.07, u) for s in range(first, int(until)) for u in range(10)]).run(dns, until)


def failures(sink: Sink, after: float, before: float) -> int:
    return sum(seen.said != OLD for seen in sink.seen if after < seen.t <= before)


def test_a_zone_that_is_moved_rightly_is_never_missed() -> None:
    dns, sink = moving()
    ask(dns, 3.0)
    dns.zone_at = "old, new"
    dns.delegation = "new"
    assert (dns.delegation, dns.registry.pending[0][0]) == ("new", pytest.approx(8.0))
    ask(dns, 8.0)
    assert dns.old_delegations(dns.core.now) == 0, "the TLD still names the old host"
    ask(dns, 9.0)
    assert dns.old_delegations(dns.core.now) == 10, "nobody has asked the TLD since"
    ask(dns, 8.0 + KEPT + 3.0)
    assert dns.old_delegations(dns.core.now) == 0
    dns.zone_at = "new"
    ask(dns, 60.0)
    assert failures(sink, 0.0, 60.0) == 0
    assert int(dns.counts.servers.useless.sum.sum()) == 0
    new = list(dns.providers.servers[1])
    assert (dns.counts.servers.answered.sum[new] > 0).all()


def test_a_host_that_drops_the_zone_too_early_leaves_a_lame_delegation() -> None:
    dns, sink = moving()
    ask(dns, 3.0)
    dns.delegation = "new"
    dns.zone_at = "new"
    ask(dns, 60.0)
    learnt = 0.013 + 9 * 0.07 + 0.5  # when the last resolver was referred to the old host
    assert failures(sink, 5.0, 8.0) == 30, "nobody is answered"
    assert failures(sink, 3.0 + KEPT + learnt + 6.0, 60.0) == 0, "the old delegation has run out, and the failure is forgotten"
    assert {seen.said for seen in sink.seen} == {OLD, "SERVFAIL"}
    lame = dns.counts.servers.useless.sum
    assert int(lame[list(dns.providers.servers[0])].sum()) == int(lame.sum()) == dns.reading().lame > 0


def test_of_two_hosts_one_may_drown() -> None:
    dns, sink = moving(hosts=(DnsHost("dyn"), DnsHost("second")), delegation=("dyn", "second"))
    dns.levels.flooded[list(dns.providers.servers[0])] = 1.0
    ask(dns, 20.0)
    assert failures(sink, 0.0, 20.0) == 0
    servers = dns.counts.servers
    drowned = servers.silent.sum[list(dns.providers.servers[0])]
    assert (drowned > 0).all()
    assert int(servers.silent.sum.sum()) == int(drowned.sum())
    waited = [seen.took for seen in sink.seen if seen.took > 0.376]
    assert len(waited) > 10, "who asked a drowned one first has waited for the time-out"


def test_a_hijacked_delegation_is_kept_after_it_has_been_put_right() -> None:
    dns, sink = moving()
    dns.registry.hijacked = 7
    dns.registry.refresh(7)
    ask(dns, 3.0)
    dns.reset_effects()
    assert dns.registry.sets[dns.registry.at_tld].hosts == (0,)
    ask(dns, 19.0)
    assert failures(sink, 0.0, 19.0) == len(sink.seen)
    assert int(dns.counts.servers.asked.sum[NOBODY]) > 30
    assert "nobody's servers" in dns.reading().verdict
    ask(dns, 3.0 + KEPT + 10.0)
    late = dns.core.now
    ask(dns, late + 3.0)
    assert failures(sink, late + 0.5, late + 3.0) == 0


def test_an_expired_domain_lives_as_long_as_its_delegation_is_remembered() -> None:
    dns, sink = moving(resolver_negative_cap=3_600.0)
    ask(dns, 3.0)
    dns.registry.expired = 5
    dns.registry.refresh(5)
    ask(dns, KEPT)
    assert failures(sink, 0.0, KEPT) == 0, "resolvers know the name servers"
    assert "the TLD denies the domain" in dns.reading().verdict
    ask(dns, KEPT + 3.0)
    assert {seen.said for seen in sink.seen if seen.t > KEPT + 2.0} == {"NXDOMAIN"}
    left = dns.resolvers.ready_until - dns.core.now
    assert (left > TLD_NEGATIVE_S - 5.0).all()


def test_glue_of_one_host_is_wrong() -> None:
    dns, sink = moving(hosts=(DnsHost("a"), DnsHost("b")), delegation=("a", "b"))
    dns.registry.glue[0] = 3
    dns.registry.refresh()
    servers = dns.registry.sets[dns.registry.at_tld].servers
    assert servers == (NOBODY, 4, NOBODY, 5)
    ask(dns, 10.0)
    assert failures(sink, 0.0, 10.0) == 0
    assert int(dns.counts.servers.asked.sum[[2, 3]].sum()) == 0
    assert int(dns.counts.servers.silent.sum[NOBODY]) > 0


def test_the_zones_own_records_count_more_than_the_registrys_but_end() -> None:
    """A resolver keeps to what the old host says of itself for that TTL, once; then it asks the TLD again."""
    dns, _ = moving(zone_ns_ttl=8.0, hosts=(DnsHost("old"), DnsHost("new")), publish=0.0, resolvers=1)
    ask(dns, 2.0)
    dns.delegation = "new"
    ask(dns, 3.0)
    until = float(dns.resolvers.zone_until[0])
    assert until == pytest.approx(8.0, abs=0.8)
    assert dns.registry.sets[int(dns.resolvers.delegation[0])].hosts == (0,)
    ask(dns, until + 0.5)
    assert float(dns.resolvers.zone_until[0]) == pytest.approx(until, abs=1e-9), "answers do not make it live longer"
    ask(dns, 11.0)
    assert dns.registry.sets[int(dns.resolvers.delegation[0])].hosts == (0,), "the zone still names the old host"
    dns.zone_ns = "new"
    ask(dns, 25.0)
    assert dns.registry.sets[int(dns.resolvers.delegation[0])].hosts == (1,)


def test_words_that_make_no_sense_are_refused() -> None:
    dns, _ = moving()
    for option, value in (
        ("delegation", "nowhere"), ("delegation", ""), ("delegation", "old, old"), ("zone_at", "x"), ("zone_ns", "none"),
    ):  # fmt: skip
        with pytest.raises(ZoneError):
            dns.set_option(option, value)
    dns.zone_at = "none"
    assert dns.zone_at == "none"
    with pytest.raises(ZoneError, match="anycast"):
        world()[0].withdraw = "always"


def test_failover_answers_name_the_first_that_is_healthy() -> None:
    dns, sink = world(users=40, resolvers=40, answers="failover")
    dns.change_record(WWW, ["198.51.100.1", "198.51.100.2"])
    Asked([(0.01 + u * 0.01, u) for u in range(10)]).run(dns, 2.0)
    dns.set_address("198.51.100.1", healthy=False)
    assert dns.stale_resolvers(dns.core.now) == 10
    Asked([(2.01 + u * 0.01, u) for u in range(10, 20)]).run(dns, 4.0)
    dns.set_address("198.51.100.2", healthy=False)
    Asked([(4.01 + u * 0.01, u) for u in range(20, 30)]).run(dns, 6.0)
    assert said(sink) == ["198.51.100.1"] * 10 + ["198.51.100.2"] * 10 + ["198.51.100.1"] * 10
    assert np.unique(dns.authority.sick).size == 2
