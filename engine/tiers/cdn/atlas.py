"""Where the points of presence stand, how far they are from cities, zones and each other, and which of them serves a city.

Between places of different regions the way is the measured one (engine/geo.py); within a region it is the fibre bound times the
median ratio of that matrix. A PoP reaches the site's zones as its city does. A provider leads each city to the nearest of its
PoPs that is announced and may serve the city's country.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ...config_cdn import CdnPart
from ...geo import (
    FIBRE_KM_PER_MS,
    MEDIAN_RATIO,
    City,
    GeoError,
    access_ms,
    city_table,
    great_circle_km,
    one_way,
    region_indexes,
    round_trips,
)

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
B = NDArray[np.bool_]

NO_POP = -1
INSIDE_MS = 0.25  # the last hop of every path: the least round trip within a zone (xkyle.com)


@cache
def codes() -> dict[str, str]:
    """Code of the airport by which a city's PoPs are called."""
    with (files("engine") / "data" / "pops.csv").open(encoding="utf-8") as lines:
        return {row[0]: row[1] for row in list(csv.reader(lines))[1:]}


def between(a: Sequence[City], b: Sequence[City]) -> F8:
    """Seconds one way from each place of `a` to each of `b`, (a, b)."""
    ms = round_trips().ms[np.ix_(region_indexes([c.region for c in a]), region_indexes([c.region for c in b]))]
    access_a, access_b = np.array([access_ms(c) for c in a]), np.array([access_ms(c) for c in b])
    far = ms + access_a[:, None] + access_b[None, :]
    near = np.array([[MEDIAN_RATIO * 2.0 * great_circle_km(x, y) / FIBRE_KM_PER_MS for y in b] for x in a])
    same = np.array([[x.region == y.region for y in b] for x in a])
    whole: F8 = (np.where(same, near, far) + INSIDE_MS) / 2e3
    return whole


class Atlas:
    """All PoPs of all providers, (p,): provider by provider, in the order of the scenario.

    provider (p,): index. city_way (c, p), pop_way (p, p), zone_way (p, z): seconds one way. country: of each PoP and each city.
    closed (p, c): may not serve the city; blocked (v, c): no packet passes between the city and that provider (effects of
    faults). announced (p,): users are led there. best (v, c): the PoP of a provider that serves a city, -1 = none.
    """

    def __init__(self, config: CdnPart, cities: tuple[City, ...], zone_regions: tuple[str, ...]) -> None:
        self.names: list[str] = []
        self.places: list[City] = []
        self.provider_names = [p.name for p in config.providers]
        owner: list[int] = []
        for number, one in enumerate(config.providers):
            for place in city_table(one.pops or config.pops):
                self.names.append(f"{one.name}-{codes()[place.name]}")
                self.places.append(place)
                owner.append(number)
        self.provider: I8 = np.array(owner, dtype=np.int64)
        self.shield: I8 = np.full(len(config.providers), NO_POP, dtype=np.int64)
        self.city_country = [c.country for c in cities]
        self.countries = sorted(set(self.city_country))
        if self.names:
            self.city_way = between(cities, self.places)
            self.pop_way = between(self.places, self.places)
            self.zone_way = one_way(self.places, zone_regions)
        self.announced: B = np.ones(len(self.names), dtype=np.bool_)
        self.best: I8 = np.full((len(self.provider_names), len(cities)), NO_POP, dtype=np.int64)
        self.reset_effects()

    def reset_effects(self) -> None:
        """No regulation stands between users and PoPs."""
        self.closed: B = np.zeros((len(self.names), len(self.city_country)), dtype=np.bool_)
        self.blocked: B = np.zeros((len(self.provider_names), len(self.city_country)), dtype=np.bool_)
        self.block_event: I8 = np.zeros(self.blocked.shape, dtype=np.int64)
        self.close_event: I8 = np.zeros(len(self.city_country), dtype=np.int64)

    def lead(self) -> None:
        """Find the PoP that serves each city, for each provider."""
        for v in range(len(self.provider_names)):
            mine = np.flatnonzero(self.provider == v)
            way = np.where(self.announced[mine] & ~self.closed[mine].T, self.city_way[:, mine], np.inf)
            nearest = way.argmin(axis=1)
            some = np.isfinite(way[np.arange(len(way)), nearest])
            self.best[v] = np.where(some, mine[nearest], NO_POP)

    def set_shield(self, city: str) -> None:
        """Each provider's PoP in this city is its shield; "" = none. ValueError if no provider has one there."""
        found = np.full(len(self.provider_names), NO_POP, dtype=np.int64)
        for p, place in enumerate(self.places):
            if city and place.name.casefold() == city.casefold():
                found[self.provider[p]] = p
        if city and not (found >= 0).any():
            known = ", ".join(dict.fromkeys(c.name for c in self.places))
            raise ValueError(f"no provider has a PoP in {city!r}; there are {known}")
        self.shield = found


__all__ = ["NO_POP", "Atlas", "GeoError", "between", "codes"]
