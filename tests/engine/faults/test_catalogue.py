"""What faults of the catalogue do to the system: each run beside the same system without the fault, and after it is healed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from apply_rig import SMALL, Person, make
from msgspec.structs import replace

from engine.agents import AGENTS
from engine.causes import Cause
from engine.commands import Heal, Inject, Restart
from engine.config import CdnPart, QueuePart, SessionsPart
from engine.flights import Kind
from engine.runtime import run_headless
from engine.world import World

PLAIN = replace(SMALL, cdn=CdnPart(), queue=QueuePart(), sessions=SessionsPart(), step_ms=10.0)
BEFORE, STEPS = 100, 300  # steps: a second to warm up, three to watch


def ran(fault: str = "", target: str = "", amount: float | None = None) -> World:
    """A world that has run with the fault since its first second, or without one."""
    world = make(PLAIN, BEFORE)
    if fault:
        Person(world)(Inject(fault, target, amount))
        assert world.faults.active(), fault
    for _ in range(STEPS):
        world.step()
    return world


@cache
def well() -> World:
    """The same without a fault."""
    return ran()


def failures(world: World, cause: Cause) -> int:
    return int(world.core.ledger.causes.total[cause])


def latency(world: World) -> float:
    """The 99th percentile of what ended in the last two seconds, ms."""
    tail = world.history.metric("p99_ms", 2.0, 4.0)
    assert tail is not None
    return tail


def count(world: World, name: str) -> int:
    found = world.cache.counts.record()[name]
    assert isinstance(found, int)
    return found


def served(world: World, server: int) -> int:
    return int(world.web.stations.totals.departures[server])


def arrived(world: World) -> int:
    return int(world.core.ledger.arrived.total.sum())


SIGNS: list[tuple[str, str, float | None, Callable[[World], bool]]] = [
    ("one_way_cut", "web-1~cache-1", None, lambda w: count(w, "unanswered") > 10 > count(well(), "unanswered")),
    ("one_way_latency", "city~balancer", 80.0, lambda w: latency(w) > latency(well()) + 60.0),
    ("jitter", "web~db", 200.0, lambda w: latency(w) > latency(well()) + 150.0),
    ("narrow_link", "balancer~web", 200.0, lambda w: latency(w) > latency(well()) + 300.0),
    ("slow_query", "item", 100.0, lambda w: latency(w) > latency(well()) + 100.0),
    ("slow_code", "item", 40.0, lambda w: latency(w) > latency(well()) + 100.0),
    ("short_timeout", "traffic", 0.01, lambda w: failures(w, Cause.TIMEOUT) > 50 > failures(well(), Cause.TIMEOUT)),
    ("certificate_expired", "traffic", None, lambda w: failures(w, Cause.CERTIFICATE) > 100),
    ("bad_deploy", "save", 100.0, lambda w: failures(w, Cause.SERVER_ERROR) > 20),
    ("disk_full", "s1", None, lambda w: failures(w, Cause.SERVER_ERROR) > 10),
    ("locked_row", "key:0", None, lambda w: w.database.meters.totals["timeouts"] > 0),
    ("wrong_ttl", "traffic", 0.01, lambda w: count(w, "hits") < 0.7 * count(well(), "hits")),
    ("cache_timeout", "traffic", 0.1, lambda w: count(w, "hits") < count(well(), "hits") / 2),
    ("less_memory", "cache", 95.0, lambda w: count(w, "hits") < 0.9 * count(well(), "hits")),
    ("poisoned_key", "key:0", None, lambda w: count(w, "hits") < 0.9 * count(well(), "hits")),
    ("split_view", "web-1", None, lambda w: count(w, "stale") > count(well(), "stale")),
    ("write_storm", "key:1", 100.0, lambda w: w.database.versions.issued[1] > 100 > well().database.versions.issued[1]),
    ("scrapers", "traffic", 100.0, lambda w: count(w, "evictions") > 5 * count(well(), "evictions")),
    ("city_surge", "Seoul", 3.0, lambda w: arrived(w) > 1.5 * arrived(well())),
    ("gc_pauses", "web", 900.0, lambda w: latency(w) > latency(well()) + 500.0),
    ("oom_kills", "web-1", 30.0, lambda w: served(w, 0) < 0.5 * served(well(), 0)),
    ("flapping_link", "balancer~web-1", 2.0, lambda w: served(w, 0) < 0.9 * served(well(), 0)),
]


@pytest.mark.parametrize(("fault", "target", "amount", "shows"), [pytest.param(*sign, id=sign[0]) for sign in SIGNS])
def test_a_fault_is_felt(fault: str, target: str, amount: float | None, shows: Callable[[World], bool]) -> None:
    assert shows(ran(fault, target, amount))


def test_a_check_that_always_fails_takes_a_good_server_out() -> None:
    world = make(PLAIN, BEFORE)
    Person(world)(Inject("checks_say_ill", "web-1"))
    run_headless(world, AGENTS, 9.0)
    assert world.balancer.choice.beliefs.verdict.tolist() == [[False, True, True]] * 2


def test_a_check_that_always_succeeds_leaves_a_broken_server_in() -> None:
    world = make(PLAIN, BEFORE)
    you = Person(world)
    you(Inject("checks_say_well", "web-1"))
    you(Inject("error_rate", "web-1", 100.0))
    run_headless(world, AGENTS, 9.0)
    assert world.balancer.choice.beliefs.verdict[:, 0].all()
    you(Heal(fault_id=1))
    run_headless(world, AGENTS, 9.0)
    assert not world.balancer.choice.beliefs.verdict[:, 0].any()


def test_a_wrong_weight_draws_requests_where_weights_count() -> None:
    config = replace(PLAIN, balancer=replace(PLAIN.balancer, policy="weighted_round_robin"))
    world = make(config, 1)
    Person(world)(Inject("wrong_weight", "web-2", 10.0))
    for _ in range(STEPS):
        world.step()
    shares = world.web.stations.totals.departures / world.web.stations.totals.departures.sum()
    assert shares[1] == pytest.approx(10 / 12, abs=0.05)
    Person(world)(Heal("web-2"))
    world.step()
    assert world.balancer.choice.weight.tolist() == [1.0, 1.0, 1.0]


def test_a_slow_disk_costs_writes_and_spares_reads() -> None:
    slow, usual = ran("disk_slow", "db-a1", 50.0), well()
    node = slow.database.nodes.index("db-a1")
    served = slow.database.stations.totals, usual.database.stations.totals
    assert served[0].busy[node] > 3.0 * served[1].busy[node]


def test_a_corrupt_row_cannot_be_read_and_the_cache_never_has_it() -> None:
    world = make(PLAIN)
    Person(world)(Inject("corrupt_row", "key:0"))
    for _ in range(STEPS):
        world.step()
    assert failures(world, Cause.SERVER_ERROR) > 5
    assert not any(0 in shelf.entries for shelf in world.cache.desk.shelves)
    Person(world)(Heal("key:0"))
    for _ in range(BEFORE):
        world.step()
    assert any(0 in shelf.entries for shelf in world.cache.desk.shelves)


def test_too_few_connections_turn_the_rest_away() -> None:
    world = make(PLAIN, BEFORE)
    you = Person(world)
    you(Inject("slow", "web", 30.0))
    you(Inject("connection_limit", "web", 1.0))
    for _ in range(STEPS):
        world.step()
    assert failures(world, Cause.QUEUE_FULL) > 50
    assert max(world.web.stations.waiting(i, world.now) for i in range(3)) <= 1


def test_a_leak_creeps_and_a_restart_ends_it() -> None:
    world = make(PLAIN)
    Person(world)(Inject("memory_leak", "web-1", 10.0))
    speeds = []
    for _ in range(3):
        world.step()
        speeds.append(float(world.web.nodes.speed[0]))
        for _ in range(499):
            world.step()
    assert speeds == pytest.approx([1.0, 1 / 1.5, 1 / 2.0])
    Person(world)(Restart("web-1"))
    assert world.faults.active() == ()
    assert world.web.nodes.speed[0] == 1.0


def test_what_comes_and_goes_turns_at_its_time_and_ends_when_healed() -> None:
    world = make(PLAIN)
    you = Person(world)
    you(Inject("flapping_link", "web~cache", 2.0))
    cut = []
    for _ in range(6):
        world.step()
        cut.append(any(rule.cut for rule in world.core.fabric.rules))
        for _ in range(49):
            world.step()
    assert cut == [True, True, False, False, True, True]
    you(Heal(fault_id=1))
    assert world.core.fabric.rules == []
    assert world.faults.turn_at == float("inf")


def test_a_clock_that_jumps_ends_entries_before_their_time() -> None:
    world = make(PLAIN, BEFORE)
    held = [len(shelf.entries) for shelf in world.cache.desk.shelves]
    Person(world)(Inject("clock_jump", "cache-1", 1_000.0))
    now = world.now
    alive = [sum(ends > now for _, ends, _ in shelf.entries.values()) for shelf in world.cache.desk.shelves]
    assert alive[0] == 0 < held[0]
    assert alive[1:] == held[1:]


def test_a_replica_that_lacks_records_copies_everything_anew() -> None:
    world = make(PLAIN, BEFORE)
    Person(world)(Inject("copy_anew", "db-a2"))
    assert world.database.roles()["db-a2"] == "seeding"
    told = Person(world)(Inject("copy_anew", "db-a1"))
    assert "no replica" in told.text


def test_a_link_that_is_wide_again_has_no_queue() -> None:
    world = make(PLAIN, BEFORE)
    you = Person(world)
    you(Inject("narrow_link", "balancer~web", 10.0))
    for _ in range(50):
        world.step()
    assert world.core.fabric.queues.backlog
    you(Heal(fault_id=1))
    assert world.core.fabric.queues.backlog == {}


def test_kinds_of_crowds_take_the_route_that_fits() -> None:
    world = make(PLAIN, 1)
    world.traffic.recorded = []
    you = Person(world)
    you(Inject("write_storm", "key:1", 300.0))
    you(Inject("flash_crowd", "key:2", 300.0))
    for _ in range(50):
        world.step()
    born = [births for _, births in world.traffic.recorded]
    key, route = (np.concatenate([getattr(births, name) for births in born]) for name in ("key", "route"))
    writes = world.traffic.route_kind[route] == Kind.WRITE
    assert writes[key == 1].mean() > 0.8
    assert writes[key == 2].mean() < 0.2
