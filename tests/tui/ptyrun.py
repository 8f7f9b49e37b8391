"""A program on a pseudo-terminal of a given size, whose other end answers as a terminal does, fast or slowly."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = str(Path(__file__).parents[2])  # for programs that start elsewhere


class Terminal:
    """`output` is all that the program wrote. speed: bytes a second that the line takes, 0 for no limit."""

    def __init__(
        self, command: Sequence[str], size: tuple[int, int] = (120, 40), speed: float = 0.0, env: dict[str, str] | None = None
    ) -> None:
        self.output = b""
        self.speed = speed
        self._answered = 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(
                    command[0],
                    list(command),
                    {**os.environ, "PYTHONPATH": ROOT, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})},
                )
            finally:
                os._exit(127)
        self.resize(*size)

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def type(self, keys: bytes) -> None:
        os.write(self.fd, keys)

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Read and answer for so long, or until something is so; whether it is."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            if not select.select([self.fd], [], [], 0.02)[0]:
                continue
            try:
                part = os.read(self.fd, 4096 if not self.speed else max(1, int(self.speed / 50)))
            except OSError:
                break
            if not part:
                break
            self.output += part
            if self.speed:
                time.sleep(len(part) / self.speed)
            asked = self.output.count(b"\x1b[6n")
            if asked > self._answered:
                with contextlib.suppress(OSError):
                    os.write(self.fd, b"\x1b[1;1R" * (asked - self._answered))
                self._answered = asked
        return until()

    def wait(self, seconds: float = 8.0) -> int | None:
        """The exit status (128 + n for a signal that killed it), or None if it still runs."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            self.run(0.02)
        return None

    def cpu(self) -> float:
        """Seconds of CPU that the program has used."""
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.fd)
        if self.pid:
            with contextlib.suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def screen_program(*arguments: str) -> list[str]:
    """The command that runs `ptyapp.py`."""
    return [sys.executable, os.path.join(os.path.dirname(__file__), "ptyapp.py"), *arguments]
