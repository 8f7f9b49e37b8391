"""Orders of agents: they act, are told once, and lead back to what the agent itself could not see."""

from __future__ import annotations

import pytest
from apply_rig import Person, chain, make

from engine.commands import (
    Inject,
    MoveAddress,
    Note,
    Promote,
    SetHealth,
    SetMember,
)


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
