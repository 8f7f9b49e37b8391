"""What the session tier counts beside the book: rates of the last second, bytes of cookies, the last great loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...meter import Trend
from .book import CAUSES, COOKIE, NONE, ON_SERVERS, SHARED, Book

if TYPE_CHECKING:
    from . import Sessions

ID_BYTES = 52  # a cookie with nothing but a signed number: a stamp and an HMAC-SHA256 in base64 (itsdangerous)
NAMES = ("started", "found", "lost", "expired", "ended", "carried", "without", "noticed", "queries", "cookie_bytes")


class Counts:
    """noticed: requests that found their session lost. without: requests whose store could not be asked. queries: of the
    database. cookie_bytes: that clients sent with requests.

    rates: by name, of the last whole second; by_cause: lost sessions by cause. loss: (when, how many, event) of the last time
    that a place was lost with all its sessions.
    """

    ID_BYTES = ID_BYTES

    def __init__(self) -> None:
        self.noticed = self.without = self.queries = self.cookie_bytes = 0
        self.before = dict.fromkeys(NAMES, 0)
        self.rates = dict.fromkeys(NAMES, 0.0)
        self.lost_before = np.zeros(len(CAUSES), dtype=np.int64)
        self.by_cause = np.zeros(len(CAUSES), dtype=np.int64)
        self.loss: tuple[float, int, int] = (-1e9, 0, 0)
        self.event = 0  # the latest that cost sessions
        self.alive, self.lost = Trend(), Trend()
        self.node_trends: list[Trend] = []  # share of all sessions, by store node
        self.web_trends: list[Trend] = []  # the same by web server

    def grow(self, nodes: int) -> None:
        """Make room for so many store nodes."""
        self.node_trends += [Trend() for _ in range(nodes - len(self.node_trends))]

    def wire(self, kind: NDArray[np.uint8], cookie: int) -> None:
        """Requests (n,) of users whose sessions are in these stores carry their cookies. cookie: bytes of a signed one."""
        whole = int(np.count_nonzero(kind == COOKIE))
        self.cookie_bytes += whole * cookie + (int(np.count_nonzero(kind != NONE)) - whole) * ID_BYTES

    def totals(self, book: Book) -> dict[str, int]:
        """Since the start, by name."""
        own = {"without": self.without, "noticed": self.noticed, "queries": self.queries, "cookie_bytes": self.cookie_bytes}
        of = {name: int(getattr(book, name)) for name in ("started", "found", "expired", "ended", "carried")}
        return {**of, **own, "lost": int(book.lost.sum())}

    def second(self, tier: Sessions) -> None:
        """A second has ended."""
        totals = self.totals(tier.book)
        self.rates = {name: float(totals[name] - self.before[name]) for name in NAMES}
        self.before = totals
        self.by_cause = tier.book.lost - self.lost_before
        self.lost_before = tier.book.lost.copy()
        self.alive.push(float(tier.book.alive))
        self.lost.push(self.rates["lost"])
        held, alive = tier.book.held, max(1, tier.book.alive)
        self.web_trends += [Trend() for _ in range(held.shape[1] - len(self.web_trends))]
        on_servers = held[list(ON_SERVERS)].sum(axis=0)
        for trend, sessions in zip(self.web_trends, on_servers.tolist(), strict=True):
            trend.push(sessions / alive)
        for trend, sessions in zip(self.node_trends, held[SHARED].tolist(), strict=False):
            trend.push(sessions / alive)
