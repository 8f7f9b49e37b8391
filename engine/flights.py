"""Requests in flight: one row each in a struct of arrays, addressed by slot; tiers pass slots and times to each other.

A row lives as long as either side holds it: the client (until an answer or its time-out) and the servers (until the work
that was begun is done, wanted or not). A request that timed out so keeps burning the servers that it reached.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from .causes import Outcome
from .rows import fresh_row, set_columns

I8 = NDArray[np.int64]

CLIENT = 1  # bit of `sides`: the client still waits
SERVER = 2  # bit of `sides`: a server, queue or wire still holds the row

RIGHT = int(Outcome.OK)  # a plain number: looking an enum's member up costs as much as comparing a small batch


class Kind(IntEnum):
    """What a request does to its key."""

    READ = 0
    WRITE = 1


# name -> (dtype, value of a fresh row). Times in seconds since the start of the world; node columns index the tier's nodes.
# A row is two lines of memory long (`engine.rows`): what is asked of a row on its way and at its end lies in the second.
COLUMNS: dict[str, tuple[str, float]] = {
    "root": ("i8", -1),  # id of the first attempt: the user's request
    "born": ("f8", 0.0),  # the user's request
    "sent": ("f8", 0.0),  # this attempt
    "deadline": ("f8", 0.0),  # when the client gives this attempt up
    "web_work": ("f8", 0.0),  # service demands at speed 1, seconds, drawn at birth
    "db_work": ("f8", 0.0),
    "web_out": ("f8", np.inf),  # when its answer leaves the web server
    "user": ("i4", -1),
    "event": ("i4", 0),  # id of the event that led to the failure
    # the second line
    "id": ("i8", -1),  # of this attempt, unique, counting up in order of birth
    "wire": ("f8", 0.0),  # seconds on links (DNS included), waiting, in service: they sum to the latency
    "wait": ("f8", 0.0),
    "service": ("f8", 0.0),
    "key": ("i4", -1),
    "version": ("i4", 0),  # of the key, as read or written
    "address": ("i4", -1),  # as DNS answered; index of world.addresses
    "balancer": ("i2", -1),
    "web": ("i2", -1),
    "cache": ("i2", -1),
    "shard": ("i2", -1),
    "db": ("i2", -1),
    "route": ("u1", 0),
    "kind": ("u1", 0),
    "source": ("u1", 0),
    "city": ("u1", 0),
    "attempt": ("u1", 0),
    "sides": ("u1", 0),
    "flags": ("u1", 0),
    "outcome": ("u1", 0),
    "cause": ("u1", 0),
    "sampled": ("u1", 0),  # 1: keeps its full spans
}

# Apart lies what every hop asks of every row alone and finds nothing: a byte a row, close together, is all that it brings in.
ROW = {name: column for name, column in COLUMNS.items() if name != "sampled"}
FRESH = fresh_row({**ROW, "sides": ("u1", CLIENT | SERVER)}, as_told=True)  # a row as `take` hands it out, but for its ids

HIT, COALESCED, STALE, FILLS, REDISPATCHED, MISS = 1, 2, 4, 8, 16, 32  # bits of `flags`
SENDS = 128  # another: its page makes a job, and its web server has yet to send the message (64 is `engine.replies.ORPHAN`)


class Flights:
    """The table. Every column of COLUMNS is an attribute: an array as long as the capacity, indexed by slot."""

    id: NDArray[np.int64]
    root: NDArray[np.int64]
    user: NDArray[np.int32]
    key: NDArray[np.int32]
    route: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    source: NDArray[np.uint8]
    city: NDArray[np.uint8]
    attempt: NDArray[np.uint8]
    sides: NDArray[np.uint8]
    born: NDArray[np.float64]
    sent: NDArray[np.float64]
    deadline: NDArray[np.float64]
    web_work: NDArray[np.float64]
    db_work: NDArray[np.float64]
    address: NDArray[np.int32]
    balancer: NDArray[np.int16]
    web: NDArray[np.int16]
    cache: NDArray[np.int16]
    shard: NDArray[np.int16]
    db: NDArray[np.int16]
    web_out: NDArray[np.float64]
    wire: NDArray[np.float64]
    wait: NDArray[np.float64]
    service: NDArray[np.float64]
    version: NDArray[np.int32]
    flags: NDArray[np.uint8]
    outcome: NDArray[np.uint8]
    cause: NDArray[np.uint8]
    event: NDArray[np.int32]
    sampled: NDArray[np.uint8]

    def __init__(self, capacity: int = 1024) -> None:
        self.whole = set_columns(self, ROW, capacity, as_told=True)
        self.sampled = np.zeros(capacity, dtype=np.uint8)
        self.free: I8 = np.arange(capacity - 1, -1, -1, dtype=np.int64)
        self.n_free = capacity
        self.next_id = 0

    @property
    def capacity(self) -> int:
        """Slots there are, used or free."""
        return self.id.size

    @property
    def used(self) -> int:
        """Rows that either side still holds."""
        return self.capacity - self.n_free

    def take(self, n: int) -> I8:
        """n fresh rows (slots, (n,) int64) with new ids in order, both sides held, all other columns as COLUMNS says."""
        while self.n_free < n:
            self._grow()
        slots = self.free[self.n_free - n : self.n_free][::-1].copy()
        self.n_free -= n
        self.whole[slots] = FRESH
        self.sampled[slots] = 0
        ids = np.arange(self.next_id, self.next_id + n)
        self.id[slots] = ids
        self.root[slots] = ids
        self.next_id += n
        return slots

    def close(self, slots: I8, side: int) -> None:
        """One side (or both at once) lets go of these (distinct) rows; rows that nobody holds any more are free again."""
        if side == CLIENT | SERVER:
            self.sides[slots] = 0
            done = slots
        else:
            left = self.sides[slots] & np.uint8(~side & 0xFF)
            self.sides[slots] = left
            done = slots if not np.count_nonzero(left) else slots[left == 0]
        if done.size:
            self.id[done] = -1
            self.free[self.n_free : self.n_free + done.size] = done
            self.n_free += done.size

    def waiting(self, slots: I8) -> NDArray[np.bool_]:
        """Whose client still waits, (n,) bool."""
        held: NDArray[np.bool_] = (self.sides[slots] & CLIENT) != 0
        return held

    def live(self) -> I8:
        """All used slots, ascending."""
        return self.sides.nonzero()[0]

    def _grow(self) -> None:
        old = self.capacity
        self.whole = set_columns(self, ROW, 2 * old, old, as_told=True)
        self.sampled = np.concatenate([self.sampled, np.zeros(old, dtype=np.uint8)])
        free = np.empty(2 * old, dtype=np.int64)
        free[: self.n_free] = self.free[: self.n_free]
        free[self.n_free : self.n_free + old] = np.arange(2 * old - 1, old - 1, -1)
        self.free = free
        self.n_free += old
