"""What brokers and workers have in common: nodes, and how loaded they are, counted operation by operation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...core import Core
from ...load import Load
from ...meter import Histogram, Meter
from ...nodes import Nodes

F8 = NDArray[np.float64]


class Watch:
    """Nodes with so many threads each; the fabric knows them as soon as there is one.

    speed_of, zone_of: as in `nodes`, as lists, for the pass from event to event. busy: thread seconds spent so far.
    """

    def __init__(self, core: Core, nodes: Nodes) -> None:
        self.core = core
        self.nodes = nodes
        self.speed_of: list[float] = []
        self.zone_of: list[int] = []
        self.known_up: list[bool] = []
        self.threads_of: list[int] = []
        self.busy: list[float] = []
        self.busy_before: F8 = np.zeros(0)
        self.utilisation: F8 = np.zeros(0)
        self.served = Meter(0)
        self.latency = Histogram(0)  # ms that an operation or job took, its wait at the node included
        self.spent_ms: list[float] = []  # since the last step, to be counted at its end
        self.spent_at: list[int] = []

    def enter(self, word: str, net: int, zone: int, threads: int) -> int:
        """A new node in the next zone in turn, unless told; its index. net: third number of addresses 10.net.x.y."""
        index = len(self.nodes)
        if not index:
            self.core.fabric.add_tier(self.nodes)
        zone = self.core.regions.zone_in_turn(index, len(self.core.fabric.zones)) if zone < 0 else zone
        self.nodes.add(f"{word}-{index + 1}", zone, f"10.{net}.{1 + index // 250}.{10 + index % 250}", now=self.core.now)
        self.speed_of.append(1.0)
        self.zone_of.append(zone)
        self.known_up.append(True)
        self.threads_of.append(threads)
        self.busy.append(0.0)
        self.busy_before = np.append(self.busy_before, 0.0)
        self.utilisation = np.append(self.utilisation, 0.0)
        self.served.grow(index + 1)
        self.latency.grow(index + 1)
        return index

    def restore_node(self, index: int) -> None:
        """A removed node comes back under its old name."""
        self.nodes.member[index] = True
        self.nodes.born[index] = self.core.now

    def work(self, index: int, took: float, busy: float) -> None:
        """An operation is planned or done that takes so many seconds in all, and so many of a thread."""
        self.busy[index] += busy
        self.spent_ms.append(took * 1e3)
        self.spent_at.append(index)

    def settle(self) -> None:
        """A step has ended: count what was done in it."""
        if self.spent_at:
            at = np.array(self.spent_at, dtype=np.int64)
            self.latency.add(np.array(self.spent_ms), at)
            self.served.add(at)
            self.spent_ms, self.spent_at = [], []

    def second(self, more: F8 | float = 0.0) -> None:
        """A virtual second has ended; more: thread seconds (n,) of what is not done yet."""
        self.served.roll()
        self.latency.roll()
        busy = np.array(self.busy) + more
        self.utilisation = np.clip((busy - self.busy_before) / np.maximum(1, np.array(self.threads_of)), 0.0, 1.0)
        self.busy_before = busy

    def load(self, in_service: list[int], waiting: list[int]) -> Load:
        """How loaded the nodes are."""
        return Load(
            utilisation=self.utilisation,
            rate=self.served.last.astype(np.float64),
            p99_ms=self.latency.last_quantile(0.99),
            workers=np.array(self.threads_of, dtype=np.int64),
            in_service=np.array(in_service, dtype=np.int64),
            waiting=np.array(waiting, dtype=np.int64),
        )

    @property
    def members(self) -> int:
        """Nodes that are part of the system."""
        return int(np.count_nonzero(self.nodes.member))
