"""The log of a shard: every write in order, what each replica has received and applied of it, and when.

A record has a log sequence number (LSN), counting up from 0 without gaps. Columns of a log and of its followers are indexed by
`lsn - base`; what every follower has applied is dropped from the front now and then. A record knows the record before it that
concerns the same key, so the version of a key that a node can see is found by walking back from the newest one.

Times in a log are plans: nothing but a change at a step boundary (a cut link, a slower applier) can alter them, and such a
change revises exactly what lies after it (engine.tiers.database.replication).
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from ...rows import Whole, set_columns

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

INF = float("inf")
NONE = -1  # LSN before the first record of a key

# Of a record, side by side in memory: a record is written as a whole, and many logs do not fit into a cache.
# written: seconds. work: apply demand in mean records. user, root: of the request, -1 = a copied row.
RECORD: dict[str, tuple[str, float]] = {
    "written": ("f8", 0.0), "work": ("f8", 0.0), "key": ("i8", 0), "user": ("i8", 0), "root": ("i8", 0), "version": ("i8", 0),
    "previous": ("i8", 0), "previous_version": ("i8", 0), "acknowledged": ("?", False),
}  # fmt: skip


class Follower:
    """A replica's place in the log of its shard.

    received, applied: when each record arrives and is applied, seconds, inf = not as things stand; ascending. open: records
    reach it now. delay: one way, seconds. rate: records applied a second, 0 = stopped. owed: work left of record `owed_lsn`,
    which was begun before the rate changed.
    """

    __slots__ = ("applied", "delay", "node", "open", "owed", "owed_lsn", "rate", "received")

    def __init__(self, node: int, capacity: int, position: int) -> None:
        """position: records (from the base on) that it has already."""
        self.node = node
        self.open = False
        self.delay = 0.0
        self.rate = 0.0
        self.owed = 0.0
        self.owed_lsn = NONE
        self.received: F8 = np.full(capacity, INF)
        self.applied: F8 = np.full(capacity, INF)
        self.received[:position] = -INF
        self.applied[:position] = -INF


class Batch:
    """Records (capacity,) that are acknowledged as soon as they are written, and not in a log yet: filled column by column, put
    into logs record by record, as a whole."""

    written: F8
    work: F8
    key: I8
    user: I8
    root: I8
    version: I8
    previous: I8
    previous_version: I8
    acknowledged: NDArray[np.bool_]

    def __init__(self, capacity: int) -> None:
        self.whole: Whole = set_columns(self, RECORD, capacity)
        self.acknowledged[:] = True

    def chain(self, keys: list[int], lsns: list[int]) -> None:
        """Of these keys (n,), in order, some occur again: a later record of a key follows the one here, not the one in a log."""
        newest: dict[int, int] = {}
        for j, key in enumerate(keys):
            if (before := newest.get(key)) is not None:
                older = self.version.item(before)
                self.version[j] = older + 1
                self.previous[j] = lsns[before]
                self.previous_version[j] = older
            newest[key] = j


class Log:
    """Records base .. head - 1, and the followers by node.

    plan: (capacity, width) seconds: of each record its commit, then when each follower, in their order, has received and applied
    it. `commit` and the followers' columns are views of it, `flat` is all of it, record after record: what a new record hangs on
    lies in one place, where it would be brought from memory column by column (a seventh of a write's time; measured).
    """

    written: F8
    work: F8
    key: I8
    user: I8
    root: I8
    version: I8
    previous: I8
    previous_version: I8
    acknowledged: NDArray[np.bool_]  # has its user been told?

    def __init__(self, capacity: int = 256) -> None:
        self.base = 0
        self.size = 0
        self.capacity = capacity
        self.followers: dict[int, Follower] = {}
        self.whole = set_columns(self, RECORD, capacity)
        self.commit: F8 = np.zeros(capacity)
        self._lay_out()

    @property
    def head(self) -> int:
        """LSN of the next record: the number of records ever written."""
        return self.base + self.size

    def append(
        self, t: float, key: int, user: int, root: int, version: int, previous: int, previous_version: int, work: float
    ) -> int:
        """A record written at t; its times at the followers and its commit are to be planned. Returns its LSN."""
        i = self.size
        if i == self.capacity:
            self._resize(2 * self.capacity)
        self.written[i] = t
        self.work[i] = work
        self.key[i] = key
        self.user[i] = user
        self.root[i] = root
        self.version[i] = version
        self.previous[i] = previous
        self.previous_version[i] = previous_version
        self.acknowledged[i] = False
        self.size = i + 1
        return self.base + i

    def claim(self) -> int:
        """Room for one more record, which is to be put there as a whole. Returns its index."""
        i = self.size
        if i == self.capacity:
            self._resize(2 * self.capacity)
        self.size = i + 1
        return i

    def follow(self, node: int, position: int) -> Follower:
        """A new follower that has everything before LSN `position` (base <= position <= head)."""
        assert self.base <= position <= self.head, f"position {position} is not in the log {self.base}..{self.head}"
        follower = Follower(node, self.capacity, position - self.base)
        self.followers[node] = follower
        self._lay_out()
        return follower

    def leave(self, node: int) -> None:
        """Node, if it is a follower, gets no more records; whoever holds the follower still sees what was planned."""
        if self.followers.pop(node, None) is not None:
            self._lay_out()

    def position(self, node: int, t: float) -> int:
        """Records that follower `node` has applied at time t."""
        return self.base + bisect_right(self.followers[node].applied, t, 0, self.size)

    def received(self, node: int, t: float) -> int:
        """Records that follower `node` has received at time t."""
        return self.base + bisect_right(self.followers[node].received, t, 0, self.size)

    def committed(self, t: float) -> int:
        """Records committed at time t."""
        return self.base + bisect_right(self.commit, t, 0, self.size)

    def walk(self, lsn: int, version: int, position: int) -> int:
        """Version of a key as of `position` records, from its newest record `lsn` with `version` back."""
        previous, older, base = self.previous, self.previous_version, self.base
        while lsn >= position:
            i = lsn - base
            version = int(older[i])
            lsn = int(previous[i])
        return version

    def as_of(self, plan: F8, lsn: int, version: int, t: float) -> int:
        """As `walk` to the first record on the way whose time in `plan` (one of the ascending columns) is at most t."""
        previous, older, base = self.previous, self.previous_version, self.base
        while lsn >= base and plan[lsn - base] > t:
            i = lsn - base
            version = int(older[i])
            lsn = int(previous[i])
        return version

    def history(self, plan: F8, lsn: int, version: int, t: float) -> list[tuple[float, int]]:
        """What `as_of` finds at t and at any later moment: since when, and which version, the newest first."""
        previous, older, base = self.previous, self.previous_version, self.base
        found: list[tuple[float, int]] = []
        while lsn >= base and (since := plan.item(lsn - base)) > t:
            found.append((since, version))
            version, lsn = older.item(lsn - base), previous.item(lsn - base)
        return [*found, (t, version)]

    def cut_back(self, position: int) -> None:
        """Forget all records from LSN `position` on."""
        self.size = position - self.base
        for follower in self.followers.values():
            if follower.owed_lsn >= position:
                follower.owed_lsn = NONE

    def drop_before(self, lsn: int) -> None:
        """Forget the records before `lsn`, if that is worth the copying."""
        n = min(lsn, self.head) - self.base
        if n < self.capacity // 2:
            return
        kept = self.size - n
        self.base += n
        for name in RECORD:
            column = getattr(self, name)
            column[:kept] = column[n : self.size].copy()
        self.plan[:kept] = self.plan[n : self.size].copy()
        self.size = kept

    def _resize(self, capacity: int) -> None:
        self.whole = set_columns(self, RECORD, capacity, self.size)
        self.capacity = capacity
        self._lay_out()

    def _lay_out(self) -> None:
        """Columns are more, fewer or to be longer: new room for the plans, and what was in the old one."""
        followers = self.followers.values()
        self.width = 1 + 2 * len(followers)
        self.plan: F8 = np.full((self.capacity, self.width), INF)
        self.flat: F8 = self.plan.reshape(-1)
        self.commit = self._moved(self.commit, 0)
        for place, follower in enumerate(followers):
            follower.received = self._moved(follower.received, 1 + 2 * place)
            follower.applied = self._moved(follower.applied, 2 + 2 * place)

    def _moved(self, column: F8, place: int) -> F8:
        """A column of the plans, with what it held elsewhere."""
        room: F8 = self.plan[:, place]
        room[: column.size] = column
        return room
