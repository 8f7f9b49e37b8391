"""What users see: reads show what is applied at their node, judged against the commits at that very moment.

So staleness, read-your-writes and the order of versions are exact, however long the step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..flights import FILLS, STALE
from .db_log import NONE
from .db_nodes import F8, I8
from .db_path import OUTSIDE, DatabasePath

B = NDArray[np.bool_]


class DatabaseReads(DatabasePath):
    """Reads at the end of their service, and the question which version is the last committed one."""

    def _read(self, t: F8, slots: I8, node: I8, key: I8) -> B:
        """Answer reads at t (n,); who was shown less than the last commit, (n,) bool."""
        flights, versions = self.core.flights, self.versions
        version = versions.head_version[key]
        unsettled = t < versions.settled[key]
        stale = np.zeros(t.size, dtype=np.bool_)
        if self.stray_count or np.count_nonzero(unsettled):
            version, stale = self._look_back(t, node, key, version, np.flatnonzero(unsettled))
        users = flights.user[slots].astype(np.int64)
        unwritten, backwards = versions.expect(users, key, version)
        if np.count_nonzero(unwritten):
            self._judge_own(flights.sent[slots], users, key, np.flatnonzero(unwritten))
        self.meters.totals["backwards"] += int(np.count_nonzero(backwards))
        flights.version[slots] = version
        if np.count_nonzero(stale):
            flights.flags[slots[stale]] |= STALE
            self.meters.count_stale(key[stale])
        self.phase[slots] = OUTSIDE
        fills = (flights.flags[slots] & FILLS) != 0
        n = np.count_nonzero(fills)
        if self.cache is None or not n:
            self.replies.send(t, slots, "db", node)
            return stale
        self.cache.filled(t[fills], slots[fills], node[fills])
        if n < fills.size:
            self.replies.send(t[~fills], slots[~fills], "db", node[~fills])
        return stale

    def _look_back(self, t: F8, node: I8, key: I8, version: I8, unsettled: I8) -> tuple[I8, B]:
        """Versions shown, and whether they are stale, where the newest record is not everywhere yet."""
        shown = version.copy()
        newest = version.copy()
        newest[unsettled] = self.committed(key[unsettled], t[unsettled])
        heads = self.versions.head_lsn[key]
        for n in np.unique(node[unsettled]).tolist():
            log = self.shards[int(self.shard_of_node[n])].log
            mine = unsettled[node[unsettled] == n]
            plan = log.followers[n].applied if n in log.followers else log.commit
            position = log.base + plan[: log.size].searchsorted(t[mine], side="right")
            for j, seen in zip(mine.tolist(), position.tolist(), strict=True):
                if heads[j] >= seen:
                    shown[j] = log.walk(int(heads[j]), int(version[j]), seen)
        if self.stray_count:
            self._read_strays(t, node, key, shown)
        return shown, shown < newest

    def _read_strays(self, t: F8, node: I8, key: I8, shown: I8) -> None:
        """A former primary shows its own branch, and below it what it had when it was replaced."""
        for shard in self.shards:
            for stray in shard.strays.values():
                for j in np.flatnonzero(node == stray.node).tolist():
                    k = int(key[j])
                    own = stray.version(k, float(t[j]))
                    if own is None:
                        head, version = int(self.versions.head_lsn[k]), int(self.versions.head_version[k])
                        own = shard.log.walk(head, version, max(stray.fork, shard.log.base))
                    shown[j] = own

    def committed(self, keys: I8, t: F8 | None = None) -> I8:
        """Last committed version of each key (n,), at t (n,) seconds; without t, of all that was handled."""
        versions = self.versions
        out: I8 = versions.head_version[keys]
        at = np.full(keys.size, self.handled) if t is None else t
        for j in np.flatnonzero(versions.head_time[keys] > at).tolist():
            log = self.shards[int(self.places.owner[keys[j]])].log
            head = int(versions.head_lsn[keys[j]])
            if head != NONE:
                out[j] = log.walk(head, int(out[j]), log.committed(float(at[j])))
        return out

    def _judge_own(self, sent: F8, users: I8, key: I8, who: I8) -> None:
        """A user misses his own write: a violation if it was committed before he asked."""
        for j in who.tolist():
            log = self.shards[int(self.places.owner[key[j]])].log
            lsn, version = int(self.versions.head_lsn[key[j]]), int(self.versions.wrote[users[j]])
            while lsn >= log.base and int(log.version[lsn - log.base]) > version:
                lsn = int(log.previous[lsn - log.base])
            found = lsn >= log.base and int(log.version[lsn - log.base]) == version
            if not found or float(log.commit[lsn - log.base]) <= sent[j]:
                self.meters.totals["ryw"] += 1
