"""The DNS tier as a whole: batches agree with single look-ups, runs repeat, states survive, warm worlds are lived-in."""

from __future__ import annotations

import numpy as np
import pytest
from dns_rig import NEW, WWW, world

from engine import state
from engine.config import Dns as DnsConfig
from engine.config import Scenario, Traffic, Users
from engine.tiers.dns import FEW, Dns
from engine.tiers.dns.checks import alone, step
from engine.tiers.dns.counts import OS
from engine.tiers.dns.users import Users as UserTable


def test_batches_and_single_look_ups_decide_alike() -> None:
    """A few users ask again and again; a crowd at another resolver makes every step go by arrays. They must not notice it."""

    def ends(crowd: int) -> list[tuple[float, float, str]]:
        users = 8
        dns, sink = world(users=2 * (users + crowd), resolvers=2, ttl=1.0, browser_cap=0.3, os_cap=0.8)
        plan = [(0.003 + 0.0137 * i, 2 * ((i * 5) % users)) for i in range(700)]
        others = 2 * (np.arange(crowd) + users) + 1
        mine: list[int] = []
        while dns.core.now < 10.0:
            due = [p for p in plan if dns.core.now <= p[0] < (dns.core.step_no + 1) * 0.1]
            t = np.array([p[0] for p in due] + [dns.core.now + 0.05] * crowd)
            user = np.concatenate([np.array([p[1] for p in due], dtype=np.int64), others])
            mine += range(dns.core.flights.next_id, dns.core.flights.next_id + len(due))
            step(dns, t, user, np.zeros(user.size, dtype=np.int64))
        seen = {s.id: (s.t, s.took, s.said) for s in sink.seen}
        return [seen[i] for i in mine if i in seen]

    alone_they_see = ends(0)
    assert len(alone_they_see) >= 690
    assert ends(3 * FEW) == alone_they_see


def busy(seed: int = 1, cut: int = -1) -> tuple[list[object], Dns]:
    """A warm world under changing load and faults; `cut`: saved and loaded again at that step."""
    config = Scenario(
        step_ms=50.0, users=Users(count=3_000), traffic=Traffic(requests_per_second=900.0), dns=DnsConfig(resolvers=40, ttl=4.0)
    )
    dns, sink = alone(config, seed)
    rng = np.random.default_rng(seed)
    for number in range(160):
        if number == cut:
            data = state.dumps({"dns": dns, "sink": sink})
            loaded, _ = state.loads(data, dict)
            dns, sink = loaded["dns"], loaded["sink"]
        if number == 40:
            dns.change_record(WWW, [NEW], ttl=2.0)
            dns.nodes.loss[2] = 0.4
        if number == 90:
            dns.delete_record(WWW)
        if number == 110:
            dns.reset_effects()
            dns.flush_resolvers(0.5)
        n = int(rng.integers(0, 90)) if number % 7 else 600
        user = rng.integers(0, 3_000, n)
        city = dns.resolvers.weight.cumsum().searchsorted((user + 0.5) / 3_000)
        step(dns, dns.core.now + rng.random(n) * 0.05, user, city)
    return [*sorted(sink.seen), dns.counts.queries.sum.tolist()], dns


def test_the_same_run_twice_and_over_a_saved_state() -> None:
    first, _ = busy()
    assert len(first) > 9_000
    assert busy()[0] == first
    assert busy(cut=93)[0] == first  # walks, waiting users and answers under way all survive


def test_warm_worlds_begin_where_long_runs_are() -> None:
    """The made-up past against a run: hit shares of the first seconds are those that a cold world comes to later."""

    def shares(warm: bool, skip: float) -> np.ndarray:
        users = 2_000
        config = Scenario(
            step_ms=50.0,
            users=Users(count=users, cities=("Seoul",)),
            traffic=Traffic(requests_per_second=200.0),
            dns=DnsConfig(resolvers=50, ttl=30.0, browser_cap=6.0, warm=warm),
        )
        dns, _ = alone(config, 3, note=False)
        rng = np.random.default_rng(8)
        before = dns.counts.answered.sum.copy()
        while dns.core.now < skip + 25.0:
            if dns.core.now < skip:
                before = dns.counts.answered.sum.copy()
            n = rng.poisson(10)
            step(dns, dns.core.now + rng.random(n) * 0.05, rng.integers(0, users, n), np.zeros(n, dtype=np.int64))
        got = dns.counts.answered.sum - before
        return got / got.sum()

    late = np.mean([shares(False, skip) for skip in (95.0, 110.0)], axis=0)
    assert shares(True, 0.0) == pytest.approx(late, abs=0.035)
    assert late[OS] > 0.05


def test_memory_of_a_user() -> None:
    table = UserTable(1_000)
    assert sum(getattr(table, name).nbytes for name in ("browser_until", "os_until", "answer")) <= 20 * 1_000
