"""A canvas clips, measures in cells, keeps wide characters whole and lets nothing through that a terminal would obey."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.cells import strip_of
from tui.charts import Glyphs
from tui.draw import BOLD, LIT, Canvas, Role, fit
from tui.frame import Verdict, draw_frame
from tui.safe import safe_text
from tui.theme import THEMES, Palette

ANY_TEXT = st.text(max_size=40)


@given(st.lists(st.tuples(st.integers(-10, 30), st.integers(-2, 6), ANY_TEXT), max_size=12))
def test_every_row_stays_exactly_as_wide_whatever_is_written_where(writes: list[tuple[int, int, str]]) -> None:
    canvas = Canvas(20, 4)
    part = canvas.inside(3, 1, 9, 2)
    for x, y, text in writes:
        canvas.text(x, y, text, Role.ACCENT)
        part.text(x, y, text, Role.DOWN | BOLD)
    for y in range(4):
        text, codes = canvas.row(y)
        assert cell_len(text) == 20 == len(codes)
        assert text.isprintable()
        strip = strip_of(text, codes, Palette(THEMES["dark"]))
        assert sum(cell_len(segment.text) for segment in strip) == 20
        assert strip.text == text


@given(ANY_TEXT)
def test_a_smaller_canvas_never_writes_outside(text: str) -> None:
    canvas = Canvas(20, 5)
    part = canvas.inside(5, 2, 6, 1)
    for y in range(-3, 4):
        part.text(-4, y, text * 3)
    for y, line in enumerate(canvas.plain()):
        if y != 2:
            assert line == ""
    assert canvas.row(2)[0][:5].strip() == ""
    assert cell_len(canvas.row(2)[0]) == 20


@given(ANY_TEXT, st.integers(0, 30), st.sampled_from("<>^"))
def test_fit_is_exactly_as_wide_as_asked(text: str, width: int, align: str) -> None:
    assert cell_len(fit(text, width, align)) == width


@given(st.text(max_size=200))
def test_safe_text_holds_nothing_that_acts(text: str) -> None:
    safe = safe_text(text)
    assert safe.isprintable()
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me") for char in safe)
    assert safe_text(safe) == safe


def test_safe_text_shows_that_something_was_there() -> None:
    assert safe_text("a\x1b[2Jb") == "a�[2Jb"
    assert safe_text("\x9b31m") == "�31m"
    assert safe_text("user\u202etxt.exe") == "user�txt.exe"
    assert safe_text("zero\u200bwidth") == "zero�width"
    assert safe_text("Sa\u0303o") == "São"
    assert safe_text("[@click=quit]x[/]") == "[@click=quit]x[/]"
    assert len(safe_text("x" * 5000)) == 1000


def test_overwriting_half_of_a_wide_character_blanks_the_other_half() -> None:
    canvas = Canvas(6, 1)
    canvas.text(0, 0, "日本語")
    canvas.text(1, 0, "x")
    assert canvas.row(0)[0] == " x本語"
    canvas.text(4, 0, "y")
    assert canvas.row(0)[0] == " x本y "


def test_spots_and_lights_are_where_they_were_drawn() -> None:
    canvas = Canvas(10, 3)
    part = canvas.inside(2, 1, 5, 1)
    part.text(0, 0, "web-1", Role.OK)
    part.spot("web-1", 0, 0, 99)
    assert [(s.x, s.y, s.width, s.target) for s in canvas.spots] == [(2, 1, 5, "web-1")]
    canvas.light(2, 1, 5)
    assert canvas.row(1)[1][2] == Role.OK | LIT


@given(st.integers(0, 60), st.integers(0, 6), ANY_TEXT, ANY_TEXT, st.booleans())
def test_a_frame_fits_every_size_and_the_title_comes_before_the_verdict(
    width: int, height: int, title: str, words: str, plain: bool
) -> None:
    canvas = Canvas(width, height)
    inside = draw_frame(canvas, "3", title, Verdict(words, 2), focused=True, ascii_only=plain)
    assert inside.width <= width
    for y in range(height):
        assert cell_len(canvas.row(y)[0]) == width
    if plain and title.isascii() and words.isascii():
        assert all(ord(char) < 128 for line in canvas.plain() for char in line if char not in "…�")


def test_a_frame_reads_as_the_sketch() -> None:
    canvas = Canvas(44, 3)
    draw_frame(canvas, "3", "Load balancer", Verdict("web-4 is slow", 2), focused=False).text(0, 0, "x")
    assert canvas.plain() == [
        "╭ 3 Load balancer ─ web-4 is slow ─────────╮",
        "│ x                                        │",
        "╰──────────────────────────────────────────╯",
    ]
    assert Glyphs("ascii") is Glyphs.ASCII
