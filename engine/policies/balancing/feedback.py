"""Policies that look at how the nodes fare: least connections, power of two choices, least response time.

They decide one request at a time, on the connections open at that very moment.
"""

from __future__ import annotations

from abc import abstractmethod
from math import isnan

import numpy as np

from engine.policies.balancing.base import F8, I8, Backends, Closes, Policy

# Weight of a new response time in the running mean: that of TCP's smoothed round-trip time (RFC 6298, alpha = 1/8).
ALPHA = 0.125


class Loads:
    """The eligible nodes while a batch is decided: lists by position among them.

    open: open connections. cost: what one more connection costs, 1 / weight unless the policy says otherwise.
    score = (open + 1) * cost: with the new connection counted, so that of two idle nodes the stronger is chosen.
    """

    __slots__ = ("cost", "nodes", "open", "place", "score", "weight")

    def __init__(self, backends: Backends, open_counts: list[int]) -> None:
        self.nodes: list[int] = backends.eligible.tolist()
        self.place = {node: position for position, node in enumerate(self.nodes)}
        self.open = [open_counts[node] for node in self.nodes]
        self.weight: list[float] = backends.pull().tolist()
        self.cost = [1.0 / weight for weight in self.weight]
        self.score = [(n + 1) * cost for n, cost in zip(self.open, self.cost, strict=True)]

    def change(self, position: int, by: int) -> None:
        """One connection more or less."""
        n = self.open[position] = self.open[position] + by
        self.score[position] = (n + 1) * self.cost[position]

    def price(self, position: int, cost: float) -> None:
        """Another cost for a node."""
        self.cost[position] = cost
        self.score[position] = (self.open[position] + 1) * cost


class FeedbackPolicy(Policy):
    """A loop over arrivals and closes; a policy fills in how it picks. learns: does it look at response times?"""

    learns = False

    def _choose(self, t: F8, user: I8, backends: Backends, open_counts: list[int], closes: Closes) -> I8:
        loads = Loads(backends, open_counts)
        lots = self.prepare(user, loads)
        nodes, opened, score, cost, pick, close = loads.nodes, loads.open, loads.score, loads.cost, self.pick, self.close
        ends = list(zip(closes.time.tolist(), closes.node.tolist(), closes.seconds.tolist(), strict=True))
        ends.reverse()
        chosen: list[int] = []
        for at, lot in zip(t.tolist(), lots, strict=True):
            while ends and ends[-1][0] <= at:
                _, node, seconds = ends.pop()
                close(loads, open_counts, node, seconds)
            position = pick(loads, lot)
            # As Loads.change, in line: this is the hottest loop of the tier.
            n = opened[position] = opened[position] + 1
            score[position] = (n + 1) * cost[position]
            node = nodes[position]
            open_counts[node] += 1
            chosen.append(node)
        while ends:
            _, node, seconds = ends.pop()
            close(loads, open_counts, node, seconds)
        return np.array(chosen, dtype=np.int64)

    def close(self, loads: Loads, open_counts: list[int], node: int, seconds: float) -> None:
        """A connection to a node of the tier, eligible or not, ends after a response time of `seconds` (NaN: none)."""
        open_counts[node] -= 1
        position = loads.place.get(node, -1)
        if position >= 0:
            loads.change(position, -1)
        if self.learns and not isnan(seconds):
            self.measure(loads, node, position, seconds)

    def measure(self, loads: Loads, node: int, position: int, seconds: float) -> None:
        """Learn from a response time (s); position -1 = the node is not eligible."""

    def prepare(self, user: I8, loads: Loads) -> list[tuple[int, int]]:
        """What each pick is given, drawn or computed for the whole batch at once."""
        del loads
        return [(0, 0)] * len(user)

    @abstractmethod
    def pick(self, loads: Loads, lot: tuple[int, int]) -> int:
        """Position of the node for the next request."""


class LeastConnections(FeedbackPolicy):
    """Fewest open connections for its weight; equals in turn."""

    name = "least_connections"
    title = "least connections"

    def __init__(self, rng: np.random.Generator, load_bound: float = 1.25) -> None:
        super().__init__(rng, load_bound)
        self.turn = 0

    def pick(self, loads: Loads, lot: tuple[int, int]) -> int:
        del lot
        score = loads.score
        least = min(score)
        first = score.index(least)
        if first < self.turn and least in score[self.turn :]:
            first = score.index(least, self.turn)
        self.turn = first + 1
        return first


class LeastResponseTime(LeastConnections):
    """Least (open + 1) x mean response time / weight; the mean is exponentially weighted over what was measured.

    A node that was never measured counts as the mean of the others: with no cost it would draw everything to it.
    """

    name = "least_response_time"
    title = "least response time"
    learns = True

    def __init__(self, rng: np.random.Generator, load_bound: float = 1.25) -> None:
        super().__init__(rng, load_bound)
        self.mean: dict[int, float] = {}

    def prepare(self, user: I8, loads: Loads) -> list[tuple[int, int]]:
        known = [self.mean[node] for node in loads.nodes if node in self.mean]
        typical = sum(known) / len(known) if known else 1.0
        for position, node in enumerate(loads.nodes):
            loads.price(position, self.mean.get(node, typical) / loads.weight[position])
        return super().prepare(user, loads)

    def measure(self, loads: Loads, node: int, position: int, seconds: float) -> None:
        old = self.mean.get(node, seconds)
        mean = self.mean[node] = old + ALPHA * (seconds - old)
        if position >= 0:
            loads.price(position, mean / loads.weight[position])


class TwoChoices(FeedbackPolicy):
    """The better of two different nodes drawn by lot (Mitzenmacher 2001; HAProxy: random(2))."""

    name = "two_choices"
    title = "power of two choices"

    def prepare(self, user: I8, loads: Loads) -> list[tuple[int, int]]:
        n = len(loads.nodes)
        lots = self.rng.random((len(user), 2))
        first = (lots[:, 0] * n).astype(np.int64)
        second = (lots[:, 1] * max(1, n - 1)).astype(np.int64)
        # The second is drawn among the others: those from the first on move up by one.
        second = np.where(n > 1, second + (second >= first), first)
        return list(zip(first.tolist(), second.tolist(), strict=True))

    def pick(self, loads: Loads, lot: tuple[int, int]) -> int:
        first, second = lot
        return second if loads.score[second] < loads.score[first] else first
