"""Layers that retry: each attempt is a real query, reads are passed on, writes are not, and what is off costs nothing."""

from __future__ import annotations

import msgspec
import pytest
from world_rig import QUICK, Rig

from engine.causes import Outcome
from engine.commands import HealAll, Inject, SetOption
from engine.config import BalancerPart, Client, DatabasePart, Route, Scenario, Traffic

READ = (Route("plain", 1.0, "read", cached=False),)
WRITE = (Route("save", 1.0, "write"),)


def scenario(route: tuple[Route, ...], library: int, balancer: int, clients: int) -> Scenario:
    """Patient clients, no passive checks; so many retries at each layer."""
    front: BalancerPart = msgspec.structs.replace(
        QUICK.balancer, retry_answers=balancer, health=msgspec.structs.replace(QUICK.balancer.health, passive=False)
    )
    base: DatabasePart = msgspec.structs.replace(QUICK.database, retries=library, retry_backoff=0.02, timeout=5.0, queue=0)
    return msgspec.structs.replace(
        QUICK, route=route, traffic=Traffic(requests_per_second=20.0, keys=40), balancer=front, database=base,
        client=Client(timeout=60.0, retries=clients, backoff=0.02, budget=0.0, jitter="none"),
        web=msgspec.structs.replace(QUICK.web, queue=0),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("route", "library", "balancer", "clients", "queries"),
    [(READ, 2, 1, 1, 3 * 2 * 2), (READ, 0, 2, 0, 3), (READ, 3, 0, 0, 4), (WRITE, 2, 3, 1, 3 * 2), (READ, 0, 0, 0, 1)],
)
def test_layers_multiply(route: tuple[Route, ...], library: int, balancer: int, clients: int, queries: int) -> None:
    """All queries fail: the database gets (1 + r) of them from each layer; a balancer passes no write on."""
    rig = Rig(scenario(route, library, balancer, clients))
    rig.give(Inject("error_rate", "db", 100.0))
    rig.run(200)
    rig.give(SetOption("traffic.requests_per_second", 0.0))
    rig.run(1_200)
    world = rig.world
    asked = int(world.core.ledger.arrived.sum[0])
    assert asked > 10
    assert world.core.ledger.in_flight == 0
    assert int(world.core.ledger.outcomes.sum[Outcome.FAILED]) == asked
    assert int(world.database.stations.totals.arrivals.sum()) == queries * asked


def test_they_help_when_some_queries_fail() -> None:
    """Half of the queries fail: three more tries leave a sixteenth of the failures (and a request that succeeds is right)."""
    rig = Rig(scenario(READ, 3, 0, 0))
    rig.give(Inject("error_rate", "db", 50.0))
    rig.give(SetOption("traffic.requests_per_second", 200.0))
    rig.run(1_000)
    rig.give(SetOption("traffic.requests_per_second", 0.0))
    rig.run(400)
    outcomes = rig.world.core.ledger.outcomes.sum
    asked = int(rig.world.core.ledger.arrived.sum[0])
    assert rig.world.core.ledger.in_flight == 0
    deviation = (asked * (1 / 16) * (15 / 16)) ** 0.5
    assert abs(int(outcomes[Outcome.FAILED]) - asked / 16) < 4 * deviation


def test_settings_act_live_and_through_faults() -> None:
    """Switched on under way, with servers and databases dying: every row stays accounted for (the checker is on), all ends."""
    rig = Rig(QUICK)
    rig.run(100)
    for name, value in (("database.retries", 3.0), ("balancer.retry_answers", 2.0), ("database.retry_backoff", 0.01)):
        rig.give(SetOption(name, value))
    rig.give(Inject("error_rate", "db", 60.0))
    rig.run(200)
    for fault, node in (("crash", "web-1"), ("crash", "lb-1"), ("crash", "db-a1"), ("freeze", "db-b1")):
        rig.give(Inject(fault, node, None))
        rig.run(100)
    assert rig.world.database.repeated > 0
    assert rig.world.balancer.choice.again.count > 0
    rig.give(HealAll())
    rig.run(300)
    rig.give(SetOption("database.retries", 0.0))
    rig.give(SetOption("traffic.requests_per_second", 0.0))
    rig.run(2_600)
    assert rig.unequal() == []
