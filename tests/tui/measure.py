"""Measures the screen on the real engine, on a pseudo-terminal: `python tests/tui/measure.py [WHAT ...]`.

first: time to the first drawn cell and to the first figures; cpu: CPU of the screen process and bytes to the terminal at speed
1; keys: from a key to what it opens (the filter), engine saturated (speed 0); slow20, slow5: the same over lines of 20
and 5 kB/s; page5: over 5 kB/s while a repaint of all cells is under way.
Not a test: what it says hangs on the machine. Its results are in docs/screen.md.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from time import monotonic

from ptyrun import Terminal
from test_program import PROGRAM, engines

SIZE = (120, 40)
READY = b"p99"


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(*arguments: str, speed: float = 0.0) -> Terminal:
    """The program, with its first figures on the screen."""
    terminal = Terminal([*PROGRAM, *arguments], SIZE, speed=speed)
    if not terminal.run(120, lambda: READY in terminal.output):
        raise SystemExit("the program did not start")
    terminal.run(3)
    return terminal


def cpu(seconds: float = 20.0) -> dict[str, float]:
    with start() as terminal:
        (engine,) = engines(terminal.pid)
        before, engine_before, sent, since = terminal.cpu(), cpu_of(engine), len(terminal.output), monotonic()
        terminal.run(seconds)
        took = monotonic() - since
        return {
            "screen % of a core": 100 * (terminal.cpu() - before) / took,
            "engine % of a core": 100 * (cpu_of(engine) - engine_before) / took,
            "kB/s": (len(terminal.output) - sent) / took / 1e3,
            "frames/s": terminal.output[sent:].count(b"\x1b[6n") / took,
        }


def first(times: int = 5) -> dict[str, float]:
    cells, figures = [], []
    for _ in range(times):
        since = monotonic()
        with Terminal(PROGRAM, SIZE) as terminal:
            terminal.run(60, lambda t=terminal: b"engine" in t.output)
            cells.append(monotonic() - since)
            terminal.run(60, lambda t=terminal: READY in t.output)
            figures.append(monotonic() - since)
            terminal.type(b"q")
            terminal.wait()
    return {"first paint s": sorted(cells)[times // 2], "first figures s": sorted(figures)[times // 2]}


def keys(times: int, line: float = 0.0, *, before: bytes = b"") -> dict[str, float]:
    """The filter is asked for and left; ms until its words came out of the far end of the line.

    before: a key that opens a page, which Escape then leaves, so that a repaint of all cells is under way when the key comes.
    """
    took = []
    with start("--speed", "0", speed=line) as terminal:
        for n in range(times):
            for key in (before, b"\x1b") if before else ():
                terminal.type(key)
                terminal.run(0.5)
            at, since = len(terminal.output), monotonic()
            terminal.type(b"/")
            if not terminal.run(20, lambda at=at: b"Show only" in terminal.output[at:]):
                raise SystemExit("a key was lost")
            took.append(1e3 * (monotonic() - since))
            terminal.type(b"\x1b")
            terminal.run((1.5 if line else 0.5) + n % 5 / 25)  # gone from the terminal too, or nothing would be written anew
    took.sort()
    return {"p50 ms": took[len(took) // 2], "p99 ms": took[min(len(took) - 1, int(len(took) * 0.99))], "keys": times}


MEASURES: dict[str, Callable[[], dict[str, float]]] = {
    "first": first,
    "cpu": cpu,
    "keys": lambda: keys(100),
    "slow20": lambda: keys(20, 20_000),
    "slow5": lambda: keys(15, 5_000),
    "page5": lambda: keys(10, 5_000, before=b"?"),
}


def main() -> None:
    for name in sys.argv[1:] or MEASURES:
        values = MEASURES[name]()
        load = f"load average {os.getloadavg()[0]:.1f}"
        sys.stdout.write(f"{name:8} {json.dumps({k: round(v, 2) for k, v in values.items()})} {load}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
