"""One table of keys: no clash, words for every row, every action there is, and footers and help made of it."""

from __future__ import annotations

import pytest
import tables
from hypothesis import given
from hypothesis import strategies as st

from tui.bindings import bindings, keymap_of
from tui.charts import Glyphs
from tui.draw import Canvas
from tui.keymap import KEYMAP, Context, KeymapError, clashes, digits, footer_for, key_label, remap
from tui.keys import PANE_GROUP
from tui.pages import help_rows, rows_page


def test_no_two_rows_want_the_same_key_and_no_two_have_the_same_id() -> None:
    assert clashes(KEYMAP) == []
    assert len({row.id for row in KEYMAP}) == len(KEYMAP)


@pytest.mark.parametrize("row", KEYMAP, ids=lambda row: row.id)
def test_every_row_has_keys_words_and_a_sentence(row: object) -> None:
    assert row.keys
    assert 1 <= len(row.words.split()) <= 3
    assert row.explain[0].isupper()
    assert row.explain.endswith((".", "..."))


def test_every_action_exists() -> None:
    from tui.app import ScaletopApp
    from tui.screens.board import BoardScreen
    from tui.screens.reader import ReaderScreen

    for row in KEYMAP:
        name = row.action.partition("(")[0]
        if name.startswith("app."):
            assert hasattr(ScaletopApp, f"action_{name.removeprefix('app.')}"), row.id
        else:
            for context, screen in ((Context.BOARD, BoardScreen), (Context.READER, ReaderScreen)):
                if context in row.contexts:
                    assert hasattr(screen, f"action_{name}"), (row.id, context)


def test_bindings_have_the_tables_ids() -> None:
    assert {binding.id for binding in bindings(Context.BOARD)} == {row.id for row in KEYMAP if Context.BOARD in row.contexts}
    assert keymap_of(KEYMAP) == {}


def test_the_footer_shows_what_acts_on_a_selection_only_when_there_is_one() -> None:
    without, with_one = footer_for(KEYMAP, "1-8", selected=False), footer_for(KEYMAP, "1-8", selected=True)
    assert ("h", "heal") not in [entry[:2] for entry in without]
    assert with_one[0][:2] == ("h", "heal")
    assert without[-1][:2] == with_one[-1][:2] == ("?", "help")
    assert without[-2][:2] == with_one[-2][:2] == ("v", "panes")
    assert [entry[0] for entry in without].count("1-8") == 1


@pytest.mark.parametrize(
    ("keys", "label"),
    [
        ("12345678", "1-8"),
        ("1234567890", "1-9 0"),
        ("123456780", "1-8 0"),
        ("13459", "1 3-5 9"),
        ("9", "9"),
        ("0", "0"),
        ("", ""),
    ],
)
def test_the_panes_keys_as_one_label(keys: str, label: str) -> None:
    assert digits([*keys, ""]) == label


def test_help_names_every_key_and_every_fault() -> None:
    canvas = Canvas(120, 300)
    rows_page(canvas, help_rows(KEYMAP, tables.catalogue(), Glyphs.BLOCK), 0, "")
    text = "\n".join(canvas.plain())
    for row in KEYMAP:
        if row.group != PANE_GROUP:
            assert row.explain in text
            assert all(key_label(key) in text for key in row.keys)
    for fault in tables.catalogue().faults:
        assert fault.explain in text


def test_remapping_moves_keys_and_refuses_what_cannot_be() -> None:
    moved = remap(KEYMAP, {"heal": ["x"], "restart": ["h"]})
    assert keymap_of(moved) == {"heal": "x", "restart": "h"}
    assert clashes(moved) == []
    with pytest.raises(KeymapError, match="'h' is wanted by 'heal' and by 'undo'"):
        remap(KEYMAP, {"undo": ["h"]})
    with pytest.raises(KeymapError, match="no action called 'fly'"):
        remap(KEYMAP, {"fly": ["x"]})
    with pytest.raises(KeymapError, match="no key"):
        remap(KEYMAP, {"undo": []})


@given(st.dictionaries(st.sampled_from([row.id for row in KEYMAP]), st.lists(st.sampled_from("abcxyz?"), max_size=3), max_size=4))
def test_a_remapping_never_clashes(wanted: dict[str, list[str]]) -> None:
    try:
        moved = remap(KEYMAP, wanted)
    except KeymapError:
        return
    assert clashes(moved) == []


@pytest.mark.parametrize(
    ("key", "label"),
    [("ctrl+p", "Ctrl+P"), ("question_mark", "?"), ("shift+tab", "Shift+Tab"), ("H", "H"), ("f1", "F1"), ("plus", "+")],
)
def test_labels(key: str, label: str) -> None:
    assert key_label(key) == label
