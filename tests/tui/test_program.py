"""The whole program on a pseudo-terminal, screen and real engine: it opens, attaches, and every end leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
from pathlib import Path
from time import monotonic

import pytest
from ptyrun import Terminal

PROGRAM = [sys.executable, "-c", "from tui.cli import main; main(prog_name='scaletop')"]


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def engines(pid: int) -> list[int]:
    """The engines among a screen's children."""
    return [child for child in children(pid) if b"serve" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")]


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def last_words(terminal: Terminal) -> str:
    """What is left on the terminal after the screen."""
    return re.sub(r"\x1b\[[0-9;?<>]*[a-zA-Z]", "", terminal.output.decode().rpartition("\x1b[?1049l")[2]).strip()


def in_order(terminal: Terminal) -> bool:
    """Lines, echo and keys for signals as a shell wants them; cursor shown, mouse off, on the main screen."""
    local = termios.tcgetattr(terminal.fd)[3]
    left = terminal.output[terminal.output.rindex(b"\x1b[?1049h") :]
    modes = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?2004l")
    return all(local & flag for flag in (termios.ECHO, termios.ICANON, termios.ISIG)) and all(mode in left for mode in modes)


@pytest.mark.parametrize("key", [b"q", b"\x03"], ids=["q", "ctrl-c"])
def test_a_key_ends_screen_and_engine(key: bytes) -> None:
    with Terminal(PROGRAM, (80, 24)) as terminal:
        assert terminal.run(60, lambda: b"p99" in terminal.output)
        (engine,) = engines(terminal.pid)
        terminal.type(key)
        assert terminal.wait(15) == 0
        assert in_order(terminal)
        assert not running(engine)
        assert last_words(terminal) == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_screen_and_engine(number: signal.Signals) -> None:
    with Terminal(PROGRAM, (80, 24)) as terminal:
        assert terminal.run(60, lambda: b"p99" in terminal.output)
        (engine,) = engines(terminal.pid)
        os.kill(terminal.pid, number)
        assert terminal.wait(15) == 128 + number
        assert in_order(terminal)
        assert not running(engine)


def test_a_killed_screen_leaves_no_process_and_the_terminal_in_order() -> None:
    with Terminal(PROGRAM, (80, 24)) as terminal:
        assert terminal.run(60, lambda: b"p99" in terminal.output)
        family = children(terminal.pid)
        assert len(family) == 2, "the engine, and who puts the terminal back"
        assert not in_order(terminal)
        os.kill(terminal.pid, signal.SIGKILL)
        assert terminal.wait() == 128 + signal.SIGKILL
        end = monotonic() + 15
        while any(map(running, family)) and monotonic() < end:
            terminal.run(0.05)
        assert not any(map(running, family))
        terminal.run(0.2)
        assert in_order(terminal)
        assert last_words(terminal) == ""


def test_a_killed_engine_leaves_no_broken_terminal() -> None:
    with Terminal(PROGRAM, (80, 24)) as terminal:
        assert terminal.run(60, lambda: b"p99" in terminal.output)
        os.kill(engines(terminal.pid)[0], signal.SIGKILL)
        assert terminal.wait(15) == 1
        assert in_order(terminal)
        assert last_words(terminal).startswith("scaletop: the engine")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("nosuch", None, "scaletop: there is no scenario 'nosuch'; `scaletop list` shows them."),
        ("defualt", None, "did you mean default"),
        ("./broken.toml", "title = 3 4\n", "./broken.toml, line 1: "),
        ("./unknown.toml", "[web]\nnods = 3\n", "./unknown.toml, line 2: unknown key `web.nods`; did you mean `nodes`?"),
    ],
)
def test_a_scenario_that_cannot_be_used_is_one_sentence_and_the_terminal_untouched(
    name: str, text: str | None, says: str, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    command = ["sh", "-c", f'cd {tmp_path} && exec "$@"', "sh", *PROGRAM, name]
    with Terminal(command, (120, 24)) as terminal:
        assert terminal.wait(30) == 2
        assert says in terminal.output.decode()
        assert terminal.output.startswith(b"scaletop: ")
        assert terminal.output.count(b"\n") == 1
        assert b"\x1b" not in terminal.output


def test_what_only_the_engine_sees_is_status_2_too(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text('title = "odd"\n[balancer]\npolicy = "best"\n')
    with Terminal([*PROGRAM, str(tmp_path / "odd.toml")], (120, 24)) as terminal:
        assert terminal.wait(30) == 2
        assert "odd" in last_words(terminal)


def test_a_second_screen_attaches_and_leaves_the_engine_running(tmp_path: Path) -> None:
    env = {"XDG_RUNTIME_DIR": str(tmp_path)}
    with Terminal([*PROGRAM, "--listen", "here"], (80, 24), env=env) as owner:
        assert owner.run(60, lambda: b"p99" in owner.output)
        with Terminal([*PROGRAM, "attach", "here", "--view"], (100, 30), env=env) as second:
            assert second.run(60, lambda: b"p99" in second.output)
            second.type(b"q")
            assert second.wait(15) == 0
        (engine,) = engines(owner.pid)
        assert running(engine)
        owner.type(b"q")
        assert owner.wait(15) == 0
