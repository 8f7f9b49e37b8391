"""The messages that brokers keep: a row each from the moment it is stored until it is acknowledged, dead or lost.

enqueued = ready + leased + acknowledged + dead + lost, at every moment (invariant 15); lost are only messages of a broker that
does not write them down. A row is reused; its id, counted up in the order of storing, is not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...rows import set_columns

READY, LEASED, DEAD = 1, 2, 3  # values of `state`; 0 = the row is free

COLUMNS: dict[str, tuple[str, float]] = {
    "id": ("i8", -1),
    "root": ("i8", -1),  # the user's request that made the job
    "at": ("f8", 0.0),  # when it was stored, s
    "work": ("f8", 0.0),  # demand of its job, s at speed 1
    "lease_end": ("f8", 0.0),  # when it becomes visible again, s
    "user": ("i4", -1),
    "key": ("i4", -1),
    "receives": ("i4", 0),  # times handed out; also names the lease
    "poison": ("i4", 0),  # id of the fault that makes its job fail, 0 = none
    "broker": ("i2", -1),
    "state": ("u1", 0),
    "done": ("u1", 0),  # 1: its job was done once
}


class Messages:
    """The table, and what became of all messages so far."""

    id: NDArray[np.int64]
    root: NDArray[np.int64]
    at: NDArray[np.float64]
    work: NDArray[np.float64]
    lease_end: NDArray[np.float64]
    user: NDArray[np.int32]
    key: NDArray[np.int32]
    receives: NDArray[np.int32]
    poison: NDArray[np.int32]
    broker: NDArray[np.int16]
    state: NDArray[np.uint8]
    done: NDArray[np.uint8]

    def __init__(self, capacity: int = 256) -> None:
        set_columns(self, COLUMNS, capacity)
        self.free: list[int] = list(range(capacity - 1, -1, -1))
        self.next_id = 0  # = enqueued so far
        self.ready = 0
        self.leased = 0
        self.dead = 0
        self.acknowledged = 0
        self.lost = 0
        self.delivered = 0  # handed out, again or not
        self.redelivered = 0
        self.processed = 0  # jobs done to the end
        self.duplicates = 0  # of those, what had been done before
        self.failed = 0  # jobs that ended in an error
        self.late_acks = 0  # came when the lease had ended, or the message was gone

    @property
    def kept(self) -> int:
        """Messages that a broker has, dead letters too."""
        return self.ready + self.leased + self.dead

    def store(self, at: float, work: float, broker: int, poison: int, owner: tuple[int, int, int]) -> int:
        """A new message, ready; its row. owner: (root, user, key) of the request."""
        if not self.free:
            self._grow()
        row = self.free.pop()
        self.id[row] = self.next_id
        self.root[row], self.user[row], self.key[row] = owner
        self.at[row], self.work[row] = at, work
        self.receives[row], self.poison[row], self.broker[row], self.done[row] = 0, poison, broker, 0
        self.state[row] = READY
        self.next_id += 1
        self.ready += 1
        return row

    def lease(self, row: int, until: float) -> int:
        """Hand a ready message out; which lease of it this is."""
        assert self.state[row] == READY
        number = int(self.receives[row]) + 1
        self.state[row], self.lease_end[row], self.receives[row] = LEASED, until, number
        self.ready -= 1
        self.leased += 1
        self.delivered += 1
        self.redelivered += number > 1
        return number

    def give_back(self, row: int) -> None:
        """A lease has ended: the message is ready again."""
        assert self.state[row] == LEASED
        self.state[row] = READY
        self.leased -= 1
        self.ready += 1

    def bury(self, row: int) -> None:
        """A leased message was received in vain too often: nobody gets it any more."""
        assert self.state[row] == LEASED
        self.state[row] = DEAD
        self.leased -= 1
        self.dead += 1

    def acknowledge(self, row: int) -> None:
        """A leased message is done with."""
        assert self.state[row] == LEASED
        assert self.receives[row] > 0
        self.leased -= 1
        self.acknowledged += 1
        self._release(row)

    def lose(self, broker: int) -> list[int]:
        """Everything that this broker kept, dead letters too, is gone; the rows."""
        rows = np.flatnonzero((self.broker == broker) & (self.state > 0)).tolist()
        for row in rows:
            state = int(self.state[row])
            self.ready -= state == READY
            self.leased -= state == LEASED
            self.dead -= state == DEAD
            self._release(row)
        self.lost += len(rows)
        return rows

    def is_leased(self, row: int, number: int, lease: int) -> bool:
        """Is the message `number` in this row handed out under this very lease?"""
        return bool(self.state[row] == LEASED and self.id[row] == number and self.receives[row] == lease)

    def oldest(self, now: float) -> float:
        """Age of the oldest message that is neither acknowledged nor dead, s."""
        alive = (self.state == READY) | (self.state == LEASED)
        return now - float(self.at[alive].min()) if self.ready + self.leased else 0.0

    def _release(self, row: int) -> None:
        self.state[row], self.id[row] = 0, -1
        self.free.append(row)

    def _grow(self) -> None:
        old = self.id.size
        set_columns(self, COLUMNS, 2 * old, old)
        self.free = list(range(2 * old - 1, old - 1, -1))
