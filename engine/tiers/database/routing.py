"""What the web servers' database drivers believe: who the primary is, which replicas answer, whose turn it is.

Drivers of one zone share one belief. A node that refused or did not answer is left alone for a while, then tried again.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

B = NDArray[np.bool_]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

FEW = 48  # rows up to which a loop gives turns faster than arrays do (measured)
RECHECK_S = 10.0  # pgJDBC: hostRecheckSeconds, default 10


class Routing:
    """believed: (z, s) primary node; pool, size: (z, s, m) replicas to read from and (z, s) how many; turn: by shard."""

    def __init__(self, zones: int) -> None:
        self.believed: I8 = np.full((zones, 0), -1, dtype=np.int64)
        self.pool: I8 = np.zeros((zones, 0, 1), dtype=np.int64)
        self.size: I8 = np.zeros((zones, 0), dtype=np.int64)
        self.turn: list[int] = []
        self.shunned: F8 = np.zeros((zones, 0))  # until when, seconds, per node
        self.recheck_at = np.inf
        self.changed = False

    def add_shard(self) -> None:
        """One more shard; its primary is to be told by `believe`."""
        zones = self.believed.shape[0]
        self.believed = np.concatenate([self.believed, np.full((zones, 1), -1, dtype=np.int64)], axis=1)
        self.turn.append(0)

    def add_node(self) -> None:
        """One more node."""
        self.shunned = np.concatenate([self.shunned, np.zeros((self.shunned.shape[0], 1))], axis=1)

    def believe(self, shard: int, zones: Iterable[int], primary: int) -> None:
        """The drivers of these zones learn who the primary is."""
        for zone in zones:
            self.believed[zone, shard] = primary

    def shun(self, zone: I8, node: I8, t: F8) -> None:
        """Drivers in `zone` (n,) could not reach `node` (n,) at t (n,)."""
        np.maximum.at(self.shunned, (zone, node), t + RECHECK_S)
        self.changed = True

    def rebuild(self, replicas: list[list[int]], now: float, read_from: str, near: B | None = None) -> None:
        """Pools from the replicas of each shard: those not shunned; if none is left, the primary.

        near: (zones, nodes), whom drivers of a zone ask before all others; None = nobody is nearer.
        """
        zones = self.believed.shape[0]
        wide = max([1, *map(len, replicas)])
        self.pool = np.zeros((zones, len(replicas), wide), dtype=np.int64)
        self.size = np.ones((zones, len(replicas)), dtype=np.int64)
        for shard, nodes in enumerate(replicas):
            for zone in range(zones):
                use = [n for n in nodes if self.shunned[zone, n] <= now] if read_from == "replicas" else []
                if near is not None:
                    use = [n for n in use if near[zone, n]] or use
                use = use or [int(self.believed[zone, shard])]
                self.size[zone, shard] = len(use)
                self.pool[zone, shard, : len(use)] = use
        later = self.shunned[self.shunned > now]
        self.recheck_at = float(later.min()) if later.size else np.inf
        self.changed = False

    def stale(self, now: float) -> bool:
        """Are the pools older than what the drivers know?"""
        return self.changed or now >= self.recheck_at

    def cell(self, zone: NDArray[np.int16], shard: NDArray[np.int16]) -> I8:
        """Where drivers of zones (n,) look for shards (n,): the place in the flat tables of `write_to` and `read_at`."""
        place: I8 = zone * np.int64(self.believed.shape[1]) + shard
        return place

    def write_to(self, cell: I8) -> I8:
        """Nodes (n,) for writes."""
        node: I8 = self.believed.reshape(-1)[cell]
        return node

    def read_at(self, cell: I8, shard: NDArray[np.int16]) -> I8:
        """Nodes (n,) for reads, in order: round robin per shard."""
        wide = self.pool.shape[2]
        turn = self._turns(shard) % self.size.reshape(-1)[cell]
        node: I8 = self.pool.reshape(-1)[cell * wide + turn]
        return node

    def _turns(self, shard: NDArray[np.int16]) -> I8:
        """The turn (n,) of each row at its shard."""
        if shard.size <= FEW:
            turns, mine = self.turn, []
            for s in shard.tolist():
                mine.append(turns[s])
                turns[s] += 1
            return np.array(mine, dtype=np.int64)
        before = np.array(self.turn, dtype=np.int64)
        count = np.bincount(shard, minlength=before.size)
        order = shard.argsort(kind="stable")
        turn = np.empty(shard.size, dtype=np.int64)
        turn[order] = np.arange(shard.size) + np.repeat(before - (count.cumsum() - count), count)
        self.turn = (before + count).tolist()
        return turn

    def at_one_node(self, zone: int, shard: int) -> tuple[int, int]:
        """(where reads go, where writes go) for drivers of a zone; -1 for reads that take turns."""
        alone = int(self.size[zone, shard]) == 1
        return int(self.pool[zone, shard, 0]) if alone else -1, int(self.believed[zone, shard])

    def other(self, zone: int, shard: int, node: int) -> int:
        """Another node to read from than `node`: the next of the pool, else the primary; -1 if there is none."""
        pool = self.pool[zone, shard, : self.size[zone, shard]].tolist()
        if node in pool and len(pool) > 1:
            return int(pool[(pool.index(node) + 1) % len(pool)])
        others = [n for n in pool if n != node]
        primary = int(self.believed[zone, shard])
        return int(others[0]) if others else primary if primary != node else -1
