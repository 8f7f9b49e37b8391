"""Circuit breakers and bulkheads between web servers and database: when they act, what reaches the database, how it ends."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from world_rig import QUICK, Rig

from engine.causes import Cause
from engine.commands import Heal, Inject, Restart, SetOption
from engine.config import AutomationPart, CachePart
from engine.state import dumps, loads
from engine.tiers.automation.breaker import LEGAL, Breaker, State
from engine.world import World


def rig_of(part: AutomationPart, **more: object) -> Rig:
    """The quick world without caches, so that every read is a query."""
    return Rig(msgspec.structs.replace(QUICK, automation=part, cache=CachePart(nodes=0), **more))


def shed(world: World, cause: Cause) -> int:
    return int(world.core.ledger.causes.sum[cause])


@pytest.mark.parametrize("rule", ["consecutive", "share"])
def test_an_ill_database_is_asked_once_a_sleep(rule: str) -> None:
    """Once open, a breaker lets one query through every sleep: three servers, two shards, no more than that reaches them."""
    rig = rig_of(AutomationPart(breaker=rule, breaker_requests=4, breaker_sleep=0.5))  # type: ignore[arg-type]
    rig.run(100)
    assert not rig.world.automation.counts.total("opened")
    rig.give(Inject("error_rate", "db", 100.0))
    rig.run(400)
    world = rig.world
    cells = world.automation.queries.cells
    assert len(cells) == 6
    assert all(cell.state is not State.CLOSED for cell in cells.values())
    before = int(world.database.stations.totals.arrivals.sum())
    rig.run(1_000)
    asked = int(world.database.stations.totals.arrivals.sum()) - before
    assert 6 * 5.0 / 1.0 <= asked <= 6 * (5.0 / 0.5 + 1)  # a probe when the sleep is over and somebody asks
    assert shed(world, Cause.CIRCUIT_OPEN) > 100
    rig.give(Heal("db"))
    rig.run(400)
    assert all(cell.state is State.CLOSED for cell in cells.values())
    assert world.automation.counts.total("closed") >= 6


def test_a_shard_that_is_ill_keeps_nobody_from_the_other() -> None:
    rig = rig_of(AutomationPart(breaker="consecutive", breaker_sleep=5.0))
    rig.give(Inject("crash", "s1"))
    rig.run(600)
    cells = rig.world.automation.queries.cells
    assert {cell.state for (_, shard), cell in cells.items() if shard == 1} == {State.CLOSED}
    assert State.OPEN in {cell.state for (_, shard), cell in cells.items() if shard == 0}


def test_no_more_queries_are_open_than_the_bulkhead_has_room_for() -> None:
    rig = rig_of(AutomationPart(bulkhead=3))
    rig.give(Inject("freeze", "db"))
    rig.run(30)
    world = rig.world
    assert set(world.automation.queries.open.values()) == {3}
    inside = int(world.database.stations.totals.present.sum()) + len(world.database.inbox)
    assert inside <= 9
    assert world.automation.counts.total("bulkhead") > 0
    rig.give(Heal("db"))
    rig.run(400)
    rig.give(SetOption("traffic.requests_per_second", 0.0))
    rig.run(400)
    assert not any(world.automation.queries.open.values())


def test_a_server_that_starts_anew_knows_of_no_failure() -> None:
    rig = rig_of(AutomationPart(breaker="consecutive", breaker_failures=2, breaker_sleep=30.0))
    rig.give(Inject("error_rate", "db", 100.0))
    rig.run(300)
    queries = rig.world.automation.queries
    assert queries.cells[0, 0].state is State.OPEN
    rig.give(Heal("db"))
    rig.give(Restart("web-1"))
    rig.run(200)
    assert {cell.state for (web, _), cell in queries.cells.items() if web == 0} == {State.CLOSED}
    assert queries.cells[1, 0].state is State.OPEN


def test_a_lossy_network_leaves_no_query_open_for_ever() -> None:
    rig = rig_of(AutomationPart(bulkhead=50, breaker="consecutive"))
    rig.give(Inject("packet_loss", "web~db", 60.0))
    rig.run(400)
    rig.give(Heal("web~db"))
    rig.give(SetOption("traffic.requests_per_second", 0.0))
    rig.run(600)  # what is sent anew and anew comes later than that, but is on its way
    queries = rig.world.automation.queries
    assert sum(queries.open.values()) == len(queries.ends) < 10
    assert not np.count_nonzero(queries.holder >= 0)


def test_breakers_saved_and_loaded_go_on_alike() -> None:
    rig = rig_of(AutomationPart(breaker="share", breaker_requests=3, breaker_sleep=0.2, bulkhead=4))
    rig.give(Inject("crash", "s1"))
    rig.run(300)
    assert rig.world.automation.counts.total("opened") > 0
    other, _ = loads(dumps(rig.world), World)
    for world in (rig.world, other):
        for _ in range(100):
            world.step()
    assert rig.world.digest() == other.digest()


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=120))
def test_the_window_holds_the_last_ten_seconds(ends: list[tuple[int, bool]]) -> None:
    """Gaps in quarters of a second; against a list of all that was ever counted."""
    cell, now, known = Breaker(), 0.0, []
    for gap, good in ends:
        now += gap / 4
        cell.count(now, good=good)
        known.append((int(now), good))
        recent = [ok for second, ok in known if second > int(now) - 10]
        assert cell.share() == (len(recent), recent.count(False) / len(recent))
    row = 0
    for _, good in known:
        row = 0 if good else row + 1
    assert cell.in_a_row == row


def test_a_breaker_makes_legal_moves_only() -> None:
    for start in State:
        for to in State:
            cell = Breaker()
            cell.state = start
            if (start, to) in LEGAL:
                cell.move(to, 1.0)
                assert (cell.state, cell.since, cell.moves) == (to, 1.0, 1)
            else:
                with pytest.raises(AssertionError):
                    cell.move(to, 1.0)
