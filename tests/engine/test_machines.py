"""Sizes of machines and what they cost; scaling up and down on the running system; the universal scalability law."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from apply_rig import SMALL, Person, make

from engine.commands import AddNode, Inject, RemoveNode, Resize, Restart, Undo
from engine.config import CachePart, Machines, Scenario, Service, Step, WebPart
from engine.machines import LADDERS, SIZES, next_size, plan, scalability, stretch
from engine.queueing import Stations
from engine.scenarios.file import ScenarioError, parse
from engine.snapshot import NodeState
from engine.state import dumps, loads
from engine.world import World

QUICK = msgspec.structs.replace(SMALL, machines=Machines(boot=0.5))


def web(world: World, name: str = "web-1") -> int:
    return world.web.nodes.index(name)


def run(world: World, seconds: float) -> None:
    for _ in range(round(seconds / world.dt)):
        world.step()


# ---- the catalogue


def test_families_double_and_end() -> None:
    """Twice the CPUs cost twice as much and have twice the memory, up to 96 of them."""
    for ladder in LADDERS:
        whole = [size for size in ladder if not size.name.startswith("t3")]
        first = whole[0]
        for size in whole:
            times = size.vcpu / first.vcpu
            assert size.price == pytest.approx(first.price * times)
            assert size.ram == pytest.approx(first.ram * times)
        assert whole[-1].vcpu == 96
        assert next_size(whole[-1].name, 1) == ""
    assert next_size("t3.medium", -1) == ""
    assert next_size("t3.medium", 1) == "m5.large"
    assert SIZES["m5.xlarge"].price == 0.192


def test_useful_work_gets_dearer_with_size_and_ends() -> None:
    """By the law, dollars for a request a second grow with the size, and beyond sqrt((1 - sigma) / kappa) throughput falls."""
    sizes = LADDERS[0][1:]
    dollars = [size.price / scalability(size.vcpu, 0.03, 0.0005) for size in sizes]
    assert dollars == sorted(dollars)
    assert dollars[-1] > 3 * dollars[0]
    best = round(math.sqrt((1 - 0.03) / 0.0005))
    assert scalability(best, 0.03, 0.0005) == max(scalability(n, 0.03, 0.0005) for n in range(1, 200))
    assert scalability(1, 0.3, 0.2) == 1.0
    assert scalability(7, 0.0, 0.0) == 7.0


def test_a_tier_without_a_size_has_workers_and_price_of_its_own() -> None:
    own = plan("web", "", 8, 0.5)
    assert (own.size, own.workers_of("m5.large"), own.price_of("m5.large")) == ("m5.large", 8, 0.5)
    assert (own.workers_of("m5.xlarge"), own.price_of("m5.2xlarge")) == (16, 2.0)
    named = plan("web", "c5.xlarge", 8, 0.5)
    assert (named.workers_of("c5.xlarge"), named.price_of("c5.xlarge"), named.workers_of("m5.large")) == (4, 0.17, 2)
    thread = plan("cache", "r5.large", 1, 0.126, single=True)
    assert (thread.workers_of("r5.4xlarge"), thread.memory_of("r5.4xlarge")) == (1, 8.0)


# ---- the law at the stations


@pytest.mark.parametrize("n", [1, 2, 5, 16])
def test_saturated_machines_serve_what_the_law_says(n: int) -> None:
    """A machine that always has work: n / (1 + sigma (n - 1) + kappa n (n - 1)) times the single CPU's rate, exactly."""
    sigma, kappa, work = 0.05, 0.01, 0.02
    made = plan("web", "", n, 1.0, sigma, kappa)
    stations = Stations([n], speed=made.pace_of(made.size))
    jobs = 400 * n
    stations.admit(np.zeros(jobs), np.zeros(jobs, dtype=np.int64), np.full(jobs, work), np.arange(jobs))
    last = float(stations.departures(1e9).finish[-1])
    assert jobs * work / last == pytest.approx(scalability(n, sigma, kappa), rel=1e-9)


