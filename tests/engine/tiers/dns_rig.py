"""The DNS tier by itself, with look-ups planned by the second: shared by its tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.config import Dns as DnsConfig
from engine.config import Scenario, Traffic, Users
from engine.tiers.dns import Dns
from engine.tiers.dns.checks import Sink, alone, step

OLD, NEW = "203.0.113.10", "198.51.100.1"
WWW = "www.example.com"


def world(users: int = 4, *, rate: float = 0.0, cities: tuple[str, ...] = ("Seoul",), **settings: object) -> tuple[Dns, Sink]:
    config = DnsConfig(**{"resolvers": 1, "warm": False, "ttl": 10.0, "browser_cap": 0.0, **settings})  # type: ignore[arg-type]
    traffic = Traffic(requests_per_second=rate)
    return alone(Scenario(step_ms=100.0, users=Users(count=users, cities=cities), traffic=traffic, dns=config))


@dataclass
class Asked:
    """A plan of look-ups: (second, user), all of city 0."""

    plan: list[tuple[float, int]]

    def run(self, dns: Dns, until: float, patience: float = 1e9) -> None:
        """Step on to `until`, asking what is due."""
        while dns.core.now < until - 1e-9:
            end = (dns.core.step_no + 1) * dns.core.config.step_ms / 1e3
            due = [p for p in self.plan if dns.core.now <= p[0] < end]
            t = np.array([p[0] for p in due])
            user = np.array([p[1] for p in due], dtype=np.int64)
            step(dns, t, user, np.zeros(user.size, dtype=np.int64), patience)


def said(sink: Sink) -> list[str]:
    return [seen.said for seen in sorted(sink.seen)]
