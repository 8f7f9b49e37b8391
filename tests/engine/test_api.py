"""The public API: its documented examples, its borders, and that it is the engine's own mechanisms that answer."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import api
from engine.api import cache as api_cache
from engine.api import system as api_system
from engine.commands import Inject, SetOption
from engine.config import Scenario, Traffic, Users
from engine.policies.balancing import BALANCING
from engine.policies.eviction import EVICTION

SMALL = {"traffic": {"requests_per_second": 200.0, "keys": 500}, "users": {"count": 1_000, "cities": ["Seoul"]}}


@pytest.mark.parametrize("module", [api, api_cache, api_system])
def test_documented_examples_are_true(module) -> None:
    assert doctest.testmod(module).failed == 0


def kiefer_wolfowitz(t, work, workers, room):
    """The recursion in plain Python: finishes, inf for those that found `room` waiting."""
    free, begun, out = [0.0] * workers, [], []
    for at, demand in zip(t, work, strict=True):
        if room is not None and free[0] > at and sum(start > at for start in begun) >= room:
            out.append(math.inf)
            continue
        start = max(at, free[0])
        begun.append(start)
        out.append(start + demand)
        free = sorted([*free[1:], start + demand])
    return out


jobs = st.lists(st.tuples(st.floats(0.0, 5.0), st.floats(0.01, 3.0)), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(jobs=jobs, workers=st.integers(1, 5), room=st.none() | st.integers(0, 6))
def test_fifo_is_the_recursion(jobs, workers, room) -> None:
    """With and without a bound, any number of workers, also when several arrive at one moment."""
    t = np.cumsum([gap for gap, _ in jobs]).tolist()
    work = [demand for _, demand in jobs]
    assert api.fifo(t, work, workers, room).tolist() == pytest.approx(kiefer_wolfowitz(t, work, workers, room), abs=1e-9)


def test_fifo_refuses_what_makes_no_sense() -> None:
    for arrivals, services, workers, queue in [
        ([1, 0], [1, 1], 1, None), ([0], [1, 1], 1, None), ([0], [-1], 1, None), ([0], [1], 0, None), ([0], [1], 1, -1),
        ([0], [math.nan], 1, None), ([[0]], [[1]], 1, None),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=r"\w"):
            api.fifo(arrivals, services, workers, queue)


@pytest.mark.parametrize("policy", EVICTION)
def test_every_eviction_policy_is_there(policy: str) -> None:
    cache = api.eviction(policy, 3)
    assert [cache.access(key) for key in (1, 2, 1)] == [False, False, True]
    for key in range(10):
        cache.access(key)
    assert len(cache) == 3


@pytest.mark.parametrize("policy", BALANCING)
def test_every_balancing_policy_chooses_and_counts_what_is_open(policy: str) -> None:
    chooser = api.balancer(policy, 4, seed=3)
    chosen = [chooser.choose(user=user) for user in range(40)]
    assert set(chosen) <= set(range(4))
    assert chooser.open == np.bincount(chosen, minlength=4).tolist()
    for server in chosen:
        chooser.close(server, 0.1)
    assert chooser.open == [0] * 4
    with pytest.raises(ValueError, match="no open connection"):
        chooser.close(0)


def test_a_simulated_cluster_is_fifo_at_each_server() -> None:
    rng = np.random.default_rng(1)
    t, work = np.cumsum(rng.standard_exponential(500)), rng.standard_exponential(500) * 3
    _, finish, node = api.balancer("least_connections", 4).simulate(t, work)
    for server in range(4):
        mine = node == server
        assert finish[mine] == pytest.approx(api.fifo(t[mine], work[mine]), abs=1e-9)


def test_a_ring_takes_names_or_a_number() -> None:
    keys = np.arange(2_000)
    named, counted = api.ring(["node-0", "node-1", "node-2"]), api.ring(3)
    assert named.nodes == counted.nodes
    assert named.owner(keys).tolist() == counted.owner(keys).tolist()
    assert sum(named.share().values()) == pytest.approx(1.0)
    assert (named.owners(keys, 2)[0] == named.owner(keys)).all()
    before = named.owner(keys)
    named.remove("node-1")
    assert (named.owner(keys) == before)[before != 1].all()


def test_names_that_do_not_exist_are_answered_with_near_ones() -> None:
    with pytest.raises(ValueError, match="did you mean 'lru'"):
        api.eviction("lrru", 10)
    with pytest.raises(ValueError, match="did you mean 'two_choices'"):
        api.balancer("two_choice")
    with pytest.raises(ValueError, match="rule of placement"):
        api.ring(3, rule="x")
    with pytest.raises(ValueError, match="whole numbers"):
        api.ring(3).owner([0.5])
    with pytest.raises(ValueError, match="weight"):
        api.ring(3, weights=[1.0])
    with pytest.raises(ValueError, match="weight"):
        api.balancer("random", 3, weights=[1.0, 0.0, 1.0])
    with pytest.raises(ValueError, match="bounded"):
        api.ring(3).assign(1, [0, 0, 0])
    with pytest.raises(ValueError, match="no scenario"):
        api.world("defalt")
    with pytest.raises(ValueError, match="unknown key"):
        api.world({"wep": {"nodes": 3}})
    with pytest.raises(ValueError, match="a scenario holds"):
        api.world({"web": {"nodes": {1, 2}}})
    with pytest.raises(ValueError, match="TTL"):
        api.ttl_cache(-1.0)
    cache = api.ttl_cache(1.0)
    cache.access(1, 5.0)
    with pytest.raises(ValueError, match="order of time"):
        cache.access(1, 4.0)


def test_a_sliding_entry_lives_on_while_it_is_used() -> None:
    sliding, fixed = api.ttl_cache(1.0, sliding=True), api.ttl_cache(1.0)
    moments = (0.0, 0.9, 1.8, 2.7)
    assert [sliding.access(1, t) for t in moments] == [False, True, True, True]
    assert [fixed.access(1, t) for t in moments] == [False, True, False, True]


def test_a_world_runs_takes_commands_and_is_read() -> None:
    system = api.world(SMALL, seed=5)
    system.run(1.0)
    system.give(SetOption("traffic.requests_per_second", 400.0), Inject("crash", "web-1"))
    system.step(50)
    assert system.now == pytest.approx(1.51)
    assert system.snapshot().headline.offered > 0
    record = system.record()
    assert record["tiers"]["web"]["web-1"]["state"] == "down"  # type: ignore[index]
    counts = record["requests"]
    assert counts["arrived"] == counts["ok"] + counts["failed"] + counts["shed"] + counts["in_flight"]  # type: ignore[index]
    for deed in (lambda: system.run(-1.0), lambda: system.step(-1)):
        with pytest.raises(ValueError, match="0 or more"):
            deed()


def test_equal_seeds_make_equal_worlds_and_a_mapping_is_the_scenario() -> None:
    config = Scenario(
        traffic=Traffic(requests_per_second=200.0, keys=500), users=Users(count=1_000, cities=("Seoul",)), name="small"
    )
    one, other, third = api.world(config, 9), api.world({"name": "small", **SMALL}, 9), api.world(config, 10)
    for system in (one, other, third):
        system.run(0.5)
    assert one.digest() == other.digest() != third.digest()
