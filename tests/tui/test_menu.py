"""Menus as values: typing a row's keys chooses it, whatever the tables hold; targets and amounts are what was shown."""

from __future__ import annotations

import pytest
import sample
import tables
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import Command, Inject, RemoveNode, SetOption
from engine.snapshot import NodeState
from tui.menu import Ask, Close, Item, Menu, MenuState, Stay, press, unique_keys
from tui.menus import change_menu, fault_menu, scale_menu, traffic_menu
from tui.screens.menu import columns_of
from tui.targets import candidates, default_target, describe, kinds_of

SNAPSHOT = sample.trouble()
CATALOGUE = tables.catalogue()


def type_keys(menu: Menu, keys: str) -> object:
    state, outcome = MenuState(), Stay()
    for key in keys:
        state, outcome = press(menu, state, key)
    return outcome


@pytest.mark.parametrize(
    "menu",
    [
        fault_menu(CATALOGUE, SNAPSHOT, ""),
        scale_menu(CATALOGUE, SNAPSHOT, ""),
        change_menu(CATALOGUE),
        traffic_menu(CATALOGUE, SNAPSHOT, ""),
    ],
    ids=lambda menu: menu.title,
)
def test_every_row_of_every_menu_is_chosen_by_its_own_keys(menu: Menu) -> None:
    assert menu.items
    for item in menu.items:
        assert 1 <= len(item.keys) <= 2
        outcome = type_keys(menu, item.keys)
        if item.make is not None:
            expected = item.make(item.targets[0] if item.targets else "", item.amount)
            assert outcome == expected
        else:
            assert outcome is item.menu or outcome is item.ask


@given(st.lists(st.text(alphabet="abc1", max_size=2), max_size=30))
def test_keys_made_unique_never_hide_a_row(wanted: list[str]) -> None:
    items = unique_keys([Item(keys, f"row {i}") for i, keys in enumerate(wanted)])
    keys = [item.keys for item in items]
    for i, one in enumerate(keys):
        assert one, "fewer rows than letters"
        for j, other in enumerate(keys):
            assert i == j or not other.startswith(one)


@given(
    st.lists(
        st.sampled_from(["down", "up", "tab", "left", "c", "n", "l", "q", "+", "-", "backspace", "escape", "enter", "?"]),
        max_size=25,
    )
)
def test_no_key_breaks_a_menu(keys: list[str]) -> None:
    menu, state = fault_menu(CATALOGUE, SNAPSHOT, "web-1"), MenuState()
    for key in keys:
        state, outcome = press(menu, state, key)
        assert 0 <= state.at < len(menu.items)
        assert isinstance(outcome, Stay | Close | Ask | Menu | Command)
        if isinstance(outcome, Inject):
            assert outcome.target == state.target(menu.items, state.at)
        amount = state.amount(menu.items, state.at)
        assert amount is None or amount >= 0


def test_amounts_walk_through_1_2_5() -> None:
    menu = Menu("m", (Item("s", "slow", amount=4.0, unit="×"),))
    state, seen = MenuState(), []
    for key in "+++---":
        state, _ = press(menu, state, key)
        seen.append(state.amount(menu.items, 0))
    assert seen == [5.0, 10.0, 20.0, 10.0, 5.0, 2.0]
    state = MenuState(amounts={0: 0.05})
    assert press(menu, state, "-")[0].amount(menu.items, 0) == 0.02


def test_an_empty_menu_only_closes() -> None:
    menu = Menu("nothing", ())
    assert press(menu, MenuState(), "down")[1] == Stay()
    assert press(menu, MenuState(), "escape")[1] == Close()


def test_a_fault_is_aimed_at_the_selection_if_it_can_be() -> None:
    menu = fault_menu(CATALOGUE, SNAPSHOT, "web-3")
    targets = {item.title: item.targets[0] for item in menu.items}
    assert targets["crash"] == "web-3"
    assert targets["flush a cache"].startswith("cache-")
    removable = next(item for item in scale_menu(CATALOGUE, SNAPSHOT, "web-3").items if item.title == "remove web server")
    assert removable.make is not None
    assert removable.make(removable.targets[0], None) == RemoveNode("web-3")


def test_candidates_exist_and_the_broken_come_last() -> None:
    states = {node.name: node.state for node in SNAPSHOT.map.nodes}
    cache = candidates("cache", SNAPSHOT)
    assert set(cache) == {node.name for node in SNAPSHOT.map.nodes if node.tier == "cache"}
    assert states[cache[-1]] is NodeState.DOWN
    for kind in ("web", "db", "link", "zone", "city", "key", "shard", "record", "tier", "dns", "resolvers", "traffic"):
        found = candidates(kind, SNAPSHOT)
        assert found
        assert len(found) == len(set(found))
    assert "web" in kinds_of("web-1", SNAPSHOT)
    assert default_target(("web", "db"), "db-1", SNAPSHOT)[0] == "db-1"
    assert "down" in describe("cache-2", SNAPSHOT)


def test_faults_of_dns_servers_reach_resolvers_all_of_them_or_a_citys() -> None:
    kinds = ("dns", "resolvers")
    city = candidates("city", SNAPSHOT)[0]
    offered = default_target(kinds, "", SNAPSHOT, "dns")
    assert offered[0] == "authority"  # nothing selected: as near to the answer as can be
    assert {"root", "tld", "resolvers", f"resolvers:{city}"} <= set(offered)
    assert default_target(kinds, city, SNAPSHOT, "dns")[0] == f"resolvers:{city}"
    assert default_target(kinds, "resolver", SNAPSHOT, "dns")[0] == "resolvers"
    assert default_target(("city",), city, SNAPSHOT)[0] == city


def test_settings_show_their_value_and_refuse_what_is_out_of_range() -> None:
    menu = change_menu(CATALOGUE, {"cache.ttl": "60 s", "balancer.policy": "least_connections", "dns.record": "203.0.113.10"})
    ttl = next(item for item in menu.items if item.title == "time to live")
    assert ttl.note == "60 s"
    assert ttl.ask is not None
    assert ttl.ask.make("1,200") == SetOption("cache.ttl", 1200.0)
    for wrong in ("", "soon", "0", "nan", "inf", "1e9"):
        with pytest.raises(ValueError, match="please"):
            ttl.ask.make(wrong)
    policy = next(item for item in menu.items if item.title == "balancing policy")
    assert policy.menu is not None
    assert [item.title for item in policy.menu.items if item.note == "now"] == ["least connections"]
    record = next(item for item in menu.items if item.title == "address of the record")
    assert record.note == "203.0.113.10"
    assert record.ask is not None
    assert record.ask.make(" 203.0.113.11 ") == SetOption("dns.record", "203.0.113.11")
    with pytest.raises(ValueError, match="please"):
        record.ask.make("  ")
    switch = next(item for item in menu.items if item.title == "single flight")
    assert switch.menu is not None
    assert {type_keys(switch.menu, item.keys) for item in switch.menu.items} == {
        SetOption("cache.single_flight", True),
        SetOption("cache.single_flight", False),
    }


@given(st.lists(st.sampled_from(["node", "dns", ""]), max_size=40), st.integers(1, 20))
def test_columns_hold_every_row_once_and_name_its_family(families: list[str], height: int) -> None:
    items = [Item(str(i), f"row {i}", family=family) for i, family in enumerate(families)]
    columns = columns_of(items, height)
    assert [line for column in columns for line in column if isinstance(line, int)] == list(range(len(items)))
    for column in columns:
        if height > 1:
            assert len(column) <= height
        if column and isinstance(column[0], int):
            assert items[column[0]].family == ""
