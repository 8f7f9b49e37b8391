"""What active faults have put wrong beside nodes and links: one place, reset and put on anew whenever the list of faults changes.

Everything is empty or 0 while nothing is wrong; mechanisms ask their own entry where they do the thing that it spoils.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .flights import Flights

B = NDArray[np.bool_]
I8 = NDArray[np.int64]

ALWAYS_WELL, ALWAYS_ILL = "well", "ill"  # what a health check that lies says


class Ills:
    """Events are ids of the faults' events, for blame."""

    web_work: dict[int, float]  # route -> times the work at the web server
    db_work: dict[int, float]  # route -> times the work at the database
    bad_routes: list[tuple[int, tuple[int, ...], int]]  # a route, the web servers that fail on it, the event
    cities: dict[int, float]  # city -> times the requests
    write_floods: dict[int, float]  # key -> writes to it, as a share of the normal rate
    scrapers: float  # reads of keys that nobody else wants, as a share of the normal rate
    patience: float  # s that clients wait at most, 0 = as they are told
    library: float  # s that the caches' library waits at most, 0 = as it is told
    wrong_ttl: float  # s that new entries live, 0 = as they are told
    memory: dict[int, float]  # cache node -> share of its memory that is left
    poisoned: dict[int, int]  # key -> event: its value is no value, nobody keeps it
    strangers: tuple[int, ...]  # web servers that look for each key at the node after its home
    locked: dict[int, int]  # key -> event: its row is locked, writes wait
    corrupt: dict[int, int]  # key -> event: its row cannot be read
    full_disks: dict[int, int]  # database node -> event: nothing can be written
    slow_disks: dict[int, float]  # database node -> times the work of a write
    bounds: dict[tuple[str, int], int]  # (tier, node) -> jobs that may wait at most
    lies: dict[int, str]  # web server -> what every health check of it says
    weights: dict[int, float]  # web server -> times its weight at the balancers
    certificate: int  # event: it has expired, no handshake comes about

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Nothing is wrong."""
        self.web_work, self.db_work, self.bad_routes = {}, {}, []
        self.cities, self.write_floods, self.scrapers = {}, {}, 0.0
        self.patience = self.library = self.wrong_ttl = 0.0
        self.memory, self.poisoned, self.strangers = {}, {}, ()
        self.locked, self.corrupt, self.full_disks, self.slow_disks = {}, {}, {}, {}
        self.bounds, self.lies, self.weights, self.certificate = {}, {}, {}, 0

    def dearer(self, flights: Flights, slots: I8) -> None:
        """Some routes' requests (n,) cost more than their routes' do as a rule."""
        route = flights.route[slots]
        for column, factors in ((flights.web_work, self.web_work), (flights.db_work, self.db_work)):
            for number, factor in factors.items():
                column[slots[route == number]] *= factor

    def fails_on(self, flights: Flights, slots: I8) -> I8:
        """Events of the bad releases that requests (n,) at their web servers meet, 0 = none, (n,)."""
        found = np.zeros(slots.size, dtype=np.int64)
        for route, servers, event in self.bad_routes:
            found[(flights.route[slots] == route) & np.isin(flights.web[slots], servers)] = event
        return found

    def times(self, cities: int) -> NDArray[np.float64]:
        """By city, how many times as much its users ask for, (cities,)."""
        return np.array([self.cities.get(city, 1.0) for city in range(cities)])


def events_of(ill: dict[int, int], which: I8 | NDArray[np.int32]) -> I8:
    """The events (n,) for keys or nodes `which` (n,), 0 = nothing is wrong with it."""
    return np.array([ill.get(one, 0) for one in which.tolist()], dtype=np.int64)
