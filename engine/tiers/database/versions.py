"""Which version of a key there is, who can see it when, and what users may expect of it.

Per key: the newest record of the log of its shard. A read is decided by two gathers: if the key's newest record is applied
everywhere (`settled`), every node shows it; only the others are looked for in the log. Per user: the last write and the last
read, so that a user who does not find his own write, or sees time run backwards, is counted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...rows import set_columns
from .log import NONE, Log

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
I4 = NDArray[np.int32]
B = NDArray[np.bool_]

UNKNOWN = 2**62  # version before the newest, where one has to look

OF_KEY: dict[str, tuple[str, float]] = {
    "head_version": ("i8", 0),  # a read looks at these two: they begin on a multiple of 16 bytes, so they lie in one line
    "settled": ("f8", 0.0),  # when the last node that answers reads shows it
    "head_lsn": ("i8", NONE),
    "head_time": ("f8", 0.0),  # commit of the newest record
    "before": ("i8", 0),  # version of the record before the newest one
    "issued": ("i8", 0),
}
# 1 + the key that a user wrote and read last (0 = none), and the version; 16 bytes a user, zero pages until touched
OF_USER: dict[str, tuple[str, float]] = {"wrote_key": ("i4", 0), "wrote": ("i4", 0), "read_key": ("i4", 0), "read": ("i4", 0)}


class Versions:
    """Arrays over keys and over users. Version 0 is what a key holds at the start; every write gets a number never used again."""

    head_lsn: I8
    head_version: I8
    before: I8
    head_time: F8
    settled: F8
    issued: I8
    wrote_key: I4
    wrote: I4
    read_key: I4
    read: I4

    def __init__(self, keys: int, users: int) -> None:
        set_columns(self, OF_KEY, keys)
        set_columns(self, OF_USER, users)

    def write(self, log: Log, t: float, key: int, user: int, root: int, work: float) -> int:
        """Append a write of `key` to the log of its shard at t; its LSN."""
        version = self.issued.item(key) + 1
        self.issued[key] = version
        lsn = log.append(t, key, user, root, version, self.head_lsn.item(key), self.head_version.item(key), work)
        self.head_lsn[key] = lsn
        self.before[key] = self.head_version.item(key)
        self.head_version[key] = version
        return lsn

    def wrote_at_once(
        self, keys: I8, lsns: list[int], versions: I8, before: I8, commits: list[float], settled: list[float]
    ) -> None:
        """Records (n,) were written, in order: the last of a key is its newest; before: the version that each followed."""
        self.before[keys] = before
        self.issued[keys] = versions
        self.head_lsn[keys] = lsns
        self.head_version[keys] = versions
        self.head_time[keys] = commits
        self.settled[keys] = settled

    def settle(self, log: Log, first: int, serving: list[int], owned: B) -> None:
        """Tell the keys of the records from index `first` on when those are committed and everywhere.

        serving: follower nodes. owned: of these records (mask), whose key belongs to the shard of this log now: the newest
        record of any other is in another log, whose numbers are none of this one's.
        """
        n = log.size
        if first >= n:
            return
        commit = log.commit[first:n]
        settled = commit
        for node in serving:
            settled = np.maximum(settled, log.followers[node].applied[first:n])
        key = log.key[first:n]
        newest = owned & (self.head_lsn[key] == np.arange(log.base + first, log.base + n))
        if not newest.all():
            key, commit, settled = key[newest], commit[newest], settled[newest]
        self.head_time[key] = commit
        self.settled[key] = settled

    def forget(self, log: Log, i: int) -> bool:
        """The record at index i is lost: the key shows the one before. False if the key no longer hangs on this record."""
        key = int(log.key[i])
        if int(self.head_lsn[key]) != log.base + i:
            return False
        self.before[key] = UNKNOWN
        self.head_lsn[key] = log.previous[i]
        self.head_version[key] = log.previous_version[i]
        self.head_time[key] = 0.0
        self.settled[key] = 0.0
        previous = int(log.previous[i]) - log.base
        if previous >= 0:
            self.head_time[key] = log.commit[previous]
            self.settled[key] = np.inf  # looked for in the log from now on
        return True

    def detach(self, keys: I8, now: float) -> None:
        """These keys have moved: their new home shows their newest version from now on, their old log no longer matters."""
        self.before[keys] = UNKNOWN
        self.head_lsn[keys] = NONE
        self.head_time[keys] = now
        self.settled[keys] = now

    # ---- users

    def acknowledge(self, users: I8, keys: I8, versions: I8) -> None:
        """These users (n,) know that they have written; in order of time."""
        self.wrote_key[users] = keys + 1
        self.wrote[users] = versions

    def expect(self, users: I8, keys: I8, versions: I8) -> tuple[B, B]:
        """(n,) bool each: who reads less than his own last write of that key; who reads less than he has read of it before."""
        named = keys + 1
        unwritten: B = self.wrote_key[users] == named
        if np.count_nonzero(unwritten):
            unwritten &= versions < self.wrote[users]
        backwards: B = self.read_key[users] == named
        if np.count_nonzero(backwards):
            backwards &= versions < self.read[users]
        self.read_key[users] = named
        self.read[users] = versions
        return unwritten, backwards
