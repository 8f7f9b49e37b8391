"""What a row of the self-check is, and how a figure is judged: exactly, within a share, within a band."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """One figure: what it is, what theory says, what the engine did, how far off it may be, whether it is."""

    what: str
    expected: float | str
    measured: float | str
    tolerance: str
    good: bool


class Check(msgspec.Struct, frozen=True):
    """A finding with everything that there is to tell about it. verdict: "ok" or "FAILED"; seconds: of the whole row."""

    id: str
    what: str
    parameters: str
    expected: float | str
    measured: float | str
    tolerance: str
    verdict: str
    source: str
    naive: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Row:
    """A row: `run` takes its parameters by name, all with defaults, and returns its findings.

    naive: what a simulator that draws the textbook's figure without its mechanism would show. cost: seconds it takes, about.
    """

    id: str
    title: str
    run: Callable[..., tuple[Finding, ...]]
    source: str
    naive: str
    cost: float = 1.0


def within(what: str, expected: float, measured: float, share: float) -> Finding:
    """Good if the measured figure is at most `share` of the expected one away from it."""
    return Finding(what, expected, measured, f"{share:.2%}".replace(".00", ""), abs(measured - expected) <= share * abs(expected))


def around(what: str, expected: float, measured: float, distance: float) -> Finding:
    """Good if the measured figure is at most `distance` away."""
    return Finding(what, expected, measured, f"+- {distance:g}", abs(measured - expected) <= distance)


def band(what: str, expected: float | str, measured: float, low: float, high: float) -> Finding:
    """Good within [low, high]."""
    return Finding(what, expected, measured, f"[{low:.4g}, {high:.4g}]", low <= measured <= high)


def exact(what: str, expected: float | str, measured: float | str) -> Finding:
    """Good if equal."""
    return Finding(what, expected, measured, "exact", expected == measured)
