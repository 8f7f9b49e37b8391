"""Row Q2: the operational laws on the sample path of every queue of every shipped scenario, faults and scripts included.

The engine keeps sums. Here every arrival, start and end is noted beside them, and the numbers inside and in service are laid
out event by event; the areas under these two courses must be the sums (Little 1961: the integral of N is the sum of the times
inside; Denning and Buzen 1978: the integral of the busy workers is the sum of the services), and what came must be what left,
was turned away, was lost, or is still there.
"""

from __future__ import annotations

import numpy as np

from ..checks.flow import stations_of
from ..queueing import Stations
from ..queueing.jobs import BoolArray, Departures, FloatArray, IntArray, Job
from ..queueing.totals import Totals
from ..scenarios.file import load, shipped
from ..world import World
from .base import Finding, around, exact
from .worlds import F8, go

Stay = tuple[FloatArray, FloatArray, FloatArray, IntArray]  # when it came, began (nan: never), left; where: (n,) each


class Noted(Totals):
    """A tier's sums, which go on as ever, and beside them a note of every stay that ended."""

    __slots__ = ("came", "refused", "stays")

    def __init__(self, nodes: int) -> None:
        super().__init__(0.0)
        self.came = 0
        self.refused = 0
        self.stays: list[Stay] = []
        for _ in range(nodes):
            self.add_node()

    def arrive(self, t: FloatArray, node: IntArray, accepted: BoolArray) -> None:
        """Arrivals at times t (s), (n,)."""
        self.came += t.size
        self.refused += int(np.count_nonzero(~accepted))
        super().arrive(t, node, accepted)

    def depart(self, gone: Departures, end: float) -> None:
        """Departures before `end` (s)."""
        self.stays.append((gone.arrival.copy(), gone.start.copy(), gone.finish.copy(), gone.node.copy()))
        super().depart(gone, end)

    def abort(self, jobs: list[Job], now: float, *, crashed: bool) -> None:
        """Jobs that end unfinished at `now` (s)."""
        self.stays.append(_unfinished(jobs, now))
        super().abort(jobs, now, crashed=crashed)


def _unfinished(jobs: list[Job], now: float) -> Stay:
    """Stays that are cut off at `now`."""
    start = np.array([job[3] for job in jobs], dtype=np.float64)
    came = np.array([job[4] for job in jobs], dtype=np.float64)
    node = np.array([job[2] for job in jobs], dtype=np.int64)
    return came, np.where(start < now, start, np.nan), np.full(start.size, now), node


def _area(ups: F8, downs: F8) -> float:
    """Integral (s) of the number that `ups` (n,) raises and `downs` (n,) lowers by one each."""
    t = np.concatenate([ups, downs])
    order = np.argsort(t, kind="stable")
    number = np.cumsum(np.where(order < ups.size, 1, -1))
    return float(np.dot(number[:-1], np.diff(t[order]))) if t.size else 0.0


def _laws(stations: Stations, noted: Noted, now: float) -> tuple[float, float, int]:
    """Of a tier: relative errors of Little's law and of utilisation, node by node the worst; jobs that are not accounted for."""
    inside = _unfinished(list(stations.core.jobs()), now)
    came, start, left, node = (np.concatenate(column) for column in zip(*noted.stays, inside, strict=True))
    sums, busy, worst = noted.now, stations.busy_seconds(now), np.zeros(2)
    for number in range(len(stations)):
        here = node == number
        served = here & ~np.isnan(start)
        areas = _area(came[here], left[here]), _area(start[served], left[served])
        for law, (area, told) in enumerate(zip(areas, (sums.presence[number], busy[number]), strict=True)):
            worst[law] = np.maximum(worst[law], abs(area - told) / max(area, 1e-3))  # keeps what is no number
        times = float((left[here] - came[here]).sum())
        worst[0] = np.maximum(worst[0], abs(areas[0] - times) / max(times, 1e-3))
    ended = sum(stay[0].size for stay in noted.stays)
    return float(worst[0]), float(worst[1]), noted.came - noted.refused - ended - inside[0].size


def q2(seconds: float = 40.0, scenarios: str = "", tolerance: float = 1e-9, seed: int = 7) -> tuple[Finding, ...]:
    """Little, utilisation and conservation at every node; scenarios: one shipped scenario by its name, or all of them."""
    found = []
    for name in [scenarios] if scenarios else list(shipped()):
        world = World(load(name), seed)
        notes: list[tuple[Stations, Noted]] = []
        for _, stations in stations_of(world):
            noted = Noted(len(stations))
            stations.totals = noted
            notes.append((stations, noted))
        go(world, seconds)
        laws = [_laws(stations, noted, world.now) for stations, noted in notes]
        ledger = world.core.ledger
        open_ = int(ledger.arrived.sum[0]) - int(ledger.outcomes.sum[1:].sum()) - ledger.in_flight
        found += [
            around(f"{name}: Little, worst node", 0.0, max(law[0] for law in laws), tolerance),
            around(f"{name}: busy time, worst node", 0.0, max(law[1] for law in laws), tolerance),
            exact(f"{name}: unaccounted for", 0, sum(abs(law[2]) for law in laws) + abs(open_)),
        ]
    return tuple(found)
