"""What the CDN counts: look-ups, hits and misses by PoP; errors, fetches, fills and staleness by kind; trends for the pane."""

from __future__ import annotations

from ...meter import Histogram, Meter, Trend

# of the whole CDN. joined: misses that wait for a fetch that is under way; ask_shield, ask_origin: fetches that set out;
# filled, fetch_failed: how they ended; shield_*: look-ups of edges at their shield; direct: users whom the CDN failed and who
# asked the site themselves; unserved: no PoP may serve them, or none is left
TIER = (
    "joined", "ask_shield", "ask_origin", "filled", "fetch_failed", "shield_look_ups", "shield_hits", "shield_joined", "stale",
    "expired", "outdated", "purged", "purges_lost", "direct", "unserved", "blocked", "lost", "refused", "bypassed",
)  # fmt: skip


class Counts:
    """By PoP: look-ups of users, hits, misses, errors, seconds to the answer (ms). For all: a meter for each name of TIER."""

    def __init__(self, pops: int, providers: int) -> None:
        self.look_ups, self.hits, self.misses, self.errors = Meter(pops), Meter(pops), Meter(pops), Meter(pops)
        self.sent = Meter(max(1, providers))  # users led to each provider
        self.tier: dict[str, Meter] = {name: Meter(1) for name in TIER}
        self.latency = Histogram(pops)  # from the client's sending to its answer, ms, of static objects
        self.pop_trends = [Trend() for _ in range(pops)]
        self.trends: dict[str, Trend] = {name: Trend() for name in ("hit", "offload", "error", "stale", "rate")}
        self.longest_stale = 0.0  # s: the longest that an answer was behind the origin
        self.oldest = 0.0  # s: the greatest age that was served

    def add(self, name: str, count: int = 1) -> None:
        """So many more of a kind."""
        self.tier[name].add_one(0, count)

    def total(self, name: str) -> int:
        """Since the start."""
        return int(self.tier[name].sum[0])

    def last(self, name: str) -> int:
        """Of the last whole second."""
        return int(self.tier[name].last[0])

    def roll(self) -> None:
        """A second has ended."""
        for meter in (self.look_ups, self.hits, self.misses, self.errors, self.sent, *self.tier.values()):
            meter.roll()
        self.latency.roll()
        for p, trend in enumerate(self.pop_trends):
            asked = int(self.look_ups.last[p])
            trend.push(int(self.hits.last[p]) / asked if asked else 0.0)
        asked, wrong = int(self.look_ups.last.sum()), int(self.errors.last.sum())
        bad = wrong + self.last("unserved") + self.last("blocked") + self.last("refused") + self.last("lost")
        self.trends["rate"].push(float(asked + bad))
        self.trends["hit"].push(int(self.hits.last.sum()) / asked if asked else 0.0)
        self.trends["offload"].push(1.0 - (self.last("ask_origin") + self.last("direct")) / (asked + bad) if asked + bad else 0.0)
        self.trends["error"].push(bad / (asked + bad) if asked + bad else 0.0)
        self.trends["stale"].push(float(self.last("stale")))
