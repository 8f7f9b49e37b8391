"""Policies that send a user to the same node every time: IP hash and consistent hash, plain and with bounded loads.

Weights and slow start mean nothing to them: a user's place is not a matter of degree.
"""

from __future__ import annotations

import numpy as np

from engine.policies.balancing.base import I8, Backends, BlindPolicy
from engine.policies.balancing.feedback import FeedbackPolicy, Loads
from engine.policies.hashing import mix
from engine.policies.placement import BoundedRing, Ring

POINTS = 160  # ketama: points of a server on the ring


class IpHash(BlindPolicy):
    """Hash of the user modulo the number of eligible nodes: one node less and nearly everybody moves.

    (HAProxy's map-based `balance source`; a user has one address here.)
    """

    name = "ip_hash"
    title = "IP hash"
    asks_who = True

    def assign(self, user: I8, backends: Backends) -> I8:
        return backends.eligible[(mix(user) % np.uint64(len(backends.eligible))).astype(np.int64)]


def follow(ring: Ring, eligible: list[int]) -> None:
    """Let the ring hold exactly the eligible nodes, by the names "0", "1", ...; nothing else on it moves."""
    wanted = {str(node) for node in eligible}
    for name in ring.nodes:
        if name not in wanted:
            ring.remove(name)
    present = set(ring.nodes)
    for node in eligible:
        if str(node) not in present:
            ring.add(str(node))


def indexes(ring: Ring) -> I8:
    """Node index by ring number."""
    index = np.full(len(ring.numbers), -1, dtype=np.int64)
    for name, number in ring.numbers.items():
        index[number] = int(name)
    return index


class ConsistentHash(BlindPolicy):
    """The first node on a ring from the user's place on: one node less and only its users move (Karger et al. 1997)."""

    name = "consistent_hash"
    title = "consistent hash"
    asks_who = True

    def __init__(self, rng: np.random.Generator, load_bound: float = 1.25) -> None:
        super().__init__(rng, load_bound)
        self.ring = Ring((), POINTS)
        self.members: list[int] = []
        self.index: I8 = np.empty(0, dtype=np.int64)

    def assign(self, user: I8, backends: Backends) -> I8:
        eligible = backends.eligible.tolist()
        if eligible != self.members:
            follow(self.ring, eligible)
            self.members, self.index = eligible, indexes(self.ring)
        return self.index[self.ring.owner(user)]


class BoundedLoads(FeedbackPolicy):
    """Consistent hash, but a node at its bound passes the user on to the next (arXiv 1608.01350).

    The bound is `load_bound` times the mean number of open connections, the new one included (HAProxy:
    hash-balance-factor, 125-200 advised), and never less than the mean rounded up.
    """

    name = "bounded_loads"
    title = "consistent hash, bounded loads"
    asks_who = True

    def __init__(self, rng: np.random.Generator, load_bound: float = 1.25) -> None:
        super().__init__(rng, load_bound)
        self.ring = BoundedRing((), POINTS)
        self.position: list[int] = []  # place among the eligible, by ring number
        self.members: list[int] = []

    def prepare(self, user: I8, loads: Loads) -> list[tuple[int, int]]:
        if loads.nodes != self.members:
            follow(self.ring, loads.nodes)
            place = {node: position for position, node in enumerate(loads.nodes)}
            self.position = [place.get(int(node), -1) for node in indexes(self.ring).tolist()]
            self.members = list(loads.nodes)
        return [(one, 0) for one in user.tolist()]

    def pick(self, loads: Loads, lot: tuple[int, int]) -> int:
        by_number = [loads.open[place] if place >= 0 else 0 for place in self.position]
        # One more than the mean must fit, or a quiet tier could not take its first request: assign() sees to it.
        return self.position[self.ring.assign(lot[0], by_number, max(self.load_bound, 1.0 + 1e-9))]
