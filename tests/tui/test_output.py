"""The differences that are written leave the terminal as stock output would, cell for cell, and are much shorter."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from termmodel import Screen
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tui.output import Difference, Grid, diffable, supported

WIDTH, HEIGHT = 24, 4
CONSOLE = Console(color_system="truecolor", force_terminal=True, legacy_windows=False)
STYLES = [Style.parse(words) for words in ("red on black", "bold white on blue", "#123456 on #654321", "reverse", "none")]
TEXT = st.text(alphabet=st.sampled_from("ab ─█⣿●é日本🙂あ"), min_size=1, max_size=9)


def written(grid: Grid, update: LayoutUpdate | ChopsUpdate) -> str:
    """All that an update makes the grid write."""
    grid.put(update, ColorSystem.TRUECOLOR)
    return Difference(grid, 1 << 20).render_segments(CONSOLE)


@st.composite
def rows(draw: st.DrawFn) -> Strip:
    """A row of exactly WIDTH cells, as a widget would give it."""
    segments = [Segment(text, style) for text, style in draw(st.lists(st.tuples(TEXT, st.sampled_from(STYLES)), max_size=6))]
    return Strip(segments).adjust_cell_length(WIDTH, STYLES[0])


@st.composite
def updates(draw: st.DrawFn) -> LayoutUpdate | ChopsUpdate:
    """A whole screen, or some spans of it cut at one or two columns."""
    if draw(st.booleans()):
        return LayoutUpdate([[draw(rows())] for _ in range(HEIGHT)], Region(0, 0, WIDTH, HEIGHT))
    cuts = sorted({0, WIDTH, draw(st.integers(1, WIDTH - 1)), draw(st.integers(1, WIDTH - 1))})
    chops = [dict(zip(cuts[:-1], draw(rows()).divide(cuts[1:]), strict=True)) for _ in range(HEIGHT)]
    lines = draw(st.lists(st.integers(0, HEIGHT - 1), min_size=1, max_size=3, unique=True))
    first = draw(st.sampled_from(cuts[:-1]))
    last = draw(st.sampled_from([cut for cut in cuts if cut > first]))
    return ChopsUpdate(chops, [(y, first, last) for y in sorted(lines)], [cuts[1:]] * HEIGHT)


@settings(max_examples=60, deadline=None)
@given(st.lists(updates(), min_size=1, max_size=6))
def test_differences_leave_the_same_cells_as_stock_output(sequence: list[LayoutUpdate | ChopsUpdate]) -> None:
    blank = LayoutUpdate([[Strip([Segment(" " * WIDTH, STYLES[0])])] for _ in range(HEIGHT)], Region(0, 0, WIDTH, HEIGHT))
    stock, ours, grid = Screen(WIDTH, HEIGHT), Screen(WIDTH, HEIGHT), Grid()
    for update in [blank, *sequence]:
        stock.feed(update.render_segments(CONSOLE))
        ours.feed(written(grid, update))
        assert stock.differences(ours) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(updates(), st.integers(0, 3)), min_size=1, max_size=6), st.integers(1, 200))
def test_in_portions_the_same_is_shown_in_the_end(sequence: list[tuple[LayoutUpdate | ChopsUpdate, int]], room: int) -> None:
    """A line that takes `room` bytes at a time, and some portions between two updates."""
    blank = LayoutUpdate([[Strip([Segment(" " * WIDTH, STYLES[0])])] for _ in range(HEIGHT)], Region(0, 0, WIDTH, HEIGHT))
    stock, ours, grid = Screen(WIDTH, HEIGHT), Screen(WIDTH, HEIGHT), Grid()
    for update, portions in [(blank, 0), *sequence]:
        stock.feed(update.render_segments(CONSOLE))
        grid.put(update, ColorSystem.TRUECOLOR)
        for _ in range(portions):
            ours.feed(grid.take(room))
    last = LayoutUpdate([[Strip([Segment("x" * WIDTH, STYLES[1])])] for _ in range(HEIGHT)], Region(0, 0, WIDTH, HEIGHT))
    if any("日" in text or "🙂" in text or "あ" in text for update, _ in sequence for text in [update.render_segments(CONSOLE)]):
        stock.feed(last.render_segments(CONSOLE))  # what is left of half a wide character is the terminal's choice
        grid.put(last, ColorSystem.TRUECOLOR)
    turns = 0
    while grid.pending:
        ours.feed(grid.take(room))
        turns += 1
    assert turns <= HEIGHT * 6, "each turn writes a span"
    assert stock.differences(ours) == []


def test_the_newest_is_written_first() -> None:
    """A repaint of all cells is under way when a key opens something: that comes in the next portion."""
    grid = Grid()
    page = LayoutUpdate([[Strip([Segment("p" * WIDTH, STYLES[1])])] for _ in range(HEIGHT)], Region(0, 0, WIDTH, HEIGHT))
    grid.put(page, ColorSystem.TRUECOLOR)
    grid.take(1)
    opened = ChopsUpdate([{4: Strip([Segment("menu", STYLES[2])])} for _ in range(HEIGHT)], [(2, 4, 8)], [[8]] * HEIGHT)
    grid.put(opened, ColorSystem.TRUECOLOR)
    portion = grid.take(1)
    assert "menu" in portion
    assert "p" not in portion
    assert grid.pending


def test_nothing_new_writes_nothing_and_one_cell_writes_little() -> None:
    grid = Grid()

    def screen(char: str) -> LayoutUpdate:
        strip = Strip([Segment("x" * 10 + char + "y" * 13, STYLES[1])])
        return LayoutUpdate([[strip] for _ in range(HEIGHT)], Region(0, 0, WIDTH, HEIGHT))

    assert len(written(grid, screen("a"))) > WIDTH * HEIGHT
    assert written(grid, screen("a")) == ""
    changed = written(grid, screen("b"))
    assert changed.count("b") == HEIGHT
    assert "x" not in changed
    assert "y" not in changed


def test_another_size_is_written_whole() -> None:
    grid = Grid()
    row = [Strip([Segment("z" * WIDTH, STYLES[1])])]
    written(grid, LayoutUpdate([row, row], Region(0, 0, WIDTH, 2)))
    again = written(grid, LayoutUpdate([row, row, row], Region(0, 0, WIDTH, 3)))
    assert again.count("z") == 3 * WIDTH


def test_this_textual_has_every_private_name_that_is_used() -> None:
    assert supported()
    assert not diffable(None)
    assert not diffable("text")
