"""Several regions, each with a front door: who goes where, how long it takes there, and what crosses the way between them.

No request passes through here: the tier only counts what has ended, and holds the settings that concern regions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...core import Core
from ...flights import RIGHT
from ...meter import Histogram, Meter, Trend
from ...snapshot import Regions as Reading
from ..base import OptionValue, Tier
from .reading import reading

if TYPE_CHECKING:
    from ..balancer import Balancer
    from ..cache import Cache
    from ..database import Database
    from ..dns import Dns
    from ..traffic import Traffic
    from ..web import Web

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]

NOWHERE = -1  # the last place of every meter: users' requests that ended without an address of ours


class RegionTier(Tier):
    """Meters by region (one more for nowhere), made only if regions have front doors.

    ended, failed: users' requests, by the region whose address they asked. spilled: of these, served by a web server of another
    region. crossed: whose web server asked a cache node or a database outside of its region. homes: (regions, cities) ended.
    """

    name = "regions"

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.there = core.regions.fronts
        places = core.regions.doors + 1 if self.there else 0
        self.ended, self.failed, self.spilled, self.crossed = (Meter(places) for _ in range(4))
        self.homes = Meter(places * len(core.fabric.cities))
        self.latency = Histogram(places)  # of right answers, ms
        self.shares = [Trend() for _ in range(places)]
        self.door_at: I8 = np.zeros(0, dtype=np.int64)  # region behind each address that DNS may answer; the last: no address
        self.dns: Dns
        self.balancer: Balancer
        self.web: Web
        self.cache: Cache
        self.database: Database
        self.traffic: Traffic

    def step(self) -> None:
        """Nothing passes through here."""

    def count(self, slots: I8, done: U1, latency: F8) -> None:
        """Users' requests ended: rows (n,), their outcomes (n,), seconds from birth (n,)."""
        flights, geography = self.core.flights, self.core.regions
        addresses: Sequence[str] = self.dns.addresses
        if self.door_at.size != len(addresses) + 1:
            known, nowhere = geography.addresses, geography.doors
            self.door_at = np.array([known.index(a) if a in known else nowhere for a in addresses] + [nowhere], dtype=np.int64)
        region = self.door_at[flights.address[slots]]  # no address is -1, which is the last
        self.ended.add(region)
        right = done == RIGHT
        self.failed.add(region[~right])
        self.latency.add(latency[right] * 1e3, region[right])
        self.homes.add(region * len(self.core.fabric.cities) + flights.city[slots])
        web = flights.web[slots]
        served = web >= 0
        there = np.where(served, geography.of(self.web.nodes)[web], region)
        self.spilled.add(region[(there != region) & (region < geography.doors)])
        far = np.zeros(slots.size, dtype=np.bool_)
        for nodes, column in ((self.cache.nodes, flights.cache), (self.database.nodes, flights.db)):
            if len(nodes):
                asked = column[slots]
                far |= (asked >= 0) & served & (geography.of(nodes)[asked] != there)
        self.crossed.add(region[far])

    def second(self) -> None:
        """Roll the meters."""
        if not self.there:
            return
        for meter in (self.ended, self.failed, self.spilled, self.crossed, self.homes):
            meter.roll()
        self.latency.roll()
        whole = max(1, int(self.ended.last.sum()))
        for trend, count in zip(self.shares, self.ended.last.tolist(), strict=True):
            trend.push(count / whole)

    # ---- settings and readings

    def option(self, name: str) -> OptionValue:
        """caches, invalidate, spill, read_near: as core.regions has them."""
        value: OptionValue = getattr(self.core.regions, name)
        return value

    def set_option(self, name: str, value: OptionValue) -> None:
        """Acts on the next request; caches that are placed anew keep what they hold, though nobody may ask them for it."""
        setattr(self.core.regions, name, value)
        self.balancer.choice.beliefs.spill = self.core.regions.spill
        if name == "caches":
            self.cache.place_anew()
        elif name == "read_near":
            self.database.rebuild_pools()

    def reading(self) -> Reading | None:
        """The pane of regions; None where there is one front door for all."""
        return reading(self) if self.there else None
