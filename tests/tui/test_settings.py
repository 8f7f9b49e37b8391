"""The configuration: what it may say, and one sentence for whatever it may not; the terminal's answers; pacing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.charts import Glyphs
from tui.pacing import FIRST_PATIENCE, LEAST_ROOM, MOST_ROOM, PATIENCE, QUERY, TARGET, Pacer
from tui.settings import Settings, SettingsError, load, parse
from tui.terminal import color_count, parse_background


def test_no_file_means_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml") == Settings()


def test_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[screen]\ntheme = "light"\nglyphs = "braille"\nmouse = false\nframes = 4\n[keys]\nheal = ["x"]\n')
    found = load(path)
    assert (found.theme, found.glyphs, found.mouse, found.frames) == ("light", Glyphs.BRAILLE, False, 4.0)
    assert found.interval() == 0.25
    assert next(row.keys for row in found.keymap if row.id == "heal") == ("x",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[screen]\ntheme = "pink"', "no theme 'pink'"),
        ('[screen]\nglyphs = "runes"', "no glyphs 'runes'"),
        ("[screen]\nframes = 1000", "frames is from"),
        ("[screen]\nframes = nan", "frames is from"),
        ("[screen]\ncolour = 1", "unknown field"),
        ("[screen]\nmouse = 3", "Expected `bool`"),
        ('[keys]\nfly = ["x"]', "no action called 'fly'"),
        ('[keys]\nundo = ["h"]', "wanted by"),
        ("[screen\n", "Expected"),
        ("a = 1\na = 2", "overwrite"),
        ("# " + "x" * 2000, "longer than"),
        ("x = 1\n" * 20_000, "larger than"),
    ],
)
def test_every_mistake_is_one_sentence(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"config\.toml"):
        load(path)


@pytest.mark.parametrize(
    ("reply", "dark"),
    [
        (b"\x1b]11;rgb:0000/0000/0000\x1b\\", True),
        (b"\x1b]11;rgb:fdfd/f6f6/e3e3\x07", False),
        (b"junk\x1b]11;rgb:ff/ff/ff\x1b\\\x1b[?62;c", False),
        (b"\x1b]11;rgba:1e1e/1e1e/2e2e/ffff\x1b\\", True),
        (b"\x1b[?1;2c", None),
        (b"", None),
    ],
)
def test_the_terminals_background(reply: bytes, dark: bool | None) -> None:
    assert parse_background(reply) is dark


@pytest.mark.parametrize(
    ("env", "colors"),
    [
        ({"COLORTERM": "truecolor", "TERM": "xterm"}, 1 << 24),
        ({"TERM": "xterm-256color"}, 256),
        ({"TERM": "xterm-kitty"}, 1 << 24),
        ({"TERM": "xterm"}, 16),
        ({"TERM": "linux"}, 8),
        ({}, 16),
    ],
)
def test_how_many_colours(env: dict[str, str], colors: int) -> None:
    assert color_count(env) == colors


def test_no_frame_is_drawn_before_the_last_has_arrived() -> None:
    pacer = Pacer(0.1)
    assert pacer.ready(0.0)
    pacer.drawn(0.0)
    assert pacer.query(0.0) == QUERY
    assert pacer.query(0.0) == "", "one query at a time"
    assert not pacer.ready(0.5)
    pacer.answered(0.9)
    assert pacer.round_trip == 0.9
    assert pacer.ready(0.95)


def test_a_terminal_that_never_answers_is_not_waited_for() -> None:
    pacer = Pacer(0.1)
    pacer.query(0.0)
    assert not pacer.ready(FIRST_PATIENCE - 0.1)
    assert pacer.ready(FIRST_PATIENCE + 0.1)
    assert pacer.query(6.0) == ""
    assert pacer.room == MOST_ROOM
    pacer.answered(7.0)
    assert pacer.query(8.0) == QUERY, "late is not never"


@pytest.mark.parametrize("speed", [2_400, 5_000, 20_000, 1_000_000])
@pytest.mark.parametrize("delay", [0.002, 0.1, 0.6])
def test_a_portion_is_what_the_line_carries_in_a_quarter_of_a_second(speed: int, delay: float) -> None:
    """Bytes a second of the line, and seconds that its two ends are apart."""
    pacer, now = Pacer(0.1), 0.0
    for n in range(24):
        portion = 40 if n < 2 else pacer.room
        pacer.query(now, portion)
        now += delay + portion / speed
        pacer.answered(now)
    assert min(LEAST_ROOM, speed * TARGET / 2) <= pacer.room <= max(LEAST_ROOM, 1.3 * speed * TARGET)


def test_a_terminal_that_has_answered_is_given_more_time() -> None:
    pacer = Pacer(0.1)
    pacer.query(0.0)
    pacer.answered(0.1)
    pacer.query(1.0)
    assert not pacer.ready(1.0 + PATIENCE - 1)
    assert pacer.ready(1.0 + PATIENCE + 1)
    assert pacer.enabled


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=60), st.floats(0.01, 3.0))
def test_on_any_line_at_most_one_frame_is_under_way_and_none_waits_for_ever(
    steps: list[tuple[float, bool]], delay: float
) -> None:
    """A line that takes `delay` to answer: frames never pile up, and one is drawn in any stretch of three delays."""
    pacer, now, answer_at, under_way = Pacer(0.1), 0.0, None, 0
    for pause, _ in steps:
        now += pause
        if answer_at is not None and now >= answer_at:
            pacer.answered(answer_at)
            answer_at, under_way = None, 0
        if pacer.ready(now):
            pacer.drawn(now)
            under_way += 1
            assert under_way == 1
            if pacer.query(now):
                answer_at = now + delay
