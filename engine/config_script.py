"""Tables of a scenario that speak of its course: what is promised, what happens when, what must have come out."""

from __future__ import annotations

from typing import Literal

from .config_base import Name, Positive, Seconds, Share, Table

__all__ = ["Goal", "Slo", "Step"]


class Slo(Table, frozen=True):
    """The promise: this share of requests right and within `latency` over the last `window` seconds."""

    target: Share = 0.999
    latency: Positive = 1.0
    window: Positive = 3_600.0


class Step(Table, frozen=True):
    """One scripted deed: at a virtual time, a fault, a heal or an option; `lasts` > 0 heals it afterwards."""

    at: Seconds
    fault: str = ""
    target: str = ""
    amount: float | None = None
    lasts: Seconds = 0.0
    heal: str = ""
    option: str = ""
    value: str | float | bool = ""
    add: str = ""
    remove: str = ""
    resize: str = ""  # a node; `value` is the size, "up" or "down" ("" = up)
    deploy: str = ""  # of static objects: all, tag:3, key:7
    purge: str = ""
    separate: Literal["", "out", "back"] = ""  # the database from the web server's machine, or back to it
    say: str = ""
    climb: Literal["", "up", "back"] = ""


class Goal(Table, frozen=True):
    """What must have come out at the end: `metric` (a dotted path of the JSON record) within [least, most].

    after/before (seconds) restrict windowed metrics (p99_ms, error_share, goodput, hit_share) to a part of the run.
    """

    metric: Name
    least: float | None = None
    most: float | None = None
    after: Seconds = 0.0
    before: Seconds = 0.0
    why: str = ""
