"""A small real world to give orders to, and the sum of all effects that faults have on it."""

from __future__ import annotations

from engine.apply.dispatch import apply
from engine.commands import Order, WorldCommand
from engine.config import (
    AutomationPart,
    BalancerPart,
    CachePart,
    CdnPart,
    DatabasePart,
    Dns,
    Network,
    QueuePart,
    Scenario,
    SessionsPart,
    Traffic,
    Users,
    WebPart,
    Zone,
)
from engine.config_cdn import Provider
from engine.snapshot import Event
from engine.state import fingerprint
from engine.world import World

SMALL = Scenario(
    name="small",
    users=Users(count=1_000, most=5_000, cities=("Seoul", "Frankfurt")),
    traffic=Traffic(requests_per_second=300.0, keys=500),
    network=Network(zones=(Zone("a"), Zone("b"), Zone("c", "westeurope"))),
    dns=Dns(resolvers=20),
    balancer=BalancerPart(nodes=2, policy="least_connections"),
    web=WebPart(nodes=3),
    cache=CachePart(nodes=3, capacity=100),
    database=DatabasePart(shards=2, replicas=2),
    sessions=SessionsPart(store="shared", nodes=2),
    automation=AutomationPart(breaker="consecutive", scale="cpu"),
    queue=QueuePart(brokers=2, workers=3),
    cdn=CdnPart(providers=(Provider("a", pops=("Seoul", "London")), Provider("b", pops=("Tokyo", "Paris"))), shield="London"),
)


def make(config: Scenario = SMALL, steps: int = 0) -> World:
    """A world that has run for so many steps."""
    world = World(config)
    for _ in range(steps):
        world.step()
    return world


class Person:
    """Somebody who gives orders at the step boundary."""

    def __init__(self, world: World, by: str = "you") -> None:
        self.world = world
        self.by = by
        self.number = 0

    def __call__(self, command: WorldCommand, cause: int = 0) -> Event:
        """Give it; the first event that it led to."""
        first = self.world.core.log.next_id
        apply(self.world, Order(self.by, self.number, command, cause))
        self.number += 1
        event = self.world.core.log.find(first)
        assert event is not None, f"{command} was not told"
        return event


NODE_EFFECTS = ("up", "speed", "error_rate", "extra_s", "loss", "event")


def effects(world: World) -> str:
    """A hash of everything that a fault may change directly, and of nothing else."""
    fabric, dns = world.core.fabric, world.dns
    found: dict[str, object] = {
        f"{tier} {name}": getattr(nodes, name) for tier, nodes in fabric.tiers.items() for name in NODE_EFFECTS
    }
    found["ills"] = vars(world.core.ills)
    found["room"] = [shelf.policy.capacity for shelf in world.cache.desk.shelves]
    found["bounds"] = [nodes.stations.nodes.bound for nodes in (world.web, world.database)]
    found["rules"] = [tuple(rule) for rule in fabric.rules]
    found["lossy"] = dict(fabric.lossy)
    found["traffic"] = [world.traffic.multiplier, sorted(world.traffic.flash.items())]
    found["clients"] = world.clients.storm
    scaling = world.automation.scaling
    found["automation"] = [sorted(world.automation.queries.stuck), scaling.stuck, scaling.no_quota, scaling.slower]
    found["database"] = [world.database.applier_speed, world.database.replication_cut]
    queue = world.queue
    found["queue"] = [queue.stopped, queue.poison, queue.lost_acks, queue.full]
    found["dns"] = [dns.authority.served, dns.hosts, dns.hosts_share, dns.blind]
    found["parties"] = [dns.registry.at_tld, dns.providers.gone, dns.levels.flooded]
    found["resolvers"] = [getattr(dns.stubs, name) for name in ("up", "extra_s", "loss", "sick", "event", "ill")]
    found["cdn"] = [world.cdn.atlas.closed, world.cdn.atlas.blocked, world.cdn.edge.drift, world.cdn.purge_loss]
    return fingerprint(found)


def chain(world: World, event_id: int) -> list[Event]:
    """Events from `event_id` back to their beginning."""
    found = [world.core.log.find(i) for i in world.core.log.chain(event_id)]
    return [event for event in found if event is not None]
