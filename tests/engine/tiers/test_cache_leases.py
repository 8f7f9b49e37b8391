"""Leases whose holder is cut off: a balancer dies, the web server behind it lives, and nobody waits ten seconds for it."""

from __future__ import annotations

import numpy as np
from world_rig import QUICK, Rig

from engine.commands import Inject, Restart, SetOption
from engine.flights import SERVER
from engine.tiers.cache.answers import LEASE_S


def behind(rig: Rig, balancer: int) -> list[tuple[int, int, int]]:
    """(node, key, token) of leases with somebody waiting, whose holder came through this balancer."""
    flights, found = rig.world.core.flights, []
    live = flights.live()
    holders = {int(flights.id[row]): row for row in live[flights.balancer[live] == balancer].tolist()}
    for node, shelf in enumerate(rig.world.cache.desk.shelves):
        found += [(node, key, token) for key, token in shelf.leases.items() if token in holders and shelf.waiting.get(token)]
    return found


def test_who_waits_behind_a_holder_whose_balancer_died_reads_at_once() -> None:
    rig = Rig(QUICK)
    rig.give(SetOption("cache.ttl", 0.1))
    rig.give(Inject("slow", "db", 8.0))
    held: list[tuple[int, int, int]] = []
    for _ in range(400):
        rig.run(1)
        if held := behind(rig, 0):
            break
    assert held
    began = rig.world.now
    rig.give(Inject("crash", "lb-1"))
    rig.run(200)
    shelves = rig.world.cache.desk.shelves
    assert rig.world.now < began + LEASE_S / 5
    for node, key, token in held:
        assert shelves[node].leases.get(key) != token
        assert token not in shelves[node].waiting


def test_nothing_is_held_for_long_once_balancers_have_died_and_come_back() -> None:
    """Whoever takes a lease over may be cut off himself: it goes on to the next."""
    rig = Rig(QUICK)
    rig.give(Inject("slow", "db", 8.0))
    for _ in range(3):
        for balancer in ("lb-1", "lb-2"):
            rig.run(60)
            rig.give(Inject("crash", balancer))
            rig.run(20)
            rig.give(Restart(balancer))
    rig.run(60)
    rig.give(SetOption("traffic.requests_per_second", 0.0))
    rig.run(600)
    flights = rig.world.core.flights
    assert int(np.count_nonzero(flights.sides & SERVER)) == 0
    assert not any(shelf.waiting for shelf in rig.world.cache.desk.shelves)
