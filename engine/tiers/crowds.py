"""Crowds that faults send: on one key, to read or to write it, and scrapers who read what nobody else wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..draws import Shares, poisson_times
from ..flights import Kind

if TYPE_CHECKING:
    from .traffic import Traffic


def first_route(traffic: Traffic, kind: Kind) -> int:
    """The first route that reads (or writes), else the first of all."""
    found = (traffic.route_kind == kind).nonzero()[0]
    return int(found[0]) if found.size else 0


def crowds(traffic: Traffic, total: float, shares: Shares) -> None:
    """Who comes in this window beside the ordinary users, of whom `total` a second come from the cities by `shares`."""
    core, ills = traffic.core, traffic.core.ills
    read, write = Kind.READ, Kind.WRITE
    for wanted, kind in ((traffic.flash, read), (ills.write_floods, write)):
        for key, extra in wanted.items():
            t = poisson_times(traffic.rng, total * extra, core.start, core.end)
            if t.size:
                traffic.come(t, shares, np.full(t.size, key, dtype=np.int64), first_route(traffic, kind))
    if ills.scrapers:
        t = poisson_times(traffic.rng, total * ills.scrapers, core.start, core.end)
        if t.size:
            keys = traffic.rng.integers(0, core.config.traffic.keys, t.size)
            traffic.come(t, shares, keys, first_route(traffic, read))
