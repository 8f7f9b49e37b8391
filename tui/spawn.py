"""Starts the engine that belongs to this screen, and makes sure that it ends with it.

The two are tied by a pair of sockets: when this process ends, however it ends, the kernel closes our side and the engine
leaves. So call this before anything slow is imported (Textual takes longer to load than the engine to start), and import
nothing slow in here.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

_ROOT = Path(__file__).resolve().parents[1]  # where the package `engine` is
_LEAVE, _TERM = 2.0, 1.0  # seconds that the engine has to leave by itself, and after SIGTERM


class Engine:
    """A running engine of ours: its process and our side of the sockets (`link`, not blocking). A context manager."""

    def __init__(self, process: subprocess.Popen[bytes], link: socket.socket, words: IO[bytes]) -> None:
        self.process = process
        self.link = link
        self._words = words
        atexit.register(self.end)

    def end(self) -> int:
        """End the engine if it runs; its exit status. May be called twice."""
        with contextlib.suppress(OSError):
            self.link.shutdown(socket.SHUT_RDWR)  # even if a copy of the descriptor is open elsewhere
        self.link.close()
        for patience, number in ((_LEAVE, signal.SIGTERM), (_TERM, signal.SIGKILL)):
            try:
                return self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self.process.send_signal(number)
        status = self.process.wait()
        atexit.unregister(self.end)
        return status

    def last_words(self) -> str:
        """The last line that the engine wrote before it ended (it writes nothing else), or ""."""
        with contextlib.suppress(OSError, ValueError):
            size = self._words.seek(0, os.SEEK_END)
            self._words.seek(max(0, size - 4096))
            lines = self._words.read().decode("utf-8", "replace").strip().splitlines()
            return lines[-1].removeprefix("scaletop: ") if lines else ""
        return ""

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def spawn(arguments: Sequence[str] = (), command: Sequence[str] = ("-m", "engine", "serve")) -> Engine:
    """Start an engine with these arguments of `serve` and return at once; `Client.of` speaks with it.

    It gets a session of its own, so that keys for signals and a hang-up reach only the screen, and never our terminal: what
    it writes goes to a file without a name.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    words = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the engine)
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", *command, "--owner-fd", str(theirs.fileno()), *arguments],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        )
    ours.setblocking(False)
    return Engine(process, ours, words)
