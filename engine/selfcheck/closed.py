"""Rows Q6 and L4: a fixed number of users who wait for their answers before they ask again."""

from __future__ import annotations

import msgspec

from ..commands import Inject
from ..config import BalancerPart, Network, Scenario, Service, Traffic, Users, WebPart, Zone
from ..world import World
from .base import Finding, around, within
from .worlds import NOTHING, READ, UNCHECKED, at_clients, give, go, part, plain


def near(users: int, think: float, wire_ms: float, **changes: object) -> Scenario:
    """A closed world in the very city of its only zone: next to nothing but `wire_ms` (a round trip) lies between its parts."""
    return plain(
        users=Users(count=users, cities=("London",)),
        network=Network(zones=(Zone("a", "uksouth"),), same_zone_rtt_ms=wire_ms),
        traffic=Traffic(requests_per_second=0.0, keys=1, closed_users=users, think=think),
        **changes,
    )


def mean_values(users: int, think: float, demands: tuple[float, ...]) -> tuple[float, float]:
    """(throughput, response time) of exponential FIFO servers in a row: mean value analysis (Reiser and Lavenberg 1980)."""
    inside, rate, time = [0.0] * len(demands), 0.0, 0.0
    for n in range(1, users + 1):
        times = [demand * (1.0 + there) for demand, there in zip(demands, inside, strict=True)]
        time = sum(times)
        rate = n / (think + time)
        inside = [rate * each for each in times]
    return rate, time


def q6(
    users: tuple[float, ...] = (50, 100), think: float = 1.0, web: float = 0.005, database: float = 0.02,
    tolerance: float = 0.03, seconds: float = 4_000.0, seed: int = 1,
) -> tuple[Finding, ...]:  # fmt: skip
    """One web server and one database of exponential demands. What the wires take (.25 ms) counts as thinking.

    By an event-by-event model the mean of R over 1,500 s has a standard deviation of 1.8 % at 50 users: three are the tolerance
    after 4,000 s. Where users outnumber (Z + sum of demands) / the largest, X is the busiest server's alone: at 100 users .5 %
    after a quarter of that, and R = N / X - Z twice as much.
    """
    found = []
    for count in map(int, users):
        length = seconds if count <= (think + web + database) / max(web, database) else seconds / 4.0
        config = near(
            count, think, 0.0, step_ms=50.0, route=(READ,),
            web=WebPart(nodes=1, workers=1, service=Service(1e3 * web, 0.0, 1.0), queue=0),
            database=part("database", read=Service(1e3 * database, 0.0, 1.0)),
        )  # fmt: skip
        world = World(config, seed)
        ear = at_clients(world)
        cold = 20.0 * think
        go(world, cold + length)
        heard = ear.heard()
        warm = heard["sent"] >= cold
        rate, time = mean_values(count, think, (web, database))
        took = heard["wait"][warm] + heard["service"][warm]
        done = (heard["t"] >= cold) & (heard["t"] < cold + length)
        found.append(within(f"throughput at N {count}, /s", rate, float(done.sum()) / length, tolerance))
        found.append(within(f"response time at N {count}, ms", 1e3 * time, 1e3 * float(took.mean()), tolerance))
    return tuple(found)


def l4(
    servers: int = 10, slow: float = 0.2, fast: float = 0.02, clients: int = 100, seconds: float = 60.0,
    tolerance: float = 0.04, seed: int = 1,
) -> tuple[Finding, ...]:  # fmt: skip
    """One server is done ten times as soon, since it only fails. Least connections holds as many at each, so it draws
    1/fast of (n - 1)/slow + 1/fast answers; round robin gives it its turn. Steps are a tenth of the fast server's time.
    """
    share = {
        "least_connections": (1.0 / fast) / ((servers - 1) / slow + 1.0 / fast),
        "round_robin": 1.0 / servers,
    }
    found = []
    for policy, expected in share.items():
        config = near(
            clients, 0.0, 0.1, step_ms=100.0 * fast,
            balancer=BalancerPart(nodes=1, policy=policy, service=NOTHING, health=UNCHECKED),
            web=WebPart(nodes=servers, workers=clients, service=Service(1e3 * fast, 1e3 * fast, 0.0), queue=0),
        )  # fmt: skip
        config = msgspec.structs.replace(config, client=msgspec.structs.replace(config.client, retries=0))
        world = World(config, seed)
        give(
            world, Inject("error_rate", "web-1", 100.0), *(Inject("slow", f"web-{i + 1}", slow / fast) for i in range(1, servers))
        )
        go(world, seconds)
        served = world.web.stations.totals.departures
        found.append(around(f"share of the failing server, {policy}", expected, float(served[0] / served.sum()), tolerance))
    return tuple(found)
