"""The terminal before and after Textual: is there one, how many colours, dark or light, and how to leave it whole.

Textual has no light/dark detection, freezes its size if COLUMNS or LINES are exported, and spins when the terminal is
gone while SIGHUP is ignored; what is here is done before it is imported, or without it.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
import termios
import time
import tty
from collections.abc import Mapping

__all__ = [
    "background_is_dark",
    "color_count",
    "forget_size",
    "have_terminal",
    "is_raw",
    "leave_now",
    "luminance",
    "parse_background",
    "restore",
    "save",
    "settle",
]

# OSC 11 asks for the background; DA1 (CSI c) is answered by every terminal, so its answer ends the wait for a silent one.
QUERY = b"\x1b]11;?\x1b\\\x1b[c"
_REPLY = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]+)/([0-9a-fA-F]+)/([0-9a-fA-F]+)")
_DA1 = re.compile(rb"\x1b\[\?[0-9;]*c")
# Leave the alternate screen, show the cursor; end mouse, focus, paste and key reporting; wrap lines; plain colours.
_RESET = "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?2048l\x1b[<u\x1b[?7h\x1b[0m\x1b[?1049l\x1b[?25h"


def have_terminal() -> bool:
    """Whether all ends that the screen needs are a terminal: keys come from one, Textual (8.2) draws on the standard error."""
    return all(end is not None and end.isatty() for end in (sys.__stdin__, sys.__stdout__, sys.__stderr__))


def forget_size() -> None:
    """Exported COLUMNS and LINES would freeze the size of the screen."""
    os.environ.pop("COLUMNS", None)
    os.environ.pop("LINES", None)


def color_count(env: Mapping[str, str]) -> int:
    """How many colours the terminal has, from its environment: 2**24, 256, 16 or 8. Unknown terminals are given 16."""
    if env.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return 1 << 24
    term = env.get("TERM", "")
    if term.endswith("-direct") or any(name in term for name in ("kitty", "alacritty", "ghostty", "wezterm", "foot")):
        return 1 << 24
    if "256color" in term:
        return 256
    return 8 if term in ("linux", "vt100", "vt220", "dumb") else 16


def luminance(red: float, green: float, blue: float) -> float:
    """Relative luminance of an sRGB colour in 0..1 (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def parse_background(reply: bytes) -> bool | None:
    """Whether an answer to OSC 11 tells of a dark background; None if it holds no colour."""
    match = _REPLY.search(reply)
    if match is None:
        return None
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in match.groups())
    return luminance(red, green, blue) < 0.18  # where black and white text contrast alike


def background_is_dark(env: Mapping[str, str], wait: float = 0.5) -> bool:
    """Ask the terminal (at most `wait` seconds); else COLORFGBG; else dark, which most are."""
    dark = _ask(wait)
    if dark is None:
        last = env.get("COLORFGBG", "").rpartition(";")[2]
        dark = int(last) in (*range(7), 8) if last.isdigit() else True
    return dark


def _ask(wait: float) -> bool | None:
    """Send the query in raw mode and read until the sentinel is answered; whatever else was typed meanwhile is lost."""
    if not have_terminal():
        return None
    source, sink = sys.__stdin__.fileno(), sys.__stdout__.fileno()  # type: ignore[union-attr]
    try:
        before = termios.tcgetattr(source)
        tty.setcbreak(source, termios.TCSANOW)
    except termios.error:
        return None
    try:
        os.write(sink, QUERY)
        reply, end = b"", time.monotonic() + wait
        while (left := end - time.monotonic()) > 0 and not _DA1.search(reply):
            if not select.select([source], [], [], left)[0]:
                break
            part = os.read(source, 256)
            if not part:
                break
            reply += part
    except OSError:
        return None
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(source, termios.TCSANOW, before)
    return parse_background(reply)


def save() -> list[object] | None:
    """The terminal's settings as found, for `restore`."""
    try:
        return list(termios.tcgetattr(sys.__stdin__.fileno())) if sys.__stdin__ else None
    except (termios.error, OSError, ValueError):
        return None


def is_raw() -> bool:
    """Is the terminal as a screen sets it: no lines, no echo, no keys for signals? (A shell's line editor leaves the last.)"""
    now = save()
    return now is not None and not int(now[3]) & (termios.ICANON | termios.ECHO | termios.ISIG)  # type: ignore[call-overload]


def leave_now(status: int) -> None:
    """End the process at once, with the terminal in order: for when leaving properly hangs on a dead terminal."""
    from .guard import farewell

    restore(None)
    farewell()
    os._exit(status)


def settle(saved: list[object] | None) -> None:
    """The terminal's settings as they were. Harmless if they are, or if nobody is there any more."""
    if saved is not None and sys.__stdin__ is not None:
        with contextlib.suppress(termios.error, OSError, ValueError):
            termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, saved)  # type: ignore[arg-type]


def restore(saved: list[object] | None) -> None:
    """Put the terminal back after an exit that Textual did not see through: its modes, then its settings."""
    if sys.__stdout__ is not None:
        with contextlib.suppress(OSError, ValueError):
            os.write(sys.__stdout__.fileno(), _RESET.encode())
    settle(saved)
