"""Where users and servers stand, and how long light and routers take between them: regions, cities, round trips.

The tables are extracts of published data (engine/data/README.md). Distances between regions are measured medians, never
computed, but for the few pairs that nobody published: those follow the fit .0141 ms/km + 28 ms of that very matrix.
From a city to its nearest region no measurement exists: it is the fibre bound times the median ratio of the matrix.
"""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

import msgspec
import numpy as np
from numpy.typing import NDArray

from .config import Network

F8 = NDArray[np.float64]

EARTH_KM = 6371.0088  # mean radius (IUGG)
FIBRE_KM_PER_MS = 200.0  # light in glass, about 2/3 c
MEDIAN_RATIO = 1.71  # median of RTT over the fibre bound, pairs of regions more than 500 km apart
FIT_MS_PER_KM, FIT_MS = 0.0141, 28.0  # least squares through the same pairs


class GeoError(ValueError):
    """A place that the tables do not know. The message is one sentence and offers near matches."""


class Region(msgspec.Struct, frozen=True):
    """A cloud region: degrees, and the city that it stands near."""

    name: str
    latitude: float
    longitude: float
    city: str


class City(msgspec.Struct, frozen=True):
    """A city with its population and the nearest region (degrees, people)."""

    name: str
    country: str
    latitude: float
    longitude: float
    population: int
    region: str


class Round(msgspec.Struct, frozen=True):
    """The matrix: `ms[i, j]` is the round trip from names[i] to names[j]; `published` tells measured pairs from filled ones."""

    names: tuple[str, ...]
    ms: F8
    published: NDArray[np.bool_]


def _rows(name: str) -> list[list[str]]:
    with (files("engine") / "data" / name).open(encoding="utf-8") as lines:
        return list(csv.reader(lines))


@cache
def regions() -> dict[str, Region]:
    """All regions by name, in order of name."""
    return {r[0]: Region(r[0], float(r[1]), float(r[2]), r[3]) for r in _rows("regions.csv")[1:]}


@cache
def cities() -> dict[str, City]:
    """All cities by name."""
    return {r[0]: City(r[0], r[1], float(r[2]), float(r[3]), int(r[4]), r[5]) for r in _rows("cities.csv")[1:]}


def great_circle_km(a: Region | City, b: Region | City) -> float:
    """Distance over the ground (haversine)."""
    lat_a, lat_b = math.radians(a.latitude), math.radians(b.latitude)
    d_lon = math.radians(b.longitude - a.longitude)
    h = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(d_lon / 2) ** 2
    return 2.0 * EARTH_KM * math.asin(math.sqrt(h))


@cache
def round_trips() -> Round:
    """The matrix of regions, (50, 50) ms; a pair published one way only counts both ways, the diagonal is 0."""
    rows = _rows("rtt.csv")
    names = tuple(rows[0][1:])
    table = np.array([[float(cell) if cell else np.nan for cell in row[1:]] for row in rows[1:]])
    ms = np.where(np.isnan(table), table.T, table)
    np.fill_diagonal(ms, 0.0)
    published = ~np.isnan(ms)
    known = regions()
    for i, j in np.argwhere(~published).tolist():
        ms[i, j] = FIT_MS_PER_KM * great_circle_km(known[names[i]], known[names[j]]) + FIT_MS
    ms.setflags(write=False)
    published.setflags(write=False)
    return Round(names, ms, published)


def city_table(names: Sequence[str]) -> tuple[City, ...]:
    """These cities, in this order; GeoError for a name that the table lacks or that is given twice."""
    table = cities()
    for i, name in enumerate(names):
        if name not in table:
            raise GeoError(_unknown("city", name, table))
        if name in names[:i]:
            raise GeoError(f"city {name!r} is named twice")
    return tuple(table[name] for name in names)


def region_indexes(names: Sequence[str]) -> NDArray[np.int64]:
    """Indexes into the matrix, (n,); GeoError for an unknown region."""
    index = {name: i for i, name in enumerate(round_trips().names)}
    for name in names:
        if name not in index:
            raise GeoError(_unknown("region", name, index))
    return np.array([index[name] for name in names], dtype=np.int64)


def access_ms(city: City) -> float:
    """Round trip between a city and its nearest region: the fibre bound times MEDIAN_RATIO."""
    return MEDIAN_RATIO * 2.0 * great_circle_km(city, regions()[city.region]) / FIBRE_KM_PER_MS


def one_way(city: Sequence[City], zone_regions: Sequence[str], inside_ms: float = 0.25) -> F8:
    """Seconds from each city to each zone, (c, z): half of city to nearest region + region to region + `inside_ms`.

    inside_ms: the round trip within a zone, the last hop of every path (xkyle.com: .25 ms at least).
    """
    ms = round_trips().ms[np.ix_(region_indexes([c.region for c in city]), region_indexes(zone_regions))]
    access = np.array([access_ms(c) for c in city])
    whole: F8 = (ms + access[:, None] + inside_ms) / 2e3
    return whole


def zone_one_way(network: Network) -> F8:
    """Seconds between zones, (z, z): within a zone, between zones of one region, or half the matrix between regions."""
    index = region_indexes([zone.region for zone in network.zones])
    ms = round_trips().ms[np.ix_(index, index)].copy()
    ms[index[:, None] == index[None, :]] = network.cross_zone_rtt_ms
    np.fill_diagonal(ms, network.same_zone_rtt_ms)
    half: F8 = ms / 2e3
    return half


def _unknown(what: str, name: str, table: Iterable[str]) -> str:
    names = list(table)
    folded = {n.casefold(): n for n in names}
    near = [folded[n] for n in difflib.get_close_matches(name.casefold(), list(folded), n=3, cutoff=0.6)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names[:8])} ..."
    return f"unknown {what} {name!r}: {hint}"
