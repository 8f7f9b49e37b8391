"""Taking back: the newest deed of any person that still stands, through every state to the first."""

from __future__ import annotations

from apply_rig import Person, chain, effects, make
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.commands import (
    Heal,
    HealAll,
    Inject,
    RemoveNode,
    Restart,
    SetOption,
    Undo,
    WorldCommand,
)
from engine.options import OPTIONS
from engine.world import World


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


def test_a_fault_does_not_come_back_to_a_machine_that_is_gone() -> None:
    world = make()
    you = Person(world)
    you(Inject("slow", "web-3"))
    you(Inject("slow", "web-2"))
    you(HealAll())
    Person(world, "agent:scenario")(RemoveNode("web-3"))
    you(Undo())
    assert [f.target for f in world.faults.active()] == ["web-2"]
    assert world.core.log.events[-1].text == "nothing is left for it to act on: web-3 10× slower"
