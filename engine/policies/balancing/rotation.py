"""Policies that take the nodes in turn or by lot: round robin, smooth weighted round robin, random."""

from __future__ import annotations

import numpy as np

from engine.policies.balancing.base import I8, Backends, BlindPolicy


class SmoothTurns:
    """nginx's smooth weighted round robin: 5, 1, 1 gives a a b a c a a, never five in a row.

    Every node gains its weight each turn; the one with most, the first of equals, is chosen and pays the sum of all.
    """

    __slots__ = ("credit",)

    def __init__(self) -> None:
        self.credit: dict[int, float] = {}

    def take(self, nodes: list[int], weights: list[float], turns: int) -> I8:
        """The next `turns` choices among `nodes`, (turns,) indexes."""
        credit = [self.credit.get(node, 0.0) for node in nodes]
        total = sum(weights)
        chosen: list[int] = []
        for _ in range(turns):
            credit = [have + gain for have, gain in zip(credit, weights, strict=True)]
            best = credit.index(max(credit))
            credit[best] -= total
            chosen.append(nodes[best])
        self.credit.update(zip(nodes, credit, strict=True))
        return np.array(chosen, dtype=np.int64)


class RoundRobin(BlindPolicy):
    """All in turn, weights ignored; a node in slow start takes its turns at its ramp."""

    name = "round_robin"
    title = "round robin"

    def __init__(self, rng: np.random.Generator, load_bound: float = 1.25) -> None:
        super().__init__(rng, load_bound)
        self.last = -1
        self.turns = SmoothTurns()

    def assign(self, user: I8, backends: Backends) -> I8:
        eligible = backends.eligible
        ramp = backends.ramp if backends.even else backends.ramp[eligible]
        if not backends.even and ramp.min() < ramp.max():
            node = self.turns.take(eligible.tolist(), ramp.tolist(), len(user))
        else:
            first = int(eligible.searchsorted(self.last, side="right"))
            turns = np.empty((-(-(first + len(user)) // eligible.size), eligible.size), dtype=np.int64)
            turns[:] = eligible
            node = turns.reshape(-1)[first : first + len(user)]
        if len(node):
            self.last = int(node[-1])
        return node


class WeightedRoundRobin(BlindPolicy):
    """All in turn by weight, smoothly (nginx)."""

    name = "weighted_round_robin"
    title = "weighted round robin"

    def __init__(self, rng: np.random.Generator, load_bound: float = 1.25) -> None:
        super().__init__(rng, load_bound)
        self.turns = SmoothTurns()

    def assign(self, user: I8, backends: Backends) -> I8:
        return self.turns.take(backends.eligible.tolist(), backends.pull().tolist(), len(user))


class Random(BlindPolicy):
    """By lot, in proportion to the weights."""

    name = "random"
    title = "random"

    def assign(self, user: I8, backends: Backends) -> I8:
        pull = backends.pull()
        edges = np.cumsum(pull)
        lot: I8 = np.searchsorted(edges, self.rng.random(len(user)) * edges[-1], side="right")
        return backends.eligible.take(np.minimum(lot, len(pull) - 1))
