"""Guards of the front door: token buckets, a bound of open requests, controlled delay; each against a plain loop or by law."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from world_rig import QUICK, Rig

from engine.causes import Cause, Outcome
from engine.commands import Inject, Restart, SetOption
from engine.config import AutomationPart, BalancerPart, Scenario, Service, Traffic, Users, WebPart
from engine.state import dumps, loads
from engine.tiers.automation.buckets import Buckets
from engine.tiers.automation.codel import Codel
from engine.world import World

FRONT = BalancerPart(nodes=1, policy="round_robin")


def quick(part: AutomationPart, **more: object) -> Scenario:
    """The quick world with these guards."""
    return msgspec.structs.replace(QUICK, automation=part, **more)


def shed(world: World, cause: Cause) -> int:
    return int(world.core.ledger.causes.sum[cause])


@given(
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 3)), min_size=1, max_size=60),
    st.integers(1, 8), st.integers(1, 5), st.integers(1, 9),
)  # fmt: skip
def test_buckets_do_as_a_bucket_of_whole_numbers(asked: list[tuple[int, int]], rate: int, burst: int, cut: int) -> None:
    """Times in 1/64 s, so that floats are exact; given in pieces of any length, each row for itself or many at once."""
    asked.sort()
    buckets, level, last, expected = Buckets(4, float(rate), float(burst), 0.0), [Fraction(burst)] * 4, [Fraction(0)] * 4, []
    for tick, who in asked:
        now = Fraction(tick, 64)
        level[who] = min(Fraction(burst), level[who] + (now - last[who]) * rate)
        last[who] = now
        expected.append(level[who] >= 1)
        level[who] -= expected[-1]
    t, users = np.array([tick / 64 for tick, _ in asked]), np.array([who for _, who in asked])
    got = [buckets.take(t[i : i + cut], users[i : i + cut]) for i in range(0, t.size, cut)]
    assert np.concatenate(got).tolist() == expected
    assert buckets.level.tolist() == [float(x) for x in level]


def test_a_bucket_keeps_what_it_earned_when_its_rate_changes() -> None:
    buckets = Buckets(1, 2.0, 10.0, 0.0)
    assert buckets.take(np.zeros(12), np.zeros(12, dtype=np.int64)).sum() == 10
    buckets.change(100.0, 3.0, 1.0)
    assert buckets.level.tolist() == [2.0]
    buckets.change(100.0, 3.0, 1.01)
    assert buckets.level.tolist() == [3.0]


def test_a_city_that_asks_too_much_gets_its_rate_and_the_others_get_all() -> None:
    traffic = Traffic(requests_per_second=300.0, keys=40)
    users = Users(count=2_000, cities=("Seoul", "Tel Aviv"))  # 24 of 25 are in one of them
    config = quick(AutomationPart(rate_limit=40.0, burst=10, limit_by="city"), traffic=traffic, users=users, balancer=FRONT)
    rig = Rig(config)
    rig.run(2_000)
    world, counts = rig.world, rig.world.automation.counts
    assert counts.total("limited") > 0
    (_, buckets), = world.automation.door.buckets.values()  # fmt: skip
    passed = int(world.balancer.choice.sent.sum.sum())
    assert passed <= 2 * (40.0 * world.now + 10)
    assert passed + counts.total("limited") == int(world.balancer.stations.totals.departures[0])
    assert buckets.level[0] < 10 <= buckets.level[1] + 40.0
    assert shed(world, Cause.RATE_LIMITED) == int(world.core.ledger.outcomes.sum[Outcome.SHED])


def test_a_new_process_has_full_buckets() -> None:
    rig = Rig(quick(AutomationPart(rate_limit=1.0, burst=3, limit_by="city"), balancer=FRONT))
    rig.run(200)
    assert rig.world.automation.door.buckets[0][1].level.min() < 1.0
    before = rig.world.automation.door.buckets[0][0]
    rig.give(Restart("lb-1"))
    rig.run(2)
    rig.run(100)
    assert rig.world.automation.door.buckets[0][0] > before


def test_no_more_are_open_than_may_be() -> None:
    """The servers stand still: the balancer opens as many connections as it may, and answers the rest at once."""
    rig = Rig(quick(AutomationPart(most_open=12), balancer=FRONT))
    rig.give(Inject("freeze", "web"))
    rig.run(100)
    world = rig.world
    assert sum(world.balancer.choice.conns.counts[0]) == 12
    assert world.automation.counts.total("over_open") > 20


def test_who_would_wait_too_long_is_told_at_once() -> None:
    """One server at twice what it can do: whom it serves has waited little, and it is as busy as it can be.

    Once a queue has stood for 100 ms the wait is 5 ms at most; now and then it is empty by chance, which begins anew.
    """
    web = WebPart(nodes=1, workers=1, service=Service(1.0, 1.0, 0.0), queue=0)
    wait = {}
    for codel in (True, False):
        part, traffic = AutomationPart(codel=codel), Traffic(requests_per_second=2_000.0, keys=40)
        rig = Rig(quick(part, balancer=FRONT, web=web, traffic=traffic))
        rig.run(600)
        totals = rig.world.web.stations.totals
        wait[codel] = float(totals.wait[0]) / int(totals.departures[0])
        assert rig.world.web.gauge.utilisation[0] > 0.9
    assert wait[True] < 0.025
    assert wait[False] > 0.5  # who is served after s seconds came after s / 2: .75 in the mean of 3 s
    assert rig.world.automation.reading() is None


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), min_size=1, max_size=80), st.booleans())
def test_controlled_delay_does_as_a_plain_loop(jobs: list[tuple[int, int]], two: bool) -> None:
    """Gaps and works in 1/256 s: one worker or two, first come, first served."""
    from engine.queueing import Stations

    workers = 2 if two else 1
    stations, codel = Stations([workers]), Codel(World(quick(AutomationPart(codel=True))).core)
    t = np.cumsum([gap / 256 for gap, _ in jobs])
    work = np.array([w / 256 for _, w in jobs])
    may, placed = codel.admit(stations, t, np.zeros(t.size, dtype=np.int64), work, np.arange(t.size))
    free, expected, last, since = [0.0] * workers, [], -1.0, 0.0
    for now, need in zip(t.tolist(), work.tolist(), strict=True):
        begin = max(now, min(free))
        if begin > now:
            if last <= now:
                since = now
            if begin - now > (0.005 if now - since > 0.1 else 0.1):
                expected.append(False)
                continue
            last = begin
        expected.append(True)
        free[free.index(min(free))] = begin + need
    assert may.tolist() == expected
    assert placed.tolist() == expected


@pytest.mark.parametrize(
    "part",
    [
        AutomationPart(rate_limit=3.0, burst=2),
        AutomationPart(rate_limit=30.0, limit_by="city", most_open=5),
        AutomationPart(codel=True, codel_target_ms=1.0, codel_interval_ms=3.0),
    ],
)
def test_a_guarded_world_saved_and_loaded_goes_on_alike(part: AutomationPart) -> None:
    rig = Rig(quick(part))
    rig.give(Inject("slow", "web-1", 10.0))
    rig.run(150)
    assert rig.world.automation.counts.refused > 0
    other, _ = loads(dumps(rig.world), World)
    for world in (rig.world, other):
        for _ in range(100):
            world.step()
    assert rig.world.digest() == other.digest()


def test_what_is_off_is_not_there_and_what_is_switched_on_acts() -> None:
    rig = Rig()
    rig.run(50)
    assert rig.world.automation.reading() is None
    rig.give(SetOption("automation.rate_limit", 0.5))
    rig.give(SetOption("automation.burst", 1))
    rig.run(600)
    part = rig.world.automation.reading()
    assert part is not None
    assert part.guards[0].name == "rate limit"
    assert part.guards[0].total == part.totals.limited > 0
