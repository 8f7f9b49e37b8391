"""The same work done by others: SimPy, and a plain loop over one heap of events, as one would write them by hand.

Both let the very requests that the engine has drawn (time, key, demands) pass a balancer, a web server, a cache node and, when
the cache misses, a database node: FIFO queues with k workers, no network, no clients, no faults. That is less than the engine
does for a request, so the comparison favours them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from heapq import heappop, heappush, heapreplace
from typing import Any, NamedTuple

from ..config import Scenario
from ..tiers.traffic import Births

Row = tuple[float, int, float, float]  # arrival s, key, web demand s, database demand s


class Work(NamedTuple):
    """What the peers are to do: requests in order of time, and the keys that are in the caches before the first of them."""

    rows: list[Row]
    held: frozenset[int]


class Peer(NamedTuple):
    """name; requests done; wall and CPU seconds; requests a wall and a CPU second; mean time in the system, ms."""

    name: str
    requests: int
    wall_s: float
    cpu_s: float
    per_wall_s: float
    per_cpu_s: float
    mean_ms: float


def rows_of(births: list[Births], most: int) -> list[Row]:
    """The first `most` requests in order of time, from zero."""
    rows = [
        row
        for b in births
        for row in zip(b.t.tolist(), b.key.tolist(), b.web_work.tolist(), b.db_work.tolist(), strict=True)
    ]
    rows = sorted(rows)[:most]
    return [(t - rows[0][0], key, web, db) for t, key, web, db in rows]


def timed(name: str, run: Callable[[list[Row], Scenario, set[int]], float], work: Work, config: Scenario) -> Peer:
    """Let a peer do the work."""
    held, n = set(work.held), len(work.rows)
    wall, cpu = time.perf_counter(), time.process_time()
    total = run(work.rows, config, held)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Peer(name, n, wall, cpu, n / wall, n / cpu, total / n * 1e3)


def heap_loop(rows: list[Row], config: Scenario, held: set[int]) -> float:
    """One heap of events, one heap of free workers a node, keys `held` cached; returns the sum of times in the system, s."""
    webs, caches, dbs = config.web.nodes, config.cache.nodes, config.database.shards * (1 + config.database.replicas)
    balancer = [0.0] * config.balancer.workers
    web = [[0.0] * config.web.workers for _ in range(webs)]
    cache = [[0.0] for _ in range(caches)]
    database = [[0.0] * config.database.workers for _ in range(dbs)]
    balancing, looking = config.balancer.service.mean_ms / 1e3, config.cache.service_us / 1e6
    events: list[tuple[float, int, int]] = [(row[0], number, 0) for number, row in enumerate(rows)]
    total, turn = 0.0, 0
    while events:
        t, number, stage = heappop(events)
        born, key, web_work, db_work = rows[number]
        if stage == 0:
            free, work = balancer, balancing
        elif stage == 1:
            free, work = web[turn], web_work
            turn = (turn + 1) % webs
        elif stage == 2:
            free, work = cache[key % caches], looking
        elif stage == 3:
            if key in held:
                total += t - born
                continue
            free, work = database[key % dbs], db_work
        else:
            held.add(key)
            total += t - born
            continue
        done = max(t, free[0]) + work
        heapreplace(free, done)
        heappush(events, (done, number, stage + 1))
    return total


def simpy_run(rows: list[Row], config: Scenario, held: set[int]) -> float:
    """As `heap_loop`: one process a request, one Resource a node. ImportError if SimPy is not installed."""
    import simpy

    env = simpy.Environment()
    webs, caches, dbs = config.web.nodes, config.cache.nodes, config.database.shards * (1 + config.database.replicas)
    balancer = simpy.Resource(env, config.balancer.workers)
    web = [simpy.Resource(env, config.web.workers) for _ in range(webs)]
    cache = [simpy.Resource(env, 1) for _ in range(caches)]
    database = [simpy.Resource(env, config.database.workers) for _ in range(dbs)]
    balancing, looking = config.balancer.service.mean_ms / 1e3, config.cache.service_us / 1e6
    total = 0.0

    def serve(node: Any, work: float) -> Generator[Any, Any, None]:
        with node.request() as turn:
            yield turn
            yield env.timeout(work)

    def request(number: int, row: Row) -> Generator[Any, Any, None]:
        nonlocal total
        born, key, web_work, db_work = row
        yield from serve(balancer, balancing)
        yield from serve(web[number % webs], web_work)
        yield from serve(cache[key % caches], looking)
        if key not in held:
            yield from serve(database[key % dbs], db_work)
            held.add(key)
        total += env.now - born

    def source() -> Generator[Any, Any, None]:
        for number, row in enumerate(rows):
            yield env.timeout(max(0.0, row[0] - env.now))
            env.process(request(number, row))

    env.process(source())
    env.run()
    return total
