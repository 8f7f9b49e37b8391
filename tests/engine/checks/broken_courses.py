"""Ways to lead a world astray behind the engine's back, one or more for each check from step to step, by number and name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec
import numpy as np
from world_rig import EDGE, QUICK, Rig

from engine.causes import Outcome
from engine.commands import AddNode, Inject, Order
from engine.config import (
    BalancerPart,
    Client,
    Health,
    ReplicationPart,
    Scenario,
    Service,
    SessionsPart,
    Users,
    WebPart,
)
from engine.policies.balancing import ConsistentHash
from engine.tiers.cache.mail import DELETE
from engine.tiers.sessions.book import SHARED
from engine.world import World

Break: TypeAlias = Callable[[], None]


def rig_of(**parts: object) -> Rig:
    """The small quick world; parts: tables of its scenario that are others."""
    config: Scenario = msgspec.structs.replace(QUICK, **parts)
    return Rig(config, every=10**9)


# ---- in time: each builds a world, leads it astray and runs it until the checker says so (or for long)


def _run_on(rig: Rig, steps: int = 400) -> None:
    """Steps without agents and with only what follows the world from step to step."""
    for _ in range(steps):
        rig.world.step()
        rig.checked.checker.step()


def _skip_a_step() -> None:
    rig = rig_of()
    rig.world.step()
    _run_on(rig, 1)


def _spend_too_much() -> None:
    rig = rig_of(client=Client(timeout=0.4, retries=2, backoff=0.02, budget=0.01))
    rig.give(Inject("error_rate", "web", 100.0))
    rig.run(50)
    rig.world.clients.storm = True  # a storm that ends unseen: retries go out, and the budget does not allow them
    rig.world.step()
    rig.checked.checker.step()
    for _ in range(400):
        rig.world.clients.storm = True
        rig.world.step()
        rig.world.clients.storm = False
        rig.checked.checker.step()


def _try_too_often() -> None:
    rig = rig_of()
    rig.run(100)
    flights = rig.world.core.flights
    flights.attempt[flights.live()[0]] = 9
    _run_on(rig, 1)


def _stretch_a_queue() -> None:
    rig = rig_of(web=WebPart(nodes=3, workers=1, service=Service(60.0, 1.0, 1.0), queue=3))
    for index in range(3):
        rig.world.web.stations.set_bound(index, 0.0, None)
    _run_on(rig)


def _lose_in_sync() -> None:
    database = msgspec.structs.replace(QUICK.database, replication=ReplicationPart(mode="sync"))
    rig = rig_of(database=database)
    _run_on(rig, 10)
    rig.world.database.meters.totals["lost"] += 1
    _run_on(rig, 1)


def _unapply() -> None:
    rig = rig_of()
    rig.run(300)
    log = rig.world.database.shards[0].log
    next(iter(log.followers.values())).applied[: log.size] = np.inf
    _run_on(rig, 1)


def _fail_in_peace() -> None:
    rig = rig_of(
        client=Client(timeout=20.0, retries=0), database=msgspec.structs.replace(QUICK.database, timeout=20.0, workers=8)
    )
    _run_on(rig, 150)
    ledger = rig.world.core.ledger
    ledger.outcomes.add_one(Outcome.OK, -1)
    ledger.outcomes.add_one(Outcome.FAILED, 1)
    _run_on(rig, 100)


def _add_a_shard(spoil: Callable[[World], None], rig: Rig | None = None) -> None:
    rig = rig or rig_of()
    rig.world.step([Order("you", 1, AddNode("shard", ""))])
    spoil(rig.world)
    rig.checked.checker.step()


def _move_nothing() -> None:
    def spoil(world: World) -> None:
        world.database.places.held["ring"] = world.database.places.held["ring"] % 2

    _add_a_shard(spoil)


def _move_nothing_by_modulo() -> None:
    def spoil(world: World) -> None:
        world.database.places.held["modulo"] = world.database.places.every.astype(np.int16) % 2

    rig = rig_of()
    rig.world.database.places.held["modulo"] = rig.world.database.places.every.astype(np.int16) % 2
    rig.checked.checker.moves.judge(rig.world)
    _add_a_shard(spoil, rig)


def _move_between_others() -> None:
    def spoil(world: World) -> None:
        held = world.database.places.held["ring"].copy()
        old = np.flatnonzero(held < 2)[:2]
        held[old] = 1 - held[old]
        world.database.places.held["ring"] = held

    _add_a_shard(spoil)


def _serve_for_ever() -> None:
    rig = rig_of()
    rig.run(100)
    for _ in range(300):
        for shelf in rig.world.cache.desk.shelves:
            for key, entry in list(shelf.entries.items()):
                shelf.prolong(key, (entry[0], np.inf, entry[2]))
        _run_on(rig, 1)


def _serve_another_version() -> None:
    rig = rig_of()
    rig.run(200)
    for _ in range(300):
        rig.world.step()
        for shelf in rig.world.cache.desk.shelves:
            for key, entry in list(shelf.entries.items()):
                shelf.prolong(key, (entry[0] + 1, entry[1], entry[2]))
        rig.checked.checker.step()


def _survive_a_delete() -> None:
    rig = rig_of()
    rig.run(200)
    world = rig.world
    for _ in range(400):
        mail, shelves = world.cache.mail, world.cache.desk.shelves
        rows = np.flatnonzero(mail.kind == DELETE)
        places = zip(mail.node[rows].tolist(), mail.key[rows].tolist(), strict=True)
        held = [(node, key, shelves[node].entries.get(key)) for node, key in places]
        world.step()
        for node, key, entry in held:
            if entry is not None and key not in shelves[node].entries:
                shelves[node].store(key, entry)
        rig.checked.checker.step()


BLIND = Health(interval=0.1, timeout=0.1, fall=2, rise=2, fail_timeout=0.01)


def _never_notice() -> None:
    rig = rig_of(balancer=msgspec.structs.replace(QUICK.balancer, health=BLIND))
    rig.world.step([Order("you", 1, Inject("crash", "web-2"))])
    rig.checked.checker.step()
    _run_on(rig)  # no agents run: nobody checks


def _send_to_the_ill() -> None:
    rig = rig_of()
    _run_on(rig, 100)
    for _ in range(300):
        rig.world.step()
        rig.world.balancer.choice.beliefs.verdict[:, 0] = False  # told after the step, as if the balancer had not heard
        rig.checked.checker.step()
        rig.world.balancer.choice.beliefs.verdict[:, 0] = True


def _favour(policy: str) -> Break:
    def run() -> None:
        part: BalancerPart = msgspec.structs.replace(QUICK.balancer, policy=policy, slow_start=0.0)
        traffic = msgspec.structs.replace(QUICK.traffic, requests_per_second=250.0)
        rig = rig_of(balancer=part, users=Users(count=1, cities=("Washington",)), traffic=traffic)
        choice = rig.world.balancer.choice
        choice.policies = [ConsistentHash(np.random.default_rng(1)) for _ in choice.policies]
        _run_on(rig, 1_500)

    return run


def _outlive_the_server() -> None:
    rig = rig_of(sessions=SessionsPart(store="memory"))
    _run_on(rig, 200)
    rig.world.sessions.book.lose_all = lambda *_: 0  # type: ignore[method-assign]
    rig.world.step([Order("you", 1, Inject("crash", "web-2"))])
    rig.checked.checker.step()


def _die_with_a_server() -> None:
    rig = rig_of(sessions=SessionsPart(store="shared", nodes=2))
    _run_on(rig, 200)
    rig.world.step([Order("you", 1, Inject("crash", "web-2"))])
    rig.world.sessions.book.lose(rig.world.sessions.book.at(SHARED)[:3], "server")
    rig.checked.checker.step()


def _serve_beyond_its_life() -> None:
    rig = Rig(EDGE, every=10**9)
    rig.run(100)
    for _ in range(400):
        rig.world.cdn.edge.store.until[:] = np.inf
        _run_on(rig, 1)


def _serve_another_object() -> None:
    rig = Rig(EDGE, every=10**9)
    rig.run(200)
    for _ in range(300):
        rig.world.cdn.edge.store.version[:] += 1
        _run_on(rig, 1)


def _survive_a_purge() -> None:
    rig = Rig(EDGE, every=10**9)
    rig.run(300)
    cdn, store = rig.world.cdn, rig.world.cdn.edge.store
    cdn.edge.ttl = 1e6
    _run_on(rig, 200)
    place, obj, count = store.place.copy(), store.obj.copy(), store.count.copy()
    cdn.purge("all")
    _run_on(rig, 300)
    for _ in range(300):
        store.place[:], store.obj[:], store.count[:] = place, obj, count
        _run_on(rig, 1)


IN_TIME: dict[str, Break] = {
    "24 time": _skip_a_step,
    "4 budget": _spend_too_much,
    "4 budget, attempts": _try_too_often,
    "6 bounds": _stretch_a_queue,
    "7 no_sync_loss": _lose_in_sync,
    "9 positions": _unapply,
    "2 calm": _fail_in_peace,
    "12 moves too little": _move_nothing,
    "12 moves by modulo": _move_nothing_by_modulo,
    "12 moves between others": _move_between_others,
    "16 ages": _serve_for_ever,
    "16 ages, version": _serve_another_version,
    "16 ages, delete": _survive_a_delete,
    "16 edgeages": _serve_beyond_its_life,
    "16 edgeages, version": _serve_another_object,
    "16 edgeages, purge": _survive_a_purge,
    "19 beliefs": _send_to_the_ill,
    "19 beliefs, detection": _never_notice,
    "19 beliefs, in turn": _favour("round_robin"),
    "19 beliefs, by weight": _favour("weighted_round_robin"),
    "19 beliefs, by lot": _favour("random"),
    "20 survivors": _outlive_the_server,
    "20 survivors, shared": _die_with_a_server,
}
