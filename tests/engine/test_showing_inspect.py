"""Whatever can be aimed at can be asked about: every kind of target has an inspection, and asking changes nothing."""

from __future__ import annotations

from functools import cache

import pytest

from engine.catalogue import ALL_SETTINGS
from engine.cli import build, scenario
from engine.commands import Inject, Order, SetOption
from engine.faults.targets import ANY_KIND, names
from engine.options import OPTIONS
from engine.snapshot import Inspection, NodeState
from engine.world import World


@cache
def world() -> World:
    """The default scenario with a cut city, a dead web server and a lossy link, one virtual second old."""
    made = build(scenario("default"), 7)
    city = made.core.fabric.cities[1]
    commands = (Inject("partition_city", f"city:{city}"), Inject("crash", "web-2"), Inject("packet_loss", "web~cache", 10.0))
    made.step([Order(by="you", number=i, command=c) for i, c in enumerate(commands)])
    for _ in range(int(1.0 / made.core.dt)):
        made.step([])
    return made


def ask(target: str) -> Inspection:
    found = world().inspect(target)
    assert found is not None, target
    return found


@pytest.mark.parametrize("kind", ANY_KIND)
def test_every_target_of_every_kind_answers(kind: str) -> None:
    for name in names(world(), kind):
        found = ask(name)
        assert found.target == name
        assert found.title
        assert found.state_lines or found.settings
        assert all(line.name and line.value for line in (*found.state_lines, *found.settings)), name


def test_names_as_the_screen_writes_them_answer_too() -> None:
    for name in ("city", "web", "s1", "a", "0", "www.example.com", "authority", "lb-1~web-1", "zone:a"):
        assert ask(name).target == name
    assert world().inspect("web-99") is None
    assert world().inspect("") is None


def test_a_name_server_that_stands_in_no_zone_says_so() -> None:
    for name in ("root", "tld"):
        (address,) = [s for s in ask(name).settings if s.name == "address"]
        assert "anycast" in address.source
        assert "zone" not in address.source


def test_a_partition_city_tells_its_state_its_fault_and_its_distance_to_every_zone() -> None:
    fabric = world().core.fabric
    found = ask(f"city:{fabric.cities[1]}")
    assert found.state is NodeState.UNREACHABLE
    assert [f.fault for f in found.faults] == ["partition_city"]
    away = [s.value for s in found.settings if s.name.startswith("to zone")]
    assert away == [f"{2e3 * one_way:.1f} ms" for one_way in fabric.city_one_way[1].tolist()]


def test_a_tier_has_a_line_a_node_the_worst_state_and_their_faults() -> None:
    found = ask("web")
    assert found.state is NodeState.DOWN
    assert [s.name for s in found.state_lines if s.name.startswith("web-")] == world().web.nodes.names
    assert [f.target for f in found.faults] == ["web-2", "web~cache"]
    assert ask("cache-1").faults == ()


def test_options_have_their_value_now() -> None:
    found = {s.name: s.value for s in ask(ALL_SETTINGS).settings}
    assert found.keys() == OPTIONS.keys()
    assert found["cache.ttl"] == OPTIONS["cache.ttl"].text(world().cache.option("ttl"))
    other = build(scenario("default"), 7)
    other.step([Order(by="you", number=1, command=SetOption("cache.ttl", 33.0))])
    changed = other.inspect(ALL_SETTINGS)
    assert changed is not None
    assert {s.name: s.value for s in changed.settings}["cache.ttl"] == "33 s"


def test_asking_changes_nothing() -> None:
    before = world().digest()
    for kind in ANY_KIND:
        for name in names(world(), kind):
            ask(name)
    assert world().digest() == before
