"""Running rows side by side on two cores, and the table that is printed of what came out."""

from __future__ import annotations

import difflib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence

from .base import Check
from .table import ROWS, Value, attempt, changed

PROCESSES = 2
WIDEST = 22  # characters of a figure that is a text
HEADER = ("id", "what", "expected", "measured", "tolerance", "verdict", "source")
FIGURES = ("expected", "measured")  # aligned to the right


def chosen(names: Sequence[str]) -> list[str]:
    """Ids of rows (all, if none is named) in the table's order; ValueError in one sentence for one that does not exist."""
    wanted = [name.upper() for name in names]
    for name in wanted:
        if name not in ROWS:
            close = difflib.get_close_matches(name, ROWS, n=3, cutoff=0.3)
            hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(ROWS)}."
            raise ValueError(f"there is no row {name!r}; {hint}")
    return [name for name in ROWS if not wanted or name in wanted]


def settings(names: Sequence[str], pairs: Sequence[str]) -> dict[str, Value]:
    """Other parameters for the only row asked for, from "name=value" words; ValueError in one sentence."""
    asked: dict[str, str] = {}
    for pair in pairs:
        key, equals, word = pair.partition("=")
        if not equals:
            raise ValueError(f"{pair!r} sets nothing; write name=value")
        asked[key.strip()] = word.strip()
    if asked and len(names) != 1:
        raise ValueError("other parameters are for one row at a time; name that row")
    return changed(ROWS[names[0]], asked) if asked else {}


def run(names: Sequence[str], values: Mapping[str, Value], progress: Callable[[float], None] | None = None) -> list[Check]:
    """Checks of these rows in the table's order; the longest begin first. progress: told the cost of what is done so far."""
    jobs = sorted(names, key=lambda name: -ROWS[name].cost)
    found: dict[str, tuple[Check, ...]] = {}
    done = 0.0
    for name, checks in _results(jobs, values):
        found[name] = checks
        done += ROWS[name].cost
        if progress is not None:
            progress(done)
    return [check for name in names for check in found[name]]


def _results(jobs: Sequence[str], values: Mapping[str, Value]) -> Iterable[tuple[str, tuple[Check, ...]]]:
    processes = min(PROCESSES, os.cpu_count() or 1, len(jobs))
    if processes < 2:
        for name in jobs:
            yield name, attempt(name, values)
        return
    # spawned, not forked: the parent may have threads of its own. Leaving the block ends the children, an interrupt too.
    with multiprocessing.get_context("spawn").Pool(processes, _deaf) as pool:
        yield from pool.imap_unordered(_job, [(name, dict(values)) for name in jobs])


def _deaf() -> None:
    """The parent hears the keyboard's interrupt and ends its children."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _job(job: tuple[str, dict[str, Value]]) -> tuple[str, tuple[Check, ...]]:
    return job[0], attempt(*job)


def cost(names: Sequence[str]) -> float:
    """About how many seconds of a core these rows take."""
    return sum(ROWS[name].cost for name in names)


def _figure(value: float | str) -> str:
    text = value if isinstance(value, str) else f"{value:.5g}" if isinstance(value, float) else str(value)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def table(checks: Sequence[Check]) -> str:
    """Plain aligned lines; under a check that failed its parameters and what a naive simulator would show."""
    lines = [HEADER] + [
        (c.id, c.what, _figure(c.expected), _figure(c.measured), c.tolerance, c.verdict, c.source) for c in checks
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
    told: list[str] = []
    for number, line in enumerate(lines):
        padded = enumerate(zip(line, widths, strict=True))
        cells = [cell.rjust(width) if HEADER[i] in FIGURES else cell.ljust(width) for i, (cell, width) in padded]
        told.append("  ".join(cells).rstrip())
        if number and checks[number - 1].verdict != "ok":
            failed = checks[number - 1]
            told.append(f"      with {failed.parameters or 'no parameters'}; measured {failed.measured}")
            told.append(f"      a simulator without the mechanism would show: {failed.naive}")
    good = sum(check.verdict == "ok" for check in checks)
    seconds = sum({check.id: check.seconds for check in checks}.values())
    told.append(f"{good} of {len(checks)} checks ok, {seconds:.0f} s of work")
    return "\n".join(told)
