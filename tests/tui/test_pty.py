"""On a real pseudo-terminal: what is written is only what a screen may write, every way out leaves the terminal whole."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys

import pytest
from ptyrun import Terminal, screen_program

# Everything that the screen may send. A name out of the engine with an escape sequence in it would show here.
ALLOWED = re.compile(
    r"\x1b\[[0-9;]*m"  # colours and attributes
    r"|\x1b\[\d+;\d+H"  # cursor placement
    r"|\x1b\[6n"  # pacing
    r"|\x1b\[\?(?:1049|25|1000|1002|1003|1004|1006|1015|1016|2004|2026|2048|7)[hl]"  # modes
    r"|\x1b\[\?(?:2026|2048)\$p"  # are they known?
    r"|\x1b\[[<>]\d*u"  # key reporting
    r"|\x1b\]22;[a-z]*(?:\x1b\\|\x07)"  # pointer shape
    r"|[^\x00-\x1f\x7f-\x9f]"
    r"|[\r\n]"
)
LEFT = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l")


def strangers(output: bytes) -> list[str]:
    """What no allowed sequence covers."""
    return [part for part in ALLOWED.sub("", output.decode()).split() if part]


def assert_restored(output: bytes) -> None:
    tail = output[output.rindex(b"\x1b[?1049h") :]
    for sequence in LEFT:
        assert sequence in tail, sequence


def test_a_session_writes_nothing_strange_and_q_puts_everything_back() -> None:
    with Terminal(screen_program(), (100, 30)) as terminal:
        assert terminal.run(20, lambda: b"p99" in terminal.output)
        for keys in (b"\x1b[B", b"f", b"\x1b", b"?", b"\x1b", b"z", b"T", b"l", b"\x1b"):
            terminal.type(keys)
            terminal.run(0.3)
        terminal.resize(60, 20)
        terminal.run(0.5)
        terminal.type(b"q")
        assert terminal.wait() == 0
        assert strangers(terminal.output) == []
        assert_restored(terminal.output)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_order(number: signal.Signals) -> None:
    with Terminal(screen_program(), (80, 24)) as terminal:
        assert terminal.run(20, lambda: b"p99" in terminal.output)
        os.kill(terminal.pid, number)
        assert terminal.wait() == 128 + number
        assert_restored(terminal.output)


@pytest.mark.parametrize("deaf", [False, True], ids=["hang-up", "hang-up ignored"])
def test_a_terminal_that_is_gone_ends_it(deaf: bool) -> None:
    """With SIGHUP ignored a lost terminal would otherwise spin for ever."""
    command = screen_program()
    if deaf:
        command = ["sh", "-c", f"trap '' HUP; exec {' '.join(command)}"]
    with Terminal(command, (80, 24)) as terminal:
        assert terminal.run(20, lambda: b"p99" in terminal.output)
        os.close(terminal.fd)
        terminal.fd = os.open(os.devnull, os.O_RDWR)
        assert terminal.wait(12) is not None


def test_on_a_slow_line_a_key_is_answered_while_charts_scroll() -> None:
    """5 kB/s; unpaced stock output would be 46 s behind."""
    with Terminal(screen_program(), (120, 40), speed=5000) as terminal:
        assert terminal.run(40, lambda: b"\x1b[6n" in terminal.output and b"p99" in terminal.output)
        terminal.run(3)
        before = len(terminal.output)
        terminal.type(b"?")
        assert terminal.run(6, lambda: b"Look around" in terminal.output[before:])


def test_without_colour_no_colour_is_sent() -> None:
    with Terminal(screen_program("trouble", "mono"), (80, 24), env={"NO_COLOR": "1"}) as terminal:
        assert terminal.run(20, lambda: b"p99" in terminal.output)
        terminal.type(b"f")
        terminal.run(0.5)
        used = {part for sgr in re.findall(rb"\x1b\[([0-9;]*)m", terminal.output) for part in sgr.split(b";")}
        assert used <= {b"", b"0", b"1", b"2", b"4", b"7", b"39", b"49"}, used


def test_without_a_terminal_it_says_so_in_one_sentence() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "from tui.cli import main; main()"], check=False, capture_output=True, stdin=subprocess.DEVNULL
    )
    assert found.returncode == 2
    assert found.stdout == b""
    assert found.stderr.decode().startswith("scaletop: there is no terminal here")
    assert found.stderr.count(b"\n") == 1
    assert b"\x1b" not in found.stderr


def test_with_its_errors_sent_elsewhere_it_does_not_draw_there() -> None:
    """`scaletop 2> file`: keys and output are a terminal, but the picture would go into the file."""
    ours, theirs = pty.openpty()
    try:
        found = subprocess.run(
            [sys.executable, "-c", "from tui.cli import main; main()"],
            check=False, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, timeout=60,
        )  # fmt: skip
    finally:
        os.close(ours)
        os.close(theirs)
    assert found.returncode == 2
    assert found.stderr.decode().startswith("scaletop: there is no terminal here")
    assert b"\x1b" not in found.stderr


def test_exported_sizes_do_not_freeze_the_screen() -> None:
    with Terminal(screen_program(), (90, 25), env={"COLUMNS": "40", "LINES": "10"}) as terminal:
        assert terminal.run(20, lambda: b"p99" in terminal.output)
        assert b"\x1b[25;1H" in terminal.output, "the last row is drawn"
