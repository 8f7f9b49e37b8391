"""Rows Q1 to Q7: waits, tails, numbers and losses of queues against their recursions and closed forms.

Q3 to Q7 run whole worlds of many equal servers behind a balancer that chooses at random: a Poisson stream split at random is
Poisson at each, so that the servers are as many experiments side by side. The runs are as long as theory asks: the mean wait
of an M/M/1 queue over n requests has the relative variance (2 + 5 r - 4 r^2 + r^3) / (r (1 - r)^2) / n (Daley 1968; Whitt
1989), times (1 + cv^2) / 2 for other services; n makes three standard deviations the tolerance.
"""

from __future__ import annotations

import math

import numpy as np

from ..config import BalancerPart, Scenario, Service, Traffic, WebPart
from ..queueing import Stations
from ..world import World
from .base import Finding, around, within
from .worlds import F8, UNCHECKED, at_clients, go, plain

SERVERS = 40


def requests(rho: float, tolerance: float, cv2: float = 1.0) -> int:
    """So many requests make three standard deviations of the mean wait the tolerance (a share). ValueError at rho >= 1."""
    if not 0.0 < rho < 1.0:
        raise ValueError(f"a queue without an end has no mean wait: utilisation {rho:g} is not within 0 and 1")
    variance = (2.0 + 5.0 * rho - 4.0 * rho**2 + rho**3) / (rho * (1.0 - rho) ** 2) * (1.0 + cv2) / 2.0
    return math.ceil(9.0 * variance / tolerance**2)


def farm(rate: float, mu: float, servers: int, workers: int = 1, cv2: float = 1.0, queue: int = 0) -> Scenario:
    """`servers` equal servers, `rate` requests a second each."""
    return plain(
        traffic=Traffic(requests_per_second=rate * servers, keys=1),
        balancer=BalancerPart(
            nodes=1 if servers > 1 else 0, policy="random", service=Service(mean_ms=0.0, floor_ms=0.0, cv2=0.0), health=UNCHECKED
        ),
        web=WebPart(nodes=servers, workers=workers, service=Service(mean_ms=1e3 / mu, floor_ms=0.0, cv2=cv2), queue=queue),
    )


def steady(config: Scenario, n: int, rho: float, mu: float, seed: int) -> tuple[World, F8, F8]:
    """Run until n requests have been born after the way from empty to steady; their waits and services, (n,) seconds each."""
    cold = 10.0 / (mu * (1.0 - math.sqrt(rho)) ** 2) if rho < 1.0 else 100.0 / mu  # ten relaxation times
    world = World(config, seed)
    ear = at_clients(world)
    go(world, math.ceil(cold + n / config.traffic.requests_per_second))
    heard = ear.heard()
    warm = heard["sent"] >= cold
    return world, heard["wait"][warm], heard["service"][warm]


def q1(workers: int = 4, jobs: int = 20_000, rate: float = 360.0, mu: float = 100.0, seed: int = 5) -> tuple[Finding, ...]:
    """Every start equals the recursion: the job waits for the worker that is free first (k = 1: W' = max(0, W + S - A))."""
    found = []
    for k in sorted({1, workers}):
        rng = np.random.default_rng(seed)
        t = np.cumsum(rng.standard_exponential(jobs)) / (rate * k / workers)
        work = rng.standard_exponential(jobs) / mu
        found.append(around(f"largest difference at k = {k}, s", 0.0, _furthest(t, work, k), 1e-9))
    return tuple(found)


def _furthest(t: F8, work: F8, workers: int) -> float:
    """Largest difference of any start or finish between Stations, stepped in windows of 10 ms, and the recursion."""
    stations = Stations([workers])
    got: list[F8] = []
    rows = np.arange(t.size)
    edges = np.searchsorted(t, np.arange(1, math.ceil(t[-1] * 100.0) + 1) / 100.0)
    low = 0
    for number, high in enumerate(edges.tolist(), 1):
        here = slice(low, high)
        stations.admit(t[here], np.zeros(high - low, dtype=np.int64), work[here], rows[here])
        gone = stations.departures(number / 100.0)
        got.append(np.stack([gone.row.astype(np.float64), gone.start, gone.finish]))
        low = high
    gone = stations.departures(t[-1] + 1e6)
    got.append(np.stack([gone.row.astype(np.float64), gone.start, gone.finish]))
    done = np.concatenate(got, axis=1)
    if done.shape[1] != t.size:
        return math.inf
    done = done[:, np.argsort(done[0], kind="stable")]
    ends = [0.0] * workers  # Kiefer-Wolfowitz: when each worker is free, ascending
    worst = 0.0
    for at, demand, start, finish in zip(t.tolist(), work.tolist(), done[1].tolist(), done[2].tolist(), strict=True):
        begin = max(at, ends[0])
        worst = max(worst, abs(begin - start), abs(begin + demand - finish))
        ends[0] = begin + demand
        ends.sort()
    return worst


