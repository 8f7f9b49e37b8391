"""Which node keeps a key: consistent-hash ring, modulo, and the ring with bounded loads.

Nodes have names, and a number each that never changes: 0, 1, 2 ... in the order in which they first came; `owner` answers
in numbers, so that the arrays of a tier can be indexed by them while nodes come and go.  Where a name lies on the ring
depends on nothing but the name (Karger et al. 1997; points as in libketama).
"""

import math
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.policies.hashing import U4, U8, ketama_points, mix, mix_one

I2 = NDArray[np.int16]
I8 = NDArray[np.int64]


class Placement:
    """Names, weights and numbers of the nodes present; a rule of placement says who owns what.

    Raises ValueError for a name that is added twice, removed though absent, or a weight that is not positive.
    """

    name: str = ""  # the rule's row in PLACEMENT

    def __init__(self, nodes: Sequence[str] = (), virtual_nodes: int = 100, weights: Sequence[float] | None = None) -> None:
        if virtual_nodes < 1:
            raise ValueError(f"a node has at least one virtual node, not {virtual_nodes}")
        self.virtual_nodes = virtual_nodes
        self.numbers: dict[str, int] = {}  # of every node there ever was
        self.weights: dict[str, float] = {}  # of the nodes present, in order of coming
        for i, node in enumerate(nodes):
            self._enter(node, 1.0 if weights is None else weights[i])
        self._rebuild()

    def _enter(self, node: str, weight: float) -> None:
        if node in self.weights:
            raise ValueError(f"node {node!r} is there already")
        if not weight > 0:
            raise ValueError(f"node {node!r} needs a positive weight, not {weight}")
        self.numbers.setdefault(node, len(self.numbers))
        self.weights[node] = float(weight)

    @property
    def nodes(self) -> list[str]:
        """Names of the nodes present, by number."""
        return sorted(self.weights, key=self.numbers.__getitem__)

    def add(self, node: str, weight: float = 1.0) -> None:
        """A node comes (or comes back, under its old number)."""
        self._enter(node, weight)
        self._rebuild()

    def remove(self, node: str) -> None:
        """A node goes; its number is kept for it."""
        if node not in self.weights:
            raise ValueError(f"there is no node {node!r}")
        del self.weights[node]
        self._rebuild()

    def _rebuild(self) -> None:
        raise NotImplementedError

    def owner(self, keys: I8) -> I2:
        """Numbers (n,) of the nodes that own these keys (n,); ValueError if there is no node."""
        raise NotImplementedError

    def owners(self, keys: I8, n: int) -> I2:
        """(n, keys): the owner of each key and those that follow it, all different; ValueError if there are fewer nodes."""
        raise NotImplementedError

    def share(self) -> dict[str, float]:
        """Expected share of the keys of each node present; the shares sum to one."""
        raise NotImplementedError

    def _check(self, n: int) -> None:
        if not 1 <= n <= len(self.weights):
            raise ValueError(f"{n} different owners wanted of {len(self.weights)} nodes")


