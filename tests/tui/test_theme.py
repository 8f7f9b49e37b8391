"""Every theme can be read: text 4.5:1 and marks 3:1 against what is behind them, states apart, no style unset."""

from __future__ import annotations

import pytest
from rich.color import Color
from rich.terminal_theme import TerminalTheme

from tui.draw import BOLD, LIT, REVERSE, Role
from tui.terminal import luminance
from tui.theme import THEMES, Palette, Theme, choose
from tui.themes import textual_theme

# The sixteen colours of xterm, on black and on white: what a plain terminal shows for an ansi theme.
_NORMAL = [(0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229)]
_BRIGHT = [(127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255), (255, 255, 255)]
XTERM_DARK = TerminalTheme((0, 0, 0), (229, 229, 229), _NORMAL, _BRIGHT)
XTERM_LIGHT = TerminalTheme((255, 255, 255), (0, 0, 0), _NORMAL, _BRIGHT)

READ = (Role.TEXT, Role.TITLE, Role.ACCENT, Role.KEY, Role.SLOW, Role.DOWN, Role.OK, Role.FENCED, Role.YOU, Role.DIM, Role.FLASH)
BARS = (Role.BAR, Role.BAR_DIM, Role.BAR_KEY, Role.BAR_OK, Role.BAR_SLOW, Role.BAR_DOWN, Role.BAR_YOU)
MARKS = (Role.CHART, Role.CHART2, Role.FOCUS, Role.BAR_CHART, *(Role(code) for code in range(Role.S0, Role.S7 + 1)))
COLOURED = sorted(name for name, theme in THEMES.items() if not theme.ansi)


def rgb(color: Color | None, theme: Theme, foreground: bool) -> tuple[float, float, float]:
    assert color is not None, "a colour is left to chance"
    red, green, blue = color.get_truecolor(XTERM_DARK if theme.dark else XTERM_LIGHT, foreground)
    return red / 255, green / 255, blue / 255


def contrast(theme: Theme, code: int) -> float:
    style = Palette(theme).style(code)
    fore, back = rgb(style.color, theme, True), rgb(style.bgcolor, theme, False)
    light, dark = sorted((luminance(*fore), luminance(*back)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", COLOURED)
def test_text_is_4_5_to_1_and_marks_3_to_1(name: str) -> None:
    theme = THEMES[name]
    for role in (*READ, *BARS):
        assert contrast(theme, role) >= 4.5, role
        assert contrast(theme, role | LIT) >= (4.5 if "contrast" in name else 3.0), (role, "lit")
    for role in MARKS:
        assert contrast(theme, role) >= 3.0, role
    for role in (Role.FAINT, Role.BORDER):
        assert contrast(theme, role) >= 1.7, role


@pytest.mark.parametrize("name", ["contrast-dark", "contrast-light"])
def test_high_contrast_is_7_to_1(name: str) -> None:
    for role in (*READ, *BARS):
        assert contrast(THEMES[name], role) >= 7.0, role


@pytest.mark.parametrize(("name", "least"), [("ansi-dark", 3.0), ("ansi-light", 3.0)])
def test_sixteen_colours_can_be_read_on_a_plain_xterm(name: str, least: float) -> None:
    doubtful = {Role.OK} if name == "ansi-light" else set()
    for role in READ:
        assert contrast(THEMES[name], role) >= (2.0 if role in doubtful else least), role


@pytest.mark.parametrize("name", ["safe-dark", "safe-light"])
def test_safe_themes_tell_good_from_bad_by_blue_and_orange(name: str) -> None:
    theme = THEMES[name]
    palette = Palette(theme)
    good, bad = rgb(palette.style(Role.OK).color, theme, True), rgb(palette.style(Role.DOWN).color, theme, True)
    assert good[2] > good[0], "good is blue"
    assert bad[0] > 2 * bad[2], "bad is orange"


@pytest.mark.parametrize("name", sorted(THEMES))
def test_every_code_has_a_whole_style_and_states_differ(name: str) -> None:
    palette = Palette(THEMES[name])
    for role in Role:
        for flags in (0, BOLD, LIT, REVERSE, BOLD | LIT | REVERSE):
            style = palette.style(role | flags)
            assert style.color is not None
            assert style.bgcolor is not None
    states = {palette.style(role) for role in (Role.OK, Role.SLOW, Role.DOWN)}
    assert len(states) == 3
    assert palette.style(Role.TEXT) != palette.style(Role.TEXT | LIT)
    assert textual_theme(THEMES[name]).name == f"scaletop-{name}"


def test_without_colour_no_theme_has_any() -> None:
    palette = Palette(THEMES["mono"])
    for role in Role:
        style = palette.style(role)
        assert style.color is not None
        assert style.bgcolor is not None
        assert style.color.is_default
        assert style.bgcolor.is_default


def test_what_is_chosen() -> None:
    assert choose("light", dark=True, no_color=True, colors=1 << 24).name == "mono"
    assert choose("light", dark=True, no_color=False, colors=16).name == "light"
    assert choose("", dark=True, no_color=False, colors=1 << 24).name == "dark"
    assert choose("", dark=False, no_color=False, colors=256).name == "light"
    assert choose("", dark=False, no_color=False, colors=16).name == "ansi-light"
    assert choose("", dark=True, no_color=False, colors=8).name == "ansi-dark"
