"""The real program, screen and engine, in a real tmux: what is on the screen, a fault and its log line, what is left.

One session a size; skipped where there is no tmux.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
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


FIRST = {
    (80, 24): ("p99", "SLO 99.9 %", "1 Map", "web ×6", "data ×12", "203.0.113.10", "f fault", "? help"),
}


@pytest.mark.parametrize("size", FIRST, ids=lambda size: f"{size[0]}x{size[1]}")
def test_first_screen_fault_log_heal_and_a_clean_end(size: tuple[int, int], tmp_path: Path) -> None:
    with tmux(*size, tmp_path) as t:
        t.call(
            "send-keys", "-l", f"cd {shlex.quote(str(tmp_path))}; stty -a > before; {PROGRAM}; echo status $?; stty -a > after"
        )
        t.keys("Enter")
        shown = t.see(*FIRST[size])
        assert all(len(line) <= size[0] for line in shown.splitlines())
        assert t.mode("alternate_on") == "1"
        t.keys("f")
        t.see("what shall break?", "crash", "kill the primary")
        t.keys("c")
        t.see("web-1 crashed", "1 down")
        t.keys("l")
        t.see("Log ─", "you f c", "web-1 crashed", "└─")
        t.keys("Escape")
        t.gone("Esc: back")
        t.keys("h")
        t.until(lambda shown: "1 down" not in shown and re.search(r"Map ─ 23 up", shown), "healed")
        t.keys("q")
        shown = t.see("status 0")
        assert "1 Map" not in shown, "the alternate screen is left"
        assert (t.mode("alternate_on"), t.mode("cursor_flag"), t.mode("mouse_any_flag")) == ("0", "1", "0")
        t.until(lambda _: (tmp_path / "after").exists(), "the shell goes on")
        assert (tmp_path / "before").read_text() == (tmp_path / "after").read_text()
        assert engines(t.mode("pane_pid")) == []
