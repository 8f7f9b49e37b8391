"""Resolvers that are down, slow or lossy: their users' systems ask again after 5 s, give up at 10 s, and caches help."""

from __future__ import annotations

import numpy as np
import pytest
from dns_rig import OLD, WWW, Asked, said, world

from engine import state
from engine.config import Dns as DnsConfig
from engine.config import Scenario, Traffic, Users
from engine.tiers.dns import FEW, Dns
from engine.tiers.dns.checks import Sink, alone, step

ALL = slice(None)
RTT = 0.0287  # to the resolver and back
EVENT = 42


def test_a_dead_resolver_costs_two_time_outs_then_the_look_up_fails() -> None:
    dns, sink = world()
    dns.stubs.hit(ALL, EVENT, down=True)
    Asked([(0.1, 0), (3.0, 0), (12.0, 0)]).run(dns, 23.0)  # the second waits for the first one's end
    assert said(sink) == ["SERVFAIL"] * 3
    assert [seen.t for seen in sorted(sink.seen)] == pytest.approx([10.1, 10.1, 22.0])
    assert int(dns.counts.silent.sum[0]) == 4
    assert int(dns.counts.walks.sum[0]) == 0
    assert dns.core.flights.event[:2].tolist() == [EVENT] * 2
    assert dns.stubs.asking == {}
    assert not dns.core.flights.used


def test_clients_that_give_up_first_know_why_while_they_wait() -> None:
    dns, _ = world()
    dns.stubs.hit(ALL, EVENT, down=True)
    Asked([(0.1, 0), (2.0, 0)]).run(dns, 3.0)
    held = dns.core.flights.sides.nonzero()[0]
    assert held.size == 2
    assert dns.core.flights.event[held].tolist() == [EVENT, EVENT]


def test_users_who_have_the_name_notice_nothing() -> None:
    dns, sink = world(users=8, ttl=60.0, browser_cap=1.0)
    plan = Asked([(0.1 + i / 10, i) for i in range(4)] + [(2.0 + i / 10, i) for i in range(8)])
    plan.run(dns, 1.5)
    dns.stubs.hit(ALL, EVENT, down=True)
    plan.run(dns, 14.0)
    before, warm, cold = np.split(np.array(sorted(sink.seen), dtype=object), [4, 8])
    assert [seen[3] for seen in (*before, *warm)] == [OLD] * 8
    assert [seen[2] for seen in warm] == [0.0] * 4
    assert [seen[3] for seen in cold] == ["SERVFAIL"] * 4


@pytest.mark.parametrize("crowd", [4, 3 * FEW])
def test_queries_under_way_to_a_resolver_that_dies_are_sent_again(crowd: int) -> None:
    """Sent when all was well, singly or as a batch; the second query finds the resolver back, its cache as it was."""
    dns, sink = world(users=crowd + 1, ttl=60.0)
    plan = Asked([(0.05, crowd), *((0.999 + i * 1e-6, i) for i in range(crowd))])
    plan.run(dns, 1.0)
    dns.stubs.hit(ALL, EVENT, down=True)
    plan.run(dns, 3.0)
    assert len(sink.seen) == 1
    assert len(dns.stubs.asking) == crowd
    dns.reset_effects()
    plan.run(dns, 7.0)
    assert said(sink) == [OLD] * (crowd + 1)
    assert [seen.took for seen in sorted(sink.seen)[1:]] == pytest.approx([5.0 + RTT] * crowd)
    assert int(dns.counts.walks.sum[0]) == 1  # what it had cached it still has


@pytest.mark.parametrize("crowd", [4, 3 * FEW])
def test_who_asks_again_while_a_query_is_out_waits_for_it_and_knows_why(crowd: int) -> None:
    """Before the query is lost, while the resolver is down, and when it is back but the first query's time-out is not over."""
    dns, sink = world(users=crowd, ttl=60.0)
    moments = (0.995, 0.999, 2.0, 3.5)
    plan = Asked([(moment + i * 1e-6, i) for moment in moments for i in range(crowd)])
    plan.run(dns, 1.0)
    dns.stubs.hit(ALL, EVENT, down=True)
    plan.run(dns, 3.0)
    dns.reset_effects()
    plan.run(dns, 4.0)
    held = dns.core.flights.sides.nonzero()[0]
    assert held.size == 4 * crowd
    assert (dns.core.flights.event[held] == EVENT).all()
    plan.run(dns, 7.0)
    assert said(sink) == [OLD] * 4 * crowd
    assert all(5.9 < seen.t < 6.3 for seen in sink.seen)  # with the answer to the second query, and the walk for it


def test_no_walk_answers_who_has_given_up() -> None:
    """Its row may be another request's by then."""
    dns, _ = world(ttl=60.0, query_timeout=12.0)
    dns.nodes.up[2:] = False
    dns.stubs.hit(ALL, EVENT, extra_s=0.1)
    plan = Asked([(0.1, 0), (4.0, 1)])
    plan.run(dns, 9.0)
    assert sorted(dns.walks.open[0].waiters) == [0, 0, 1]  # both queries of the first so far, one of the second
    plan.run(dns, 11.0)
    assert dns.walks.open[0].waiters == [1, 1]
    plan.run(dns, 15.0)
    assert dns.walks.open[0].waiters == []


