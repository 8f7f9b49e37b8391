"""Several regions: users go to the nearest healthy one, caches are out of step, a lost one is left in DNS's time."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from engine.agents import AGENTS
from engine.checks import Checked
from engine.commands import AddNode, HealAll, Inject, MoveAddress, Order, RemoveNode, WorldCommand
from engine.config import Scenario
from engine.runtime import run_headless
from engine.scenarios.file import parse
from engine.state import dumps, loads
from engine.world import World

TEXT = """
name = "regions"
step_ms = 20.0

[regions]
fronts = true

[users]
count = 20_000
cities = ["Washington", "Frankfurt"]

[traffic]
requests_per_second = 300.0
keys = 200

[dns]
answers = "geo"
ttl = 30.0
resolvers = 200
failover = true
check_interval = 10.0

[network]
zones = [
  { name = "us-a", region = "eastus" },
  { name = "us-b", region = "eastus" },
  { name = "eu-a", region = "westeurope" },
  { name = "eu-b", region = "westeurope" },
]

[balancer]
nodes = 2

[web]
nodes = 4

[cache]
nodes = 4

[database]
shards = 1
replicas = 3
"""
TTL_S, CHECK_S, BROWSER_S = 30.0, 10.0, 60.0


def scenario(table: str = "", **changes: object) -> Scenario:
    whole = parse(TEXT, "regions.toml")
    if not table:
        return whole
    return msgspec.structs.replace(whole, **{table: msgspec.structs.replace(getattr(whole, table), **changes)})


class Person:
    """Gives orders to a world that is checked at every step."""

    def __init__(self, world: World) -> None:
        self.world, self.checked, self.number = world, Checked(world), 0

    def __call__(self, command: WorldCommand) -> str:
        self.number += 1
        self.checked.step([Order("you", self.number, command)])
        return self.world.core.log.events[-1].text

    def go(self, seconds: float) -> None:
        run_headless(self.checked, AGENTS, seconds)

    def errors(self, seconds: float) -> float:
        found = self.world.history.metric("error_share", self.world.now - seconds, 0.0)
        assert found is not None
        return found


def test_users_are_served_in_their_own_region() -> None:
    world = World(scenario())
    run_headless(Checked(world), AGENTS, 6.0)
    flights, core = world.core.flights, world.core
    seen = set()
    for _ in range(100):
        world.step()
        live = flights.live()
        served = live[flights.web[live] >= 0]
        region = core.regions.of(world.web.nodes)[flights.web[served]]
        seen |= set(zip(flights.city[served].tolist(), region.tolist(), strict=True))
    assert (core.fabric.cities, core.regions.names) == (["Washington", "Frankfurt"], ["eastus", "westeurope"])
    assert seen == {(0, 0), (1, 1)}
    rate = {name: 0.0 for name in core.regions.names}
    for index, count in enumerate(world.web.load().rate.tolist()):
        rate[core.regions.names[int(core.regions.of(world.web.nodes)[index])]] += count
    for name, share in zip(("eastus", "westeurope"), world.traffic.population.weight.tolist(), strict=True):
        assert abs(rate[name] - 300.0 * share) < 5.0 * (300.0 * share) ** 0.5


def test_reads_stay_at_home_and_writes_go_to_the_primary() -> None:
    world = World(scenario("cache", nodes=0))
    run_headless(Checked(world), AGENTS, 4.0)
    flights, core = world.core.flights, world.core
    seen = set()
    for _ in range(100):
        world.step()
        live = flights.live()
        at = live[(flights.db[live] >= 0) & (flights.web[live] >= 0)]
        web = core.regions.of(world.web.nodes)[flights.web[at]]
        node = core.regions.of(world.database.nodes)[flights.db[at]]
        seen |= set(zip(flights.kind[at].tolist(), web.tolist(), node.tolist(), strict=True))
    assert seen == {(0, 0, 0), (0, 1, 1), (1, 0, 0), (1, 1, 0)}


def test_a_lost_region_is_left_when_checks_and_ttls_are_over_and_found_again() -> None:
    you = Person(World(scenario()))
    you.go(5.0)
    assert you.errors(5.0) == 0.0
    you(Inject("crash", "region:westeurope"))
    you.go(20.0)
    europe = float(you.world.traffic.population.weight[1])
    assert abs(you.errors(15.0) - europe) < 0.1, "those who are sent there fail"
    # three checks in a row, then the TTL, and what browsers keep of it
    you.go(3 * CHECK_S + TTL_S + BROWSER_S)
    assert you.errors(10.0) == 0.0
    assert you.world.dns.authority.sick == [you.world.balancer.door.addresses[1]]
    told = [event for event in you.world.core.log.events if event.text.startswith("DNS leaves out 203.0.113.20")]
    assert len(told) == 1
    assert told[0].cause > 0, "it leads back to what began it"
    us = [0, 1]
    assert all(int(you.world.web.nodes.zone[i]) in us for i in np.flatnonzero(you.world.web.load().rate).tolist())
    you(HealAll())
    you.go(4 * CHECK_S + TTL_S + BROWSER_S)
    assert you.world.dns.authority.sick == []
    assert float(you.world.web.load().rate[2]) > 0.0


def test_without_health_checks_those_who_lived_there_stay_lost() -> None:
    you = Person(World(scenario("dns", failover=False)))
    you.go(5.0)
    you(Inject("crash", "region:westeurope"))
    you.go(3 * CHECK_S + TTL_S + BROWSER_S + 20.0)
    assert abs(you.errors(10.0) - float(you.world.traffic.population.weight[1])) < 0.1


def _stale(**changes: object) -> float:
    world = World(scenario("regions", **changes))
    run_headless(world, AGENTS, 30.0)
    found = world.cache.counts.record()
    return int(str(found["stale"])) / int(str(found["hits"]))


def test_what_each_way_of_caching_costs_in_stale_reads() -> None:
    apart, told, one = _stale(invalidate="local"), _stale(invalidate="all"), _stale(caches="global")
    assert apart > 4.0 * told, "a region that is not told of writes serves the old value until its time is up"
    assert apart > 4.0 * one, "a write goes to the one home of its key, however far that is"


def test_a_key_has_a_home_in_every_region() -> None:
    world = World(scenario())
    run_headless(world, AGENTS, 5.0)
    keys = np.arange(200)
    regions = world.core.regions
    here = [world.cache.homes.near(keys, np.full(200, region))[0] for region in (0, 1)]
    for region in (0, 1):
        assert (regions.of(world.cache.nodes)[here[region]] == region).all()
    shelves = world.cache.desk.shelves
    both = sum(1 for key in keys.tolist() if all(shelves[int(h[key])].forget(key) for h in here))
    assert both > 20, "the hot ones are held twice"


def test_pairs_keep_to_their_region() -> None:
    you = Person(World(scenario()))
    regions = you.world.core.regions
    assert [regions.door_of(you.world.balancer.nodes, i) for i in range(4)] == [0, 1, 0, 1]
    assert you.world.balancer.holders == [0, 1]
    assert "a balancer pair has two nodes" in you(AddNode("balancer"))
    you(Inject("crash", "lb-2"))
    you.go(6.0)
    assert you.world.balancer.holders == [0, 3]
    you(MoveAddress(you.world.balancer.door.addresses[0], "lb-3"))
    assert you.world.balancer.holders == [2, 3]


@pytest.mark.parametrize("after", [4.0, 22.0])
def test_a_saved_world_of_regions_goes_on_to_the_same_digest(after: float) -> None:
    world = World(scenario())
    run_headless(world, AGENTS, 2.0)
    world.step([Order("you", 1, Inject("crash", "region:westeurope"))])
    run_headless(world, AGENTS, after)
    again, _ = loads(dumps(world), World)
    for one in (world, again):
        run_headless(one, AGENTS, 15.0)
    assert world.digest() == again.digest()


def _reserve() -> Scenario:
    return msgspec.structs.replace(
        scenario("regions", reserve=("westeurope",)),
        balancer=msgspec.structs.replace(scenario().balancer, nodes=2),
        database=msgspec.structs.replace(scenario().database, replicas=1, rebalance_mb_s=10.0),
    )


def test_a_region_is_entered_under_traffic_named_by_dns_and_left_when_nobody_knows_it_any_more() -> None:
    you = Person(World(_reserve()))
    world, regions = you.world, you.world.core.regions
    before = {tier: int(nodes.member.sum()) for tier, nodes in world.core.fabric.tiers.items()}
    you.go(3.0)
    assert world.dns.authority.sick == [regions.addresses[1]], "nothing stands there"
    told = you(AddNode("region"))
    assert "westeurope: 4 web servers" in told
    you.go(4 * CHECK_S + TTL_S + BROWSER_S)
    assert world.dns.authority.sick == []
    at = regions.of(world.web.nodes)
    rate = world.web.load().rate
    europe = 300.0 * float(world.traffic.population.weight[1])
    assert abs(float(rate[at == 1].sum()) - europe) < 5.0 * europe**0.5, "who lives there is served there"
    assert int((regions.of(world.database.nodes) == 1).sum()) == 1
    assert "no region to enter" in you(AddNode("region"))
    assert "will no longer name it" in you(RemoveNode("region:westeurope"))
    assert "being left already" in you(RemoveNode("region:westeurope"))
    you.go(4 * CHECK_S + 2 * TTL_S + BROWSER_S)
    assert {tier: int(nodes.member.sum()) for tier, nodes in world.core.fabric.tiers.items()} == before
    assert regions.active == [True, False]
    assert int(world.core.ledger.outcomes.sum[2:].sum()) == 0, "nobody felt it"
    assert "last region" in you(RemoveNode("region:eastus"))
    you(AddNode("region", "westeurope"))
    assert regions.active == [True, True]
