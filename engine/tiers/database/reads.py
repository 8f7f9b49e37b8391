"""What users see: reads show what is applied at their node, judged against the commits at that very moment.

So staleness, read-your-writes and the order of versions are exact, however long the step.
"""

from __future__ import annotations

import numpy as np

from ...flights import FILLS, STALE
from .again import DatabaseAgain
from .nodes import F8, I8
from .path import OUTSIDE


class DatabaseReads(DatabaseAgain):
    """Reads at the end of their service, and the question which version is the last committed one."""

    def _read(self, t: F8, slots: I8, node: I8, key: I8) -> None:
        """Answer reads at t (n,)."""
        versions = self.versions
        version = versions.head_version[key]
        unsettled = t < versions.settled[key]
        if self.stray_count or np.count_nonzero(unsettled):
            version = self._look_back(t, slots, node, key, version, unsettled.nonzero()[0])
        self.show(t, slots, node, key, version)

    def show(self, t: F8, slots: I8, node: I8, key: I8, version: I8) -> None:
        """Reads at t (n,) are answered with these versions; what their users had reason to expect is counted."""
        flights, versions = self.core.flights, self.versions
        users = flights.user[slots].astype(np.int64)
        unwritten, backwards = versions.expect(users, key, version)
        if np.count_nonzero(unwritten):
            self._judge_own(flights.sent[slots], users, key, np.flatnonzero(unwritten))
        self.meters.totals["backwards"] += int(np.count_nonzero(backwards))
        flights.version[slots] = version
        self.phase[slots] = OUTSIDE
        fills = flights.flags[slots] & FILLS
        n = np.count_nonzero(fills)
        if self.cache is None or not n:
            self.replies.send(t, slots, "db", node)
        elif n == fills.size:
            self.fills.append((t, slots, node))
        else:
            these, rest = fills.nonzero()[0], (fills == 0).nonzero()[0]
            self.fills.append((t[these], slots[these], node[these]))
            self.replies.send(t[rest], slots[rest], "db", node[rest])

    def _look_back(self, t: F8, slots: I8, node: I8, key: I8, version: I8, unsettled: I8) -> I8:
        """Versions shown (n,), where the newest record is not everywhere yet. What is older than the last commit is counted."""
        versions, shards = self.versions, self.shards
        asked = key[unsettled]
        columns = (
            t[unsettled], node[unsettled], self.shard_of_node[node[unsettled]],
            versions.head_lsn[asked], version[unsettled], versions.head_time[asked],
        )  # fmt: skip
        seen: list[int] = []
        last: list[int] = []
        for at, n, s, head, number, commit in zip(*[column.tolist() for column in columns], strict=True):
            log = shards[s].log
            follower = log.followers.get(n)
            seen.append(log.as_of(log.commit if follower is None else follower.applied, head, number, at))
            last.append(log.as_of(log.commit, head, number, at) if commit > at else number)
        shown, newest = version.copy(), version.copy()
        shown[unsettled], newest[unsettled] = seen, last
        if self.stray_count:
            self._read_strays(t, node, key, shown)
        self.mark_stale((shown < newest).nonzero()[0], slots, key, node)
        return shown

    def mark_stale(self, stale: I8, slots: I8, key: I8, node: I8) -> None:
        """These reads (indexes) show less than the last commit: marked, and counted."""
        if stale.size:
            self.core.flights.flags[slots[stale]] |= STALE
            self.meters.count_stale(key[stale], node[stale])

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

    def committed(self, keys: I8, at: F8 | float) -> I8:
        """Last committed version of each key (n,), at seconds `at`, (n,) or one for all, not after the last pass's end."""
        versions = self.versions
        out: I8 = versions.head_version[keys]
        open_ = versions.head_time[keys] > at
        if not np.count_nonzero(open_):
            return out
        rows = open_.nonzero()[0]
        keys, at = keys[rows], np.broadcast_to(at, keys.shape)[rows]
        known: dict[int, list[tuple[float, int]]] = {}  # many ask for the same few keys
        least = float(at.min())
        for j, key, t in zip(rows.tolist(), keys.tolist(), at.tolist(), strict=True):
            if key not in known:
                log = self.shards[self.places.owner.item(key)].log
                known[key] = log.history(log.commit, versions.head_lsn.item(key), out.item(j), least)
            for since, version in known[key]:
                if since <= t:
                    out[j] = version
                    break
        return out

    def outdated(self, keys: I8, versions: I8, at: F8) -> I8:
        """Which of these versions (n,) of keys were older than the last commit at seconds `at` (n,): their numbers, ascending."""
        of = self.versions
        behind: I8 = (versions < of.head_version[keys]).nonzero()[0]  # few; were they so at that moment?
        if behind.size:  # not if the newest was committed later, and they are what was there before
            key = keys[behind]
            behind = behind[(of.head_time[key] <= at[behind]) | (versions[behind] < of.before[key])]
        return behind[versions[behind] < self.committed(keys[behind], at[behind])] if behind.size else behind

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
