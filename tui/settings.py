"""The viewer's configuration: look, glyphs, mouse and keys, from a small TOML file in the XDG configuration folder.

[screen]
theme = "light"          # any of the themes; without it: the terminal's background decides
glyphs = "block"         # block, braille (finer, if the font has it), ascii
mouse = true
frames = 10              # a second; over SSH 4

[keys]
heal = ["x"]             # an action's id (see help) and its keys
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from .charts import Glyphs
from .keymap import KEYMAP, KeymapError, remap
from .keys import Key
from .theme import THEMES

__all__ = ["Settings", "SettingsError", "config_path", "load", "picture_folder"]

MAX_BYTES = 64 * 1024
MAX_LINE = 1000


class SettingsError(ValueError):
    """The configuration cannot be used; the text says why, in one sentence."""


class _Screen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    theme: str = ""
    glyphs: str = "block"
    mouse: bool = True
    frames: float = 0.0


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    screen: _Screen = _Screen()
    keys: dict[str, list[str]] = {}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the viewer wants. theme: "" = by the terminal; frames: a second, 0 = 10, or 4 over SSH."""

    theme: str = ""
    glyphs: Glyphs = Glyphs.BLOCK
    mouse: bool = True
    frames: float = 0.0
    keymap: tuple[Key, ...] = KEYMAP

    def interval(self) -> float:
        """Seconds between frames."""
        far = "SSH_CONNECTION" in os.environ
        return 1.0 / (self.frames or (4.0 if far else 10.0))


def config_path() -> Path:
    """Where the configuration is looked for."""
    import platformdirs

    return Path(platformdirs.user_config_dir("scaletop")) / "config.toml"


def picture_folder() -> Path:
    """Where pictures of the screen go (XDG state)."""
    import platformdirs

    return Path(platformdirs.user_state_dir("scaletop")) / "pictures"


def parse(text: str) -> Settings:
    """Settings from the text of the file. Raises SettingsError."""
    if len(text.encode()) > MAX_BYTES or any(len(line) > MAX_LINE for line in text.splitlines()):
        raise SettingsError(f"larger than {MAX_BYTES} bytes, or a line longer than {MAX_LINE}")
    try:
        found = msgspec.convert(tomllib.loads(text), _File)
        keymap = remap(KEYMAP, found.keys)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, KeymapError, RecursionError) as error:
        raise SettingsError(str(error)) from None
    screen = found.screen
    if screen.theme and screen.theme not in THEMES:
        raise SettingsError(f"no theme {screen.theme!r}; there are {', '.join(THEMES)}")
    if screen.glyphs not in list(Glyphs):
        raise SettingsError(f"no glyphs {screen.glyphs!r}; there are {', '.join(Glyphs)}")
    if screen.frames and not 0.2 <= screen.frames <= 30:
        raise SettingsError("frames is from 0.2 to 30 a second")
    return Settings(screen.theme, Glyphs(screen.glyphs), screen.mouse, screen.frames, keymap)


def load(path: Path | None = None) -> Settings:
    """Settings from the file, or the defaults if there is none. Raises SettingsError with the file's name."""
    path = path or config_path()
    try:
        if not path.is_file():
            return Settings()
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        return parse(data.decode())
    except (OSError, UnicodeDecodeError, SettingsError) as error:
        raise SettingsError(f"{path}: {error}") from None
