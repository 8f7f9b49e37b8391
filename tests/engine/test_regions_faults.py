"""Regions lost, cut off and far: what is seen of it, what settings change live, and what a fence would have saved."""

from __future__ import annotations

import msgspec
import pytest
from test_regions import BROWSER_S, CHECK_S, TTL_S, Person, scenario

from engine.agents import AGENTS
from engine.commands import HealAll, Inject, SetOption
from engine.runtime import run_headless
from engine.scenarios.file import load
from engine.snapshot import NodeState, Region, Regions
from engine.world import World


def seen(world: World) -> Regions:
    part = world.snapshot().regions
    assert part is not None
    return part


def of(world: World, name: str) -> Region:
    return next(region for region in seen(world).regions if region.name == name)


def test_what_is_shown_of_regions_is_counted() -> None:
    you = Person(World(scenario()))
    you.go(12.0)
    part = seen(you.world)
    weight = you.world.traffic.population.weight.tolist()
    for number, (region, share) in enumerate(zip(part.regions, weight, strict=True)):
        assert abs(part.ended[number] / sum(part.ended) - share) < 0.05
        holder = you.world.balancer.active_name(number)
        assert (region.state, region.named, region.spill, region.holder) == (NodeState.UP, True, 0.0, holder)
    assert part.regions[0].need == pytest.approx(part.regions[1].need), "each would carry the whole, on machines of one kind"
    web = you.world.web.load().utilisation
    assert part.regions[0].need == pytest.approx(float(web.sum()) / 2.0)
    assert of(you.world, "westeurope").p99_ms > of(you.world, "eastus").p99_ms, "its writes cross the ocean"


def test_a_lost_region_is_told_until_its_users_have_moved() -> None:
    you = Person(World(scenario()))
    you.go(5.0)
    you(Inject("region_lost", "region:westeurope"))
    you.go(3.0)
    assert of(you.world, "westeurope").state is NodeState.DOWN
    assert "of requests still go there" in seen(you.world).verdict
    you.go(3 * CHECK_S + TTL_S + BROWSER_S)
    assert seen(you.world).verdict == "westeurope lost, its users moved"
    assert (of(you.world, "westeurope").named, seen(you.world).stray) == (False, 0)


def test_blind_checkers_leave_users_where_they_were_sent() -> None:
    you = Person(World(scenario()))
    you.go(5.0)
    you(Inject("dns_blind", "traffic"))
    you(Inject("region_lost", "region:westeurope"))
    you.go(3 * CHECK_S + TTL_S + BROWSER_S)
    assert you.world.dns.authority.sick == []
    assert abs(you.errors(10.0) - float(you.world.traffic.population.weight[1])) < 0.1
    you(HealAll())
    you.go(10.0)
    assert you.errors(5.0) == 0.0


def test_health_checks_are_switched_under_traffic() -> None:
    you = Person(World(scenario("dns", failover=False)))
    you.go(5.0)
    you(Inject("region_lost", "region:westeurope"))
    you.go(3 * CHECK_S + 5.0)
    assert you.world.dns.authority.sick == []
    you(SetOption("dns.failover", True))
    you.go(5 * CHECK_S)
    assert you.world.dns.authority.sick == ["203.0.113.20"]
    you(SetOption("dns.failover", False))
    you.go(2 * CHECK_S)
    assert you.world.dns.authority.sick == [], "what is not checked counts as healthy"


def test_a_region_without_servers_uses_the_others_or_nobody() -> None:
    you = Person(World(scenario("dns", failover=False)))
    you.go(4.0)
    for index in (2, 3):
        you(Inject("crash", you.world.web.nodes.names[index]))
    you.go(10.0)
    assert of(you.world, "westeurope").spill == 1.0
    assert you.errors(3.0) == 0.0
    you(SetOption("regions.spill", False))
    you.go(6.0)
    assert of(you.world, "westeurope").spill < 0.01
    assert of(you.world, "westeurope").errors == 1.0


def test_caches_and_reads_change_their_ways_under_traffic() -> None:
    you = Person(World(scenario()))
    you.go(15.0)
    near = of(you.world, "westeurope").crossing
    you(SetOption("regions.caches", "global"))
    you.go(15.0)
    far = of(you.world, "westeurope").crossing
    assert far > near + 0.3, "half of all keys have their only home beyond the ocean"
    assert of(you.world, "westeurope").p50_ms > of(you.world, "eastus").p50_ms - 60.0
    you(SetOption("regions.caches", "local"))
    you(SetOption("regions.read_near", False))
    you.go(15.0)
    assert of(you.world, "westeurope").crossing < far


@pytest.mark.parametrize(("fencing", "diverged"), [(False, True), (True, False)])
def test_a_fence_keeps_two_primaries_from_diverging(fencing: bool, diverged: bool) -> None:
    whole = load("outage_github")
    replication = msgspec.structs.replace(whole.database.replication, fencing=fencing)
    database = msgspec.structs.replace(whole.database, replication=replication)
    traffic = msgspec.structs.replace(whole.traffic, requests_per_second=100.0)
    world = World(msgspec.structs.replace(whole, database=database, traffic=traffic, step_ms=20.0))
    run_headless(world, AGENTS, 60.0)
    assert of(world, "eastus").verdict == "cut off from other regions"
    run_headless(world, AGENTS, 20.0)
    shown = world.snapshot().replication
    assert shown.failovers
    assert (shown.diverged_writes > 0) is diverged
    assert [region.primaries for region in seen(world).regions] == [0, 1, 0], "nothing fails back"
