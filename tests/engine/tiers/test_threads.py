"""Threads of web servers: who holds one, who waits, and that it is exact where steps are no longer than a thread is held."""

from __future__ import annotations

import msgspec
import numpy as np
from world_rig import QUICK, Rig

from engine.commands import Heal, Inject, SetOption
from engine.config import BalancerPart, CachePart, Health, QueuePart, Route, Service, Traffic, WebPart
from engine.state import dumps, loads
from engine.world import World

PAGE = (Route("page", 1.0, "read", cached=False, database=False),)
FRONT = BalancerPart(nodes=1, policy="round_robin", health=Health(active=False, passive=False))


def pages(web: WebPart, rate: float) -> World:
    """Pages that ask nobody, so that a thread is held as long as a worker is; steps shorter than the least work."""
    config = msgspec.structs.replace(
        QUICK, step_ms=1.0, route=PAGE, web=web, balancer=FRONT, cache=CachePart(nodes=0), queue=QueuePart(),
        traffic=Traffic(requests_per_second=rate, keys=40),
    )  # fmt: skip
    return World(config)


def test_threads_that_only_work_are_workers() -> None:
    """Two threads before eight workers and two workers without a limit: every request ends alike, at the same moment."""
    ends = []
    for workers, threads in ((8, 2), (2, 0)):
        web = WebPart(nodes=2, workers=workers, threads=threads, queue=6, service=Service(6.0, 3.0, 1.0))
        world = pages(web, 700.0)
        for _ in range(2_000):
            world.step()
        assert int(world.core.ledger.late.sum[0]) == 0
        ends.append((world.core.ledger.chain, int(world.core.ledger.outcomes.sum[3]), world.core.ledger.latency.sum_ms))
    assert ends[0] == ends[1]
    assert ends[0][1] > 0  # some were turned away: both queues have six places


def test_waiting_for_a_database_holds_threads_and_the_processor_idles() -> None:
    rig = Rig(msgspec.structs.replace(QUICK, cache=CachePart(nodes=0), web=msgspec.structs.replace(QUICK.web, threads=4)))
    rig.run(200)
    world = rig.world
    before = float(world.web.gauge.utilisation.mean())
    rig.give(SetOption("client.timeout", 5.0))
    rig.give(Inject("latency", "web~db", 90.0))
    rig.run(600)
    threads = world.automation.threads
    assert threads.busy == [4, 4, 4]
    assert sum(len(queue) for queue in threads.waiting) > 10
    assert float(world.web.gauge.utilisation.mean()) < before
    rig.give(Heal("web~db"))
    rig.give(SetOption("traffic.requests_per_second", 0.0))
    rig.run(2_000)
    assert not threads.rows().size
    assert not np.count_nonzero(threads.holder >= 0)


def test_a_server_that_dies_takes_those_along_who_waited() -> None:
    rig = Rig(msgspec.structs.replace(QUICK, web=msgspec.structs.replace(QUICK.web, threads=1)))
    rig.give(Inject("slow", "web", 30.0))
    rig.run(60)
    assert len(rig.world.automation.threads.waiting[1]) > 0
    rig.give(Inject("crash", "web-2"))
    rig.run(1)
    assert not rig.world.automation.threads.waiting[1]
    rig.run(300)
    rig.give(Heal("web-2"))
    rig.run(100)


def test_the_limit_comes_and_goes_under_traffic() -> None:
    rig = Rig()
    for limit in (1.0, 0.0, 2.0, 50.0, 0.0):
        rig.give(SetOption("web.threads", limit))
        rig.run(120)
    rig.give(SetOption("traffic.requests_per_second", 0.0))
    rig.run(600)
    assert not rig.world.automation.threads.rows().size
    assert int(rig.world.web.stations.totals.present.sum()) == 0


def test_a_world_with_threads_saved_and_loaded_goes_on_alike() -> None:
    rig = Rig(msgspec.structs.replace(QUICK, web=msgspec.structs.replace(QUICK.web, threads=1)))
    rig.give(Inject("slow", "web", 4.0))
    rig.run(150)
    assert rig.world.automation.threads.rows().size
    other, _ = loads(dumps(rig.world), World)
    for world in (rig.world, other):
        for _ in range(100):
            world.step()
    assert rig.world.digest() == other.digest()
