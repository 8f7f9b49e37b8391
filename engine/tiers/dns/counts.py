"""What the DNS tier counts: look-ups by the level that answered them, queries to servers, their latencies, the last walks."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from ...meter import Histogram, Meter, Trend, quantile
from ...snapshot import panes as readings

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

# Who answered a look-up: the deepest level that was asked for it.
BROWSER, HOSTS, OS, RESOLVER, AUTHORITY, TLD, ROOT = range(7)
WORDS = ("browser", "hosts", "os", "resolver", "authority", "tld", "root")
WALKS_KEPT = 8


class Servers:
    """Queries by server (node; the last is nobody): asked, and of those that are over: answered, useless, silent."""

    def __init__(self, nodes: int) -> None:
        self.asked = Meter(nodes + 1)
        self.answered = Meter(nodes + 1)
        self.useless = Meter(nodes + 1)  # of the zone's servers: lame
        self.silent = Meter(nodes + 1)

    def ends(self, node: int, fate: int) -> None:
        """A query to a server is over."""
        (self.answered, self.useless, self.silent)[fate].add_one(node)

    def roll(self) -> None:
        """A second has ended."""
        for meter in (self.asked, self.answered, self.useless, self.silent):
            meter.roll()


class Counts:
    """Meters of the tier. `answered`: by level as above; `queries`, `unanswered`, `latency`: by level of servers."""

    def __init__(self, nodes: int) -> None:
        self.answered = Meter(len(WORDS))
        self.servers = Servers(nodes)
        self.coalesced = Meter(2)  # look-ups that waited for another's: at the user, at the resolver
        self.nxdomain = Meter(1)
        self.servfail = Meter(1)
        self.abandoned = Meter(1)  # resolved after the client had given up
        self.queries = Meter(3)
        self.unanswered = Meter(3)
        self.silent = Meter(1)  # queries to resolvers that users' systems have had no answer to
        self.walks = Meter(1)
        self.latency = Histogram(3)  # one query, ms; a time-out counts as long as was waited
        self.cold = Histogram(1)  # look-ups that needed a walk, ms
        self.took_ms: list[float] = []  # queries of this step, not yet in `latency`
        self.took_level: list[int] = []
        self.cold_ms: list[float] = []  # look-ups of this step, not yet in `cold`
        self.level_p99: list[float] = [0.0] * 3  # by level of servers, of the last second that had queries
        self.cold_p99 = 0.0  # of look-ups that needed a walk, likewise
        self.lookups_trend = Trend()
        self.stale_trend = Trend()
        self.old_trend = Trend()
        self.last_walks: deque[readings.Walk] = deque(maxlen=WALKS_KEPT)

    def took(self, level: int, ms: float) -> None:
        """One query to a level of servers took so long."""
        self.took_ms.append(ms)
        self.took_level.append(level)

    def settle(self) -> None:
        """The step is over."""
        if self.took_ms:
            self.latency.add(np.array(self.took_ms), np.array(self.took_level))
            self.took_ms, self.took_level = [], []
        if self.cold_ms:
            self.cold.add(np.array(self.cold_ms))
            self.cold_ms = []

    def roll(self, stale: int, old: int) -> None:
        """A second has ended."""
        for meter in (
            self.answered, self.coalesced, self.nxdomain, self.servfail, self.abandoned,
            self.queries, self.unanswered, self.silent, self.walks,
        ):  # fmt: skip
            meter.roll()
        self.servers.roll()
        self.latency.roll()
        self.cold.roll()
        # reckoned here and not when somebody looks: looking changes nothing
        for level, last in enumerate(self.latency.last):
            self.level_p99[level] = quantile(last, 0.99) if last.any() else self.level_p99[level]
        if self.cold.last[0].any():
            self.cold_p99 = quantile(self.cold.last[0], 0.99)
        self.lookups_trend.push(self.lookups)
        self.stale_trend.push(stale)
        self.old_trend.push(old)

    @property
    def lookups(self) -> int:
        """Look-ups answered in the last whole second."""
        return int(self.answered.last.sum())

    def share(self, level: int) -> float:
        """Share of the last second's look-ups that a level answered."""
        return float(self.answered.last[level]) / max(1, self.lookups)

    def reached(self, level: int) -> int:
        """Look-ups of the last second that came as far as a level (caches only)."""
        return int(self.answered.last[level:].sum())
