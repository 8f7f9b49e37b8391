"""Hit for hit: every policy against an independent implementation, the published numbers and the theory of caches.

Three oracles: the seven totals of row C1, libcachesim look-up by look-up, and naive models (lists scanned from end to end)
that also know how to forget a key in the middle, which no trace simulator exercises.
"""

import bisect
import itertools
import random
from typing import Protocol

import libcachesim
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.policies.eviction import EVICTION

C1_HITS = {
    "lru": 134643,
    "fifo": 125862,
    "lfu": 145540,
    "clock": 136592,
    "sieve": 145654,
    "arc": 144928,
    "s3fifo": 146470,
}
LIBCACHESIM = {
    "lru": libcachesim.LRU,
    "fifo": libcachesim.FIFO,
    "lfu": libcachesim.LFU,
    "clock": libcachesim.Clock,
    "sieve": libcachesim.Sieve,
    "arc": libcachesim.ARC,
    "s3fifo": libcachesim.S3FIFO,
}


def zipf_trace(seed: int, keys: int, skew: float, draws: int) -> list[int]:
    """Independent references with P(key i) ~ i ** -skew, by the recipe of row C1."""
    cumulative = list(itertools.accumulate(1 / i**skew for i in range(1, keys + 1)))
    rng = random.Random(seed)
    return [bisect.bisect_left(cumulative, rng.random() * cumulative[-1]) + 1 for _ in range(draws)]


@pytest.fixture(scope="module")
def c1_trace() -> list[int]:
    return zipf_trace(2024, 10_000, 1, 200_000)


@pytest.mark.parametrize("policy", C1_HITS)
def test_c1_totals(policy: str, c1_trace: list[int]) -> None:
    cache = EVICTION[policy](1000)
    assert sum(map(cache.access, c1_trace)) == C1_HITS[policy]


@pytest.mark.parametrize("policy", LIBCACHESIM)
@pytest.mark.parametrize(("seed", "keys", "skew", "capacity"), [(7, 2000, 0.6, 150), (8, 500, 1.2, 40), (9, 3000, 0.9, 1100)])
def test_agrees_with_libcachesim_look_up_by_look_up(policy: str, seed: int, keys: int, skew: float, capacity: int) -> None:
    trace = zipf_trace(seed, keys, skew, 12_000)
    trace[6000:6300] = range(10 * keys, 10 * keys + 300)  # a scan, the case where the policies differ most
    oracle = LIBCACHESIM[policy](cache_size=capacity, hashpower=14)
    request = libcachesim.Request()
    request.obj_size = 1
    cache = EVICTION[policy](capacity)
    for number, key in enumerate(trace):
        request.obj_id = key
        assert cache.access(key) == oracle.get(request), f"look-up {number} of key {key}"
    assert len(cache) == oracle.get_n_obj()


class Naive(Protocol):
    """A cache written for being obviously right; `access` and `remove` as in the policies."""

    def access(self, key: int) -> bool: ...
    def remove(self, key: int) -> bool: ...


class NaiveQueue:
    """LRU, FIFO and CLOCK as a list with the next victim first."""

    def __init__(self, capacity: int, on_hit: str) -> None:
        self.capacity, self.on_hit = capacity, on_hit
        self.queue: list[int] = []
        self.used: set[int] = set()

    def access(self, key: int) -> bool:
        if key in self.queue:
            if self.on_hit == "lru":
                self.queue.remove(key)
                self.queue.append(key)
            if self.on_hit == "clock":
                self.used.add(key)
            return True
        while len(self.queue) >= self.capacity:
            candidate = self.queue.pop(0)
            if candidate in self.used:
                self.used.discard(candidate)
                self.queue.append(candidate)
        self.queue.append(key)
        return False

    def remove(self, key: int) -> bool:
        self.used.discard(key)
        if key not in self.queue:
            return False
        self.queue.remove(key)
        return True