def test_the_law_holds_in_a_world_and_with_a_fault_on_top() -> None:
    service = Service(mean_ms=10.0, floor_ms=10.0, cv2=0.0)
    config = msgspec.structs.replace(QUICK, web=WebPart(nodes=3, workers=4, service=service, sigma=0.1, kappa=0.02))
    world = make(config)
    slower = stretch(4, 0.1, 0.02)
    stations = world.web.stations
    assert stations.nodes.speed == pytest.approx([1 / slower] * 3)
    you = Person(world)
    you(Inject("slow", "web-2", 4.0))
    assert stations.nodes.speed[1] == pytest.approx(1 / slower / 4.0)
    run(world, 3.0)
    totals = stations.totals
    assert totals.busy[0] / totals.departures[0] == pytest.approx(0.01 * slower, rel=1e-6)
    you(Undo())
    you(Resize("web-1"))
    assert stations.nodes.speed == pytest.approx([1 / stretch(8, 0.1, 0.02), 1 / slower, 1 / slower])


# ---- scaling up and down


def test_a_larger_machine_is_away_for_the_boot_and_comes_back_with_more() -> None:
    world = make(QUICK, steps=100)
    you = Person(world)
    before, bill = int(world.web.stations.totals.arrivals[0]), world.core.fabric.price()
    told = you(Resize("web-1"))
    assert told.text == "web-1 stops, to come back as m5.xlarge (4 vCPU, 16 GiB, $0.192/h) in 0.5 s: +$0.096/h"
    assert told.keys == "g u"
    assert not world.web.nodes.up[0]
    node = next(n for n in world.snapshot().map.nodes if n.name == "web-1")
    assert (node.state, node.size, node.price) == (NodeState.STARTING, "m5.xlarge", 0.192)
    assert world.snapshot().headline.cost_per_hour == pytest.approx(bill + 0.096)
    run(world, 0.4)
    assert int(world.web.stations.totals.arrivals[0]) == before
    assert not world.web.nodes.up[0]
    run(world, 14.0)  # balancers that were refused leave it alone for 10 s
    assert world.web.nodes.up[0]
    assert world.web.stations.nodes.workers[0] == 16
    assert int(world.web.stations.totals.arrivals[0]) > before + 100
    up = [e for e in world.core.log.events if e.text == "web-1 is up: m5.xlarge (4 vCPU, 16 GiB, $0.192/h)"]
    assert [e.cause for e in up] == [told.id]


def test_it_is_taken_back_by_another_boot() -> None:
    world = make(QUICK, steps=20)
    you = Person(world)
    you(Resize("db-a2", "r5.4xlarge"))
    run(world, 0.2)
    you(Undo())
    index = world.database.nodes.index("db-a2")
    assert world.database.nodes.size[index] == "r5.large"
    run(world, 0.45)
    assert not world.database.nodes.up[index]  # its boot began anew
    run(world, 0.1)
    assert world.database.nodes.up[index]
    assert world.database.stations.nodes.workers[index] == SMALL.database.workers
    assert len(world.boots) == 0


def test_a_cache_node_gets_memory_not_threads() -> None:
    world = make(QUICK, steps=20)
    you = Person(world)
    you(Resize("cache-1", "r5.2xlarge"))
    run(world, 1.0)
    index = world.cache.nodes.index("cache-1")
    assert world.cache.desk.shelves[index].policy.capacity == 400
    assert world.cache.stations.nodes.workers[index] == 1
    run(world, 2.0)
    you(Resize("cache-1", "r5.large"))
    assert world.cache.desk.shelves[index].policy.capacity == 100


def test_the_whole_tier_at_once() -> None:
    world = make(QUICK, steps=20)
    you = Person(world)
    assert "+$0.288/h" in you(Resize("web")).text
    assert not world.web.nodes.up.any()
    run(world, 1.0)
    assert world.web.nodes.up.all()
    assert world.web.stations.nodes.workers == [16, 16, 16]
    you(Undo())
    assert world.web.stations.nodes.workers == [8, 8, 8]


REFUSED = [
    (Resize("web-1", "m5.24xlarge"), Resize("web-1"), "web-1 is m5.24xlarge, the largest there is: add machines instead"),
    (None, Resize("lb-1", "down"), "lb-1 is t3.medium, the smallest there is"),
    (None, Resize("web-1", "m5.large"), "web-1 is m5.large already"),
    (None, Resize("web-1", "m5.huge"), "there is no size 'm5.huge'; did you mean m5.large"),
    (None, Resize("ns1"), "another size does not act on ns1"),
    (None, Resize("web-9"), "there is no 'web-9' here"),
]


