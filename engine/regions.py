"""Regions: which zone is in which, and where the users' way in is. One front door for all, or one in every region."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .config import Scenario
from .nodes import Nodes

I8 = NDArray[np.int64]

PUBLIC_ADDRESS = "203.0.113.10"  # TEST-NET-3 (RFC 5737): the site's front door
_NEXT = "203.0.113.{}"  # of the region with number i: 10 + 10 i


class Regions:
    """names: in order of the first zone of each. of_zone: (zones,) number of a zone's region. doors: how many ways in there are.

    addresses: the public address of each door. zone: the first zone of each door's region. caches, invalidate, spill, read_near:
    as the scenario's table has them until somebody changes them. active: by region, does anything stand there, or may; leaving:
    is it being left.
    """

    def __init__(self, config: Scenario) -> None:
        zones: Sequence[str] = [zone.region for zone in config.network.zones]
        self.names = list(dict.fromkeys(zones))
        self.of_zone: I8 = np.array([self.names.index(region) for region in zones], dtype=np.int64)
        self.fronts = config.regions.fronts and len(self.names) > 1
        part = config.regions
        self.caches: str = part.caches
        self.invalidate: str = part.invalidate
        self.spill, self.read_near = part.spill, part.read_near
        self.doors = len(self.names) if self.fronts else 1
        self.addresses = [PUBLIC_ADDRESS, *(_NEXT.format(10 + 10 * i) for i in range(1, self.doors))]
        self.zone = [zones.index(name) for name in self.names[: self.doors]]
        self.active = [not (self.fronts and name in part.reserve) for name in self.names]
        self.leaving = [False] * len(self.names)

    def zone_in_turn(self, number: int, count: int) -> int:
        """The zone of a tier's node with this number: one after the other of `count`, of those in active regions."""
        if all(self.active):
            return number % count
        zones = [zone for zone, region in enumerate(self.of_zone.tolist()) if self.active[region]]
        return zones[number % len(zones)]

    def of(self, nodes: Nodes) -> I8:
        """Regions of a tier's nodes, (n,)."""
        return self.of_zone[nodes.zone[: len(nodes)]]

    def door_of(self, nodes: Nodes, index: int) -> int:
        """The door that a node stands behind: its region's, or the only one."""
        return int(self.of_zone[nodes.zone[index]]) if self.fronts else 0

    def zones_of(self, region: int) -> list[int]:
        """The zones of a region."""
        return [zone for zone, of in enumerate(self.of_zone.tolist()) if of == region]
