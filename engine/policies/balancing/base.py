"""What a balancing policy is given and what it answers.

A policy decides for a whole batch in order of time. Those that need no feedback do it in a few numpy calls; the others see
connections open and close one by one, in a plain loop over arrivals and closes merged by time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from operator import add, sub
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class Backends(NamedTuple):
    """Who may be chosen. eligible: (m,) node indexes, ascending. weight, ramp: (n,) per node of the tier.

    weight: configured share, > 0. ramp: slow-start factor in (0, 1], 1 = warmed up. even: all are known to be warmed up.
    """

    eligible: I8
    weight: F8
    ramp: F8
    even: bool = False

    def pull(self) -> F8:
        """Effective weights of the eligible nodes, (m,)."""
        return self.weight[self.eligible] * self.ramp[self.eligible]


class Closes(NamedTuple):
    """Connections that end in this step, sorted by (time, id) if the policy looks at them: time s, node index, response time s
    (NaN: no answer came of it); (c,) each."""

    time: F8
    node: I8
    seconds: F8


_NONE = Closes(np.empty(0), np.empty(0, dtype=np.int64), np.empty(0))


def no_closes() -> Closes:
    """Nothing ends."""
    return _NONE


def everyone(n: int) -> Backends:
    """n equal nodes, all eligible."""
    return Backends(np.arange(n, dtype=np.int64), np.ones(n), np.ones(n))


class Policy(ABC):
    """One policy with its state, which is plain values: it can be saved and goes on where it was.

    rng: the generator of the balancer, for policies that draw. load_bound: c of bounded loads.
    """

    name: str = ""
    title: str = ""
    asks_who: bool = False  # does it look at who asks

    def __init__(self, rng: np.random.Generator, load_bound: float = 1.25) -> None:
        self.rng = rng
        self.load_bound = load_bound

    def choose(self, t: F8, user: I8, backends: Backends, open_counts: list[int], closes: Closes) -> I8:
        """A node for each request, (k,) indexes; -1 for all when nobody is eligible.

        t: (k,) s, sorted. user: (k,) ids, or any (k,) if the policy does not ask who. open_counts: open connections per
        node of the tier, brought up to date in place: one more for each choice, one less for each close.
        """
        if len(backends.eligible):
            node = self._choose(t, user, backends, open_counts, closes)
        else:
            node = np.full(len(t), -1, dtype=np.int64)
            count(open_counts, closes.node, -1)
        return node

    @abstractmethod
    def _choose(self, t: F8, user: I8, backends: Backends, open_counts: list[int], closes: Closes) -> I8:
        """The same with at least one eligible node."""


def count(open_counts: list[int], node: I8, change: Literal[1, -1]) -> None:
    """Add `change` to the count of every node in `node`, repeats included."""
    if len(node) < len(open_counts):
        for index in node.tolist():
            open_counts[index] += change
        return
    times = np.bincount(node, minlength=len(open_counts))
    open_counts[:] = map(add if change > 0 else sub, open_counts, times.tolist())


class BlindPolicy(Policy):
    """A policy that needs to know nothing of how the nodes fare."""

    def _choose(self, t: F8, user: I8, backends: Backends, open_counts: list[int], closes: Closes) -> I8:
        del t
        node = self.assign(user, backends)
        count(open_counts, node, 1)
        count(open_counts, closes.node, -1)
        return node

    @abstractmethod
    def assign(self, user: I8, backends: Backends) -> I8:
        """A node for each of the users' requests, in order, (k,)."""
