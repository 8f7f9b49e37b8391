"""A small whole world whose clocks run fast (checks and time-outs in tenths of a second), with its checker and agents on."""

from __future__ import annotations

import msgspec
import numpy as np

from engine.agents import AGENTS
from engine.checks import Checked
from engine.commands import Order, WorldCommand
from engine.config import (
    BalancerPart,
    CachePart,
    CdnPart,
    Client,
    DatabasePart,
    Dns,
    Health,
    Machines,
    Network,
    QueuePart,
    ReplicationPart,
    Route,
    Scenario,
    Service,
    Traffic,
    Users,
    WebPart,
    Zone,
)
from engine.config_cdn import Provider
from engine.flights import SERVER
from engine.runtime import run_headless
from engine.runtime.log import Entry, OrderLog
from engine.world import World

QUICK = Scenario(
    name="quick",
    seed=11,
    step_ms=5.0,
    machines=Machines(boot=0.3),
    users=Users(count=60, cities=("Washington", "London")),
    traffic=Traffic(requests_per_second=120.0, keys=40),
    route=(Route("item", 0.6, "read"), Route("plain", 0.15, "read", cached=False), Route("save", 0.25, "write", job=True)),
    client=Client(timeout=0.4, retries=2, backoff=0.02, budget=0.3),
    network=Network(zones=(Zone("a"), Zone("b"), Zone("c", "eastus2"))),
    dns=Dns(resolvers=6, ttl=1.0, browser_cap=0.5, query_timeout=0.1),
    balancer=BalancerPart(  # counts connections: feedback of every kind is in this world
        policy="least_connections",
        nodes=2, advert=0.05, connect_timeout=0.1, slow_start=0.1,
        health=Health(interval=0.1, timeout=0.1, fall=2, rise=2, fail_timeout=0.3),
    ),
    web=WebPart(nodes=3, workers=2, service=Service(4.0, 1.0, 1.0), queue=30),
    cache=CachePart(nodes=3, capacity=12, ttl=0.5, timeout=0.05, eject_interval=0.1, single_flight=True),
    database=DatabasePart(
        shards=2, replicas=2, workers=2, queue=40, timeout=0.2, rebalance_mb_s=20.0, rebalance_chunk=5,
        replication=ReplicationPart(
            apply_per_second=400.0, detect_interval=0.05, detect_fall=2, promote_time=0.05, repoint_time=0.05,
            semi_sync_timeout=0.2,
        ),
    ),
    queue=QueuePart(
        brokers=2, workers=3, threads=2, job=Service(30.0, 5.0, 1.0), visibility=0.3, max_receives=3, poll_wait=0.2, timeout=0.1,
        autoscale=True, backlog=0.2, scale_interval=0.5, most_workers=5, warm_up=0.1,
    ),
)  # fmt: skip

EDGE = msgspec.structs.replace(  # the same with a CDN of two providers, shields and short lives
    QUICK,
    route=(Route("picture", 0.5, "read", static=True), Route("item", 0.3, "read"), Route("save", 0.2, "write")),
    cdn=CdnPart(
        providers=(Provider("a", pops=("Washington", "London", "Paris")), Provider("b", 1.0, ("New York", "London"), 20.0)),
        capacity=15, ttl=1.0, shield="London", dns_ttl=0.2, probe_interval=0.2, probe_fall=2, withdraw_after=1.0,
        origin_timeout=0.5, tags=4,
    ),
)  # fmt: skip


class Rig:
    """A checked world; orders given to it are applied at the next step boundary, the agents look as they do in a run."""

    def __init__(self, config: Scenario = QUICK, seed: int | None = None, every: int = 10) -> None:
        self.world = World(config, seed)
        self.every = every
        self.checked = Checked(self.world, every)
        self.number = 0
        self.orders: list[Entry] = []

    def give(self, command: WorldCommand, by: str = "you") -> None:
        """An order for the next boundary."""
        self.orders.append(Entry(self.world.step_no, Order(by, self.number, command)))
        self.number += 1

    def run(self, steps: int) -> None:
        """So many steps, with agents, the waiting orders at the first."""
        orders, self.orders = OrderLog(sorted(self.orders, key=lambda e: (e.order.by, e.order.number))), []
        run_headless(self.checked, AGENTS, steps * self.world.dt, log=orders)

    def take(self, world: World) -> None:
        """Go on with another world (one that was saved and loaded)."""
        self.world = world
        self.checked = Checked(world, self.every)

    def unequal(self) -> list[str]:
        """What is not at rest: requests, queues, keys on the move, replicas that are behind."""
        world, db = self.world, self.world.database
        found = [f"{world.core.ledger.in_flight} requests in flight"] if world.core.ledger.in_flight else []
        held = int(np.count_nonzero(world.core.flights.sides & SERVER))
        found += [f"{held} rows held by servers"] if held else []
        for name, tier in (("balancer", world.balancer), ("web", world.web), ("cache", world.cache), ("db", db)):
            inside = int(tier.stations.totals.present.sum())
            found += [f"{inside} jobs in {name}"] if inside else []
        queue = world.queue.messages
        found += [f"{queue.ready + queue.leased} messages undone"] if queue.ready + queue.leased else []
        found += ["keys on the move"] if db.places.moving else []
        found += [f"{len(db.places.seeds)} replicas being seeded"] if db.places.seeds else []
        for shard in db.shards:
            for node in shard.log.followers if shard.primary >= 0 else ():
                behind = shard.log.head - shard.log.position(node, world.now)
                found += [f"{db.nodes.names[node]} is {behind} records behind"] if behind else []
            found += [f"{shard.name} has former primaries"] if shard.strays and shard.primary >= 0 else []
        return found
