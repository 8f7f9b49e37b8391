"""What goes wrong inside a database beside speed and loss: locked rows, rows that cannot be read, full and slow disks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...flights import Kind
from ...ills import events_of

if TYPE_CHECKING:
    from .path import DatabasePath
    from .work import DatabaseWork

B = NDArray[np.bool_]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


def wait_for_locks(database: DatabasePath, t: F8, slots: I8) -> tuple[F8, I8]:
    """Writes that leave their web servers at t (n,) for rows that another transaction holds wait until their drivers give up;
    the others are returned."""
    flights, ills = database.core.flights, database.core.ills
    event = events_of(ills.locked, flights.key[slots])
    held = (event > 0) & (flights.kind[slots] == Kind.WRITE)
    if not held.any():
        return t, slots
    rows = slots[held]
    flights.wait[rows] += database.timeout
    database.meters.totals["timeouts"] += rows.size
    database.fail_at(t[held] + database.timeout, rows, Cause.DB_TIMEOUT, event[held])
    return t[~held], slots[~held]


def work_of(database: DatabasePath, slots: I8, work: F8) -> F8:
    """The work (n,) of requests: of writes at nodes with slow disks so many times as much."""
    flights = database.core.flights
    writes = flights.kind[slots] == Kind.WRITE
    work = work.copy()
    for node, factor in database.core.ills.slow_disks.items():
        work[writes & (flights.db[slots] == node)] *= factor
    return work


def broken(database: DatabaseWork, slots: I8, node: I8) -> I8:
    """Events (n,) of what keeps these from being done: a full disk (writes), a corrupt row (reads); 0 = nothing."""
    flights, ills = database.core.flights, database.core.ills
    writes = flights.kind[slots] == Kind.WRITE
    full, corrupt = events_of(ills.full_disks, node), events_of(ills.corrupt, flights.key[slots])
    return np.where(writes, full, corrupt)
