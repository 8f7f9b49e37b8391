"""Puts the terminal back for a screen that was killed (SIGKILL, out of memory) and could not do it itself.

A small process waits at the other end of a pipe. A screen that ends by itself says so and the guard leaves; if the pipe ends
without a word, the screen is gone as it stood, and the guard leaves the alternate screen in its place. It is forked before the
engine is started and anything slow is imported, and has a session of its own: no key, hang-up or signal to the screen's
group reaches it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from . import terminal

__all__ = ["farewell", "guarded"]

_ours: list[int] = []  # our end of the pipe, while there is a guard
_LEAST, _MOST = 3, 256  # descriptors that the guard lets go of, so that it holds nobody's connection open


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """While this lasts, somebody sees to the terminal if this process is killed. Call it before there are threads."""
    saved = terminal.save()
    reading, writing = os.pipe()
    guard = os.fork()
    if guard == 0:
        try:
            _wait(reading, saved)
        finally:
            os._exit(0)
    os.close(reading)
    _ours.append(writing)
    try:
        yield
    finally:
        farewell()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(guard, 0)


def farewell() -> None:
    """This process ends, and the terminal is in order. May be called twice."""
    while _ours:
        pipe = _ours.pop()
        with contextlib.suppress(OSError):
            os.write(pipe, b".")
        os.close(pipe)


def _wait(reading: int, saved: list[object] | None) -> None:
    """The guard: until the screen says farewell, or is gone."""
    os.setsid()
    os.dup2(reading, _LEAST)
    os.closerange(_LEAST + 1, _MOST)
    if not os.read(_LEAST, 1):
        terminal.restore(saved if terminal.is_raw() else None)  # a shell may have seen to its settings already
