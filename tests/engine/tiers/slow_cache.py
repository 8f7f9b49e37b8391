"""The cache tier told again, event by event, for being obviously right: one heap of events and naive structures.

It shares with the real tier only where keys live (placement has its own tests) and the sequence of exponential draws.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

import numpy as np

LEASE_S = 10.0


class SlowCache:
    """Scripted requests in, {id: (time of the answer, version read)} out. All times in seconds."""

    def __init__(
        self, home: Callable[[int], int], distance: Callable[[int], float], draws: Callable[[], float], *, web_db: float,
        read_s: float, write_s: float, service_s: float, capacity: int, ttl: float, sliding: bool = False,
        single_flight: bool = False, beta: float = 0.0, swr: float = 0.0, through: bool = False,
    ) -> None:  # fmt: skip
        self.home, self.distance, self.draws, self.web_db = home, distance, draws, web_db
        self.read_s, self.write_s, self.service_s, self.capacity = read_s, write_s, service_s, capacity
        self.ttl, self.sliding, self.single_flight = ttl, sliding, single_flight
        self.beta, self.swr, self.through = beta, swr, through
        self.events: list[tuple[float, int, str, dict[str, Any]]] = []
        self.made = 0
        self.free: dict[int, float] = {}
        self.memory: dict[int, dict[int, list[float]]] = {}  # node -> key -> [version, end, recompute], least recent first
        self.lease: dict[tuple[int, int], int] = {}
        self.followers: dict[int, list[int]] = {}
        self.versions: dict[int, int] = {}
        self.answers: dict[int, tuple[float, int]] = {}

    def at(self, t: float, what: str, **about: Any) -> None:
        self.made += 1
        heapq.heappush(self.events, (t, self.made, what, about))

    def run(self, script: list[tuple[float, int, int]], until: float) -> dict[int, tuple[float, int]]:
        for number, (t, key, kind) in enumerate(script):
            if kind:
                self.at(t + self.web_db + self.write_s, "commit", id=number, key=key)
            else:
                node = self.home(key)
                self.at(t + self.distance(node), "arrive", node=node, then="look", id=number, key=key)
        while self.events and self.events[0][0] < until:
            t, _, what, about = heapq.heappop(self.events)
            getattr(self, what)(t, **about)
        return self.answers

    # a node is one queue

    def arrive(self, t: float, node: int, then: str, **about: Any) -> None:
        done = max(t, self.free.get(node, 0.0)) + (0.0 if then == "lease_end" else self.service_s)
        self.free[node] = done
        self.at(done, then, node=node, **about)

    def look(self, t: float, node: int, id: int, key: int) -> None:
        entries = self.memory.setdefault(node, {})
        entry, lease = entries.get(key), self.lease.get((node, key))
        want_lease = self.single_flight
        if entry is not None and t < entry[1]:
            early = self.beta > 0 and t + entry[2] * self.beta * self.draws() >= entry[1]
            if not early or lease is not None:
                if not early and self.sliding:
                    entry[1] = t + self.ttl
                return self.hit(t, node, id, key)
        elif entry is not None and t < entry[1] + self.swr:
            if lease is not None:
                return self.hit(t, node, id, key)
            want_lease = True
        elif entry is not None:
            del entries[key]
        if want_lease and lease is not None:
            self.followers.setdefault(lease, []).append(id)
            return None
        return self.lead(t, node, id, key, want_lease)

    def hit(self, t: float, node: int, id: int, key: int) -> None:
        entries = self.memory[node]
        entries[key] = entries.pop(key)
        self.answers[id] = (t + self.distance(node), int(entries[key][0]))

    def lead(self, t: float, node: int, id: int, key: int, leased: bool) -> None:
        if leased:
            self.lease[node, key] = id
            self.at(t + LEASE_S, "arrive", node=node, then="lease_end", id=id, key=key)
        left = t + self.distance(node)
        self.at(left + self.web_db + self.read_s, "read", node=node, id=id, key=key, left=left, leased=leased)

    # the database, and what comes back from it

    def read(self, t: float, node: int, id: int, key: int, left: float, leased: bool) -> None:
        version, back = self.versions.get(key, 0), t + self.web_db
        self.answers[id] = (back, version)
        about = {"version": version, "recompute": back - left, "token": id if leased else None}
        self.at(back + self.distance(node), "arrive", node=node, then="fill", key=key, **about)

    def commit(self, t: float, id: int, key: int) -> None:
        version = self.versions[key] = self.versions.get(key, 0) + 1
        back, node = t + self.web_db, self.home(key)
        self.answers[id] = (back, version)
        self.at(back + self.distance(node), "arrive", node=node, then="written", key=key, version=version)

    def written(self, t: float, node: int, key: int, version: int) -> None:
        self.lease.pop((node, key), None)
        if self.through:
            self.store(t, node, key, version, 0.0)
        else:
            self.memory.setdefault(node, {}).pop(key, None)

    def fill(self, t: float, node: int, key: int, version: int, recompute: float, token: int | None) -> None:
        for follower in self.followers.pop(token, []) if token is not None else []:
            self.answers[follower] = (t + self.distance(node), version)
        if token is None or self.lease.get((node, key)) == token:
            self.store(t, node, key, version, recompute)
            if token is not None:
                del self.lease[node, key]

    def store(self, t: float, node: int, key: int, version: int, recompute: float) -> None:
        entries = self.memory.setdefault(node, {})
        entries.pop(key, None)
        if len(entries) >= self.capacity:
            del entries[next(iter(entries))]
        entries[key] = [version, t + self.ttl, recompute]

    def lease_end(self, t: float, node: int, id: int, key: int) -> None:
        if self.lease.get((node, key)) == id:
            del self.lease[node, key]
        for waiter in self.followers.pop(id, []):
            if (node, key) in self.lease:
                self.followers.setdefault(self.lease[node, key], []).append(waiter)
            else:
                self.lead(t, node, waiter, key, True)


def exponentials(rng: np.random.Generator) -> Callable[[], float]:
    """Draws one at a time, equal to draws in blocks of 256."""
    stock: list[float] = []

    def draw() -> float:
        if not stock:
            stock.extend(rng.standard_exponential(256).tolist())
        return stock.pop()

    return draw
