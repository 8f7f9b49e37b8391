"""Rows M1 and M2: a collapse that outlives its cause, what ends it, and how retries multiply."""

from __future__ import annotations

from ..commands import Inject
from ..config import BalancerPart, Client, Service, Step, Traffic, WebPart
from ..world import World
from .base import Finding, band, exact, within
from .worlds import NOTHING, READ, UNCHECKED, give, go, part, plain

COLD, SLOW = 20.0, 20.0  # seconds before the slow-down, and its length


def collapse(
    rate: float, mu: float, timeout: float, retries: int, slower: float, seconds: float, seed: int,
    budget: float = 0.0, queue: int = 0, discipline: str = "fifo",
) -> tuple[float, float]:  # fmt: skip
    """(goodput / offered, attempts a request) in the last 30 s; the server is `slower` times slower from 20 s to 40 s.

    The back-off is one step, 50 ms, so that a retry is never decided before the time-out that leads to it.
    """
    config = plain(
        step_ms=50.0,
        traffic=Traffic(requests_per_second=rate, keys=1),
        client=Client(timeout=timeout, retries=retries, backoff=0.05, backoff_cap=0.05, jitter="none", budget=budget),
        web=WebPart(nodes=1, workers=1, service=Service(1e3 / mu, 0.0, 1.0), queue=queue, discipline=discipline),  # type: ignore[arg-type]
        script=(Step(at=COLD, fault="slow", target="web-1", amount=slower, lasts=SLOW),),
    )
    world = World(config, seed)
    go(world, seconds - 30.0)
    ledger = world.core.ledger
    before = [int(x) for x in (ledger.outcomes.sum[1], ledger.arrived.sum[0], ledger.attempts.sum[0])]
    go(world, seconds)
    ok, arrived, attempts = (
        int(now) - was
        for now, was in zip((ledger.outcomes.sum[1], ledger.arrived.sum[0], ledger.attempts.sum[0]), before, strict=True)
    )
    return ok / arrived, attempts / arrived


def m1(
    mu: float = 100.0, timeout: float = 1.0, retries: int = 2, slower: float = 10.0,
    low: float = 30.0, high: float = 40.0, seed: int = 1,
) -> tuple[Finding, ...]:  # fmt: skip
    """Attempts are 1 + r to a request while all time out: beyond mu / (1 + r) (33.3/s) the queue never ends.

    At `low` what the slow-down left, (3 low - mu / slower) x 20 s, drains at mu - 3 low. One standard deviation of 40/s over
    30 s is 3 %, so recovered is at least .9.
    """
    tries = 1.0 + retries
    drained = (tries * low - mu / slower) * SLOW / (mu - tries * low)
    patient = 60.0 + max(120.0, 1.5 * drained)
    healthy, _ = collapse(low, mu, timeout, retries, slower, patient, seed)
    dead, attempts = collapse(high, mu, timeout, retries, slower, 300.0, seed)
    budget, _ = collapse(high, mu, timeout, retries, slower, 180.0, seed, budget=0.1)
    newest, _ = collapse(high, mu, timeout, retries, slower, 180.0, seed, discipline="lifo")
    short, _ = collapse(high, mu, timeout, retries, slower, 180.0, seed, queue=int(mu * timeout / 2))
    return (
        band(f"goodput share at {low:g}/s", "recovers", healthy, 0.9, 1.1),
        band(f"goodput share at {high:g}/s, 260 s after", 0.0, dead, 0.0, 0.01),
        within("attempts a request then", tries, attempts, 0.05),
        band("with a retry budget of 10 %", "recovers", budget, 0.9, 1.1),
        band("newest first", "recovers", newest, 0.9, 1.1),
        band(f"with a queue of {int(mu * timeout / 2)}", "recovers", short, 0.9, 1.1),
    )


def m2(share: float = 0.5, retries: int = 3, rate: float = 500.0, seconds: float = 60.0, seed: int = 2) -> tuple[Finding, ...]:
    """Attempts a request: (1 - p^(r + 1)) / (1 - p) when attempts fail with probability p. When all fail, every layer that
    retries multiplies by r + 1: clients, a balancer that passes failures to other servers and the web servers' library make
    (r + 1)^3 queries that reach the database.

    The standard deviation of the mean over 30,000 requests is .5 %.
    """
    client = Client(timeout=600.0, retries=retries, backoff=0.1, backoff_cap=0.1, jitter="none", budget=0.0)
    config = plain(traffic=Traffic(requests_per_second=rate, keys=1), client=client)
    world = World(config, seed)
    give(world, Inject("error_rate", "web", 100.0 * share))
    go(world, seconds)
    ledger = world.core.ledger
    attempts = float(ledger.attempts.sum[0]) / float(ledger.arrived.sum[0])
    return (
        within("attempts a request", (1.0 - share ** (retries + 1)) / (1.0 - share), attempts, 0.02),
        *(
            exact(f"queries a request, all fail, {who} retry", float((retries + 1) ** n), _queries(n, retries, client))
            for n, who in ((1, "clients"), (2, "clients and balancer"), (3, "clients, balancer and library"))
        ),
    )


def _queries(layers: int, retries: int, client: Client) -> float:
    """Queries that come to a database node a user's request, while the database answers everything with an error."""
    config = plain(
        traffic=Traffic(requests_per_second=0.0, keys=1),
        route=(READ,),
        client=client,
        balancer=BalancerPart(
            nodes=1, policy="round_robin", service=NOTHING, health=UNCHECKED, retry_answers=retries if layers > 1 else 0
        ),
        web=WebPart(nodes=retries + 1, service=NOTHING, queue=0),
        database=part("database", retries=retries if layers > 2 else 0, retry_backoff=0.1),
    )
    world = World(config, 2)
    give(world, Inject("error_rate", "db", 100.0))
    world.traffic.requests_per_second = 10.0
    go(world, 5.0)
    world.traffic.requests_per_second = 0.0
    go(world, 60.0)
    return int(world.database.stations.totals.arrivals.sum()) / int(world.core.ledger.arrived.sum[0])
