"""Worlds for the self-check: scenarios with nothing in them but what a row speaks of, and ears that note what passes.

A scenario is plain: one zone, one city, names that are never asked for twice, no health checks, patient clients; a row adds
its own. Everything then runs through World with its agents, as `scaletop run --headless` does.
"""

from __future__ import annotations

from typing import cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..agents import AGENTS
from ..commands import Order, WorldCommand
from ..config import (
    BalancerPart,
    CachePart,
    Client,
    DatabasePart,
    Dns,
    Health,
    Network,
    Route,
    Scenario,
    Service,
    Traffic,
    Users,
    WebPart,
    Zone,
)
from ..flights import Flights
from ..runtime.headless import run_headless
from ..tiers.clients import Clients
from ..tiers.database import Database
from ..world import World

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

NOTHING = Service(mean_ms=0.0, floor_ms=0.0, cv2=0.0)
FOR_EVER = 1e6  # seconds: longer than any run
PAGE = Route("page", 1.0, "read", cached=False, database=False)
READ = Route("read", 1.0, "read", cached=False)
CACHED = Route("item", 1.0, "read")
WRITE = Route("save", 1.0, "write")
UNCHECKED = Health(active=False, passive=False)

PLAIN = Scenario(
    name="selfcheck",
    step_ms=100.0,
    users=Users(count=1, cities=("Washington",)),
    traffic=Traffic(keys=1, zipf=0.0),
    route=(PAGE,),
    client=Client(timeout=FOR_EVER, retries=0, backoff=0.0, jitter="none", budget=0.0),
    network=Network(zones=(Zone("a"),)),
    dns=Dns(ttl=1e7, resolvers=1, browser_cap=1e7, os_cap=1e7, resolver_max_ttl=1e7),
    balancer=BalancerPart(nodes=0, service=NOTHING, health=UNCHECKED),
    web=WebPart(nodes=1, service=NOTHING, queue=0),
    cache=CachePart(nodes=0, service_us=0.0, timeout=FOR_EVER),
    database=DatabasePart(shards=1, replicas=0, workers=1, read=NOTHING, write=NOTHING, queue=0, timeout=FOR_EVER),
)


def plain(**changes: object) -> Scenario:
    """The plain scenario with some tables or figures of its own."""
    return msgspec.structs.replace(PLAIN, **changes)


def part(table: str, **changes: object) -> msgspec.Struct:
    """A table of the plain scenario with some figures of its own."""
    return cast(msgspec.Struct, msgspec.structs.replace(getattr(PLAIN, table), **changes))


def go(world: World, until: float) -> None:
    """Run on to virtual second `until`, with agents."""
    run_headless(world, AGENTS, until - world.now)


def give(world: World, *commands: WorldCommand) -> None:
    """A person gives orders at this step boundary; they take effect in the step that follows."""
    first = world.step_no * 100  # numbers count up per giver
    world.step([Order("you", first + i, command) for i, command in enumerate(commands)])


class Ear:
    """Stands before a part of the world, notes the rows that one of its methods is called with, and hands everything on."""

    def __init__(self, held: object, method: str, flights: Flights, columns: tuple[str, ...]) -> None:
        self.held = held
        self.method = method
        self.flights = flights
        self.columns = columns
        self.noted: list[tuple[F8, ...]] = []

    def __getattr__(self, name: str) -> object:
        if name != self.method:
            return getattr(self.held, name)
        return self._pass

    def _pass(self, t: F8, slots: I8) -> None:
        self.noted.append((t.copy(), *(getattr(self.flights, column)[slots].astype(np.float64) for column in self.columns)))
        getattr(self.held, self.method)(t, slots)

    def heard(self) -> dict[str, F8]:
        """All rows so far, in order of their calls: "t" and the columns asked for, (n,) each."""
        names = ("t", *self.columns)
        if not self.noted:
            return {name: np.empty(0) for name in names}
        return {name: np.concatenate(column) for name, column in zip(names, zip(*self.noted, strict=True), strict=True)}


def at_clients(world: World) -> Ear:
    """Notes every answer as it leaves for its client: when it was sent, its waits and services, cause, key, kind."""
    columns = ("sent", "wait", "service", "cause", "key", "kind")
    ear = Ear(world.replies.clients, "answer", world.core.flights, columns)
    world.replies.clients = cast(Clients, ear)
    return ear


def at_database(world: World) -> Ear:
    """Notes every read or write that the cache sends on to the database."""
    ear = Ear(world.cache.database, "arrive", world.core.flights, ("key", "flags"))
    world.cache.database = cast(Database, ear)
    return ear
