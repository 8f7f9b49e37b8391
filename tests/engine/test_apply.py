"""Orders of people: what the log tells, whom it blames, what can be taken back, and what is refused."""

from __future__ import annotations

import pytest
from apply_rig import Person, effects, make
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.commands import (
    Heal,
    HealAll,
    Inject,
    MoveAddress,
    Note,
    Promote,
    Restart,
    SetHealth,
    SetMember,
    SetOption,
    Undo,
    WorldCommand,
)
from engine.snapshot import Event
from engine.state import copy, fingerprint
from engine.world import World


def chain(world: World, event_id: int) -> list[Event]:
    """Events from `event_id` back to their beginning."""
    found = [world.core.log.find(i) for i in world.core.log.chain(event_id)]
    return [event for event in found if event is not None]


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


def test_undo_takes_back_the_newest_deed_of_all_people_and_tells_whose() -> None:
    world = make()
    you, ada = Person(world), Person(world, "you:ada")
    pristine = effects(world)
    you(Inject("crash", "web-1"))
    one = effects(world)
    ada(Inject("slow", "web-2"))
    Person(world, "agent:scenario")(Inject("freeze", "web-3"))
    told = you(Undo())
    assert (told.text, told.keys) == ("taken back: web-2 10× slower", "u")
    assert [f.target for f in world.faults.active()] == ["web-1", "web-3"]
    Person(world, "agent:scenario")(Heal("web-3"))
    assert effects(world) == one
    ada(Undo())
    assert effects(world) == pristine


def test_undo_of_a_heal_brings_back_the_same_fault_so_that_the_deed_before_it_can_be_taken_back_too() -> None:
    world = make()
    you = Person(world)
    pristine = effects(world)
    you(Inject("slow", "web-1"))
    fault = world.faults.active()[0]
    you(HealAll())
    you(Undo())
    again = world.faults.active()[0]
    assert (again.id, again.fault, again.target, again.amount) == (fault.id, "slow", "web-1", 10.0)
    assert chain(world, int(world.web.nodes.event[0]))[-1].keys == "u"
    you(Undo())
    assert effects(world) == pristine


def test_undo_passes_over_what_has_ended_by_itself_and_what_cannot_be_taken_back() -> None:
    world = make()
    you = Person(world)
    you(Inject("slow", "web-2"))
    you(Inject("crash", "web-1"))
    you(Inject("flush_cache", "cache-1"))
    you(Restart("web-1"))  # ends the crash
    assert [f.fault for f in world.faults.active()] == ["slow"]
    assert you(Undo()).text == "taken back: web-2 10× slower"
    assert you(Undo()).text == "not done: there is nothing to take back"


UNDOABLE = st.sampled_from(
    [
        Inject("crash", "web-1"),
        Inject("slow", "zone:a", 3.0),
        Inject("traffic_x2", ""),
        Inject("partition", "web~cache"),
        Inject("delete_record", "www.example.com"),
        Heal("web-1"),
        HealAll(),
        SetOption("cache.ttl", 5.0),
        SetOption("cache.ttl", 500.0),
        SetOption("balancer.policy", "random"),
        SetOption("cache.sliding", True),
        SetOption("traffic.requests_per_second", 10.0),
    ]
)
SETTINGS = ("cache.ttl", "balancer.policy", "cache.sliding", "traffic.requests_per_second")


@settings(max_examples=30, deadline=None)
@given(st.lists(UNDOABLE, max_size=8))
def test_undoing_everything_leads_back_through_every_state_to_the_first(deeds: list[WorldCommand]) -> None:
    from engine.options import OPTIONS

    def state(world: World) -> tuple[object, ...]:
        # an undone heal acts from the undo on, so its event is another; everything else is the same
        faults = tuple((f.id, f.fault, f.target, f.amount) for f in world.faults.active())
        return (
            faults,
            tuple(OPTIONS[name].value(world) for name in SETTINGS),
            world.traffic.multiplier,
            len(world.core.fabric.rules),
        )

    world = make()
    you = Person(world)
    pristine = effects(world)
    states: list[tuple[object, ...]] = []
    for deed in deeds:
        before = state(world)
        if not you(deed).text.startswith("not done"):
            states.append(before)
    for before in reversed(states):
        you(Undo())
        assert state(world) == before
    assert effects(world) == pristine
    assert you(Undo()).text == "not done: there is nothing to take back"


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


def test_agents_verdicts_act_and_are_told_once() -> None:
    world = make()
    pair = Person(world, "agent:pair")
    assert pair(MoveAddress("203.0.113.10", "lb-2", "lb-1 is silent")).text == "203.0.113.10 moves to lb-2: lb-1 is silent"
    assert world.balancer.active_name() == "lb-2"
    ring = Person(world, "agent:ring")
    assert "out of the ring" in ring(SetMember("cache-1", False)).text
    assert "back in the ring" in ring(SetMember("cache-1", True)).text
    told = len(world.core.log.events)
    with pytest.raises(AssertionError, match="was not told"):
        ring(SetMember("cache-1", True))
    assert len(world.core.log.events) == told
    assert ring(Note("watching", cause=1)).cause == 1


def test_a_verdict_that_a_cut_led_to_leads_back_to_the_cut_and_its_end_to_the_verdict() -> None:
    """The checker only hears silence; the log knows the rule that swallowed its checks."""
    world = make()
    cut = Person(world)(Inject("partition_zone", "zone:b"))
    checker, ring = Person(world, "agent:health lb-1"), Person(world, "agent:members")
    ill = checker(SetHealth("lb-1", "web-2", False, "silent"))
    assert chain(world, ill.id) == [ill, cut]
    well = checker(SetHealth("lb-1", "web-2", True))
    assert chain(world, well.id) == [well, ill, cut]
    out = ring(SetMember("cache-2", False))
    assert chain(world, out.id) == [out, cut]
    moved = Person(world, "agent:pair lb-1")(MoveAddress("203.0.113.10", "lb-2"))
    assert chain(world, moved.id) == [moved, cut]


def test_a_promotion_tells_whether_the_old_primary_was_shut_out() -> None:
    for fence in (True, False):
        world = make(steps=20)
        killed = Person(world)(Inject("slow", "db-a1"))
        told = Person(world, "agent:failover s1")(Promote("s1", "db-a2", fence, "too slow"))
        assert told.text == "db-a2 promoted to primary of s1: too slow"
        follows = [e.text for e in world.core.log.events if e.cause == told.id]
        assert any("db-a1 fenced" in text for text in follows) == fence
        assert world.database.roles()["db-a1"] == ("fenced" if fence else "old primary")
        assert chain(world, told.id)[-1] == killed
        again = Person(world, "agent:failover s1")(Promote("s1", "db-a2", fence))
        assert any(e.cause == again.id and e.text.startswith("not done") for e in world.core.log.events)
