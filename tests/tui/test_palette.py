"""Everything that a menu can do, the palette can do too; a request can be asked for; pairs and regions can be cut off."""

from __future__ import annotations

import pytest
import sample
import tables
from player import Player, play, until
from textual.pilot import Pilot

from engine.commands import (
    AddNode,
    Command,
    Drain,
    FollowRequest,
    Heal,
    HealAll,
    Inject,
    RemoveNode,
    Restart,
    SetOption,
    Undo,
)
from tui.app import ScaletopApp
from tui.menus import change_menu, fault_menu, follow_ask, scale_menu, traffic_menu
from tui.palette import commands
from tui.screens.ask import AskScreen
from tui.targets import default_target
from tui.view import Select

SNAPSHOT = sample.trouble()
CATALOGUE = tables.catalogue()


def offered(app: ScaletopApp) -> dict[str, object]:
    return {command.title: command.callback for command in commands(app, app.board)}


def test_the_palette_has_every_row_of_every_menu_and_each_is_done() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.session.newest is not None and app.session.catalogue is not None)
        await until(pilot, lambda: bool(app.session.settings))
        app.board.change(Select("web-1", "map"))
        rows = offered(app)
        found = tuple(rows)
        menus = (
            fault_menu(CATALOGUE, SNAPSHOT, ""), scale_menu(CATALOGUE, SNAPSHOT, ""), change_menu(CATALOGUE),
            traffic_menu(CATALOGUE, SNAPSHOT, ""),
        )  # fmt: skip
        for menu in menus:
            for item in menu.items:
                words = [f"{item.title}: {inner.title}" for inner in item.menu.items] if item.menu is not None else [item.title]
                for word in words:
                    assert any(word in title for title in found), word
        wanted: dict[str, Command] = {
            "undo (u)": Undo(),
            "heal (h)": Heal("web-1"),
            "heal all (H)": HealAll(),
            "drain (d)": Drain("web-1"),
            "fault: crash on web-1": Inject("crash", "web-1"),
            "add web server": AddNode("web"),
            "remove web server on web-1": RemoveNode("web-1"),
            "restart on web-1": Restart("web-1"),
            "change: balancing policy: ip hash": SetOption("balancer.policy", "ip_hash"),
            "change: single flight: on": SetOption("cache.single_flight", True),
        }
        for title, command in wanted.items():
            key = title if title in rows else next(t for t in found if t.startswith(title))
            await call(app, rows[key])
            await until(pilot, lambda command=command: command_like(command, player.sent))  # type: ignore[misc]
        fault = app.session.newest.faults[0]  # type: ignore[union-attr]
        await call(app, rows[f"heal: {fault.text or fault.fault}"])
        await until(pilot, lambda: Heal(fault_id=fault.id) in player.sent)
        await call(app, rows["change: time to live (60 s)"])
        await until(pilot, lambda: isinstance(app.screen, AskScreen))

    play(story)


async def call(app: ScaletopApp, callback: object) -> None:
    found = callback()  # type: ignore[operator]
    if hasattr(found, "__await__"):
        await found


def command_like(wanted: Command, sent: list[Command]) -> bool:
    """The amount of a fault is the table's own."""
    if isinstance(wanted, Inject):
        return any(isinstance(c, Inject) and (c.fault, c.target) == (wanted.fault, wanted.target) for c in sent)
    return wanted in sent


def test_a_request_is_asked_for_by_key_or_user() -> None:
    ask = follow_ask("item:7")
    assert ask.now == "item:7"
    assert ask.make("item:7") == ask.make(" 7 ") == ask.make("key:7") == FollowRequest(key=7)
    assert ask.make("user:1,234") == FollowRequest(user=1234)
    assert follow_ask("web-1").now == "item:0"
    for wrong in ("", "user", "user:", "item:-1", "item:1.5", "web-1", "user:9999999999", "item:²"):
        with pytest.raises(ValueError, match="please"):
            ask.make(wrong)


def test_w_asks_for_a_request() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        await pilot.press(*"user:42", "enter")
        await until(pilot, lambda: FollowRequest(user=42) in player.sent)

    play(story, size=(80, 24))


def test_pairs_and_regions_can_be_aimed_at() -> None:
    """Of a selected node every way to a node that it speaks with; zones, and the regions that they are in."""
    pairs = [t for t in default_target(("link", "web"), "web-1", SNAPSHOT) if t.startswith("web-1~")]
    names = {node.name: node.tier for node in SNAPSHOT.map.nodes}
    tiers = {names[t.removeprefix("web-1~")] for t in pairs}
    assert {"balancer", "cache", "db"} <= tiers
    assert "web" not in tiers
    assert len(pairs) == sum(tier in tiers for tier in names.values())
    assert "region:eastus" in default_target(("zone",), "", SNAPSHOT)
