"""Menus of sixty faults and as many settings: every row within three presses, by keys that are seen, on every screen."""

from __future__ import annotations

from functools import cache

import pytest
import sample
import tables
from hypothesis import given
from hypothesis import strategies as st
from player import Player, play, shown, until
from textual.pilot import Pilot

from engine.catalogue import Catalogue, FaultInfo
from engine.cli import build, scenario
from engine.commands import Inject
from engine.snapshot import Snapshot
from engine.tables import catalogue
from tui.app import ScaletopApp
from tui.charts import Glyphs
from tui.draw import Canvas
from tui.layout import bars
from tui.menu import FOLDED, Ask, Item, Menu, fold
from tui.menus import change_menu, fault_menu, scale_menu, traffic_menu
from tui.screens.menu import MenuScreen, MenuWidget
from tui.theme import THEMES, Palette

SIZES = [(80, 24), (120, 40), (200, 60)]
FAMILIES = ("machine", "network", "cache", "database", "dns", "cdn", "session", "queue", "region")
SNAPSHOT = sample.trouble()


@cache
def real() -> tuple[Catalogue, Snapshot]:
    world = build(scenario("default"), 7)
    return catalogue(world), world.snapshot()


def many() -> Catalogue:
    """72 faults in nine families: eight of machines with a key of their own, the others with their family's letter first."""
    letters = "abcdefgh"
    faults = [
        FaultInfo(f"{family}-{n}", f"{family} breaks {n}", f"What {family} {n} does.", keys, family, ("web",), 0, "", False)
        for row, family in enumerate(FAMILIES)
        for n, keys in enumerate(letters if row == 0 else [f"{'zyxwvuts'[row - 1]}{letter}" for letter in letters])
    ]
    table = tables.catalogue()
    return Catalogue(table.version, table.scenario, table.seed, tuple(faults), table.options, table.scales)


def menus(made: Catalogue, snapshot: Snapshot) -> list[Menu]:
    return [
        fault_menu(made, snapshot, ""),
        scale_menu(made, snapshot, ""),
        change_menu(made),
        traffic_menu(made, snapshot, ""),
    ]


def opened(menu: Menu, size: tuple[int, int]) -> MenuWidget:
    widget = MenuWidget(menu, Palette(THEMES["dark"]), Glyphs.BLOCK)
    widget.fold_for(size[0], size[1] - sum(bars(size[1])))
    return widget


def rows(widget: MenuWidget, size: tuple[int, int]) -> str:
    canvas = Canvas(*widget.wanted(size[0], size[1] - sum(bars(size[1]))))
    widget.paint(canvas)
    return "\n".join(canvas.plain())


def test_the_keys_of_the_engines_own_tables_do_not_clash() -> None:
    """The screen would give a row that clashes another key: the table itself must not need that."""
    made, _ = real()
    faults, options = [f.keys for f in made.faults], [o.keys for o in made.options]
    scales = [key for scale in made.scales for key in (scale.keys, scale.keys.upper())] + ["xr", "xd", "xu"]
    crowds = [f.keys for f in made.faults if f.family == "traffic"]
    in_traffic = [o.keys for o in made.options if o.name.startswith(("traffic.", "client."))]
    for keys in (faults, options, scales, [*crowds, *in_traffic]):
        assert all(1 <= len(key) <= 2 for key in keys)
        clashes = [(a, b) for i, a in enumerate(keys) for j, b in enumerate(keys) if i != j and b.startswith(a)]
        assert not clashes


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("made", [real, lambda: (many(), SNAPSHOT)], ids=["real", "many"])
def test_every_row_is_seen_and_chosen_within_two_keys_of_its_menu(size: tuple[int, int], which: int, made: object) -> None:
    menu = menus(*made())[which]  # type: ignore[operator]
    assert menu.items
    for item in menu.items:
        widget, outcome = opened(menu, size), None
        for key in item.keys:
            text = rows(widget, size)
            here = next(row for row in widget.menu.items if item.keys.startswith(widget.trail + row.keys))
            assert here.title[:12] in text, (item.title, text)
            outcome = widget.act(key)
        assert len(item.keys) <= 2
        if item.make is not None:
            assert outcome == item.make(item.targets[0] if item.targets else "", item.amount)
        elif item.ask is not None:
            assert isinstance(outcome, Ask)
        else:
            assert widget.menu.title == item.title
            assert f"typed: {item.keys}" in rows(widget, size)


def test_a_menu_is_folded_only_where_it_does_not_fit() -> None:
    menu = fault_menu(many(), SNAPSHOT, "")
    assert not any(item.family == FOLDED for item in opened(menu, (200, 60)).menu.items)
    assert not any(item.family == FOLDED for item in opened(menu, (120, 40)).menu.items)
    small = opened(menu, (80, 24)).menu.items
    assert [item.title for item in small if item.family == FOLDED] == list(FAMILIES[1:])
    assert sum(item.family == "machine" for item in small) == 8


@given(st.lists(st.text(alphabet="abcd", min_size=2, max_size=2), unique=True, max_size=16), st.integers(1, 5))
def test_folding_keeps_every_row_and_its_keys(keys: list[str], least: int) -> None:
    menu = Menu("m: what?", tuple(Item(k, f"row {k}", family=k[0]) for k in [*keys, "x", "y"]))
    found = []
    for item in fold(menu, least).items:
        inside = item.menu.items if item.menu is not None else (Item("", item.title),)
        assert item.menu is None or len(inside) >= least
        found += [(item.keys + row.keys, row.title) for row in inside]
    assert sorted(found) == sorted((item.keys, item.title) for item in menu.items)


def title(app: ScaletopApp) -> str:
    return app.screen.widget.menu.title if isinstance(app.screen, MenuScreen) else ""


def test_in_a_list_the_typed_keys_are_shown_and_escape_leads_back() -> None:
    async def story(app: ScaletopApp, player: Player, pilot: Pilot[None]) -> None:
        app.session.catalogue = many()
        await pilot.press("f", "z")
        await until(pilot, lambda: "typed: z" in shown(app) and title(app) == "Fault: network")
        await pilot.press("escape")
        await until(pilot, lambda: title(app) == "Fault: what shall break?")
        await pilot.press("y", "backspace", "z", "b")
        await until(pilot, lambda: player.sent == [Inject("network-1", "web-1")])
        await pilot.press("f", "escape")
        await until(pilot, lambda: app.screen is app.board)

    play(story, size=(80, 24))


def test_arrows_and_enter_reach_what_is_behind_a_letter() -> None:
    widget = opened(fault_menu(many(), SNAPSHOT, ""), (80, 24))
    widget.act("pagedown")
    assert widget.menu.items[widget.state.at].title == "database"
    widget.act("enter")
    assert widget.act("enter") == Inject("database-0", "web-1")
    widget.act("pageup")
    assert widget.state.at == 0
