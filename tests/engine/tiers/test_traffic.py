"""Who asks, when and for what: the day curve of each city, the closed loop, crowds on one key, several faults at once."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from engine.config import Client, Route, Service, Traffic, Users
from engine.faults import FAULTS, resolve
from engine.selfcheck.worlds import at_clients, go, plain
from engine.tiers.traffic import Births
from engine.world import World

CITIES = ("London", "Tokyo")


def births(world: World, until: float) -> Births:
    """Everything that is born until then, in the order in which it came."""
    world.traffic.recorded = []
    go(world, until)
    rows = [row for _, row in world.traffic.recorded]
    names = ("t", "user", "key", "route", "web_work", "db_work")
    return Births(*(np.concatenate([getattr(row, name) for row in rows]) for name in names))


def test_open_loop_requests_come_from_cities_as_people_live_there() -> None:
    world = World(plain(users=Users(count=10_000, cities=CITIES), traffic=Traffic(requests_per_second=2_000.0, keys=100)), 3)
    born = births(world, 20.0)
    n = born.t.size
    assert n == pytest.approx(40_000, abs=4 * 200)  # four standard deviations of a Poisson count
    share = world.traffic.population.weight
    counted = np.bincount(world.traffic.city_of(born.user), minlength=2) / n
    assert counted == pytest.approx(share, abs=4 * np.sqrt(0.25 / n))
    gaps = np.diff(born.t)
    assert gaps.std() / gaps.mean() == pytest.approx(1.0, abs=0.03)  # no rhythm: Poisson


def test_the_day_curve_follows_each_citys_longitude() -> None:
    """Over a whole day the rate is the one asked for; the two cities' peaks are as far apart as they are on the globe."""
    day = 40.0
    traffic = Traffic(requests_per_second=2_000.0, keys=100, curve=0.8, day=day)
    world = World(plain(users=Users(count=10_000, cities=CITIES), traffic=traffic), 3)
    rates = np.array([world.traffic.rate(t) for t in np.linspace(0.0, day, 401)[:-1]])
    assert rates.sum(axis=1).mean() == pytest.approx(2_000.0, rel=1e-3)
    assert rates.max(axis=0) / rates.mean(axis=0) == pytest.approx([1.8, 1.8], rel=0.01)
    peaks = rates.argmax(axis=0) / 400.0 * day
    east = (world.traffic.longitude[1] - world.traffic.longitude[0]) / 360.0 * day
    assert (peaks[0] - peaks[1]) % day == pytest.approx(east, abs=0.15)
    born = births(world, day)
    for city in range(2):
        mine = born.t[world.traffic.city_of(born.user) == city]
        by_quarter = np.histogram(mine, bins=4, range=(0.0, day))[0]
        wanted = rates[:, city].reshape(4, 100).mean(axis=1) * day / 4
        assert (np.abs(by_quarter - wanted) < 4 * np.sqrt(wanted) + 0.02 * wanted).all()


@pytest.mark.parametrize(("users", "think"), [(10, 0.5), (60, 1.0)])
def test_a_closed_loop_keeps_the_response_time_law(users: int, think: float) -> None:
    """N = X (R + Z) (Denning and Buzen 1978), one request a user at a time, and X by mean value analysis (Reiser and
    Lavenberg 1980): one server of 25 ms, which saturates at 40/s.
    """
    config = plain(
        users=Users(count=1_000, cities=("Washington",)),
        traffic=Traffic(requests_per_second=0.0, keys=1, closed_users=users, think=think),
        web=msgspec.structs.replace(plain().web, workers=1, service=Service(mean_ms=25.0, floor_ms=0.0, cv2=1.0)),
    )
    world = World(config, 5)
    ear = at_clients(world)
    go(world, 400.0)
    heard = ear.heard()
    rate = heard["t"].size / 400.0
    spent = float((heard["t"] - heard["sent"]).mean())
    assert rate * (spent + think) == pytest.approx(users, rel=0.03)
    way = spent - float((heard["wait"] + heard["service"]).mean())
    inside = throughput = 0.0
    for n in range(1, users + 1):
        time = 0.025 * (1.0 + inside)
        throughput = n / (time + think + way)
        inside = throughput * time
    assert rate == pytest.approx(throughput, rel=0.03)
    assert world.core.ledger.in_flight <= users
    assert world.core.ledger.by_source[1, 0] == world.core.ledger.arrived.sum[0]


def test_a_crowd_asks_for_one_key_on_top_of_all_others() -> None:
    config = plain(
        users=Users(count=1_000, cities=CITIES),
        traffic=Traffic(requests_per_second=1_000.0, keys=1_000),
        route=(Route("page", 0.5, "read", cached=False, database=False), Route("save", 0.5, "write")),
        client=Client(timeout=1e6),
    )
    world = World(config, 9)
    FAULTS["flash_crowd"].act(world, resolve(world, "key:777", ("key",)), 150.0, 1)
    FAULTS["traffic_x2"].act(world, resolve(world, "traffic", ("traffic",)), 2.0, 1)
    FAULTS["traffic_x10"].act(world, resolve(world, "traffic", ("traffic",)), 1.5, 1)
    born = births(world, 5.0)
    crowd = born.key == 777
    assert int((~crowd).sum()) == pytest.approx(15_000, abs=4 * 123)
    assert int(crowd.sum()) == pytest.approx(22_500, abs=4 * 150 + 60)
    assert (born.route[crowd] == 0).mean() > 0.99  # a crowd reads
    assert world.traffic.flash_key == 777
    world.traffic.reset_effects()
    assert world.traffic.rate(0.0).sum() == pytest.approx(1_000.0)
