"""What is promised to the keyboard is there in the real engine's tables: at most three presses from the board (a setting that
is one of a few words takes one more for the word), in the palette, and in help.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import msgspec
import pytest
from player import Player, play
from textual.pilot import Pilot

from engine.catalogue import Catalogue
from engine.cli import build, scenario
from engine.commands import AddNode, Command, Drain, Inject, RemoveNode, Resize, SetOption
from engine.config import CdnPart, Network, QueuePart, RegionsPart, SessionsPart, Zone
from engine.config_cdn import Provider
from engine.snapshot import Snapshot
from engine.tables import catalogue
from tui.app import ScaletopApp
from tui.charts import Glyphs
from tui.draw import Canvas
from tui.keymap import KEYMAP
from tui.menu import Ask, Menu, MenuState, choose
from tui.menus import change_menu, fault_menu, scale_menu, traffic_menu
from tui.pages import help_rows, rows_page
from tui.palette import commands

FAULTS = (
    "crash", "slow", "freeze", "error_rate", "packet_loss", "latency", "partition", "partition_zone", "flush_cache",
    "expire_hottest", "kill_primary", "cut_replication", "throttle_applier", "dns_down", "dns_slow", "dns_lossy",
    "poison_messages", "stop_consumers", "lost_acks", "queue_full",
    "delete_record", "change_record", "traffic_x2", "traffic_x10", "flash_crowd", "retry_storm",
)  # fmt: skip
SETTINGS = (
    "balancer.policy", "cache.ttl", "dns.ttl", "dns.record", "cache.eviction", "replication.mode", "cache.single_flight",
    "cache.early_expiry_beta", "cache.stale_while_revalidate", "cache.write_mode", "database.placement",
    "queue.mode", "queue.visibility", "queue.autoscale",
)  # fmt: skip
GROUPS = ("web", "cache", "replica", "shard", "broker", "worker")
ONE_KEY = ("undo", "heal", "heal-all", "restart", "drain", "pause", "step", "faster", "slower")


@cache
def tables() -> tuple[Catalogue, Snapshot]:
    absent = {  # where nothing asks for them
        "queue": QueuePart(brokers=1), "sessions": SessionsPart(store="shared", nodes=2), "cdn": CdnPart(providers=(Provider(),)),
        "regions": RegionsPart(fronts=True), "network": Network(zones=(Zone("a"), Zone("b"), Zone("c", "westeurope"))),
    }  # fmt: skip
    whole = msgspec.structs.replace(scenario("default"), **absent)
    world = build(whole, 7)
    for _ in range(100):
        world.step([])
    return catalogue(world), world.snapshot()


def paths(menu: Menu, pressed: str) -> Iterator[tuple[str, Command]]:
    """Every command that a menu leads to, and the keys to it; an answer that is asked for is typed afterwards."""
    for item in menu.items:
        outcome = choose((item,), MenuState(), 0)
        if isinstance(outcome, Menu):
            yield from paths(outcome, pressed + item.keys)
        elif isinstance(outcome, Ask):
            yield pressed + item.keys, outcome.make(outcome.now or "1")
        elif isinstance(outcome, Command):
            yield pressed + item.keys, outcome


@cache
def reachable() -> tuple[tuple[str, Command], ...]:
    made, snapshot = tables()
    values = {"dns.record": "203.0.113.10"} | {o.name: f"{o.high:g}" for o in made.options if o.kind == "number"}
    return (
        *paths(fault_menu(made, snapshot, "web-1"), "f"), *paths(scale_menu(made, snapshot, "web-1"), "g"),
        *paths(change_menu(made, values), "c"), *paths(traffic_menu(made, snapshot, "", values), "t"),
    )  # fmt: skip


def shortest(fits: type, **wanted: object) -> int:
    found = [len(keys) for keys, c in reachable() if isinstance(c, fits) and all(getattr(c, k) == v for k, v in wanted.items())]
    return min(found, default=99)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_three_presses_away(fault: str) -> None:
    assert shortest(Inject, fault=fault) <= 3


def test_partitions_reach_a_pair_a_zone_and_a_region() -> None:
    made, snapshot = tables()
    targets = {item.title: item.targets for item in fault_menu(made, snapshot, "web-1").items}
    assert "web-1~db-a1" in targets["cut a link"]
    assert {"a", "b", "c", "region:eastus"} <= set(targets["cut off a zone"])


@pytest.mark.parametrize("tier", GROUPS)
def test_machines_come_and_go_within_three_presses(tier: str) -> None:
    assert shortest(AddNode, tier=tier) <= 3
    made, snapshot = tables()
    row = next(item for item in scale_menu(made, snapshot, "").items if item.title.startswith("remove") and tier in item.title)
    assert isinstance(choose((row,), MenuState(), 0), RemoveNode)
    assert len(row.keys) <= 2
    assert shortest(Drain) <= 3
    assert shortest(Resize, size="up") <= 3
    assert shortest(Resize, size="down") <= 3


@pytest.mark.parametrize("option", SETTINGS)
def test_a_setting_is_three_presses_away_and_one_for_its_word(option: str) -> None:
    assert shortest(SetOption, option=option) <= 4


def test_every_word_of_every_setting_can_be_chosen() -> None:
    made, _ = tables()
    wanted = {(o.name, word) for o in made.options for word in o.choices}
    assert wanted <= {(c.option, c.value) for _, c in reachable() if isinstance(c, SetOption)}


def test_what_acts_at_once_has_a_key() -> None:
    keys = {row.id: row.keys for row in KEYMAP}
    assert all(any(len(key) == 1 or key in ("plus", "minus", "full_stop") for key in keys[name]) for name in ONE_KEY)


def test_the_palette_and_help_hold_all_of_it() -> None:
    made, snapshot = tables()

    async def story(app: ScaletopApp, _player: Player, _pilot: Pilot[None]) -> None:
        app.session.catalogue, app.session.newest = made, snapshot
        titles = "\n".join(command.title for command in commands(app, app.board))
        canvas = Canvas(140, 400)
        rows_page(canvas, help_rows(KEYMAP, made, Glyphs.BLOCK, 140), 0, "")
        text = "\n".join(canvas.plain())
        for fault in made.faults:
            assert fault.title in titles, fault.name
            assert fault.title in text, fault.name
        for option in made.options:
            assert option.title in titles, option.name
            assert option.title in text, option.name
        for scale in made.scales:
            assert f"add {scale.title}" in titles
            assert f"remove {scale.title}" in titles
            assert f"add, remove {scale.title}" in text

    play(story)
