"""What every pane promises: it draws any snapshot at any size, never outside its canvas, never NaN, the same again."""

from __future__ import annotations

import re

import pane_tools as tools
import pytest
import sample
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.snapshot import Snapshot
from tui.charts import Glyphs
from tui.draw import Canvas
from tui.pane import PaneView, always
from tui.panes import PANES

IDS = [spec.id for spec in PANES]
SIZES = [(34, 4), (38, 6), (56, 6), (56, 12), (62, 28), (76, 8), (76, 18), (116, 35), (196, 55)]
SNAPSHOTS = {name: sample.whole(make()) for name, make in sample.SAMPLES.items()}
ASCII_EXTRA = set("×–−µ·…~ãé→>")  # units, ellipsis and what the sample's own texts hold


@pytest.mark.parametrize("name", IDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_snapshot_is_drawn_at_any_size_without_touching_what_is_outside(name: str, data: st.DataObject) -> None:
    snapshot = tools.snapshot_of(data.draw(tools.SEEDS))
    assume(tools.present(name, snapshot))
    view = data.draw(tools.views())
    width, height = data.draw(st.tuples(st.integers(0, 210), st.integers(0, 62)))
    whole = Canvas(width + 4, height + 2)
    whole.fill(0, 0, whole.width, whole.height, char="#")
    around = [whole.row(y) for y in (0, height + 1)]
    pane = tools.pane(name)
    pane.draw(whole.inside(2, 1, width, height), snapshot, view)
    assert [whole.row(y) for y in (0, height + 1)] == around
    for y in range(1, height + 1):
        text, codes = whole.row(y)
        assert len(codes) == whole.width
        assert text.startswith("##")
        assert text.endswith("##")
    for spot in (*whole.spots, *(watched for watched, _ in whole.watches)):
        assert spot.x >= 2
        assert spot.x + spot.width <= width + 2
        assert 1 <= spot.y <= height
    verdict = pane.verdict(snapshot, view)
    assert 0 <= verdict.attention <= 3
    assert all(isinstance(target, str) for target in pane.targets(snapshot, view))


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("kind", sorted(SNAPSHOTS))
@pytest.mark.parametrize("zoomed", [False, True])
def test_real_snapshots_fill_rows_exactly_and_cut_texts_themselves(name: str, kind: str, zoomed: bool) -> None:
    if not tools.present(name, SNAPSHOTS[kind]):
        pytest.skip("this system is not in this snapshot, so its pane is never drawn")
    for width, height in SIZES:
        for glyphs in Glyphs:
            drawn = tools.lines(name, SNAPSHOTS[kind], width, height, zoomed=zoomed, glyphs=glyphs)
            assert not re.search(r"\b(nan|inf|None)\b", "\n".join(drawn), re.IGNORECASE)


@pytest.mark.parametrize("name", IDS)
@settings(max_examples=25, deadline=None)
@given(seed=tools.SEEDS)
def test_damaged_numbers_are_dashes_never_nan(name: str, seed: int) -> None:
    canvas, snapshot = Canvas(116, 35), tools.snapshot_of(seed)
    assume(tools.present(name, snapshot))
    tools.pane(name).draw(canvas, snapshot, PaneView(zoomed=True))
    assert not re.search(r"\b(nan|inf)\b", "\n".join(canvas.plain()), re.IGNORECASE)


@pytest.mark.parametrize("name", IDS)
def test_drawing_is_pure(name: str) -> None:
    pane, view = tools.pane(name), PaneView(zoomed=True)
    pictures = []
    for kind in ("trouble", "calm", "trouble"):
        canvas = Canvas(100, 30)
        pane.draw(canvas, SNAPSHOTS[kind], view)
        pictures.append([canvas.row(y) for y in range(30)])
    assert pictures[0] == pictures[2] != pictures[1]


@pytest.mark.parametrize("name", IDS)
def test_ascii_glyphs_are_ascii_but_for_units(name: str) -> None:
    for width, height in SIZES:
        text = "\n".join(tools.lines(name, SNAPSHOTS["trouble"], width, height, glyphs=Glyphs.ASCII, zoomed=height > 20))
        odd = {char for char in text if not char.isascii()} - ASCII_EXTRA
        assert not odd, odd


@pytest.mark.parametrize("name", IDS)
def test_an_escape_sequence_in_a_name_never_reaches_a_cell(name: str) -> None:
    evil = "\x1b[2Jrm\u202e"
    raw = sample.msgspec.msgpack.encode(SNAPSHOTS["trouble"]).replace(b"\xa7cache-2", b"\xa7\x1b[2J\x07ab")
    snapshot = sample.msgspec.msgpack.decode(raw, type=Snapshot)
    assert any(evil[0] in node.name for node in snapshot.map.nodes)
    canvas = Canvas(80, 20)
    tools.pane(name).draw(canvas, snapshot, PaneView())
    assert all(char.isprintable() for line in canvas.plain() for char in line)


@pytest.mark.parametrize("name", IDS)
def test_every_target_of_a_pane_can_be_clicked_when_all_fits(name: str) -> None:
    view = PaneView(zoomed=True)
    targets = tools.pane(name).targets(SNAPSHOTS["trouble"], view)
    spots = {spot.target for spot in tools.draw(name, SNAPSHOTS["trouble"], 196, 90, zoomed=True).spots}
    assert targets
    assert set(targets) <= spots


def test_the_table_has_the_panes_with_their_keys_and_letters_and_the_map_first() -> None:
    keys, letters = [spec.key for spec in PANES if spec.key], [spec.letter for spec in PANES]
    assert keys[:8] == list("12345678")
    assert set(keys[8:]) <= {"9", "0"}
    assert PANES[0].id == "map"
    assert PANES[0].present is always
    assert len(set(IDS)) == len(set(letters)) == len(PANES) >= 8
    assert all(len(letter) == 1 and letter.isalpha() for letter in letters)
    assert all((spec.present is always) is not bool(spec.absent) for spec in PANES), "who may be absent says why"
