"""Geography: check G1 (every round trip obeys the speed of light in glass and equals the published matrix), names, shapes."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np
import pytest

from engine import geo
from engine.config import Network, Users, Zone

# Published pairs, checked by hand against the source (ms, row to column).
SPOTS = {
    ("eastus", "westeurope"): 83,
    ("eastus", "westus2"): 68,
    ("eastus", "japaneast"): 163,
    ("westeurope", "southeastasia"): 161,
    ("westeurope", "northeurope"): 18,
    ("brazilsouth", "australiaeast"): 298,
    ("westus", "japaneast"): 108,
}


def rtt(a: str, b: str) -> float:
    table = geo.round_trips()
    return float(table.ms[table.names.index(a), table.names.index(b)])


def test_g1_every_round_trip_is_slower_than_light_in_glass() -> None:
    table, known = geo.round_trips(), geo.regions()
    assert len(table.names) == len(known) == 50
    for i, a in enumerate(table.names):
        for j, b in enumerate(table.names):
            assert table.ms[i, j] >= 2.0 * geo.great_circle_km(known[a], known[b]) / geo.FIBRE_KM_PER_MS, (a, b)


def test_g1_the_matrix_is_the_published_one() -> None:
    with (files("engine") / "data" / "rtt.csv").open(encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    table = geo.round_trips()
    cells = 0
    for row in rows[1:]:
        for name, cell in zip(rows[0][1:], row[1:], strict=True):
            if cell:
                cells += 1
                assert rtt(row[0], name) == float(cell)
    assert cells == 2350 - 9  # all cells of the source but for the nine of the region that is left out
    assert int((~table.published).sum()) == 12  # six pairs, both ways
    assert {pair: rtt(*pair) for pair in SPOTS} == SPOTS
    assert not np.diag(table.ms).any()


def test_the_ratio_and_fit_used_for_gaps_are_those_of_the_matrix() -> None:
    table, known = geo.round_trips(), [geo.regions()[n] for n in geo.round_trips().names]
    km = np.array([[geo.great_circle_km(a, b) for b in known] for a in known])
    far = table.published & (km > 500.0)
    assert np.median(table.ms[far] / (2.0 * km[far] / geo.FIBRE_KM_PER_MS)) == pytest.approx(geo.MEDIAN_RATIO, abs=0.02)
    slope, base = np.polyfit(km[far], table.ms[far], 1)
    assert slope == pytest.approx(geo.FIT_MS_PER_KM, rel=0.03)
    assert base == pytest.approx(geo.FIT_MS, abs=2.0)


def test_every_city_hangs_on_its_nearest_region() -> None:
    known = geo.regions().values()
    for city in geo.cities().values():
        nearest = min(geo.great_circle_km(city, r) for r in known)
        assert geo.great_circle_km(city, geo.regions()[city.region]) == nearest, city.name
    assert geo.great_circle_km(geo.cities()["London"], geo.cities()["Sydney"]) == pytest.approx(16_994, rel=0.002)


def test_city_to_zone_is_half_the_round_trip_and_never_beats_light() -> None:
    table = geo.city_table(Users().cities)
    zones = ["eastus", "westeurope", "koreacentral"]
    delay = geo.one_way(table, zones)
    assert delay.shape == (len(table), 3)
    for i, city in enumerate(table):
        for j, zone in enumerate(zones):
            km = geo.great_circle_km(city, geo.regions()[zone])
            assert delay[i, j] >= km / geo.FIBRE_KM_PER_MS / 1e3
            assert delay[i, j] == pytest.approx((rtt(city.region, zone) + geo.access_ms(city) + 0.25) / 2e3, rel=1e-12)
    assert 0.0 < delay[0, 2] < 0.001  # Seoul to the region in Seoul


def test_zones() -> None:
    network = Network(zones=(Zone("a"), Zone("b"), Zone("eu", "westeurope")))
    delay = geo.zone_one_way(network)
    assert np.allclose(delay * 2e3, [[0.25, 1.0, 83.0], [1.0, 0.25, 83.0], [85.0, 85.0, 0.25]])


def test_unknown_names_get_near_matches() -> None:
    with pytest.raises(geo.GeoError, match="São Paulo"):
        geo.city_table(["Sao Paulo"])
    with pytest.raises(geo.GeoError, match="westeurope"):
        geo.region_indexes(["west-europe"])
    with pytest.raises(geo.GeoError, match="there are"):
        geo.city_table(["Xyzzy"])
    with pytest.raises(geo.GeoError, match="twice"):
        geo.city_table(["Seoul", "Seoul"])
