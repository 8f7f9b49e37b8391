"""The edge: look-ups, fetches, answers and purges at the points of presence, in exact order of time.

Look-ups between two events are answered all at once; a miss begins a fetch or joins one (single flight by PoP and object).
What an event sets off within the same step is seen: the look-ups of a step are cut where it falls.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from .fetching import Fetching

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class Edge(Fetching):
    """All PoPs of all providers."""

    # ---- a step

    def run(self, t: F8, slots: I8, pop: I8, end: float) -> None:
        """Look-ups (n,) of users that reach their PoPs, in order of (time, id), and all events before `end`."""
        obj = self.core.flights.key[slots].astype(np.int64) % self.origin.objects
        at = 0
        while True:
            until = self.heap[0][0] if self.heap else np.inf
            stop = int(t.searchsorted(min(until, end)))
            while at < stop:
                at += self._look_ups(t[at:stop], slots[at:stop], pop[at:stop], obj[at:stop])
                if self.heap and self.heap[0][0] < until:
                    break
            if at < stop:
                continue
            if not self.heap or self.heap[0][0] >= end:
                return
            self.event(heapq.heappop(self.heap))

    def _look_ups(self, t: F8, slots: I8, pop: I8, obj: I8) -> int:
        """Answer look-ups up to the first moment at which what they set off may matter; how many that are."""
        store = self.store
        entry = store.entries(pop, obj)
        hit = (entry >= 0) & (store.until[entry] > t)
        if self.versioned:
            hit &= store.version[entry] == self.origin.version[obj]
        n = t.size
        for i in (~hit).nonzero()[0].tolist():
            if i >= n:
                break
            self._miss(float(t[i]), int(slots[i]), int(pop[i]), int(obj[i]), int(entry[i]))
            if self.heap and self.heap[0][0] < t[n - 1]:
                n = min(n, max(i + 1, int(t.searchsorted(self.heap[0][0]))))
        hits = hit[:n].nonzero()[0]
        if hits.size:
            self._hits(t[hits], slots[hits], pop[hits], obj[hits], entry[hits])
        self.counts.look_ups.add(pop[:n])
        return n

    def _hits(self, t: F8, slots: I8, pop: I8, obj: I8, entry: I8) -> None:
        store, counts = self.store, self.counts
        store.used[entry] = t
        counts.hits.add(pop)
        counts.oldest = max(counts.oldest, float((t - store.made[entry]).max()))
        version = store.version[entry]
        self.served(t, slots, obj, version)
        self.note(t, pop, obj, store.made[entry], version, np.full(t.size, np.nan))
        delay = self.service_s / np.maximum(self.nodes.speed[pop], 1e-9)
        self.core.flights.service[slots] += delay
        self.done.append((t + delay, slots))
        tracer = self.core.tracer
        for i in tracer.pick(self.core.flights, slots):
            p = int(pop[i])
            tracer.span(
                int(slots[i]), "pop", self.nodes.names[p], address=self.nodes.addresses[p], came=float(t[i]),
                service=float(delay[i]), note=f"hit, Age {float(t[i] - store.made[entry[i]]):.1f} s",
            )  # fmt: skip

    def _miss(self, t: float, slot: int, pop: int, obj: int, entry: int) -> None:
        counts = self.counts
        counts.misses.add_one(pop)
        if entry >= 0:
            counts.add("expired" if self.store.until[entry] <= t else "outdated")
        want = int(self.origin.version[obj]) if self.versioned else -1
        fetch = self.fetches.find(pop, obj, want)
        if fetch is None:
            fetch = self.fetches.begin(pop, obj, want, t)
            self.seek(fetch, t)
        else:
            counts.add("joined")
        fetch.waiting.append((t, slot))
