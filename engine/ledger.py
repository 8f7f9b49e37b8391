"""The books: every user request arrives once and ends once; every digest line is one that ended.

arrived = ok + failed + shed + in flight, in all, per route and per source (invariant 1); failures by cause sum to failures
(invariant 2). The digest of a run is a chain of blake2b over all ended requests and events, step by step.
"""

from __future__ import annotations

import hashlib
from collections import deque

import numpy as np
from numpy.typing import NDArray

from .causes import Cause, Outcome
from .flights import RIGHT
from .meter import Latency, Meter, Trend, quantile

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

SOURCES = 4  # open loop, closed loop, scripted, real clients


class Ledger:
    """All counters that concern user requests. Routes and sources index the scenario's tables."""

    def __init__(self, routes: int, slo_window: int = 3600) -> None:
        self.arrived = Meter(1)
        self.attempts = Meter(1)
        self.retries = Meter(1)
        self.timed_out = Meter(1)
        self.wasted = Meter(1)  # answers that nobody waited for any more
        self.late = Meter(1)  # requests decided before something they should have seen (look-ahead rule)
        self.outcomes = Meter(len(Outcome))
        self.causes = Meter(len(Cause))
        self.cause_event: dict[int, int] = {}  # cause -> last event that led to it
        self.by_route: I8 = np.zeros((routes, len(Outcome) + 1), dtype=np.int64)  # arrived, then by outcome
        self.by_source: I8 = np.zeros((SOURCES, len(Outcome) + 1), dtype=np.int64)
        self.latency = Latency()
        self.slow_ok = Meter(1)  # right but beyond the SLO's latency
        self.trends: dict[str, Trend] = {
            name: Trend() for name in ("offered", "goodput", "p50", "p95", "p99", "error", "retry")
        }
        self.slo_window: deque[tuple[int, int]] = deque(maxlen=slo_window)  # (ended, bad) a second
        self.chain = b"\x00" * 16

    def arrive(self, route: I8, source: int) -> None:
        """New user requests, (n,) indexes of routes, of one source."""
        self.arrived.add_one(0, route.size)
        self.by_route[:, 0] += np.bincount(route, minlength=self.by_route.shape[0])
        self.by_source[source, 0] += route.size

    def end_well(self, route: NDArray[np.uint8], source: NDArray[np.uint8], latency_s: F8) -> None:
        """As `end`, when all are right."""
        self.outcomes.add_one(RIGHT, route.size)
        self.by_route[:, RIGHT + 1] += np.bincount(route, minlength=self.by_route.shape[0])
        self.by_source[:, RIGHT + 1] += np.bincount(source, minlength=SOURCES)
        self.latency.add(latency_s * 1e3)

    def end(self, route: I8, source: I8, outcome: I8, cause: I8, latency_s: F8) -> None:
        """User requests that ended, (n,) each; latency from birth to the last answer or give-up, seconds."""
        self.outcomes.add(outcome)
        bad = outcome != RIGHT
        for book, of in ((self.by_route, route), (self.by_source, source)):
            book += np.bincount(of * book.shape[1] + outcome + 1, minlength=book.size).reshape(book.shape)
        if bad.any():
            self.causes.add(cause[bad])
            self.latency.add(latency_s[~bad] * 1e3)
        else:
            self.latency.add(latency_s * 1e3)

    def seal(self, *parts: NDArray[np.generic]) -> None:
        """Chain what ended in this step into the digest."""
        h = hashlib.blake2b(self.chain, digest_size=16)
        for part in parts:
            h.update(np.ascontiguousarray(part).data)
        self.chain = h.digest()

    @property
    def in_flight(self) -> int:
        """User requests that have not ended."""
        return int(self.arrived.sum[0] - self.outcomes.sum[1:].sum())

    def second(self) -> None:
        """A second has ended: roll the meters, extend the trends and the SLO's window."""
        for meter in (
            self.arrived, self.attempts, self.retries, self.timed_out, self.wasted, self.late, self.outcomes, self.causes,
            self.slow_ok,
        ):  # fmt: skip
            meter.roll()
        self.latency.roll()
        ended = int(self.outcomes.last[1:].sum())
        right = int(self.outcomes.last[Outcome.OK])
        bad = ended - right + int(self.slow_ok.last[0])
        self.slo_window.append((ended, bad))
        counts = self.latency.last[0]
        for name, value in (
            ("offered", float(self.arrived.last[0])),
            ("goodput", float(right)),
            ("p50", quantile(counts, 0.50)),
            ("p95", quantile(counts, 0.95)),
            ("p99", quantile(counts, 0.99)),
            ("error", (ended - right) / ended if ended else 0.0),
            ("retry", float(self.retries.last[0])),
        ):
            self.trends[name].push(value)

    def budget_left(self, target: float) -> float:
        """Share of the error budget that is left: 1 = none used, below 0 = overdrawn; over the SLO's window."""
        ended = sum(e for e, _ in self.slo_window)
        bad = sum(b for _, b in self.slo_window)
        allowed = ended * (1.0 - target)
        return 1.0 - bad / allowed if allowed > 0 else 1.0
