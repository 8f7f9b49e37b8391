"""Messages to cache nodes: look-ups, sets, deletes, released and expired leases, as rows of a struct of arrays.

A message is apart from the request that sent it: a client library that stops waiting goes on to the database while its
look-up still stands in the node's queue, and a set has no request at all. Rows are named by index and reused; `serial`
counts up for ever and orders messages that arrive at the same instant.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...rows import set_columns

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]
Kinds: TypeAlias = int | NDArray[np.uint8]  # one for all messages, or (n,)


class Kind(IntEnum):
    """What a message asks of the node, or what has become of a look-up."""

    FREE = 0
    LOOK_UP = 1
    BURNT = 2  # a look-up that nobody waits for any more: the node does not know, and does the work
    UNDELIVERED = 3  # a look-up whose packet was lost: only its deadline is left
    FAULTY = 4  # a look-up that the node answers with an error
    SET = 5
    DELETE = 6
    RELEASE = 7  # the holder of a lease could not read the value
    LEASE_END = 8  # the node's own timer


# plain ints: reading a member of an enum costs more than comparing with it
LOOK_UP, BURNT, UNDELIVERED, FAULTY = int(Kind.LOOK_UP), int(Kind.BURNT), int(Kind.UNDELIVERED), int(Kind.FAULTY)
SET, DELETE, RELEASE, LEASE_END = int(Kind.SET), int(Kind.DELETE), int(Kind.RELEASE), int(Kind.LEASE_END)

FILL = -1  # token of a set without a lease: stored whatever has happened meanwhile
WRITER = -2  # token of a write-through set: stored, and no older fill may overwrite it

# name -> (dtype, value of a fresh row). Times in seconds; `slot` is the request's row (sets, deletes, releases: the web server's
# index), `web` the web server of a look-up, `asked` when it leaves; `token` names the lease (the holder's request id).
# A row is one line of memory long (`engine.rows`).
COLUMNS: dict[str, tuple[str, float]] = {
    "kind": ("u1", 0),
    "serial": ("i8", 0),
    "slot": ("i8", 0),
    "node": ("i4", 0),
    "key": ("i4", 0),
    "asked": ("f8", 0),
    "deadline": ("f8", 0),
    "version": ("i4", 0),
    "web": ("i2", 0),
    "token": ("i8", 0),
    "recompute": ("f8", 0),  # how long it took to read the value from the database, s
    "tried": ("u1", 0),  # copies asked before this one
}
REASONS: dict[str, tuple[str, float]] = {"cause": ("u1", 0), "event": ("i4", 0)}  # apart: only a release has them


class Mail:
    """The table. Every column of COLUMNS and REASONS is an attribute, an array as long as the capacity."""

    kind: NDArray[np.uint8]
    serial: NDArray[np.int64]
    slot: NDArray[np.int64]
    node: NDArray[np.int32]
    key: NDArray[np.int32]
    asked: NDArray[np.float64]
    deadline: NDArray[np.float64]
    version: NDArray[np.int32]
    web: NDArray[np.int16]
    token: NDArray[np.int64]
    recompute: NDArray[np.float64]
    tried: NDArray[np.uint8]
    cause: NDArray[np.uint8]
    event: NDArray[np.int32]

    def __init__(self, capacity: int = 1024) -> None:
        set_columns(self, COLUMNS, capacity)
        set_columns(self, REASONS, capacity)
        self.unused: I8 = np.arange(capacity - 1, -1, -1, dtype=np.int64)
        self.n_unused = capacity
        self.next_serial = 0

    def add(self, kind: Kinds, node: I8, key: NDArray[np.int32] | I8) -> I8:
        """New messages (rows, (n,) int64) to nodes (n,) about keys (n,); the caller fills the other columns."""
        n = node.size
        while self.n_unused < n:
            self._grow()
        rows = self.unused[self.n_unused - n : self.n_unused][::-1].copy()
        self.n_unused -= n
        self.kind[rows] = kind
        self.serial[rows] = np.arange(self.next_serial, self.next_serial + n)
        self.next_serial += n
        self.node[rows] = node
        self.key[rows] = key
        return rows

    def free(self, rows: I8) -> None:
        """These (distinct) messages are done with."""
        self.kind[rows] = Kind.FREE
        self.unused[self.n_unused : self.n_unused + rows.size] = rows
        self.n_unused += rows.size

    @property
    def used(self) -> int:
        """Messages on the wire, in a queue or with a timer."""
        return self.kind.size - self.n_unused

    def _grow(self) -> None:
        old = self.kind.size
        set_columns(self, COLUMNS, 2 * old, old)
        set_columns(self, REASONS, 2 * old, old)
        unused = np.empty(2 * old, dtype=np.int64)
        unused[: self.n_unused] = self.unused[: self.n_unused]
        unused[self.n_unused : self.n_unused + old] = np.arange(2 * old - 1, old - 1, -1)
        self.unused = unused
        self.n_unused += old