def test_a_lost_query_or_answer_costs_five_seconds() -> None:
    """Law: of exchanges q = (1 - p)^2 succeed; so q of all take no longer, (1 - q) q take 5 s more, the rest fail at 10 s."""
    n, p = 4_000, 0.3
    dns, sink = world(users=n + 1, ttl=600.0)
    plan = Asked([(0.05, n), *((1.0 + i * 1e-4, i) for i in range(n))])
    plan.run(dns, 1.0)
    dns.stubs.hit(ALL, EVENT, loss=p)
    plan.run(dns, 13.0)
    seen = sorted(sink.seen)[1:]
    q = (1.0 - p) ** 2
    lost = [round((one.took - RTT) / 5.0, 6) if one.said == OLD else 2 for one in seen]
    assert set(lost) == {0, 1, 2}
    for value, share in ((0, q), (1, q * (1.0 - q)), (2, (1.0 - q) ** 2)):
        assert lost.count(value) == pytest.approx(n * share, abs=4.0 * (n * share * (1.0 - share)) ** 0.5)
    failed = [one.took for one in seen if one.said != OLD]
    assert failed == pytest.approx([10.0] * len(failed))
    assert int(dns.counts.silent.sum[0]) == lost.count(1) + 2 * lost.count(2)


@pytest.mark.parametrize(("extra", "took", "silent"), [(0.3, RTT + 0.6, 0), (3.0, RTT + 6.0, 1), (5.5, 10.0, 2)])
def test_a_slow_resolver_is_slow_each_way_and_its_late_answer_still_counts(extra: float, took: float, silent: int) -> None:
    dns, sink = world(ttl=600.0)
    plan = Asked([(0.05, 1), (1.0, 0)])
    plan.run(dns, 0.9)
    dns.stubs.hit(ALL, EVENT, extra_s=extra)
    plan.run(dns, 20.0)
    late = sorted(sink.seen)[1]
    assert late.said == (OLD if took < 10.0 else "SERVFAIL")
    assert late.took == pytest.approx(took)
    assert int(dns.counts.silent.sum[0]) == silent
    assert not dns.core.flights.used  # answers to both queries came, one look-up ended


def test_a_query_that_comes_when_its_user_has_given_up_still_makes_the_resolver_walk() -> None:
    dns, sink = world(ttl=600.0)
    dns.stubs.hit(ALL, EVENT, extra_s=12.0)
    Asked([(0.1, 0)]).run(dns, 15.0)
    assert said(sink) == ["SERVFAIL"]
    assert int(dns.counts.walks.sum[0]) == 1
    assert dns.resolvers.ready_until[0] > 15.0


def test_faults_on_one_resolver_leave_the_users_of_others_alone() -> None:
    def ends(faulty: bool) -> list[tuple[int, float, str]]:
        dns, sink = world(users=40, resolvers=2, ttl=1.0, browser_cap=0.2, os_cap=0.6)
        plan = Asked([(0.003 + 0.0137 * i, (i * 7) % 40) for i in range(900)])
        plan.run(dns, 2.0)
        if faulty:
            dns.stubs.hit(slice(1, 2), EVENT, down=True)
        plan.run(dns, 13.0)
        return [(s.id, s.t, s.said) for s in sorted(sink.seen) if (s.id * 7) % 2 == 0]

    assert len(ends(False)) == 450
    assert ends(True) == ends(False)


def troubled(cut: int = -1) -> tuple[list[object], Dns]:
    """Faults on resolvers come and go under load; `cut`: saved and loaded again at that step."""
    config = Scenario(
        step_ms=50.0, users=Users(count=3_000), traffic=Traffic(requests_per_second=900.0), dns=DnsConfig(resolvers=40, ttl=4.0)
    )
    dns, sink = alone(config)
    rng = np.random.default_rng(1)
    for number in range(420):
        if number == cut:
            loaded, _ = state.loads(state.dumps({"dns": dns, "sink": sink}), dict)
            dns, sink = loaded["dns"], loaded["sink"]
        disturb(dns, number)
        n = int(rng.integers(0, 60)) if number < 200 else 0
        user = rng.integers(0, 3_000, n)
        city = dns.resolvers.weight.cumsum().searchsorted((user + 0.5) / 3_000)
        step(dns, dns.core.now + rng.random(n) * 0.05, user, city)
    return books(dns, sink), dns


def disturb(dns: Dns, number: int) -> None:
    match number:
        case 30:
            dns.stubs.hit(ALL, 5, loss=0.4)
        case 70:
            dns.flush_resolvers()
            dns.stubs.hit(slice(0, 20), 6, extra_s=2.6)
        case 110:
            dns.stubs.hit(slice(10, 30), 7, down=True)
            dns.nodes.up[2:] = False
        case 150:
            dns.nodes.reset_effects()
            dns.reset_effects()


def books(dns: Dns, sink: Sink) -> list[object]:
    return [*sorted(sink.seen), dns.counts.queries.sum.tolist(), dns.counts.silent.sum.tolist(), dns.counts.answered.sum.tolist()]


def test_the_same_run_twice_and_over_a_state_saved_in_the_middle() -> None:
    first, dns = troubled()
    assert int(dns.counts.silent.sum[0]) > 500
    assert dns.stubs.asking == {}
    assert dns.heap == []
    assert not dns.core.flights.used  # every look-up has ended once
    assert troubled()[0] == first
    for cut in (95, 112, 151, 180):  # queries, answers and time-outs under way; healed, but users still wait
        assert troubled(cut)[0] == first


def test_what_is_changed_meanwhile_is_heard_when_the_resolver_is_back() -> None:
    dns, sink = world(ttl=1.0)
    plan = Asked([(0.1, 0), (3.0, 0)])
    plan.run(dns, 2.0)
    dns.stubs.hit(ALL, EVENT, down=True)
    dns.change_record(WWW, ["198.51.100.1"])
    plan.run(dns, 4.0)
    dns.reset_effects()
    plan.run(dns, 9.0)
    assert said(sink) == [OLD, "198.51.100.1"]
