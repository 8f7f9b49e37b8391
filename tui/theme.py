"""What a role looks like: themes as tables of colours, and the palette that turns a cell's code into a style.

Colour follows state only; a theme is calm otherwise. Every theme is tested for contrast (text 4.5:1, marks 3:1, WCAG 2.2).
The categories S0..S7 are spread in lightness as well as hue, so that neighbours differ without colour vision; the "safe"
themes tell good from bad by blue and orange. The ansi themes use the terminal's own sixteen colours, and "mono" none at
all: there, bold, underline and reverse carry what glyphs and words already say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.style import Style

from .draw import BOLD, LIT, REVERSE, ROLE_MASK, Code, Role

__all__ = ["DEFAULT_DARK", "DEFAULT_LIGHT", "THEMES", "Palette", "Theme", "choose"]


@dataclass(frozen=True, slots=True)
class Theme:
    """One look. `ink`: colour of each role, optionally with attributes ("bold #5fd38d"); the rest are backgrounds."""

    name: str
    title: str
    dark: bool
    back: str
    lit: str
    bar: str
    flash: str
    ink: dict[Role, str]
    ansi: bool = False


def _ink(main: str, states: str, lines: str, charts: str, bars: str) -> dict[Role, str]:
    """Colours in the order of the roles, written as five short lists."""
    roles = (
        (Role.TEXT, Role.DIM, Role.FAINT, Role.TITLE, Role.ACCENT, Role.KEY),
        (Role.OK, Role.SLOW, Role.DOWN, Role.FENCED, Role.FLASH, Role.YOU),
        (Role.BORDER, Role.FOCUS, Role.CHART, Role.CHART2),
        (Role.S0, Role.S1, Role.S2, Role.S3, Role.S4, Role.S5, Role.S6, Role.S7),
        (Role.BAR, Role.BAR_DIM, Role.BAR_KEY),
    )
    ink: dict[Role, str] = {}
    for group, colours in zip(roles, (main, states, lines, charts, bars), strict=True):
        ink.update(zip(group, (c.replace("+", " ") for c in colours.split()), strict=True))
    return ink


# On the bars, states and charts look as elsewhere; only what is behind them differs.
_ON_BAR = {
    Role.BAR_OK: Role.OK,
    Role.BAR_SLOW: Role.SLOW,
    Role.BAR_DOWN: Role.DOWN,
    Role.BAR_CHART: Role.CHART,
    Role.BAR_YOU: Role.YOU,
}

_DARK = Theme(
    "dark",
    "Dark",
    True,
    back="#0e1217",
    lit="#233044",
    bar="#171d26",
    flash="#3d3a24",
    ink=_ink(
        "#d3dae4 #8e9bad #566376 #eef2f7 #8cc8ff #b8a5ff",
        "#5ccf8c #f4b950 #ff7070 #b8a1ff #fff2b3 #62d6e8",
        "#3d4959 #8cc8ff #5aa7e8 #9db4d0",
        "#56b4e9 #e69f00 #3fc79a #f0e442 #d98fbb #9fb4cc #ff8a5c #a4d65e",
        "#d3dae4 #8e9bad #b8a5ff",
    ),
)
_LIGHT = Theme(
    "light",
    "Light",
    False,
    back="#fbfaf7",
    lit="#d9e6f5",
    bar="#ecebe5",
    flash="#fff0b8",
    ink=_ink(
        "#23292f #5b6570 #9aa1a8 #0d1117 #0a5ca8 #6b3fb5",
        "#11713a #8a5600 #bf1d2c #6a45b8 #5a4200 #00667a",
        "#b9bec4 #0a5ca8 #2a75bb #4f6a8a",
        "#1f78b4 #a86500 #0f7a5a #7d7400 #a3417f #56687d #b8441a #4f7d10",
        "#23292f #5b6570 #6b3fb5",
    ),
)
_SAFE_STATES_DARK = {Role.OK: "#6cb8ff", Role.SLOW: "#ffd166", Role.DOWN: "bold #ff9340", Role.FENCED: "#c9c2d6"}
_SAFE_STATES_LIGHT = {Role.OK: "#0b5cad", Role.SLOW: "#7a5b00", Role.DOWN: "bold #b34700", Role.FENCED: "#5c5470"}

_CONTRAST_DARK = Theme(
    "contrast-dark",
    "High contrast, dark",
    True,
    back="#000000",
    lit="#003a75",
    bar="#1a1a1a",
    flash="#4d4700",
    ink=_ink(
        "#ffffff #d6d6d6 #8c8c8c bold+#ffffff #7fd4ff #ffe066",
        "#5dff9b #ffd000 bold+#ff8585 #d0b8ff #ffff66 #66f0ff",
        "#9a9a9a #ffe066 #66c2ff #c4d6ea",
        "#66c7ff #ffb000 #4dffb8 #ffff55 #ff9be0 #cfd8e3 #ff9966 #b8ff66",
        "#ffffff #d6d6d6 #ffe066",
    ),
)
_CONTRAST_LIGHT = Theme(
    "contrast-light",
    "High contrast, light",
    False,
    back="#ffffff",
    lit="#cfe2ff",
    bar="#e6e6e6",
    flash="#fff3a3",
    ink=_ink(
        "#000000 #333333 #737373 bold+#000000 #003f8a #5a0f9e",
        "#00501f #5f3a00 bold+#8f000e #43208f #3d2c00 #00434f",
        "#666666 #003f8a #004f99 #37475a",
        "#00508c #7a4800 #005540 #575000 #82205f #37475a #8f2a00 #335c00",
        "#000000 #333333 #5a0f9e",
    ),
)
_ANSI_DARK = Theme(
    "ansi-dark",
    "The terminal's colours, dark",
    True,
    back="default",
    lit="blue",
    bar="default",
    flash="default",
    ansi=True,
    ink=_ink(
        "default white bright_black bold+bright_white bright_cyan bright_magenta",
        "bright_green bright_yellow bold+bright_red bright_magenta bold+bright_white bright_cyan",
        "bright_black bright_cyan bright_blue cyan",
        "bright_blue yellow green bright_yellow magenta white bright_red bright_green",
        "default white bright_magenta",
    ),
)
_ANSI_LIGHT = Theme(
    "ansi-light",
    "The terminal's colours, light",
    False,
    back="default",
    lit="bright_cyan",
    bar="default",
    flash="default",
    ansi=True,
    ink=_ink(
        "default bright_black bright_black bold+default blue magenta",
        "green magenta bold+red blue bold+default magenta",
        "bright_black blue blue cyan",
        "blue red green magenta black cyan bright_black bright_blue",
        "default bright_black magenta",
    ),
)
_MONO = Theme(
    "mono",
    "No colour",
    True,
    back="default",
    lit="default",
    bar="default",
    flash="default",
    ansi=True,
    ink=_ink(
        "default default dim+default bold+default bold+default bold+default",
        "default underline+default bold+underline+default default bold+default bold+default",
        "dim+default bold+default default default",
        "default bold+default default bold+default default bold+default default bold+default",
        "default default bold+default",
    ),
)

THEMES: dict[str, Theme] = {
    theme.name: theme
    for theme in (
        _DARK,
        _LIGHT,
        replace(_DARK, name="safe-dark", title="Colour-blind safe, dark", ink={**_DARK.ink, **_SAFE_STATES_DARK}),
        replace(_LIGHT, name="safe-light", title="Colour-blind safe, light", ink={**_LIGHT.ink, **_SAFE_STATES_LIGHT}),
        _CONTRAST_DARK,
        _CONTRAST_LIGHT,
        _ANSI_DARK,
        _ANSI_LIGHT,
        _MONO,
    )
}
DEFAULT_DARK, DEFAULT_LIGHT = "dark", "light"


def choose(wanted: str, *, dark: bool, no_color: bool, colors: int) -> Theme:
    """The theme to use: NO_COLOR wins, then what was asked for, then the terminal's colours and background."""
    if no_color:
        return THEMES["mono"]
    if wanted in THEMES:
        return THEMES[wanted]
    if colors < 256:
        return THEMES["ansi-dark" if dark else "ansi-light"]
    return THEMES[DEFAULT_DARK if dark else DEFAULT_LIGHT]


class Palette:
    """Styles of a theme by cell code (role and flags), made once each. No style is None and no colour is left unset."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self._styles: dict[Code, Style] = {}

    def style(self, code: Code) -> Style:
        """The style of a cell with this code."""
        found = self._styles.get(code)
        if found is None:
            found = self._styles[code] = self._make(code)
        return found

    def _make(self, code: Code) -> Style:
        theme = self.theme
        role = Role(code & ROLE_MASK)
        back = theme.bar if role >= Role.BAR else theme.back
        if role is Role.FLASH:
            back = theme.flash
        if code & LIT:
            back = theme.lit
        style = Style.parse(f"{theme.ink[_ON_BAR.get(role, role)]} on {back}")
        if code & BOLD:
            style += Style(bold=True)
        plain_lit = bool(code & LIT) and theme.lit == "default"
        if bool(code & REVERSE) != plain_lit:
            style += Style(reverse=True)
        return style
