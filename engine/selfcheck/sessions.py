"""Row S1: how long a new web server stays cold while users stick to the others."""

from __future__ import annotations

import math

import msgspec

from ..commands import AddNode
from ..config import BalancerPart, Scenario, SessionsPart, Traffic, Users, WebPart
from ..world import World
from .base import Finding, around
from .worlds import NOTHING, UNCHECKED, give, go, plain


def sticky(n: int, session_s: float, users: int, gap_s: float) -> Scenario:
    """Users who ask every gap_s seconds and log out after session_s, both exponential, on n servers with stickiness."""
    return plain(
        users=Users(count=users, cities=("Washington",)),
        traffic=Traffic(requests_per_second=users / gap_s, keys=1, zipf=0.0),
        balancer=BalancerPart(nodes=1, policy="round_robin", service=NOTHING, health=UNCHECKED),
        web=WebPart(nodes=n, workers=64, service=NOTHING, queue=0),
        sessions=SessionsPart(store="memory", stay=session_s, life=1e6),
    )


def s1(
    n: int = 4, session_s: float = 180.0, users: int = 15_000, gap_s: float = 12.0, tolerance: float = 0.01, seed: int = 61
) -> tuple[Finding, ...]:
    """The n+1st server's share of the sessions alive t after it came: (1 - exp(-t / L)) / (n + 1).

    What is alive then and began before t 0 is a share exp(-t / L), for a mean session of L is without memory; what began since
    was chosen among n + 1. The field's row has L 30 min and looks after 10, 30, 60 min: a third, one and two L, as here.
    """
    world = World(msgspec.structs.replace(sticky(n, session_s, users, gap_s), seed=seed))
    go(world, 5.0 * gap_s)
    begin = world.now
    give(world, AddNode("web"))
    name = world.web.nodes.names[n]
    found = []
    for times in (1 / 3, 1.0, 2.0):
        go(world, begin + times * session_s)
        reading = world.sessions.reading()
        share = 0.0 if reading is None else next(home.share for home in reading.homes if home.name == name)
        found.append(around(f"after {times:.2g} sessions", (1.0 - math.exp(-times)) / (n + 1), share, tolerance))
    return tuple(found)