class Ring(Placement):
    """Consistent hashing: a key belongs to the first point at or after its hash on a circle of 2**32."""

    name = "ring"

    def __init__(self, nodes: Sequence[str] = (), virtual_nodes: int = 100, weights: Sequence[float] | None = None) -> None:
        self._drawn: dict[str, U4] = {}
        super().__init__(nodes, virtual_nodes, weights)

    def _rebuild(self) -> None:
        """Points of all nodes, ascending; two nodes on one point are ordered by name, not by who came first."""
        points: list[U4] = []
        numbers: list[I2] = []
        for node in sorted(self.weights):
            mine = self._points_of(node)
            points.append(mine)
            numbers.append(np.full(mine.size, self.numbers[node], dtype=np.int16))
        every = np.concatenate(points) if points else np.empty(0, dtype=np.uint32)
        order = every.argsort(kind="stable")
        self.points: U4 = every[order]
        self.at: I2 = np.concatenate(numbers)[order] if numbers else np.empty(0, dtype=np.int16)
        self._followers: dict[int, I2] = {}

    def _points_of(self, node: str) -> U4:
        """A node's points, computed once: md5 is nearly all of the cost of a change of the ring."""
        wanted = max(1, round(self.virtual_nodes * self.weights[node]))
        known = self._drawn.get(node)
        if known is None or known.size != wanted:
            known = self._drawn[node] = ketama_points(node, wanted)
        return known

    def _place(self, keys: I8) -> I8:
        """Index (n,) of the point that each key belongs to; past the last point the circle begins again."""
        hashes = (mix(keys) >> np.uint64(32)).astype(np.uint32)
        index = self.points.searchsorted(hashes)
        index[index == self.points.size] = 0
        return index

    def owner(self, keys: I8) -> I2:
        self._check(1)
        return self.at[self._place(keys)]

    def owners(self, keys: I8, n: int) -> I2:
        self._check(n)
        chosen: I2 = self._distinct(n)[:, self._place(keys)]
        return chosen

    def _distinct(self, n: int) -> I2:
        """(n, points): the first n different nodes met from each point on, computed once per change of the ring."""
        known = self._followers.get(n)
        if known is None:
            at = self.at.tolist()
            rows: list[list[int]] = [[]] * len(at)
            ahead: list[int] = []
            for turn in (0, 1):  # the first turn only learns what follows the last point
                for i in range(len(at) - 1, -1, -1):
                    ahead = [at[i], *(node for node in ahead if node != at[i])][:n]
                    if turn:
                        rows[i] = ahead
            known = self._followers[n] = np.array(rows, dtype=np.int16).T.copy()
        return known

    def share(self) -> dict[str, float]:
        self._check(1)
        arcs = np.diff(self.points.astype(np.int64), prepend=int(self.points[-1]) - (1 << 32))
        total = np.bincount(self.at, weights=arcs, minlength=len(self.numbers)) / float(1 << 32)
        return {node: float(total[self.numbers[node]]) for node in self.nodes}


class Modulo(Placement):
    """Hash modulo the number of nodes: perfectly even, and nearly every key moves when that number changes.

    Weights and virtual nodes mean nothing here: the rule has no place for them.
    """

    name = "modulo"

    def _rebuild(self) -> None:
        self.at: I2 = np.array([self.numbers[node] for node in self.nodes], dtype=np.int16)

    def owner(self, keys: I8) -> I2:
        self._check(1)
        return self.at[self._place(keys)]

    def owners(self, keys: I8, n: int) -> I2:
        self._check(n)
        chosen: I2 = self.at[(self._place(keys)[None, :] + np.arange(n)[:, None]) % self.at.size]
        return chosen

    def _place(self, keys: I8) -> I8:
        hashes: U8 = mix(keys)
        return (hashes % np.uint64(self.at.size)).astype(np.int64)

    def share(self) -> dict[str, float]:
        self._check(1)
        return {node: 1.0 / self.at.size for node in self.nodes}


class BoundedRing(Ring):
    """Consistent hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam, arXiv 1608.01350), one item at a time."""

    name = "bounded"

    def _rebuild(self) -> None:
        super()._rebuild()
        self._point_list: list[int] = self.points.tolist()
        self._at_list: list[int] = self.at.tolist()

    def assign(self, key: int, loads: Sequence[int], c: float = 1.25) -> int:
        """Number of the node that takes one more item: the first from the key's point on whose load is below its bound.

        loads: items each node holds now, by number (the caller adds the new one). c > 1: no load exceeds c times the mean,
        new item included, as soon as that leaves room for one item more than the mean; until then none exceeds the mean
        rounded up.
        """
        self._check(1)
        if not c > 1.0:
            raise ValueError(f"the bound must exceed the mean load: c > 1, not {c}")
        n = len(self.weights)
        items = sum(loads[self.numbers[node]] for node in self.weights) + 1
        bound = max(math.floor(c * items / n), -(-items // n))  # n * bound >= items: there is room somewhere
        start = bisect_left(self._point_list, mix_one(key) >> 32)
        at = self._at_list
        for i in range(start, start + len(at)):
            node = at[i % len(at)]
            if loads[node] < bound:
                return node
        raise AssertionError("bounds sum to at least the items, so one node is below its bound")


PLACEMENT: dict[str, type[Placement]] = {rule.name: rule for rule in (Ring, Modulo, BoundedRing)}
