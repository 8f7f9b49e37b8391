"""Row K1: how far a message queue falls behind while its consumers are stopped, and how long it takes to catch up.

A whole world: pages that make a job each, a broker, workers that poll it; the consumers are stopped by the engine's own fault.
"""

from __future__ import annotations

import math

from ..commands import Heal, Inject
from ..config import QueuePart, Route, Service, Traffic
from ..world import World
from .base import Finding, exact, within
from .worlds import NOTHING, give, go, plain

PHOTO = Route("photo", 1.0, "write", cached=False, database=False, job=True)
WARM = 5.0  # seconds before the outage
THREADS = 4
JOB_MS = 400.0


def k1(
    rate: float = 800.0, done: float = 1000.0, seconds: float = 60.0, tolerance: float = 0.02, seed: int = 1
) -> tuple[Finding, ...]:
    """rate x seconds behind, drained after that / (done - rate). Poisson pages: the drain's standard deviation is 1 % here."""
    workers = round(done * JOB_MS / 1e3 / THREADS)
    job = Service(mean_ms=JOB_MS, floor_ms=JOB_MS, cv2=0.0)
    queue = QueuePart(brokers=1, workers=workers, threads=THREADS, job=job, service=NOTHING)
    world = World(plain(traffic=Traffic(requests_per_second=rate, keys=1, zipf=0.0), route=(PHOTO,), queue=queue), seed)
    go(world, WARM)
    give(world, Inject("stop_consumers", "queue"))
    go(world, WARM + seconds)
    messages = world.queue.messages
    behind = messages.ready
    give(world, Heal("queue"))
    expected = rate * seconds / (done - rate)
    drained = math.inf
    while world.now < WARM + seconds + 1.3 * expected and math.isinf(drained):
        go(world, world.now + 0.5)
        if messages.ready <= THREADS * workers // 100:
            drained = world.now - WARM - seconds
    return (
        within("messages behind", rate * seconds, behind, tolerance),
        within("drained after, s", expected, drained, tolerance),
        exact("jobs done twice", 0, messages.duplicates),
        exact("dead letters", 0, messages.dead),
    )
