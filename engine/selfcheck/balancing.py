"""Rows L1, L2, L3, L5: what balancing policies are worth, nginx's weighted sequence, how long checks take to notice.

L1 has policies without feedback in the whole World (an open path is exact at any step's length) and those with feedback in
the joint event-by-event model, where a connection closes at the very moment its server is done, as in the published results.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from .. import api
from ..config import Health, Step
from ..world import World
from .base import Finding, around, band, exact, within
from .queues import farm, requests, steady
from .worlds import F8, go

# E[T] / S at n 10, rho .9, exponential: two distinct choices and join the shortest queue by long Monte Carlo runs.
FEEDBACK = {"two_choices": 2.981, "least_connections": 1.912}


def erlang_m_1(n: int, rho: float) -> float:
    """E[T] / S of E_n/M/1 at rho: 1 / (1 - s), s the root in (0, 1) of s = (1 + (1 - s) / (n rho))^-n, by bisection."""
    low, high = 0.0, 1.0 - 1e-9
    for _ in range(100):
        s = (low + high) / 2.0
        low, high = (s, high) if s < (1.0 + (1.0 - s) / (n * rho)) ** -n else (low, s)
    return 1.0 / (1.0 - low)


def l1(
    n: int = 10, rho: float = 0.9, tolerance: float = 0.04, feedback_requests: int = 400_000, seed: int = 42
) -> tuple[Finding, ...]:
    """E[T] / S: random 1 / (1 - rho); round robin E_n/M/1; two choices and least connections as published for n 10, rho .9."""
    mu, found = 1_000.0, []
    for policy, expected in (("random", 1.0 / (1.0 - rho)), ("round_robin", erlang_m_1(n, rho))):
        config = farm(rho * mu, mu, n)
        config = msgspec.structs.replace(config, balancer=msgspec.structs.replace(config.balancer, policy=policy))
        # Spacing by turns takes away most of the variance that these run lengths are made for.
        needed = requests(rho, tolerance) if policy == "random" else requests(rho, tolerance) // 2
        _, wait, service = steady(config, needed, rho, mu, seed)
        found.append(within(f"{policy}, in the world", expected, float((wait + service).mean()) * mu, tolerance))
    for policy, published in FEEDBACK.items():
        if (n, rho) != (10, 0.9):
            continue
        rng = np.random.default_rng(seed)
        t = np.cumsum(rng.standard_exponential(feedback_requests)) / (n * rho)
        _, finish, _ = api.balancer(policy, n, seed=seed).simulate(t, rng.standard_exponential(feedback_requests))
        time = float((finish - t)[feedback_requests // 10 :].mean())
        found.append(within(f"{policy}, joint model", published, time, tolerance))
    return tuple(found)


def l2(
    n: int = 100, rho: float = 0.9, deepest: int = 5, requests: int = 400_000, tolerance: float = 0.02, seed: int = 43
) -> tuple[Finding, ...]:
    """Two choices, joint model: the share of servers with i jobs or more is rho^(2^i - 1) in the limit of many servers."""
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.standard_exponential(requests)) / (n * rho)
    _, finish, node = api.balancer("two_choices", n, seed=seed).simulate(t, rng.standard_exponential(requests))
    moments = np.linspace(0.2 * t[-1], 0.98 * t[-1], 400)  # the first fifth is the way from empty to steady
    shares = np.zeros(deepest)
    for now in moments:
        inside = np.bincount(node[(t <= now) & (now < finish)], minlength=n)
        shares += [float((inside >= i).mean()) for i in range(1, deepest + 1)]
    return tuple(
        around(f"share with {i} jobs or more", rho ** (2**i - 1), float(shares[i - 1]) / moments.size, tolerance)
        for i in range(1, deepest + 1)
    )


def l3(weights: tuple[float, ...] = (5, 1, 1), rounds: int = 2) -> tuple[Finding, ...]:
    """The smooth weighted sequence of nginx: each turn everybody gains his weight, the richest is chosen and pays the total."""
    purse, wanted = [0.0] * len(weights), ""
    turns = int(sum(weights)) * rounds
    for _ in range(turns):
        purse = [p + w for p, w in zip(purse, weights, strict=True)]
        best = purse.index(max(purse))
        purse[best] -= sum(weights)
        wanted += chr(ord("a") + best)
    policy = api.balancer("weighted_round_robin", len(weights), weights=weights)
    given = "".join(chr(ord("a") + policy.choose()) for _ in range(turns))
    found = [exact("sequence", wanted, given)]
    if weights == (5, 1, 1):
        found.append(exact("as nginx prints it", "aabacaa", given[:7]))
    return tuple(found)


def kolmogorov(sample: F8, low: float, high: float) -> float:
    """p-value that a sample comes from U(low, high): Kolmogorov's series with Stephens' correction for small samples."""
    x = np.sort(np.clip((sample - low) / (high - low), 0.0, 1.0))
    n = x.size
    steps = np.arange(n + 1) / n
    furthest = float(np.maximum(np.abs(x - steps[:-1]), np.abs(x - steps[1:])).max())
    z = furthest * (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n))
    series = sum((1.0 if k % 2 else -1.0) * math.exp(-2.0 * k * k * z * z) for k in range(1, 101))
    return min(1.0, max(0.0, 2.0 * series))


def l5(
    interval: float = 2.0, fall: int = 3, rise: int = 2, servers: int = 120, step_ms: float = 10.0, seed: int = 6
) -> tuple[Finding, ...]:
    """Servers die at random moments and come back: (fall - 1, fall) intervals until all know, (rise - 1, rise) back, uniform."""
    rng = np.random.default_rng(seed)
    grace = (fall + 2) * interval
    died = np.sort(rng.random(servers)) * 2.0 * interval + interval
    back = died + grace + rng.random(servers) * interval
    names = [f"web-{i + 1}" for i in rng.permutation(servers).tolist()]
    script = tuple(
        Step(at=at, fault="crash", target=name, lasts=until - at)
        for at, until, name in zip(died.tolist(), back.tolist(), names, strict=True)
    )
    config = farm(1.0, 100.0, servers)
    balancer = msgspec.structs.replace(
        config.balancer, health=Health(interval=interval, fall=fall, rise=rise, active=True, passive=False), fail_open=False
    )
    config = msgspec.structs.replace(config, step_ms=step_ms, balancer=balancer, script=script)
    world = World(config, seed)
    go(world, float(back.max()) + (rise + 2) * interval)
    told: dict[str, list[float]] = {name: [] for name in names}
    for event in world.core.log.events:
        if event.by.startswith("agent:health"):
            told[event.target].append(event.at)
    both = [times for times in told.values() if len(times) == 2]
    down = np.array([told[name][0] for name in names if len(told[name]) == 2]) - died[: len(both)]
    up = np.array([told[name][1] for name in names if len(told[name]) == 2]) - back[: len(both)]
    slack = 3.0 * step_ms / 1e3  # a verdict is an order of the step after the look
    return (
        exact("servers found dead and alive again", servers, len(both)),
        band("detection p-value", "> .01", kolmogorov(down, (fall - 1) * interval, fall * interval), 0.01, 1.0),
        band("earliest detection, s", f">= {(fall - 1) * interval:g}", float(down.min()), (fall - 1) * interval - slack, 1e9),
        band("latest detection, s", f"<= {fall * interval:g}", float(down.max()), 0.0, fall * interval + slack),
        band("recovery p-value", "> .01", kolmogorov(up, (rise - 1) * interval, rise * interval), 0.01, 1.0),
    )
