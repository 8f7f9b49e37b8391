"""What all tiers share: the clock's present window, the requests, the network, the log, the counters, the generators."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from .config import Scenario
from .draws import least
from .fabric import Fabric
from .flights import Flights
from .ills import Ills
from .ledger import Ledger
from .log import EventLog
from .regions import Regions
from .tracer import Tracer


def generator(seed: int, name: str) -> np.random.Generator:
    """The generator of one part of the world, by name: adding a part does not change the numbers of another."""
    key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(key & 0xFFFFFFFF, key >> 32))))


class Core:
    """The shared context. During a step, `start` and `end` bound the window [start, end) in virtual seconds.

    The loop of cache and database is taken in `parts` of a step, `part_dt` seconds each, one after the other.
    """

    def __init__(self, config: Scenario, seed: int, fabric: Fabric) -> None:
        self.config = config
        self.seed = seed
        self.dt = config.step_ms / 1e3
        self.parts = config.loop_parts
        self.part_dt = self.dt / self.parts
        self.step_no = 0
        self.start = 0.0
        self.end = 0.0
        self.least_db_work = min(least(config.database.read), least(config.database.write))  # of any request, s at speed 1
        self.flights = Flights()
        self.fabric = fabric
        self.ills = Ills()
        self.regions = Regions(config)
        self.log = EventLog()
        self.ledger = Ledger(len(config.route), max(1, int(config.slo.window)))
        self.tracer = Tracer()

    def open_window(self) -> None:
        """The next step begins: times derive from the integer step, so they never drift."""
        self.start = self.step_no * self.config.step_ms / 1e3
        self.end = (self.step_no + 1) * self.config.step_ms / 1e3
        self.fabric.now = self.start

    def open_part(self, part: int) -> None:
        """The window shrinks to one of the step's `parts`; `open_window` widens it again."""
        self.open_window()
        start, end = self.start, self.end
        self.start = start + part * self.part_dt
        self.end = end if part == self.parts - 1 else start + (part + 1) * self.part_dt

    def not_before(self, moment: float, t: NDArray[np.float64], slots: NDArray[np.int64]) -> NDArray[np.float64]:
        """Times (n,) at which rows (n,) learn what went round a loop: none before `moment`, so that no turn adds to the last.

        Who should have learnt it earlier is counted as late, and has waited (look-ahead rule).
        """
        if not t.size or t.min() >= moment:
            return t
        behind = np.maximum(moment - t, 0.0)
        self.ledger.late.add_one(0, int(np.count_nonzero(behind)))
        self.flights.wait[slots] += behind
        return np.maximum(t, moment)

    def close_window(self) -> None:
        """The step is done."""
        self.step_no += 1

    @property
    def now(self) -> float:
        """Virtual seconds at the last step boundary."""
        return self.step_no * self.config.step_ms / 1e3
