"""Machines come and go under traffic; what was taken out comes back; faults on it end with it."""

from __future__ import annotations

import msgspec
import pytest
from apply_rig import SMALL, Person, make

from engine.commands import AddNode, Drain, Inject, Promote, RemoveNode, Undo, Undrain, WorldCommand
from engine.config import BalancerPart
from engine.world import World


def members(world: World) -> dict[str, list[str]]:
    """Names of the members of every tier."""
    return {
        tier: [name for name, member in zip(nodes.names, nodes.member, strict=True) if member]
        for tier, nodes in world.core.fabric.tiers.items()
    }


def everybody(world: World) -> list[str]:
    return [name for names in members(world).values() for name in names]


def speeds(world: World) -> dict[str, float]:
    return {name: float(nodes.speed[i]) for nodes in world.core.fabric.tiers.values() for i, name in enumerate(nodes.names)}


ADDED = [
    (AddNode("web"), "web-4", "g w"),
    (AddNode("cache"), "cache-4", "g c"),
    (AddNode("replica", "s1"), "db-a4", "g r"),
]


@pytest.mark.parametrize(("command", "name", "keys"), [pytest.param(*a, id=a[1]) for a in ADDED])
def test_a_machine_is_added_works_and_is_taken_back(command: AddNode, name: str, keys: str) -> None:
    world = make(steps=20)
    you = Person(world)
    before = members(world)
    told = you(command)
    assert told.text.startswith(f"{name} added")
    assert told.keys == keys
    assert everybody(world).count(name) == 1
    for _ in range(50):
        world.step()
    you(Undo())
    assert members(world) == before
    for _ in range(50):
        world.step()


def test_a_shard_is_added_with_its_machines_and_told_to_go_again() -> None:
    world = make(steps=20)
    you = Person(world)
    assert you(AddNode("shard")).text == "s3 added (+$0.378/h)"
    assert {"db-c1", "db-c2", "db-c3"} <= set(members(world)["db"])
    you(Undo())
    assert world.database.shards[2].leaving
    for _ in range(20):
        world.step()
    assert "db-c1" not in members(world)["db"]


def test_a_fault_on_a_whole_tier_meets_the_newcomer_too() -> None:
    world = make()
    you = Person(world)
    you(Inject("slow", "web", 4.0))
    you(AddNode("web"))
    assert world.web.nodes.speed.tolist() == [0.25] * 4


def test_what_is_new_is_watched_over() -> None:
    """A second balancer has its health checker and its pair keeper, a new shard its failover manager."""
    world = make(msgspec.structs.replace(SMALL, balancer=BalancerPart(nodes=1)))
    you = Person(world)
    assert "health lb-2" not in world.agents
    you(AddNode("balancer"))
    you(AddNode("shard"))
    assert {"health lb-2", "pair lb-2", "failover s3"} <= set(world.agents)
    assert world.agents["pair lb-2"].node == "lb-2"


@pytest.mark.parametrize("name", ["web-2", "cache-1", "lb-2", "db-a3"])
def test_a_removed_machine_ends_its_faults_and_comes_back_with_them(name: str) -> None:
    world = make(steps=20)
    you = Person(world)
    before = members(world)
    you(Inject("slow", name, 4.0))
    you(Inject("slow", "zone:a", 2.0))
    slowed = speeds(world)
    told = you(RemoveNode(name))
    assert told.text.startswith(f"{name} removed (-$")
    assert [f.target for f in world.faults.active()] == ["zone:a"]
    assert name not in everybody(world)
    for _ in range(20):
        world.step()
    you(Undo())
    assert members(world) == before
    assert [f.target for f in world.faults.active()] == [name, "zone:a"]
    assert speeds(world) == slowed
    for _ in range(20):
        world.step()


REFUSED: list[tuple[WorldCommand, str]] = [
    (AddNode("wbe"), "did you mean web"),
    (AddNode("replica"), "add a replica needs a target"),
    (AddNode("replica", "s9"), "there is no 's9'"),
    (AddNode("balancer"), "a balancer pair has two nodes"),
    (RemoveNode("web-9"), "did you mean web-"),
    (RemoveNode("Seoul"), "does not act on Seoul"),
    (RemoveNode("db-a1"), "is a primary: promote a replica first"),
    (Drain("cache-1"), "does not act on cache-1"),
    (Undrain("web-1"), "web-1 is not drained"),
]


@pytest.mark.parametrize(("command", "says"), [pytest.param(*r, id=f"{r[0]}") for r in REFUSED])
def test_what_cannot_be_scaled_says_why(command: WorldCommand, says: str) -> None:
    world = make()
    before = members(world)
    told = Person(world)(command)
    assert told.text.startswith("not done: ")
    assert says in told.text
    assert members(world) == before
    assert world.undo.pop() is None


def test_the_last_of_a_kind_stays() -> None:
    world = make()
    you = Person(world)
    for name in ("web-1", "lb-1", "s1"):
        assert not you(RemoveNode(name)).text.startswith("not done")
    for name in ("lb-2", "s2"):
        assert "stays" in you(RemoveNode(name)).text
    assert not you(RemoveNode("web-2")).text.startswith("not done")
    assert "stays" in you(RemoveNode("web-3")).text
    assert you(RemoveNode("lb-2")).text.startswith("lb-2 removed"), "a single web server needs no balancer"
    for _ in range(300):
        world.step()
    assert not world.balancer.nodes.member.any()


def test_drain_and_undrain_are_each_others_inverse() -> None:
    world = make(steps=20)
    you = Person(world)
    told = you(Drain("web-2"))
    assert (told.text, told.keys) == ("web-2 drains: no new requests", "d")
    assert world.web.nodes.draining.tolist() == [False, True, False]
    for _ in range(100):
        world.step()
    served = int(world.web.stations.totals.arrivals[1])
    for _ in range(100):
        world.step()
    assert int(world.web.stations.totals.arrivals[1]) == served  # nobody new came
    assert "already" in you(Drain("web-2")).text
    you(Undrain("web-2"))
    you(Undo())
    assert world.web.nodes.draining[1]
    you(Undo())
    assert not world.web.nodes.draining.any()


def test_cutting_the_replication_of_a_primary_means_whoever_receives_from_it_now() -> None:
    """After a failover the same fault cuts other links: effects follow roles."""
    world = make(SMALL, steps=20)
    you = Person(world)
    you(Inject("cut_replication", "db-a1"))
    assert world.database.replication_cut.tolist()[:3] == [False, True, True]
    Person(world, "agent:failover s1")(Promote("s1", "db-a2", True))
    assert world.database.replication_cut.tolist()[:3] == [True, False, False]
