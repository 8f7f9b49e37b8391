"""The nodes of one tier as arrays: who they are, where they stand, and what is wrong with them at the moment.

Configuration (name, zone, address, workers) changes only by scaling. Everything under "effects" is derived: it is reset and
built anew from the list of active faults whenever that list changes, so that heal restores exactly what was there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .machines import Plan

B = NDArray[np.bool_]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class Nodes:
    """n nodes; arrays are (n,). Indexes are stable: a removed node keeps its index with `member` False."""

    def __init__(self, tier: str, plan: Plan | None = None) -> None:
        self.tier = tier
        self.plan = plan  # what its machines are; None: they are none of ours
        self.names: list[str] = []
        self.numbers: dict[str, int] = {}  # name -> index
        self.addresses: list[str] = []
        self.group: list[str] = []  # shard of a database node, else ""
        self.zone: NDArray[np.int16] = np.empty(0, dtype=np.int16)
        self.zones = 1  # how many there are
        self.row: I8 = np.empty(0, dtype=np.int64)  # where a table (from zone, to zone), laid flat, has this node as sender
        self.column: I8 = np.empty(0, dtype=np.int64)  # and as receiver: the sum of both is the place
        self.member: B = np.empty(0, dtype=np.bool_)  # still part of the system
        self.draining: B = np.empty(0, dtype=np.bool_)
        self.born: F8 = np.empty(0)  # when it joined or last restarted, seconds
        self.size: list[str] = []  # a row of engine.machines.SIZES, "" = not one of our machines
        self.pace: F8 = np.empty(0)  # speed of its workers' clocks while no fault acts
        self.booting: B = np.empty(0, dtype=np.bool_)  # restarts in another size
        self.guest: B = np.empty(0, dtype=np.bool_)  # lives on a machine of another tier, which has the price
        # effects of active faults
        self.up: B = np.empty(0, dtype=np.bool_)  # the process runs
        self.speed: F8 = np.empty(0)  # 1 nominal, 0 frozen
        self.error_rate: F8 = np.empty(0)  # share of requests the application answers with 500
        self.extra_s: F8 = np.empty(0)  # added to each packet from or to it, seconds one way
        self.loss: F8 = np.empty(0)  # share of packets lost from or to it
        self.event: NDArray[np.int32] = np.empty(0, dtype=np.int32)  # event that explains what is wrong, 0 = nothing

    def __len__(self) -> int:
        return len(self.names)

    def add(self, name: str, zone: int, address: str, group: str = "", now: float = 0.0) -> int:
        """A new node; returns its index."""
        assert name not in self.numbers, f"node {name} exists"
        self.numbers[name] = len(self.names)
        self.names.append(name)
        self.addresses.append(address)
        self.group.append(group)
        size = "" if self.plan is None else self.plan.size
        self.size.append(size)
        for attr, value in (
            ("zone", zone),
            ("member", True),
            ("draining", False),
            ("born", now),
            ("pace", 1.0 if self.plan is None else self.plan.pace_of(size)),
            ("booting", False),
            ("guest", False),
            ("up", True),
            ("speed", 1.0),
            ("error_rate", 0.0),
            ("extra_s", 0.0),
            ("loss", 0.0),
            ("event", 0),
        ):
            old = getattr(self, attr)
            setattr(self, attr, np.append(old, np.asarray([value], dtype=old.dtype)))
        self.lay_flat(self.zones)
        return len(self.names) - 1

    def lay_flat(self, zones: int) -> None:
        """Know how many zones there are, and where flat tables over zones speak of these nodes."""
        self.zones = zones
        self.column = self.zone.astype(np.int64)
        self.row = self.column * zones

    def index(self, name: str) -> int:
        """Index of a node by name; -1 if there is none."""
        return self.numbers.get(name, -1)

    def reset_effects(self) -> None:
        """No fault acts."""
        self.up[:] = ~self.booting
        self.speed[:] = 1.0
        self.error_rate[:] = 0.0
        self.extra_s[:] = 0.0
        self.loss[:] = 0.0
        self.event[:] = 0

    def clock(self, index: int) -> float:
        """Speed of a node's workers: its machine's own, and what faults leave of it."""
        return float(self.speed[index]) * float(self.pace[index])

    def price(self, index: int) -> float:
        """Dollars an hour of a node's machine."""
        return 0.0 if self.guest[index] else self.plan_price(self.size[index])

    def plan_price(self, size: str) -> float:
        """Dollars an hour of a machine of this size here."""
        return 0.0 if self.plan is None else self.plan.price_of(size)

    @property
    def serving(self) -> B:
        """Members whose process runs and is not frozen, (n,) bool."""
        return self.member & self.up & (self.speed > 0.0)
