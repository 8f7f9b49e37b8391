"""What applying the log costs a replica: the records that it has received are jobs at its own workers, beside its reads.

Off unless `database.replication.apply_cost` says so: then each record takes that share of a write's mean demand, times the
record's own. What a reader sees follows the applier's order and rate alone (replication.py); the job is the CPU that it takes,
which is why reads scale by n / (r + n w) and not by n: every replica writes everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .placement import Job
from .shard import Role

if TYPE_CHECKING:
    from . import Database


def charge(database: Database, cost: float) -> None:
    """At a boundary: a job for every record that a replica has received since the last one; at most a step after it came."""
    now, paid, places = database.core.now, database.paid, database.places
    mean = cost * database.core.config.database.write.mean_ms / 1e3
    for shard in database.shards:
        log = shard.log
        for node in log.followers:
            came = log.received(node, now)
            first = min(max(paid.get(node, log.base), log.base), came)
            paid[node] = came
            if first == came or database.role_of[node] is not Role.REPLICA or not database.nodes.up[node]:
                continue
            at = log.followers[node].received[first - log.base : came - log.base]
            work = log.work[first - log.base : came - log.base]
            rows = np.array([places.job(Job("apply", mean * share)) for share in work.tolist()], dtype=np.int64)
            if node == database.guest:
                database.web.chores.push(at.copy(), rows)
                continue
            database.chores.push(at.copy(), rows, np.full(rows.size, node, dtype=np.int64))
