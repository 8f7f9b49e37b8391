"""Orders of people: what the log tells, whom it blames, how faults are healed, and what is refused."""

from __future__ import annotations

import pytest
from apply_rig import Person, chain, make

from engine.commands import (
    Heal,
    HealAll,
    Inject,
    Restart,
    SetHealth,
    SetOption,
    Undo,
    WorldCommand,
)
from engine.state import copy, fingerprint
from engine.world import World


def without_log(world: World) -> str:
    """A hash of everything but the log (and what people may undo)."""
    twin = copy(world)
    twin.core.log = make().core.log
    return fingerprint(twin)


def test_a_fault_is_told_with_its_keys_and_what_follows_leads_back_to_them() -> None:
    world = make()
    you = Person(world)
    told = you(Inject("crash", "cache-2"))
    assert (told.text, told.by, told.keys, told.cause, told.target) == ("cache-2 crashed", "you", "f c", 0, "cache-2")
    follows = world.core.log.events[-1]
    assert follows.text.endswith("% of keys without a home")
    assert [e.id for e in chain(world, follows.id)] == [follows.id, told.id]
    share = world.cache.homes.shares()[1]
    assert follows.text.startswith(f"{100 * share:.0f} %")
    assert world.cache.nodes.event[1] == told.id


def test_a_failed_request_leads_back_to_the_key_that_was_pressed() -> None:
    """All web servers die: whatever then goes wrong, its chain of causes ends at the person's key."""
    world = make(steps=50)
    told = Person(world, "you:ada")(Inject("crash", "web"))
    for _ in range(300):
        world.step()
    blamed = [event for event in world.core.ledger.cause_event.values() if event]
    assert blamed
    for event in blamed:
        assert chain(world, event)[-1].keys == "f c"
        assert chain(world, event)[-1].id == told.id
        assert chain(world, event)[-1].by == "you:ada"


def test_scripts_and_agents_press_no_keys() -> None:
    world = make()
    assert Person(world, "agent:scenario")(Inject("crash", "web-1")).keys == ""
    assert world.faults.active()[0].by == "scenario"
    told = Person(world, "agent:health lb-1")(SetHealth("lb-1", "web-1", False, "3 checks failed"), cause=2)
    assert told.text == "lb-1: web-1 is unhealthy: 3 checks failed"
    assert told.cause == 2
    assert world.undo.pop() is None


def test_the_ways_to_heal() -> None:
    world = make()
    you = Person(world)
    for fault, target in (("crash", "web-1"), ("slow", "web-1"), ("freeze", "web-2"), ("partition", "web~cache")):
        you(Inject(fault, target))
    told = you(Heal("web-1"))
    assert (told.text, told.keys) == ("healed 2 faults", "h")
    assert [f.fault for f in world.faults.active()] == ["freeze", "partition"]
    assert you(Heal("web-2")).text == "healed: web-2 frozen: accepts, never answers"
    assert you(HealAll()).keys == "H"
    assert world.faults.active() == ()


def test_a_killed_primary_is_healed_by_the_name_of_its_shard_or_its_own() -> None:
    for name in ("s1", "db-a1"):
        world = make()
        you = Person(world)
        assert you(Inject("kill_primary", "s1")).text == "db-a1, the primary, crashed"
        you(Heal(name))
        assert world.faults.active() == ()


REFUSED: list[tuple[WorldCommand, str]] = [
    (Inject("crush", "web-1"), "not done: there is no fault called 'crush'; did you mean crash?"),
    (Inject("crash", "web-11"), "did you mean web-1"),
    (Inject("crash", "Seoul"), "does not act on Seoul"),
    (Inject("slow", "web-1", -3.0), "slow takes 1 to 1000"),
    (Inject("slow", "web-1", float("nan")), "slow takes"),
    (Inject("error_rate", "balancer"), "errors: nothing in the balancers makes answers"),
    (Heal("web-3"), "nothing is wrong with web-3"),
    (Heal(), "nothing is wrong"),
    (Heal(fault_id=77), "there is no fault 77 now"),
    (HealAll(), "there is no fault to heal"),
    (Undo(), "there is nothing to take back"),
    (Restart("web"), "restart does not act on web, but on a balancer, a web server, "),
    (SetOption("cache.tll", 3.0), "did you mean cache.ttl"),
    (SetOption("cache.ttl", -3.0), "cache.ttl is a number from 0"),
    (SetOption("cache.ttl", "soon"), "not 'soon'"),
    (SetOption("cache.capacity", 10.5), "whole number"),
    (SetOption("cache.single_flight", "perhaps"), "on or off"),
    (SetOption("balancer.policy", "best"), "is one of"),
    (SetOption("dns.record", "nowhere"), "dns.record: "),
]


@pytest.mark.parametrize(("command", "says"), [pytest.param(*r, id=f"{r[0]}") for r in REFUSED])
def test_what_cannot_be_done_changes_nothing_and_says_why(command: WorldCommand, says: str) -> None:
    world = make()
    before = without_log(world)
    told = Person(world)(command)
    assert told.level == "warn"
    assert told.text.startswith("not done: ")
    assert says in told.text
    assert without_log(world) == before


def test_the_dead_cannot_die_again() -> None:
    world = make()
    you = Person(world)
    you(Inject("crash", "web-1"))
    assert "already" in you(Inject("crash", "web-1")).text
    assert len(world.faults.active()) == 1


def test_a_restart_loses_memory_and_ends_crash_and_freeze() -> None:
    world = make(steps=100)
    you = Person(world)
    assert len(world.cache.desk.shelves[0].entries) > 0
    you(Inject("freeze", "cache-1"))
    you(Inject("slow", "cache-1", 2.0))
    told = you(Restart("cache-1"))
    assert (told.text, told.keys) == ("cache-1 restarted: its memory is lost", "r")
    assert len(world.cache.desk.shelves[0].entries) == 0
    assert world.cache.nodes.born[0] == world.core.now > 0
    assert [f.fault for f in world.faults.active()] == ["slow"]
    assert world.cache.nodes.speed[0] == 0.5
    assert world.cache.nodes.up[0]


def test_a_node_does_not_come_up_in_a_dead_zone() -> None:
    world = make()
    you = Person(world)
    you(Inject("crash", "zone:a"))
    you(Restart("web-1"))
    assert not world.web.nodes.up[0]
    assert world.core.log.events[-1].text == "web-1 does not come up: zone a crashed"


def test_a_name_server_is_restarted_like_any_other() -> None:
    world = make()
    you = Person(world)
    you(Inject("dns_down", "ns1"))
    you(Restart("ns1"))
    assert world.faults.active() == ()
    assert world.dns.nodes.up.all()
