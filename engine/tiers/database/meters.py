"""What the database counts. A step only appends; counting is done once a second for the whole second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...meter import Histogram, Meter, Trend

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

HOT = 8  # hottest keys told
JOB = 255  # kind of a row that is no request; else 0 read, 1 write
# columns of rows that were served: node, key, kind, arrival and finish in seconds
Served = tuple[I8, I8, NDArray[np.uint8], F8, F8]


class Meters:
    """Meters by node and by shard; exact counts of every key in the last second."""

    def __init__(self, keys: int) -> None:
        self.served: list[Served] = []
        self.rate = Meter(0)  # by node, all jobs
        self.reads = Meter(0)
        self.writes = Meter(0)
        self.stale = Meter(0)
        self.latency = Histogram(0)
        self.shard_rate = Meter(0)
        self.shard_latency = Histogram(0)
        self.totals: dict[str, int] = {
            name: 0
            for name in (
                "stale_reads", "ryw", "backwards", "lost", "diverged", "rewound", "forwarded", "timeouts", "refused", "retried",
                "fenced", "shipped", "copied", "recopied", "errors",
            )
        }  # fmt: skip
        self.stale_by_key: dict[int, int] = {}
        self.key_count: NDArray[np.int32] = np.zeros(keys, dtype=np.int32)
        self.hot: list[tuple[int, int, int]] = []  # (key, reads and writes of the last second, shard)
        self.hottest: dict[int, tuple[int, int]] = {}  # shard -> (key, count)
        self.asked = 0  # reads and writes of the last second
        self.stale_last = 0
        self.shipped_last = 0
        self.utilisation: F8 = np.zeros(0)
        self.busy: F8 = np.zeros(0)
        self.lag_trends: list[Trend] = []
        self.lag_trend = Trend()
        self.moved_trend = Trend()
        self._before: dict[str, int] = dict(self.totals)

    def add_node(self) -> None:
        """One more node."""
        n = self.rate.total.size + 1
        for meter in (self.rate, self.reads, self.writes, self.stale):
            meter.grow(n)
        self.latency.grow(n)
        self.utilisation = np.append(self.utilisation, 0.0)
        self.busy = np.append(self.busy, 0.0)
        self.lag_trends.append(Trend())

    def add_shard(self) -> None:
        """One more shard."""
        n = self.shard_rate.total.size + 1
        self.shard_rate.grow(n)
        self.shard_latency.grow(n)

    def count_stale(self, keys: I8, nodes: I8) -> None:
        """Stale reads of these keys at these nodes, exactly, for the hottest of them."""
        self.stale.add(nodes)
        self.totals["stale_reads"] += keys.size
        for key in keys.tolist():
            self.stale_by_key[key] = self.stale_by_key.get(key, 0) + 1
        if len(self.stale_by_key) > 4_096:
            ranked = sorted(self.stale_by_key.items(), key=lambda item: (-item[1], item[0]))
            self.stale_by_key = dict(ranked[:1_024])

    def second(self, busy: F8, workers: F8, shard_of: I8) -> None:
        """A second has ended. busy: worker seconds since the start, workers: how many there are, shard_of: whose; (n,) each."""
        if self.served:
            node, key, kind, came, done = (np.concatenate(column) for column in zip(*self.served, strict=True))
            self.served = []
            shard, sojourn = shard_of[node], (done - came) * 1e3
            self.rate.add(node)
            self.latency.add(sojourn, node)
            asked = kind != JOB
            self.reads.add(node[kind == 0])
            self.writes.add(node[kind == 1])
            self.shard_rate.add(shard[asked])
            self.shard_latency.add(sojourn[asked], shard[asked])
            self._rank(key[asked], shard[asked])
        else:
            self.hot, self.hottest, self.asked = [], {}, 0
        for meter in (self.rate, self.reads, self.writes, self.stale, self.shard_rate):
            meter.roll()
        self.latency.roll()
        self.shard_latency.roll()
        self.utilisation = np.clip((busy - self.busy) / np.maximum(workers, 1.0), 0.0, 1.0)
        self.busy = busy
        self.stale_last = self.totals["stale_reads"] - self._before["stale_reads"]
        self.shipped_last = self.totals["shipped"] - self._before["shipped"]
        self._before = dict(self.totals)

    def _rank(self, keys: I8, shards: I8) -> None:
        """The hottest keys, in all and per shard: exact counts, ties by key."""
        self.asked = keys.size
        np.add.at(self.key_count, keys, np.int32(1))  # a number of another kind costs twenty times as much
        count = self.key_count[keys].astype(np.int64)
        some = self._contenders(shards, count)
        self.key_count[keys] = 0
        keys, shards, count = keys[some], shards[some], count[some]
        order = np.lexsort((keys, -count, shards))
        distinct = (np.diff(keys[order], prepend=-1) != 0) | (np.diff(shards[order], prepend=-1) != 0)
        order = order[distinct]
        first = np.flatnonzero(np.diff(shards[order], prepend=-1))
        self.hottest = {int(shards[i]): (int(keys[i]), int(count[i])) for i in order[first].tolist()}
        ranked = order[np.lexsort((keys[order], -count[order]))]
        once = np.diff(keys[ranked], prepend=-1) != 0
        if not once.all():  # a key with copies on several shards: what each of them has of it
            for shard, (key, _) in self.hottest.items():
                self.hottest[shard] = key, int(np.count_nonzero((keys == key) & (shards == shard)))
        top = ranked[once][:HOT]
        self.hot = list(zip(keys[top].tolist(), count[top].tolist(), shards[top].tolist(), strict=True))

    def _contenders(self, shards: I8, count: I8) -> NDArray[np.bool_]:
        """Which rows (mask) speak of a key that may be among the hottest: sorting all rows of a second takes too long."""
        best = np.zeros(self.shard_rate.total.size, dtype=np.int64)
        np.maximum.at(best, shards, count)
        keys = np.bincount(count, minlength=1)  # rows by how often their key occurs ...
        keys[1:] //= np.arange(1, keys.size)  # ... and so, how many keys there are of each count
        above = keys[::-1].cumsum()
        least = keys.size - 1 - int(above.searchsorted(HOT)) if above[-1] > HOT else 0
        some: NDArray[np.bool_] = (count >= least) | (count == best[shards])
        return some
