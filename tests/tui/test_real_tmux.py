"""The real program, screen and engine, in a real tmux: what is on the screen, a fault and its log line, what is left.

One session a size; skipped where there is no tmux.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
from ptyrun import ROOT

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux")

PROGRAM = shlex.join(["env", f"PYTHONPATH={ROOT}", sys.executable, "-c", "from tui.cli import main; main(prog_name='scaletop')"])
PATIENCE = 25.0


class Tmux:
    """A shell in a tmux server of its own."""

    def __init__(self, width: int, height: int, folder: Path) -> None:
        self.socket = f"scaletop-{uuid.uuid4().hex[:8]}"
        conf = folder / "tmux.conf"
        conf.write_text("set -g default-terminal tmux-256color\nset -g status off\nset -sg escape-time 0\n")
        self.call("-f", str(conf), "new-session", "-d", "-x", str(width), "-y", str(height), "env PS1='$ ' sh")

    def call(self, *arguments: str) -> str:
        found = subprocess.run(["tmux", "-L", self.socket, *arguments], capture_output=True, text=True, check=True, timeout=20)
        return found.stdout

    def keys(self, *names: str) -> None:
        for name in names:
            self.call("send-keys", name)

    def run(self, line: str) -> None:
        self.call("send-keys", "-l", line)
        self.keys("Enter")

    def screen(self) -> str:
        return self.call("capture-pane", "-p")

    def until(self, true: Callable[[str], object], what: str) -> str:
        """The screen once it is so."""
        end = monotonic() + PATIENCE
        while monotonic() < end:
            shown = self.screen()
            if true(shown):
                return shown
            sleep(0.05)
        raise AssertionError(f"never: {what}\n{self.screen()}")

    def see(self, *words: str) -> str:
        return self.until(lambda shown: all(word in shown for word in words), f"{words}")

    def gone(self, *words: str) -> str:
        return self.until(lambda shown: not any(word in shown for word in words), f"without {words}")

    def mode(self, name: str) -> str:
        return self.call("display-message", "-p", f"#{{{name}}}").strip()


@contextlib.contextmanager
def tmux(width: int, height: int, folder: Path) -> Iterator[Tmux]:
    session = Tmux(width, height, folder)
    try:
        yield session
    finally:
        with contextlib.suppress(subprocess.SubprocessError):
            session.call("kill-server")


def engines(pane: str) -> list[str]:
    """Processes below the pane's shell, but for the shell."""
    found = subprocess.run(["pgrep", "-P", pane], capture_output=True, text=True, check=False).stdout.split()
    return [child for pid in found for child in (pid, *engines(pid))]


PAGES = (  # a key of the footer, and words that only what it opens shows
    ("g", "Scale: more machines, or fewer"),
    ("c", "Change: live settings"),
    ("t", "Traffic: who comes, and how"),
    ("/", "Show only lines that hold:"),
    ("?", "Look around"),
    ("z", "city~balancer"),
)
SIZES = {
    (80, 24): ("p99", "SLO 99.9 %", "1 Map", "web ×6", "data ×12", "203.0.113.10", "f fault", "? help"),
    (120, 40): ("p99", "1 Map", "2 DNS", "3 Load balancer", "5 Replication", "8 Requests", "f fault", "? help"),
    (200, 60): ("p99", "1 Map", "4 Cache", "6 Shards", "7 Log", "8 Requests", "f fault", "? help"),
}


def start(t: Tmux, folder: Path, program: str = PROGRAM) -> None:
    """Run the program in the pane's shell, with the terminal's modes noted before and after."""
    t.run(f"cd {shlex.quote(str(folder))}; stty -a > before; {program}; echo status $?; stty -a > after")


def end(t: Tmux, folder: Path) -> None:
    """q leaves status 0, the shell's own screen, the terminal as it was, and no process."""
    t.keys("q")
    shown = t.see("status 0")
    assert "1 Map" not in shown, "the alternate screen is left"
    assert (t.mode("alternate_on"), t.mode("cursor_flag"), t.mode("mouse_any_flag")) == ("0", "1", "0")
    t.until(lambda _: (folder / "after").exists() and (folder / "after").read_text(), "the shell goes on")
    assert (folder / "before").read_text() == (folder / "after").read_text()
    assert engines(t.mode("pane_pid")) == []


