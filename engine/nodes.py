"""The nodes of one tier as arrays: who they are, where they stand, and what is wrong with them at the moment.

Configuration (name, zone, address, workers) changes only by scaling. Everything under "effects" is derived: it is reset and
built anew from the list of active faults whenever that list changes, so that heal restores exactly what was there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

B = NDArray[np.bool_]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class Nodes:
    """n nodes; arrays are (n,). Indexes are stable: a removed node keeps its index with `member` False."""

    def __init__(self, tier: str) -> None:
        self.tier = tier
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
        for attr, value in (
            ("zone", zone),
            ("member", True),
            ("draining", False),
            ("born", now),
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
        self.up[:] = True
        self.speed[:] = 1.0
        self.error_rate[:] = 0.0
        self.extra_s[:] = 0.0
        self.loss[:] = 0.0
        self.event[:] = 0

    @property
    def serving(self) -> B:
        """Members whose process runs and is not frozen, (n,) bool."""
        return self.member & self.up & (self.speed > 0.0)
