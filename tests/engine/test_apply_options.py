"""Live settings: every row is readable, settable, sourced and taken back."""

from __future__ import annotations

import msgspec
import pytest
from apply_rig import SMALL, Person, make

from engine.commands import SetOption, Undo
from engine.config import DnsHost
from engine.options import OPTIONS, OptionRow
from engine.tables import catalogue
from engine.tiers.base import OptionValue

ROWS = [pytest.param(row, id=name) for name, row in OPTIONS.items()]


def another(row: OptionRow, now: OptionValue) -> OptionValue:
    """Some other value that is allowed."""
    if row.info.kind == "choice":
        return next(choice for choice in row.info.choices if choice != now)
    if row.info.kind == "bool":
        return not now
    if row.info.kind == "text":
        known = {
            "cdn.weights": "2, 3", "cdn.shield": "Paris", "database.split": "7", "database.spread": "3, 7",
            "dns.record": "203.0.113.77",
        }  # fmt: skip
        return known.get(row.info.name, "two")
    assert not isinstance(now, str)
    return row.check(min(row.info.high, max(row.info.low, now * 2 + 1)) if now < row.info.high else row.info.low)


@pytest.mark.parametrize("row", ROWS)
def test_a_setting_is_changed_told_and_taken_back(row: OptionRow) -> None:
    hosts = (DnsHost("one"), DnsHost("two"))
    world = make(msgspec.structs.replace(SMALL, dns=msgspec.structs.replace(SMALL.dns, hosts=hosts)))
    you = Person(world)
    before = row.value(world)
    assert row.check(before) == before  # the default is in its own range
    wanted = another(row, before)
    told = you(SetOption(row.info.name, wanted))
    assert row.value(world) == wanted
    assert told.text == f"{row.info.name}: {row.text(before)} → {row.text(wanted)}"
    assert told.keys == " ".join("c" + row.info.keys)
    assert "already" in you(SetOption(row.info.name, wanted)).text
    world.step()
    you(Undo())
    assert row.value(world) == before
    world.step()


@pytest.mark.parametrize("row", ROWS)
def test_a_setting_has_words_a_range_and_a_source(row: OptionRow) -> None:
    info = row.info
    assert info.title
    assert info.source
    assert info.kind in ("choice", "bool", "number", "text")
    assert (info.kind == "choice") == bool(info.choices)
    assert info.kind != "number" or info.low < info.high


def test_keys_of_settings_are_unique_and_none_begins_another() -> None:
    keys = [row.info.keys for row in OPTIONS.values()]
    assert len(set(keys)) == len(keys)
    assert not any(a != b and b.startswith(a) for a in keys for b in keys)
    assert all(1 <= len(k) <= 2 for k in keys)


def test_words_are_understood_as_switches() -> None:
    world = make()
    you = Person(world)
    you(SetOption("cache.single_flight", "on"))
    assert OPTIONS["cache.single_flight"].value(world) is True
    assert "already" in you(SetOption("cache.single_flight", True)).text


def test_the_catalogue_holds_every_table() -> None:
    world = make()
    made = catalogue(world)
    assert (made.scenario, made.seed) == ("small", world.core.seed)
    assert {o.name for o in made.options} == set(OPTIONS)
    assert len(made.faults) > 20
    tiers = {"web", "cache", "store", "replica", "shard", "balancer", "broker", "worker", "region"}
    assert {s.tier for s in made.scales} == tiers
