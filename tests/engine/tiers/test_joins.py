"""Joins: as long as the slowest part, as broken as any of them; and what it costs to have the answer lie ready."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from engine.agents import AGENTS
from engine.checks import Checked
from engine.commands import Inject, Order
from engine.config import DatabasePart, ReplicationPart, Route, Scenario, Service, Traffic
from engine.runtime import run_headless
from engine.selfcheck.worlds import at_clients, go, part, plain
from engine.state import copy
from engine.world import World

MEAN = 0.02


def world_of(fan: int | str = "all", *, shards: int = 8, rate: float = 60.0, posts: float = 0.0, **database: object) -> World:
    """Joins over shards of many workers each, so that no part waits; exponential reads."""
    service = Service(mean_ms=1e3 * MEAN, floor_ms=0.0, cv2=1.0)
    read = Route("feed", 1.0 - posts, "read", cached=False, fan=fan)  # type: ignore[arg-type]
    base = DatabasePart(
        shards=shards, replicas=0, workers=64, read=service, write=service, queue=0, timeout=30.0,
        replication=ReplicationPart(),
    )  # fmt: skip
    config = plain(
        traffic=Traffic(requests_per_second=rate, keys=400, zipf=0.0),
        route=(read, Route("post", posts, "write")) if posts else (read,),
        database=msgspec.structs.replace(base, **database),
        client=part("client", timeout=60.0),
    )
    return World(msgspec.structs.replace(config, step_ms=20.0), 5)


@pytest.mark.parametrize(("fan", "parts"), [("all", 8), (3, 3)])
def test_a_join_takes_the_longest_of_its_parts(fan: int | str, parts: int) -> None:
    """Of n exponential services the longest takes H_n means; 1 % is three standard errors of some 12,000 joins or so."""
    world = world_of(fan, rate=200.0)
    ear = at_clients(world)
    go(world, 60.0)
    heard = ear.heard()
    harmonic = sum(1.0 / i for i in range(1, parts + 1))
    assert heard["service"].mean() == pytest.approx(MEAN * harmonic, rel=0.02)
    reading = world.database.shards_reading().joins
    assert reading is not None
    assert reading.parts == parts * reading.joins
    assert reading.part_ms == pytest.approx(1e3 * MEAN, rel=0.04)  # and half a millisecond of wire
    took = heard["t"] - heard["sent"]
    assert np.all(took >= heard["service"])


def test_one_bad_part_fails_the_join_unless_half_an_answer_is_one() -> None:
    whole, half = world_of(), world_of(partial_joins=True)
    for world in (whole, half):
        run_headless(world, AGENTS, 1.0)
        world.step([Order("you", 0, Inject("error_rate", "db-c1", 100.0))])
        run_headless(world, AGENTS, 9.0)
    failed, partial = whole.database.joined, half.database.joined
    assert failed["failed"] > 0.9 * 9.0 * 60.0 * 0.9
    assert failed["partial"] == partial["failed"] == 0
    assert partial["partial"] > 0.9 * 9.0 * 60.0 * 0.9


def test_denormalised_a_feed_is_one_read_and_a_post_is_written_everywhere() -> None:
    world = world_of(posts=0.25, denormalised=True)
    run_headless(world, AGENTS, 20.0)
    world.traffic.set_option("requests_per_second", 0.0)
    run_headless(world, AGENTS, 5.0)
    assert world.database.joined["parts"] == 0
    writes = int(world.database.versions.issued.sum())
    assert writes > 200
    assert world.database.joined["rewritten"] == 7 * writes
    served = world.database.stations.totals.departures.sum()
    assert int(served) == int(world.core.ledger.arrived.sum[0]) + 7 * writes


def test_every_part_is_somewhere_whatever_dies_and_the_state_is_a_value() -> None:
    world = world_of(shards=4, rate=300.0, posts=0.1, workers=2, queue=20, timeout=0.3, retries=1)
    checked = Checked(world, every=10)
    script = [
        (1.0, Inject("crash", "db-b1")), (1.5, Inject("slow", "db-c1", 20.0)), (2.0, Inject("packet_loss", "web~db", 20.0)),
        (2.5, Inject("crash", "web-1")),
    ]  # fmt: skip
    for at, fault in script:
        run_headless(checked, AGENTS, at - checked.now)
        checked.step([Order("you", int(at * 10), fault)])
    twin = copy(world)
    for one in (checked, twin):
        run_headless(one, AGENTS, 3.0)
    assert world.digest() == twin.digest()
    joined = world.database.joined
    assert joined["failed"] > 50
    assert joined["joins"] == joined["joined"] + joined["failed"] + len(world.database.gathering)


def test_a_route_that_is_no_join_has_nothing_to_do_with_them() -> None:
    world = World(Scenario(), 1)
    assert world.replies.joins is None
    assert world.database.shards_reading().joins is None