def crash(t: Tmux) -> str:
    """f c with nothing selected; the name of the node that the menu aimed at, as the map tells it."""
    t.keys("f")
    t.see("what shall break?", "crash", "database")
    t.keys("c")
    shown = t.until(lambda shown: re.search(r"fault +(\S+) crashed", shown) and "1 down" in shown, "a node is down")
    found = re.search(r"fault +(\S+) crashed", shown)
    assert found
    return found[1]


def healed(shown: str) -> object:
    return "1 down" not in shown and re.search(r"Map ─ 23 up", shown)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_first_screen_fault_log_heal_every_footer_key_and_a_clean_end(size: tuple[int, int], tmp_path: Path) -> None:
    with tmux(*size, tmp_path) as t:
        start(t, tmp_path)
        shown = t.see(*SIZES[size])
        assert all(len(line) <= size[0] for line in shown.splitlines())
        assert t.mode("alternate_on") == "1"
        name = crash(t)
        t.keys("l")
        t.see("╭ Log ─", f"you f c {name} crashed", "└─")
        t.until(lambda shown: shown.count("you f c") == 1, "each line once: the page covers the pane, in portions maybe")
        t.keys("Escape")
        t.gone("╭ Log ─")
        t.keys("h")
        t.until(healed, "healed")
        crash(t)
        t.keys("u")
        t.until(healed, "taken back")
        for key, words in PAGES:
            t.keys(key)
            t.see(words)
            t.keys("Escape")
            t.gone(words)
        t.keys("p")
        t.see("❚❚ paused")
        t.keys("p", "+")
        t.see("▶ 2.00×")
        t.keys("-")
        t.see("▶ 1.00×")
        t.keys("2")
        t.see("2 DNS")
        t.keys("2")
        t.gone("1 Map")
        t.keys("Escape")
        t.see("1 Map")
        end(t, tmp_path)


@pytest.mark.parametrize(
    ("env", "allowed"),
    [
        ("NO_COLOR=1 TERM=tmux-256color", r"0|1|2|4|7|39|49"),
        ("-u NO_COLOR -u COLORTERM TERM=screen", r"0|1|2|4|7|39|49|[349][0-7]|10[0-7]"),
    ],
    ids=["no colour", "16 colours"],
)
def test_with_few_or_no_colours_only_those_are_used_and_a_fault_is_told_in_words(env: str, allowed: str, tmp_path: Path) -> None:
    with tmux(120, 40, tmp_path) as t:
        start(t, tmp_path, f"env {env} {PROGRAM}")
        t.see(*SIZES[120, 40])
        name = crash(t)
        assert re.search(rf"✕ {name} +down", t.screen())
        coloured = t.call("capture-pane", "-e", "-p")
        used = {part for sgr in re.findall(r"\x1b\[([0-9;]*)m", coloured) for part in sgr.split(";") if part}
        assert {part for part in used if not re.fullmatch(allowed, part)} == set()
        assert "7" in used or "1" in used, "what matters stands out by more than colour"
        end(t, tmp_path)


def test_a_killed_screen_gives_the_shell_its_terminal_back(tmp_path: Path) -> None:
    """SIGKILL in a shell: it shows its prompt on the main screen, echoes what is typed, and no mouse is reported."""
    with tmux(80, 24, tmp_path) as t:
        t.run("echo before")
        t.see("before")
        start(t, tmp_path)
        t.see("p99")
        assert t.mode("alternate_on") == "1"
        screen = engines(t.mode("pane_pid"))[0]  # the shell's own child
        os.kill(int(screen), signal.SIGKILL)
        t.until(lambda _: t.mode("alternate_on") == "0", "the main screen")  # the shell may have spoken on the other one before
        t.see("before")
        t.until(lambda _: (tmp_path / "after").exists() and (tmp_path / "after").read_text(), "the shell goes on")
        t.run("echo aft''er")
        t.see("echo aft''er", "\nafter")
        t.until(lambda _: engines(t.mode("pane_pid")) == [], "no process left")
        assert (t.mode("alternate_on"), t.mode("cursor_flag"), t.mode("mouse_any_flag")) == ("0", "1", "0")
        t.run("stty -a > later")
        t.until(lambda _: (tmp_path / "later").exists() and (tmp_path / "later").read_text(), "the settings")
        assert (tmp_path / "before").read_text() == (tmp_path / "later").read_text()
