"""The header: what an hour costs follows the machines, the error budget follows the promise."""

from __future__ import annotations

import pytest
from world_rig import QUICK, Rig

from engine.commands import AddNode, Inject, RemoveNode
from engine.ledger import Ledger


def test_cost_follows_the_machines_that_are_there() -> None:
    rig = Rig()
    rig.run(1)
    before = rig.world.snapshot().headline.cost_per_hour
    machines = 2 * QUICK.balancer.price + 3 * QUICK.web.price + 3 * QUICK.cache.price + 6 * QUICK.database.price
    machines += 2 * QUICK.queue.broker_price + 3 * QUICK.queue.worker_price
    assert before == pytest.approx(machines)
    for command, more in (
        (AddNode("web"), QUICK.web.price), (AddNode("shard"), 3 * QUICK.database.price),
        (RemoveNode("cache-3"), -QUICK.cache.price), (Inject("crash", "web-1"), 0.0),
    ):  # fmt: skip
        rig.give(command)
        rig.run(1)
        now = rig.world.snapshot().headline.cost_per_hour
        assert now - before == pytest.approx(more), command
        before = now


def test_the_error_budget_is_what_the_promise_leaves() -> None:
    """Of 99.9 % one bad request in a thousand is all of it; the window forgets the oldest second."""
    ledger = Ledger(1, slo_window=3)
    assert ledger.budget_left(0.999) == 1.0
    for bad, left in ((0, 1.0), (1, 0.5), (3, -1 / 3), (0, -1 / 3), (0, 0.0)):
        ledger.slo_window.append((1_000, bad))
        assert ledger.budget_left(0.999) == pytest.approx(left)


def test_failures_are_told_by_cause_with_the_event_behind_them() -> None:
    rig = Rig()
    rig.give(Inject("dns_down", "authority"))
    rig.give(Inject("flush_resolvers", "traffic"))
    rig.run(400)
    head = rig.world.snapshot().headline
    assert head.error_share > 0.0
    assert head.budget_left < 1.0
    (cause,) = [c for c in head.causes if c.name == "SERVFAIL"]
    events = {event.id: event for event in rig.world.core.log.events}
    assert events[rig.world.core.log.chain(cause.event)[-1]].target == "authority"
    assert sum(c.total for c in head.causes) == rig.world.snapshot().totals.failed + rig.world.snapshot().totals.shed
