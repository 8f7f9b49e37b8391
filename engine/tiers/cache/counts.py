"""What the cache tier counts, and how it tells: meters, trends, hot keys, late decisions, the snapshot's cache pane.

Look-ups = hits + misses (leaders and those who wait); look-ups that no node answered (refused, timed out, node in error) are
counted apart as unanswered and go to the database without filling.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...meter import Meter, Trend
from .desk import ERROR, HIT, LEAD, NOTHING, WAIT, Verdict
from .index import LOW, SCRATCH

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]

TIER = (
    "coalesced", "reads_behind", "stale", "unanswered", "lost_messages", "expired", "invalidated", "filled", "refused_fills",
    "early", "served_expired",
)  # fmt: skip
HOT = 5  # hottest keys shown
VERDICTS = len(Verdict)


class Counts:
    """Per node: look-ups, hits, misses, evictions. For the tier: a meter for each name of TIER."""

    def __init__(self) -> None:
        self.look_ups, self.hits, self.misses, self.evictions = Meter(0), Meter(0), Meter(0), Meter(0)
        self.tier: dict[str, Meter] = {name: Meter(1) for name in TIER}
        self.node_trends: list[Trend] = []
        self.trends: dict[str, Trend] = {name: Trend() for name in ("hit", "miss", "fills")}
        self.asked_keys: list[I8] = []  # keys of this second's look-ups
        self.hot: list[tuple[int, int]] = []  # (key, look-ups) of the last second, hottest first
        self.asked_total = 0
        # nodes and verdicts (NOTHING: no look-up that somebody waits for), (n,) each, of messages served and not yet counted
        self.served: list[tuple[I8, I8]] = []
        # messages served in the last pass: (time, node, key, verdict), to find decisions that were made too early
        none = np.empty(0, np.int64)
        self.recent: tuple[F8, I8, I8, I8] = (np.empty(0), none, none, none)

    def grow(self, nodes: int) -> None:
        """Make room for so many nodes."""
        for meter in (self.look_ups, self.hits, self.misses, self.evictions):
            meter.grow(nodes)
        while len(self.node_trends) < nodes:
            self.node_trends.append(Trend())

    def add(self, name: str, count: int) -> None:
        """Count for the tier."""
        self.tier[name].add_one(0, count)

    def settle(self) -> None:
        """Count what was `served`: a call costs little more for a whole step than for a part of it."""
        if not self.served:
            return
        node, verdict = self.served[0] if len(self.served) == 1 else map(np.concatenate, zip(*self.served, strict=True))
        self.served = []
        code = node * VERDICTS
        code += verdict
        table = np.bincount(code, minlength=self.hits.current.size * VERDICTS).reshape(-1, VERDICTS)
        hits, misses = table[:, HIT], table[:, LEAD]
        if np.count_nonzero(verdict > LEAD):
            misses = misses + table[:, WAIT]
            self.add("coalesced", int(table[:, WAIT].sum()))
            self.add("unanswered", int(table[:, ERROR].sum()))
        self.hits.current += hits
        self.misses.current += misses
        self.look_ups.current += hits
        self.look_ups.current += misses

    def take(self, counted: dict[str, int], evicted: list[int]) -> None:
        """What the desk has counted; its list of evictions per node is zeroed."""
        for name, count in counted.items():
            if count:
                self.add(name, count)
        if not any(evicted):
            return
        for node, count in enumerate(evicted):
            if count:
                self.evictions.add_one(node, count)
                evicted[node] = 0

    def total(self, name: str) -> int:
        """Since the start, the present second included."""
        return int(self.tier[name].sum[0])

    def rate(self, name: str) -> float:
        """Counted in the last whole second."""
        return float(self.tier[name].last[0])

    def overtaken(self, t: F8, node: I8, key: I8) -> int:
        """How many of the last step's look-ups should have seen these sets and deletes, which arrived before them.

        t (n,) ascending, node (n,), key (n,). That is what a step longer than the shortest way round the loop costs.
        """
        seen_t, seen_node, seen_key, verdict = self.recent
        if not t.size or not seen_t.size:
            return 0
        near, low = SCRATCH.near, key & LOW
        near[low] = True  # few of the keys seen pass this sieve, which is at hand
        met = near[seen_key & LOW].nonzero()[0]
        near[low] = False
        met = met[verdict[met] != NOTHING]
        if not met.size:
            return 0
        seen_t, seen_node, seen_key = seen_t[met], seen_node[met], seen_key[met]
        number = np.arange(t.size)
        turn = SCRATCH.next(int(max(key.max(), seen_key.max())) + 1) << 32
        SCRATCH.last[key[::-1]] = turn + number[::-1]  # the first message on a key is the last to be written
        first = SCRATCH.last[key] - turn
        if np.count_nonzero(node[first] != node):  # a key on several nodes
            return self._overtaken_by_node((t, node, key), (seen_t, seen_node, seen_key))
        mark = SCRATCH.last[seen_key] - turn
        mark[mark < 0] = t.size - 1  # shares only the bits of a key
        return int(np.count_nonzero((key[mark] == seen_key) & (seen_node == node[mark]) & (seen_t > t[mark])))

    def _overtaken_by_node(self, came: tuple[F8, I8, I8], seen: tuple[F8, I8, I8]) -> int:
        """As `overtaken`, where one key's messages went to several nodes. came, seen: times, nodes, keys."""
        t, node, key = came
        seen_t, seen_node, seen_key = seen
        codes, first = np.unique(node << 32 | key, return_index=True)
        seen_codes = seen_node << 32 | seen_key
        place = np.minimum(codes.searchsorted(seen_codes), codes.size - 1)
        return int(np.count_nonzero((codes[place] == seen_codes) & (seen_t > t[first[place]])))

    def second(self) -> None:
        """A second ended: roll meters, find its hottest keys."""
        for meter in (self.look_ups, self.hits, self.misses, self.evictions, *self.tier.values()):
            meter.roll()
        looked, hit = self.look_ups.last, self.hits.last
        for node, trend in enumerate(self.node_trends):
            trend.push(float(hit[node]) / max(1.0, float(looked[node])))
        self.trends["hit"].push(float(hit.sum()) / max(1.0, float(looked.sum())))
        self.trends["miss"].push(float(self.misses.last.sum()))
        self.trends["fills"].push(self.rate("filled"))
        self._find_hot()

    def _find_hot(self) -> None:
        keys = np.sort(np.concatenate(self.asked_keys).astype(np.int32)) if self.asked_keys else np.empty(0, np.int32)
        self.asked_keys = []
        self.asked_total = int(keys.size)
        if not keys.size:
            self.hot = []
            return
        starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        counts = np.diff(starts, append=keys.size)
        best = np.lexsort((keys[starts], -counts))[:HOT] if counts.size < 4096 else self._top(counts)
        self.hot = [(int(keys[starts[i]]), int(counts[i])) for i in best.tolist()]

    def _top(self, counts: I8) -> I8:
        """Indexes of the HOT largest, largest first, ties by key; without sorting all of them."""
        least = np.partition(counts, counts.size - HOT)[counts.size - HOT]
        some = np.flatnonzero(counts >= least)
        order: I8 = some[np.lexsort((some, -counts[some]))][:HOT]
        return order

    def record(self) -> dict[str, object]:
        """Every counter since the start, for the JSON record."""
        looked = self.look_ups.sum
        return {
            "look_ups": int(looked.sum()),
            "hits": int(self.hits.sum.sum()),
            "misses": int(self.misses.sum.sum()),
            "hit_share": float(self.hits.sum.sum()) / max(1, int(looked.sum())),
            "evictions": int(self.evictions.sum.sum()),
            **{name: self.total(name) for name in TIER},
            "by_node": {
                "look_ups": looked.tolist(),
                "hits": self.hits.sum.tolist(),
                "misses": self.misses.sum.tolist(),
                "evictions": self.evictions.sum.tolist(),
            },
        }