def q3(
    rate: float = 80.0, mu: float = 100.0, servers: int = SERVERS, tolerance: float = 0.05, seed: int = 1
) -> tuple[Finding, ...]:
    """W = 1 / (mu - lambda), its 99th percentile W ln 100, L = lambda W."""
    rho = rate / mu
    world, wait, service = steady(farm(rate, mu, servers), requests(rho, tolerance), rho, mu, seed)
    time = wait + service
    mean = 1.0 / (mu - rate)
    inside = float(world.web.stations.totals.presence.sum()) / world.now / servers
    return (
        within("mean time W, ms", mean * 1e3, float(time.mean()) * 1e3, tolerance),
        within("p99 of it, ms", mean * math.log(100.0) * 1e3, float(np.quantile(time, 0.99)) * 1e3, tolerance),
        within("mean number inside L", rate * mean, inside, tolerance),
    )


def erlang_c(offered: float, workers: int) -> float:
    """Probability of waiting in M/M/k at `offered` erlangs (Erlang 1917), by the recursion of the loss formula."""
    loss = 1.0
    for k in range(1, workers + 1):
        loss = offered * loss / (k + offered * loss)
    return loss / (1.0 - offered / workers * (1.0 - loss))


def q4(
    rate: float = 320.0, mu: float = 100.0, workers: int = 4, servers: int = 10, tolerance: float = 0.05, seed: int = 2
) -> tuple[Finding, ...]:
    """P(wait) by Erlang C; Wq = P / (k mu - lambda); those who wait do so exponentially."""
    rho = rate / mu / workers
    _, wait, _ = steady(farm(rate, mu, servers, workers), requests(rho, tolerance), rho, mu * workers, seed)
    waits, spare = erlang_c(rate / mu, workers), workers * mu - rate
    p99 = max(0.0, math.log(waits * 100.0)) / spare
    return (
        within("share that waits", waits, float((wait > 1e-12).mean()), tolerance),
        within("mean wait Wq, ms", waits / spare * 1e3, float(wait.mean()) * 1e3, tolerance),
        within("p99 of the wait, ms", p99 * 1e3, float(np.quantile(wait, 0.99)) * 1e3, tolerance),
    )


def q5(
    rate: float = 80.0, mu: float = 100.0, cv2: tuple[float, ...] = (0.0, 1.0, 4.0), servers: int = SERVERS, seed: int = 3
) -> tuple[Finding, ...]:
    """Wq = rho S (1 + cv^2) / (2 (1 - rho))."""
    found, rho = [], rate / mu
    for spread in cv2:
        tolerance = 0.05 if spread <= 1.0 else 0.08
        n = requests(rho, tolerance, spread)
        _, wait, _ = steady(farm(rate, mu, servers, cv2=spread), n, rho, mu / max(1.0, spread), seed)
        expected = rho / mu * (1.0 + spread) / (2.0 * (1.0 - rho))
        found.append(within(f"mean wait at cv^2 {spread:g}, ms", expected * 1e3, float(wait.mean()) * 1e3, tolerance))
    return tuple(found)


def q7(
    rate: float = 120.0, mu: float = 100.0, room: int = 10, servers: int = SERVERS, n: int = 200_000, seed: int = 4
) -> tuple[Finding, ...]:
    """Of `room` places one is in service: drops (1 - r) r^K / (1 - r^(K+1)); the standard error at n requests is below .5 %."""
    r = rate / mu
    expected = 1.0 / (room + 1) if r == 1.0 else (1.0 - r) * r**room / (1.0 - r ** (room + 1))
    world = World(farm(rate, mu, servers, queue=room - 1), seed)
    go(world, math.ceil(n / rate / servers))
    totals = world.web.stations.totals
    shed = int(totals.rejected.sum()) / int(totals.arrivals.sum())
    done = int(totals.departures.sum()) / world.now / servers
    return within("share dropped", expected, shed, 0.02), within("throughput, /s", rate * (1.0 - expected), done, 0.02)
