"""One machine for the web server and the database: whose CPU a query takes (decision 6).

A worker of the machine runs a page and then its query, one after the other: the job at the web server's station has the demands
of both, and the database, which holds no worker of its own, reads or writes at the end. What the database does beside requests
(copies for a new replica) are jobs at the same station. So both slow down together, at exactly the same queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..flights import Kind
from ..order import time_order
from ..queueing import Departures

if TYPE_CHECKING:
    from .web import Web

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

DATABASE = 1  # as in Web.ways: the route goes on to the database
WRITE = int(Kind.WRITE)


def with_queries(web: Web, slots: I8) -> F8:
    """Demands (n,) at the machine's station: a page's own, and its query's if that will be asked of the database here."""
    flights, database = web.core.flights, web.database
    work: F8 = flights.web_work[slots]
    zone = int(web.nodes.zone[database.host])
    reads, writes = database.routing.at_one_node(zone, int(database.shard_of_node[database.guest]))
    kind = flights.kind[slots]
    here = np.where(kind == WRITE, writes == database.guest, reads == database.guest)
    here &= (web.ways_bare[flights.route[slots]] == DATABASE) & (flights.web[slots] == database.host)
    rows = here.nonzero()[0]
    work[rows] += flights.db_work[slots[rows]]
    flights.db_work[slots[rows]] = 0.0  # done with the page
    return work


def with_chores(web: Web, t: F8, slots: I8, work: F8) -> tuple[F8, I8, I8, F8]:
    """The database's jobs that are due join the requests, in order of time; their rows are negative."""
    at, rows = web.chores.take(web.core.end)
    node = web.core.flights.web[slots].astype(np.int64)
    if not at.size:
        return t, slots, node, work
    web.begun_chores += at.size
    jobs = web.database.places.jobs
    demand = np.array([jobs[row].work for row in rows.tolist()])
    t, slots = np.concatenate([t, np.maximum(at, web.core.start)]), np.concatenate([slots, rows])
    node = np.concatenate([node, np.full(rows.size, web.database.host, dtype=np.int64)])
    order = time_order(t, slots)
    return t[order], slots[order], node[order], np.concatenate([work, demand])[order]


def without_chores(web: Web, gone: Departures) -> Departures:
    """Hand finished jobs of the database to it; the requests among `gone`."""
    jobs = gone.row < 0
    if not jobs.any():
        return gone
    for t, row in zip(gone.finish[jobs].tolist(), gone.row[jobs].tolist(), strict=True):
        web.database.job_done(row, t, web.database.guest)
    keep = ~jobs
    return Departures(
        gone.finish[keep], gone.row[keep], gone.node[keep], gone.start[keep], gone.arrival[keep], gone.work[keep]
    )


def lose(web: Web, rows: I8) -> I8:
    """Of the rows (n,) that a machine lost, those of requests; the database hears of its own."""
    for row in rows[rows < 0].tolist():
        web.database.job_lost(row)
    return rows[rows >= 0]
