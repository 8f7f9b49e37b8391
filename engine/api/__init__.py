"""The mechanisms by themselves, for others to check: caches, rings, balancers, queues, whole worlds.

    from engine import api
    api.eviction("lru", 1_000).access(key)            # True for a hit
    api.ring(["a", "b", "c"], 100).owner(keys)        # a node number for each key
    api.balancer("two_choices", 10).simulate(t, work) # start, finish, node
    api.fifo(arrivals, services, workers=4)           # departures
    api.world("default", seed=7).run(10.0)            # a running system

Times are seconds. What makes no sense is refused with a ValueError of one sentence.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..policies.balancing import BALANCING, Closes, Policy, everyone, no_closes, simulate_cluster
from ..policies.eviction import EVICTION, EvictionPolicy
from ..policies.placement import PLACEMENT, BoundedRing, Placement
from ..queueing import Stations
from .cache import TtlCache
from .system import System, world

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
T = TypeVar("T")

__all__ = ["Balancing", "Placed", "System", "TtlCache", "balancer", "eviction", "fifo", "ring", "ttl_cache", "world"]


def _row(table: Mapping[str, T], name: str, what: str) -> T:
    if name not in table:
        close = difflib.get_close_matches(name, table, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(table)}."
        raise ValueError(f"there is no {what} {name!r}; {hint}")
    return table[name]


def _numbers(values: ArrayLike, what: str) -> F8:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or not np.isfinite(found).all() or (found < 0).any():
        raise ValueError(f"{what} are finite numbers >= 0 in one row")
    return found


def _times(values: ArrayLike, what: str) -> F8:
    found = _numbers(values, what)
    if (np.diff(found) < 0).any():
        raise ValueError(f"{what} are in order of time")
    return found


def eviction(name: str, capacity: int, seed: int = 0) -> EvictionPolicy:
    """An empty cache of `capacity` entries under an eviction policy: lru, lfu, fifo, random, clock, sieve, s3fifo, arc.

    `access(key)` is one look-up: True for a hit; a miss admits the key. `seed` matters to policies that draw.

    >>> cache = eviction("lru", 2)
    >>> [cache.access(key) for key in (1, 2, 1, 3, 2)]
    [False, False, True, False, False]
    """
    return _row(EVICTION, name, "eviction policy")(capacity, np.random.default_rng(seed))


def ttl_cache(ttl: float, *, sliding: bool = False, capacity: int = 1_000_000, policy: str = "lru") -> TtlCache:
    """A cache whose entries live `ttl` seconds (0 = for ever), counted from their fill or, sliding, from their last use.

    >>> cache = ttl_cache(10.0)
    >>> [cache.access(7, t) for t in (0.0, 5.0, 9.9, 10.0)]
    [False, True, True, False]
    """
    _row(EVICTION, policy, "eviction policy")
    return TtlCache(ttl, sliding, capacity, policy)


class Placed:
    """Which node owns a key. Nodes have a number each, 0, 1, 2 ... in the order in which they first came."""

    def __init__(self, rule: Placement) -> None:
        self.rule = rule

    @property
    def nodes(self) -> list[str]:
        """Names of the nodes present, by number."""
        return self.rule.nodes

    def owner(self, keys: ArrayLike) -> I8:
        """Numbers (n,) of the nodes that own these integer keys (n,)."""
        return self.rule.owner(self._keys(keys)).astype(np.int64)

    def owners(self, keys: ArrayLike, n: int) -> I8:
        """(n, keys): the owner of each key and those that follow it, all different."""
        return self.rule.owners(self._keys(keys), n).astype(np.int64)

    def share(self) -> dict[str, float]:
        """Expected share of all keys of each node present."""
        return self.rule.share()

    def add(self, node: str, weight: float = 1.0) -> None:
        """A node comes (or comes back)."""
        self.rule.add(node, weight)

    def remove(self, node: str) -> None:
        """A node goes."""
        self.rule.remove(node)

    def assign(self, key: int, loads: Sequence[int], c: float = 1.25) -> int:
        """Bounded loads: the node that takes one more item when nodes hold `loads` items (rule "bounded" only)."""
        if not isinstance(self.rule, BoundedRing):
            raise ValueError("only the rule 'bounded' assigns by load")
        return self.rule.assign(key, loads, c)

    @staticmethod
    def _keys(keys: ArrayLike) -> I8:
        found = np.asarray(keys)
        if found.ndim != 1 or found.dtype.kind not in "iu":
            raise ValueError("keys are whole numbers in one row")
        return found.astype(np.int64)


def ring(
    nodes: int | Iterable[str], virtual_nodes: int = 100, weights: Sequence[float] | None = None, rule: str = "ring"
) -> Placed:
    """Consistent hashing of integer keys over nodes (names, or how many); rule: ring, modulo, bounded.

    >>> four = ring(4)
    >>> before = four.owner(range(1_000))
    >>> four.add("node-4")
    >>> after = four.owner(range(1_000))
    >>> set(after[before != after].tolist())
    {4}
    """
    names = [f"node-{i}" for i in range(nodes)] if isinstance(nodes, int) else list(nodes)
    if weights is not None and len(weights) != len(names):
        raise ValueError(f"{len(weights)} weights for {len(names)} nodes; give one each")
    return Placed(_row(PLACEMENT, rule, "rule of placement")(names, virtual_nodes, weights))


class Balancing:
    """A balancing policy before `servers` equal servers; `open` holds the open connections of each."""

    def __init__(self, policy: Policy, servers: int, weights: Sequence[float] | None) -> None:
        self.policy = policy
        self.backends = everyone(servers)
        if weights is not None:
            self.backends = self.backends._replace(weight=np.asarray(weights, dtype=np.float64))
        self.open = [0] * servers

    def choose(self, user: int = 0, t: float = 0.0) -> int:
        """The server for one request of a user, whose connection is open from now on."""
        chosen = self.policy.choose(np.array([t]), np.array([user]), self.backends, self.open, no_closes())
        return int(chosen[0])

    def close(self, server: int, seconds: float = float("nan"), t: float = 0.0) -> None:
        """A connection to `server` ends after `seconds`."""
        if not 0 <= server < len(self.open) or not self.open[server]:
            raise ValueError(f"server {server} has no open connection")
        ended = Closes(np.array([t]), np.array([server]), np.array([seconds]))
        self.policy.choose(np.empty(0), np.empty(0, dtype=np.int64), self.backends, self.open, ended)

    def simulate(self, t: ArrayLike, work: ArrayLike, workers: int = 1) -> tuple[F8, F8, I8]:
        """Arrivals t (n,) with demands `work` (n,) at FIFO servers of so many workers: start, finish, server; (n,) each."""
        when, demand = _times(t, "arrivals"), _numbers(work, "demands")
        if when.size != demand.size or workers < 1:
            raise ValueError("give one demand for each arrival, and at least one worker")
        weights: list[float] = self.backends.weight.tolist()
        return simulate_cluster(self.policy, when, demand, len(self.open), workers, weights=weights)


def balancer(
    policy: str, servers: int = 10, weights: Sequence[float] | None = None, seed: int = 0, load_bound: float = 1.25
) -> Balancing:
    """A balancer: round_robin, weighted_round_robin, random, least_connections, two_choices, ip_hash, consistent_hash ...

    >>> smooth = balancer("weighted_round_robin", 3, weights=[5, 1, 1])
    >>> "".join("abc"[smooth.choose()] for _ in range(7))
    'aabacaa'
    """
    made = _row(BALANCING, policy, "balancing policy")(np.random.default_rng(seed), load_bound)
    if servers < 1 or (weights is not None and (len(weights) != servers or min(weights) <= 0)):
        raise ValueError("give at least one server, and a weight above 0 for each")
    return Balancing(made, servers, weights)


def fifo(arrivals: ArrayLike, services: ArrayLike, workers: int = 1, queue: int | None = None) -> F8:
    """When jobs leave k workers with one queue, first come first served: departures (n,), inf for those turned away.

    queue: how many may wait; None = any number.

    >>> fifo([0, 1, 2], [3, 3, 3]).tolist()
    [3.0, 6.0, 9.0]
    >>> fifo([0, 1, 2], [3, 3, 3], queue=1).tolist()
    [3.0, 6.0, inf]
    """
    t, work = _times(arrivals, "arrivals"), _numbers(services, "services")
    if t.size != work.size:
        raise ValueError(f"{t.size} arrivals and {work.size} services; give one each")
    if workers < 1 or (queue is not None and queue < 0):
        raise ValueError("a queue has at least one worker, and room for 0 or more")
    rows = np.arange(t.size, dtype=np.int64)
    return Stations([workers], bound=queue).admit(t, np.zeros(t.size, dtype=np.int64), work, rows).finish