@pytest.mark.parametrize(("first", "command", "why"), REFUSED, ids=[str(i) for i in range(len(REFUSED))])
def test_what_cannot_be_done_changes_nothing_and_says_why(first: Resize | None, command: Resize, why: str) -> None:
    world = make(QUICK, steps=5)
    you = Person(world)
    if first is not None:
        you(first)
    before, bill = len(world.boots), world.core.fabric.price()
    told = you(command)
    assert told.text.startswith("not done: ")
    assert why in told.text
    assert (len(world.boots), world.core.fabric.price()) == (before, bill)


def test_faults_and_removal_meet_a_boot() -> None:
    world = make(QUICK, steps=20)
    you = Person(world)
    you(Resize("web-1"))
    assert "boots already" in you(Restart("web-1")).text
    you(Inject("crash", "web-1"))
    run(world, 1.0)
    assert not world.web.nodes.up[0]
    assert any("a fault keeps it down" in e.text for e in world.core.log.events)
    you(Undo())  # the crash
    assert world.web.nodes.up[0]
    you(Resize("web-2"))
    you(RemoveNode("web-2"))
    run(world, 1.0)
    you(Undo())
    assert world.web.nodes.up[1]
    assert world.web.nodes.member[1]


def test_the_primary_that_is_scaled_up_is_replaced_meanwhile() -> None:
    """The failover manager notices the stopped machine as any dead one; a replica takes over, nothing acknowledged is lost."""
    world = World(msgspec.structs.replace(SMALL, machines=Machines(boot=30.0)))
    from engine.agents import AGENTS
    from engine.runtime.headless import run_headless

    run_headless(world, AGENTS, 2.0)
    Person(world)(Resize("db-a1"))
    run_headless(world, AGENTS, 15.0)
    assert world.database.roles()["db-a1"] != "primary"
    assert world.database.reading().failovers
    run_headless(world, AGENTS, 25.0)
    assert world.database.roles()["db-a1"] == "replica"
    assert world.database.nodes.size[world.database.nodes.index("db-a1")] == "r5.xlarge"


# ---- what it costs


def test_every_machine_is_on_the_bill() -> None:
    world = make()
    you = Person(world)
    tiers = world.core.fabric.tiers
    bills = {tier: sum(nodes.price(i) for i in range(len(nodes))) for tier, nodes in tiers.items()}
    for tier, bill in {"balancer": 2 * 0.0416, "web": 3 * 0.096, "cache": 3 * 0.126, "db": 6 * 0.126, "dns": 0.0}.items():
        assert bills[tier] == pytest.approx(bill)
    assert world.core.fabric.price() == pytest.approx(sum(bills.values()))
    assert you(AddNode("web")).text == "web-4 added (+$0.096/h)"
    assert you(RemoveNode("web-4")).text == "web-4 removed (-$0.096/h)"
    snapshot = world.snapshot()
    assert sum(n.price for n in snapshot.map.nodes) == pytest.approx(snapshot.headline.cost_per_hour)
    inspected = world.inspect("web-1")
    assert inspected is not None
    assert {s.name: s.value for s in inspected.settings}["price"] == "$0.096/h"


# ---- scenarios and states


def test_a_scenario_names_sizes_and_scales_by_script() -> None:
    scenario = parse('[web]\nsize = "c5.2xlarge"\n[[script]]\nat = 1\nresize = "web-1"\nvalue = "up"\n', "x.toml")
    world = World(scenario)
    assert world.web.stations.nodes.workers[0] == 8
    assert world.web.nodes.price(0) == 0.34
    assert scenario.script[0] == Step(at=1.0, resize="web-1", value="up")
    for text, sentence in (
        ('[cache]\nsize = "huge"\n', "there is no machine 'huge'"),
        ('[[script]]\nat = 1\nresize = "web-1"\nvalue = "huge"\n', "there is no size 'huge'"),
    ):
        with pytest.raises(ScenarioError, match=sentence):
            parse(text, "x.toml")


def test_a_world_in_the_middle_of_a_boot_is_a_value() -> None:
    world = make(QUICK, steps=20)
    Person(world)(Resize("web-1"))
    again = loads(dumps(world), World)[0]
    for each in (world, again):
        run(each, 2.0)
    assert again.digest() == world.digest()
    assert again.web.stations.nodes.workers == world.web.stations.nodes.workers


def test_defaults_name_no_size() -> None:
    assert (Scenario().web.size, Scenario().cache.size, CachePart().capacity) == ("", "", 10_000)
    assert Scenario().machines.boot == 96.9
