"""Local caches: each region's web servers use the nodes of their own region, which know nothing of what the others hold.

Fast, and out of step: a key has a home in every region. A write reaches the home in its own region at once and the others after
the way there, or not at all, as `regions.invalidate` says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...nodes import Nodes
from ...regions import Regions
from .homes import I8, Homes


class RegionalHomes(Homes):
    """parts: one ring (or modulo, or pair) a region; a node is a member of its own region's only."""

    def __init__(self, mode: str, virtual_nodes: int, keys: int, regions: Regions, nodes: Nodes) -> None:
        self.regions, self.nodes = regions, nodes
        self.parts = [Homes(mode, virtual_nodes, keys) for _ in regions.names]
        super().__init__(mode, virtual_nodes, keys)

    def rebuild(self, mode: str, virtual_nodes: int) -> None:
        """Another rule of placement in every region."""
        for part in self.parts:
            part.rebuild(mode, virtual_nodes)
        super().rebuild(mode, virtual_nodes)

    def add(self, names: Sequence[str]) -> None:
        """Nodes that the clients of their regions believe in from now on."""
        for name in names:
            here = int(self.regions.of_zone[self.nodes.zone[len(self.names)]])
            for region, part in enumerate(self.parts):
                part.add([name])
                if region != here:
                    part.set_member(len(part.names) - 1, False)
            super().add([name])

    def set_member(self, node: int, member: bool) -> bool:
        """The clients of its region eject a node or take it back; False if they had done so already."""
        self.parts[int(self.regions.of_zone[self.nodes.zone[node]])].set_member(node, member)
        return super().set_member(node, member)

    def near(self, keys: I8, region: I8) -> I8:
        """(copies, n): nodes that hold these keys (n,) in these regions (n,); -1 where a region has none."""
        out = np.full((max([part.copies for part in self.parts], default=0), keys.size), -1, dtype=np.int64)
        for number, part in enumerate(self.parts):
            if part.copies and (mine := (region == number).nonzero()[0]).size:
                found = part.owners(keys[mine])
                for copy in range(out.shape[0]):
                    out[copy, mine] = found[min(copy, part.copies - 1)]
        return out

    def elsewhere(self, keys: I8, region: I8) -> list[I8]:
        """For each other region than the given ones (n,): the nodes (n,) that hold these keys there, -1 for none."""
        count = len(self.parts)
        return [row for by in range(1, count) for row in self.near(keys, (region + by) % count)]

    def shares(self) -> list[float]:
        """Share of its own region's keys that each node is home to."""
        out = [0.0] * len(self.names)
        for part in self.parts:
            for node, share in enumerate(part.shares()):
                out[node] += share
        return out

    def home(self, key: int) -> int:
        """The node that owns this key in the first region that has one; -1 if there is no member."""
        return next((home for part in self.parts if (home := part.home(key)) >= 0), -1)
