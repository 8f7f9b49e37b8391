"""What the parts of a sample snapshot agree on: names, who is in trouble, and the map of it all."""

from __future__ import annotations

import math
import random

from engine.snapshot import (
    Link,
    Map,
    Node,
    NodeState,
)

CITIES = ("Seoul", "Frankfurt", "São Paulo", "Washington", "Pune", "Tokyo", "London", "Sydney")
UP, SLOW, DOWN, STANDBY, FENCED = NodeState.UP, NodeState.SLOW, NodeState.DOWN, NodeState.STANDBY, NodeState.FENCED
ADDRESS = "203.0.113.10"


def wave(
    seed: int, level: float, swing: float = 0.08, count: int = 60, step_at: int = 0, after: float = 1.0
) -> tuple[float, ...]:
    """A minute of samples around `level`; the last `step_at` of them times `after`."""
    rng = random.Random(seed)
    values = [level * (1 + swing * math.sin(i / 7 + seed) + swing * (rng.random() - 0.5)) for i in range(count)]
    return tuple(v * after if i >= count - step_at else v for i, v in enumerate(values))


def share(seed: int, level: float, step_at: int = 0, after: float = 1.0) -> tuple[float, ...]:
    """A minute of samples that stay within 0..1."""
    return tuple(min(1.0, v) for v in wave(seed, level, 0.03, step_at=step_at, after=after))


class World:
    """What the parts of one snapshot agree on.

    trouble: a dead cache node, a slow web server, a lagging replica, a shard being added.
    """

    def __init__(self, *, trouble: bool, web: int = 6, cache: int = 3, shards: int = 4, replicas: int = 2, seed: int = 7) -> None:
        self.trouble = trouble
        self.web = [f"web-{i + 1}" for i in range(web)]
        self.cache = [f"cache-{i + 1}" for i in range(cache)]
        self.shards = [f"s{i + 1}" for i in range(shards)]
        self.replicas = replicas
        self.rng = random.Random(seed)
        self.slow_web = {self.web[-1]} if trouble else set()
        if trouble and web > 100:
            self.dead_web = {self.web[16], self.web[200 % web]}
        else:
            self.dead_web = set()
        self.dead_cache = {self.cache[1 % cache]} if trouble and cache else set()
        self.offered = 43_100.0

    def db(self) -> list[tuple[str, str, str]]:
        """(node, role, shard) of the data tier."""
        out = []
        for s, shard in enumerate(self.shards):
            for r in range(self.replicas + 1):
                out.append((f"db-{s * (self.replicas + 1) + r + 1}", "replica" if r else "primary", shard))
        return out

    def lagging(self) -> str:
        """The replica that is far behind."""
        return self.db()[2 % len(self.db())][0] if self.trouble and self.replicas > 1 else ""

    def web_state(self, name: str) -> NodeState:
        """How this web server is."""
        return DOWN if name in self.dead_web else SLOW if name in self.slow_web else UP

    def map(self) -> Map:
        """Every node and link."""
        nodes = [
            Node(name=c, tier="city", state=UP, at=c, rate=self.offered * w, p99_ms=40 + 300 * w)
            for c, w in zip(CITIES, (0.2, 0.1, 0.17, 0.1, 0.12, 0.16, 0.1, 0.05), strict=True)
        ]
        for i, state in enumerate((UP, STANDBY)):
            role = "standby" if i else "active"
            nodes.append(
                Node(
                    name=f"lb-{i + 1}",
                    tier="balancer",
                    state=state,
                    at="ab"[i],
                    address=f"10.0.0.1{i}",
                    role=role,
                    utilisation=0.0 if i else 0.27,
                    workers=8,
                    rate=0.0 if i else self.offered,
                    p99_ms=0.4,
                )
            )
        self.add_web(nodes)
        self.add_data(nodes)
        return Map(verdict=self.map_verdict(nodes), nodes=tuple(nodes), links=self.links(), regions=("eastus",))

    def add_web(self, nodes: list[Node]) -> None:
        """Web servers."""
        for i, name in enumerate(self.web):
            state = self.web_state(name)
            busy = {UP: 0.6 + 0.2 * self.rng.random(), SLOW: 0.99, DOWN: 0.0}[state]
            nodes.append(
                Node(
                    name=name,
                    tier="web",
                    state=state,
                    at="abc"[i % 3],
                    address=f"10.0.1.{i + 11}",
                    utilisation=busy,
                    workers=8,
                    in_service=round(8 * busy),
                    waiting=88 if state is SLOW else self.rng.randrange(4),
                    rate=0.0 if state is DOWN else self.offered / len(self.web),
                    p99_ms=402.0 if state is SLOW else 38 + 5 * self.rng.random(),
                    verdict={UP: "", SLOW: "slow ×4 by you", DOWN: "down 00:12"}[state],
                    faults=("slow",) if state is SLOW else ("crash",) if state is DOWN else (),
                )
            )

    def add_data(self, nodes: list[Node]) -> None:
        """Cache nodes and databases."""
        for i, name in enumerate(self.cache):
            dead = name in self.dead_cache
            nodes.append(
                Node(
                    name=name,
                    tier="cache",
                    state=DOWN if dead else UP,
                    at="abc"[i % 3],
                    address=f"10.0.2.{i + 11}",
                    utilisation=0.0 if dead else 0.4,
                    workers=1,
                    rate=0.0 if dead else 18_000.0,
                    verdict="down 00:09, crashed by you" if dead else "",
                    faults=("crash",) if dead else (),
                )
            )
        for i, (name, role, shard) in enumerate(self.db()):
            lags = name == self.lagging()
            nodes.append(
                Node(
                    name=name,
                    tier="db",
                    state=SLOW if lags else UP,
                    at="abc"[i % 3],
                    address=f"10.0.3.{i + 11}",
                    role=role,
                    group=shard,
                    utilisation=0.81 if role == "primary" else 0.35,
                    workers=8,
                    in_service=6 if role == "primary" else 3,
                    waiting=40 if role == "primary" and self.trouble else 0,
                    rate=1_200.0,
                    p99_ms=45.0,
                    verdict="11.4 s behind" if lags else "",
                )
            )

    @staticmethod
    def map_verdict(nodes: list[Node]) -> str:
        """What the engine would say: counts by state."""
        parts = []
        for state in (UP, STANDBY, SLOW, DOWN):
            n = sum(node.state is state and node.tier != "city" for node in nodes)
            if n:
                parts.append(f"{n} {state.value}")
        return " · ".join(parts)

    def links(self) -> tuple[Link, ...]:
        """Between tiers; one is slow when in trouble."""
        rows = (("city", "balancer", 61.0), ("balancer", "web", 0.3), ("web", "cache", 0.3), ("web", "db", 0.4))
        slow = self.trouble
        return tuple(
            Link(
                name=f"{a}~{b}",
                a=a,
                b=b,
                state=SLOW if slow and b == "db" else UP,
                rate=self.offered * (0.3 if b == "db" else 1),
                one_way_ms=20.4 if slow and b == "db" else ms,
                loss=0.01 if slow and b == "db" else 0.0,
                verdict="+20 ms by you" if slow and b == "db" else "",
                faults=("latency",) if slow and b == "db" else (),
            )
            for a, b, ms in rows
        )