class NaiveLFU:
    """Every key with (frequency, time at which it reached it); the smallest pair goes."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.now = capacity, 0
        self.rank: dict[int, tuple[int, int]] = {}

    def access(self, key: int) -> bool:
        self.now += 1
        hit = key in self.rank
        if not hit and len(self.rank) >= self.capacity:
            del self.rank[min(self.rank, key=self.rank.__getitem__)]
        self.rank[key] = (self.rank[key][0] + 1 if hit else 1, self.now)
        return hit

    def remove(self, key: int) -> bool:
        return self.rank.pop(key, None) is not None


class NaiveSieve:
    """The published pseudo-code: a list from oldest to newest and the key under the hand (None: start at the oldest)."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.queue: list[int] = []
        self.visited: dict[int, bool] = {}
        self.hand: int | None = None

    def _newer(self, key: int) -> int | None:
        place = self.queue.index(key) + 1
        return self.queue[place] if place < len(self.queue) else None

    def access(self, key: int) -> bool:
        if key in self.visited:
            self.visited[key] = True
            return True
        if len(self.queue) >= self.capacity:
            candidate = self.queue[0] if self.hand is None else self.hand
            while self.visited[candidate]:
                self.visited[candidate] = False
                newer = self._newer(candidate)
                candidate = self.queue[0] if newer is None else newer
            self.hand = candidate
            self.remove(candidate)
        self.queue.append(key)
        self.visited[key] = False
        return False

    def remove(self, key: int) -> bool:
        if key not in self.visited:
            return False
        if key == self.hand:
            self.hand = self._newer(key)
        self.queue.remove(key)
        del self.visited[key]
        return True


def naive(policy: str, capacity: int) -> Naive:
    if policy == "lfu":
        return NaiveLFU(capacity)
    return NaiveSieve(capacity) if policy == "sieve" else NaiveQueue(capacity, policy)


@pytest.mark.parametrize("policy", ["lru", "fifo", "clock", "lfu", "sieve"])
@settings(max_examples=80, deadline=None)
@given(capacity=st.integers(1, 7), steps=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), max_size=120))
def test_agrees_with_the_naive_model_also_when_keys_are_forgotten(
    policy: str, capacity: int, steps: list[tuple[int, int]]
) -> None:
    model, cache = naive(policy, capacity), EVICTION[policy](capacity)
    for key, die in steps:
        if die < 2:
            assert cache.remove(key) == model.remove(key)
        else:
            assert cache.access(key) == model.access(key)


def test_c2_che_and_gelenbe() -> None:
    """Hit ratios under independent references: Che's approximation for LRU, Gelenbe's for FIFO = random.

    200,000 look-ups after filling: one standard deviation of the mean of as many coin flips is .0011, and neighbouring
    look-ups are nearly independent at 10,000 keys, so .005 is 4.5 of them.
    """
    keys, capacity, look_ups = 10_000, 1000, 200_000
    p = np.arange(1, keys + 1) ** -0.8
    p /= p.sum()

    def resident(policy: str, window: float) -> np.ndarray:
        x = p * window
        return -np.expm1(-x) if policy == "lru" else x / (1 + x)

    trace = np.random.default_rng(5).choice(keys, size=look_ups + 20_000, p=p).tolist()
    for policy, published in (("lru", 0.4367), ("fifo", 0.3942), ("random", 0.3942)):
        low, high = 1.0, 1e9
        while high - low > 1e-6 * low:  # the characteristic time: as many resident keys as there are places
            middle = (low + high) / 2
            low, high = (middle, high) if resident(policy, middle).sum() < capacity else (low, middle)
        theory = float((p * resident(policy, low)).sum())
        assert theory == pytest.approx(published, abs=5e-4)
        cache = EVICTION[policy](capacity, np.random.default_rng(6))
        hits = list(map(cache.access, trace))
        assert sum(hits[20_000:]) / look_ups == pytest.approx(theory, abs=0.005), policy
