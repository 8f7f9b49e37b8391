"""A node's desk for whole batches: what hangs on nobody else is decided by gathers, the rest one by one in exact order of time.

A look-up hangs on others if a message of the same batch sets, deletes or releases its key, or if its entry is evicted before
its turn comes; that is found out on the way, and the look-up goes to the shelf after all. What the eviction policy should know of
the hits is told in exact order too: before a message changes a shelf, all earlier hits of that node are.
"""

from __future__ import annotations

from bisect import bisect_left
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from .at_once import STRIDE, AtOnceDesk, Hits
from .changes import Batch
from .desk import HIT, LEAD, Served
from .index import NOWHERE, SCRATCH, TOUCHED
from .mail import DELETE, LOOK_UP, SET
from .shelf import Shelf
from .stamped import StampedLRU

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]

BULK_FROM = 120  # messages from which arrays win (measured)
AT_ONCE_FROM = 40  # messages that change keys from which arrays win (measured)


class BulkDesk(AtOnceDesk):
    """The desk of the cache tier: small batches as in `Desk`, big ones in two parts.

    stamped: do the policies take the hits of the present batch as stamps?
    """

    stamped = False

    def serve(self, at: F8, rows: I8, nodes: I8) -> Served:
        """Handle messages `rows` (n,) in order at times `at` (n,) on nodes (n,)."""
        if rows.size < BULK_FROM or self.sliding or self.early_expiry_beta != 0.0 or not self.index.keys:
            return super().serve(at, rows, nodes)
        index, served = self.index, Served()
        self.gone = -1
        batch = Batch(at, rows, nodes, self.mail.key[rows].astype(np.int64), self.mail.kind[rows])
        keys = batch.keys
        place = self._untouched(batch)
        leases = self.single_flight or self.stale_while_revalidate > 0.0 or self._lent()
        hits = (place == nodes + 1).nonzero()[0]
        hit_keys = keys[hits]
        alive = at[hits] < index.ends[hit_keys]
        if np.count_nonzero(alive) < hits.size:
            hits, hit_keys = hits[alive], hit_keys[alive]
        done = np.zeros(rows.size, dtype=np.bool_) if self.single_flight else place == NOWHERE
        verdict, version = done.astype(np.int64), np.zeros(rows.size, dtype=np.int64)
        verdict *= LEAD
        done[hits] = True
        verdict[hits], version[hits] = HIT, index.version[hit_keys]
        self.began = index.clock + 1  # no stamp is 0
        self.stamped = isinstance(self.shelves[0].policy, StampedLRU)
        rest = (~done).nonzero()[0]
        found = Hits(hit_keys, hits, SCRATCH.next(index.keys))
        if rest.size >= AT_ONCE_FROM and self.stamped and not leases:
            rest = self._at_once(batch, rest, found, (verdict, version))
        if rest.size or not self.stamped:
            self._in_order(served, batch, rest, found, verdict, version)
        else:
            index.stamp[hit_keys] = self.began + STRIDE * hits
            index.clock = self.began + STRIDE * at.size
        served.verdict, served.version, served.keys = verdict, version, keys
        return served

    def _lent(self) -> bool:
        """Are leases out, granted under settings that hold no more?"""
        if self.lent:
            self.lent = any(shelf.leases for shelf in self.shelves)
        return self.lent

    def _untouched(self, batch: Batch) -> NDArray[np.int16]:
        """Where the index has the keys of look-ups that no message of the batch changes, TOUCHED for all other messages, (n,)."""
        index, keys, kinds = self.index, batch.keys, batch.kinds
        acts = (kinds >= SET).nonzero()[0]
        changed = keys[acts]
        before = index.place[changed]
        index.place[changed] = TOUCHED
        place: NDArray[np.int16] = index.place[keys]
        index.place[changed] = before
        if np.count_nonzero(kinds == LOOK_UP) + acts.size < keys.size:
            place[kinds != LOOK_UP] = TOUCHED
        return place

    def _in_order(self, served: Served, batch: Batch, rest: I8, hits: Hits, verdict: I8, version: I8) -> None:
        """Handle the messages `rest` (indexes, ascending) and whatever becomes one of them, each after the hits before it."""
        at, rows, nodes, keys, kinds = batch
        shelves, last, slot_of = self.shelves, SCRATCH.last, self.mail.slot
        index, start, base = self.index, self.began, hits.turn << 32
        hits.mark()
        hits.list = hits.place.tolist()
        late: list[int] = []  # hits that are none, since their entry was evicted before
        columns = (column[rest].tolist() for column in (at, rows, nodes, keys, kinds))
        todo = iter(zip(rest.tolist(), *columns, strict=True))
        event = next(todo, None)
        while event is not None or late:
            if late and (event is None or late[0] < event[0]):
                i = heappop(late)
                t, row, node, key, kind = float(at[i]), int(rows[i]), int(nodes[i]), int(keys[i]), LOOK_UP
            else:
                assert event is not None
                i, t, row, node, key, kind = event
                event = next(todo, None)
            shelf = shelves[node]
            if self._asks_for_hits(shelf, kind, key, base):
                self._tell(hits, i, nodes)
            index.clock = start + STRIDE * i
            if kind == LOOK_UP:
                entry = shelf.get(key)
                if entry is not None and t < entry[1]:
                    shelf.policy.touch(key)
                    verdict[i], version[i] = HIT, entry[0]
                else:
                    verdict[i], version[i] = self._missed(served, t, node, key, entry, int(slot_of[row]))
            else:
                verdict[i] = self._other(served, kind, t, node, key, row)
                gone = self.gone
                if gone >= 0:
                    self.gone = -1
                    if last[gone] > base + i:
                        self._take_back(hits, gone, late, verdict, version)
        self._tell(hits, at.size, nodes)
        index.clock = start + STRIDE * at.size

    def _asks_for_hits(self, shelf: Shelf, kind: int, key: int, base: int) -> bool:
        """Whether a message hangs on hits of the batch: with stamps only if its key, or the one to be evicted, has any."""
        last, policy = SCRATCH.last, shelf.policy
        if not isinstance(policy, StampedLRU):
            return kind != DELETE
        if kind != SET:
            return bool(last[key] >= base)
        if key in policy or len(policy) < policy.capacity:
            return False
        return bool(last[policy.oldest()] >= base)

    def _tell(self, hits: Hits, until: int, nodes: I8) -> None:
        """Tell the policies of the hits before place `until` of the batch."""
        begin = hits.at
        end = hits.at = bisect_left(hits.list, until, begin)
        if begin == end:
            return
        keys, place = hits.keys[begin:end], hits.place[begin:end]
        if self.stamped:
            self.index.stamp[keys] = self.began + STRIDE * place
            return
        for node, key in zip(nodes[place].tolist(), keys.tolist(), strict=True):
            self.shelves[node].policy.touch(key)

    def _take_back(self, hits: Hits, key: int, late: list[int], verdict: I8, version: I8) -> None:
        """The key was evicted: later hits on it are to be decided in their turn."""
        wrong = np.flatnonzero(hits.keys[hits.at :] == key) + hits.at
        places = hits.place[wrong]
        verdict[places] = version[places] = 0
        hits.keys, hits.place = np.delete(hits.keys, wrong), np.delete(hits.place, wrong)
        hits.list = hits.place.tolist()
        for i in places.tolist():
            heappush(late, i)
