"""One row a virtual second of what users felt, kept for an hour: what goals and reports over a part of a run are made from."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .causes import Outcome
from .meter import BUCKETS, quantile

if TYPE_CHECKING:
    from .world import World

KEEP = 3_600


class Row:
    """A second: counts of requests, its latency histogram (buckets that are not empty), look-ups, hits, database jobs."""

    __slots__ = ("arrived", "buckets", "counts", "db", "end", "ended", "hits", "lookups", "old", "right", "static", "to_origin")

    def __init__(self, world: World) -> None:
        ledger = world.core.ledger
        self.end = world.whole_second
        self.arrived = int(ledger.arrived.last[0])
        self.ended = int(ledger.outcomes.last[1:].sum())
        self.right = int(ledger.outcomes.last[Outcome.OK])
        self.buckets: NDArray[np.int64] = np.flatnonzero(ledger.latency.last[0])
        self.counts: NDArray[np.int64] = ledger.latency.last[0][self.buckets]
        cache = world.cache.counts
        self.lookups = float(cache.look_ups.last.sum())
        self.hits = float(cache.hits.last.sum())
        self.old = world.monitoring.age
        self.db = int(world.database.meters.rate.last.sum())
        self.static, self.to_origin = world.cdn.asked()


class History:
    """The last KEEP seconds."""

    def __init__(self) -> None:
        self.rows: deque[Row] = deque(maxlen=KEEP)

    def push(self, world: World) -> None:
        """A second has ended."""
        self.rows.append(Row(world))

    def metric(self, name: str, after: float, before: float) -> float | None:
        """A figure over the seconds that end in (after, before]; before 0 = to the end; None if there is no such figure.

        Names: offered, goodput (a second), error_share, hit_share, p50_ms, p95_ms, p99_ms, availability;
        db_rate, db_peak (what the databases have done a second: on average, and in the busiest), dashboard_age (the most);
        of static objects with a CDN: static (users who ask, a second), origin_share (of them, what reaches the origin).
        """
        rows = [r for r in self.rows if r.end > after and (before <= 0 or r.end <= before)]
        ended = sum(r.ended for r in rows)
        right = sum(r.right for r in rows)
        figures = {
            "offered": sum(r.arrived for r in rows) / max(1, len(rows)),
            "goodput": right / max(1, len(rows)),
            "error_share": (ended - right) / max(1, ended),
            "availability": right / max(1, ended),
            "hit_share": sum(r.hits for r in rows) / max(1.0, sum(r.lookups for r in rows)),
            "db_rate": sum(r.db for r in rows) / max(1, len(rows)),
            "db_peak": float(max((r.db for r in rows), default=0)),
            "dashboard_age": max((r.old for r in rows), default=0.0),
            "static": sum(r.static for r in rows) / max(1, len(rows)),
            "origin_share": sum(r.to_origin for r in rows) / max(1, sum(r.static for r in rows)),
        }
        if name in figures:
            return figures[name]
        if name in ("p50_ms", "p95_ms", "p99_ms"):
            counts = np.zeros(BUCKETS, dtype=np.int64)
            for r in rows:
                counts[r.buckets] += r.counts
            return quantile(counts, int(name[1:3]) / 100)
        return None
