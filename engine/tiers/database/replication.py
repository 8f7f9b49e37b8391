"""How records reach the replicas: one ordered connection each, one applier each (Lindley's recursion), three modes of commit.

async: a write is committed when it is written. semi_sync: when the first replica has received it; if none has within the
time-out, commits go on without (MySQL and MariaDB: rpl_semi_sync_master_timeout) until a replica has caught up. sync: when the
standby in another zone has it; without the standby, commits wait.

All functions plan: they write times into a log. `first` is an index into its columns (lsn - base).
"""

from __future__ import annotations

from typing import NamedTuple

from .log import INF, NONE, Follower, Log

ASYNC, SEMI_SYNC, SYNC = "async", "semi_sync", "sync"
MULTI_SHARED, MULTI_CLUSTER = "multi_shared", "multi_cluster"  # every node takes writes: peers.py
MULTI = (MULTI_SHARED, MULTI_CLUSTER)


class Link(NamedTuple):
    """How a follower is connected. open: records get through; lose: what is on the wire now is lost (a cut, a dead receiver)."""

    open: bool
    delay: float
    rate: float
    lose: bool


def extend(log: Log, follower: Follower, first: int, delays: list[float] | None = None) -> None:
    """Plan reception and application of the records from index `first` on; delays: of each record on a lossy wire, seconds."""
    n = log.size
    if not follower.open:
        follower.received[first:n] = INF
        follower.applied[first:n] = INF
        return
    last = float(follower.received[first - 1]) if first else -INF
    received: list[float] = []
    written = log.written[first:n].tolist()
    for i, t in enumerate(written):
        at = t + (follower.delay if delays is None else delays[i])
        last = at if at > last else last  # a connection delivers in order
        received.append(last)
    follower.received[first:n] = received
    apply(log, follower, first, float(follower.applied[first - 1]) if first else -INF, received)


def apply(log: Log, follower: Follower, first: int, done: float, ready: list[float], owed: float | None = None) -> None:
    """Lindley: each record starts when it is there and the one before is done. owed: work left of the first one."""
    n, rate = log.size, follower.rate
    if rate <= 0.0:
        follower.applied[first:n] = INF
        return
    work = log.work[first:n].tolist()
    if owed is not None and work:
        work[0] = owed
    applied: list[float] = []
    for at, demand in zip(ready, work, strict=True):
        done = (at if at > done else done) + demand / rate
        applied.append(done)
    follower.applied[first:n] = applied


def revise(log: Log, follower: Follower, now: float, link: Link) -> int:
    """The connection or the applier changes at `now`; returns the first index whose times may have changed."""
    n = log.size
    here = int(follower.received[:n].searchsorted(now, side="right"))
    done = int(follower.applied[:n].searchsorted(now, side="right"))
    before = float(follower.applied[done - 1]) if done else -INF
    if done < n and follower.rate > 0.0:
        started = max(float(follower.received[done]), before)
        if started < now:
            follower.owed = (float(follower.applied[done]) - now) * follower.rate
            follower.owed_lsn = log.base + done
    if link.lose:
        follower.received[here:n] = INF
    if link.open:
        unsent = int(follower.received[:n].searchsorted(INF, side="left"))
        arrival = now + link.delay
        if unsent:
            arrival = max(arrival, float(follower.received[unsent - 1]))
        follower.received[unsent:n] = arrival
    follower.open, follower.delay, follower.rate = link.open, link.delay, link.rate
    if done < n:
        ready = follower.received[done:n].tolist()
        ready[0] = max(ready[0], now)
        owed = follower.owed if follower.owed_lsn == log.base + done else None
        apply(log, follower, done, before, ready, owed)
        if link.rate > 0.0:
            follower.owed_lsn = NONE if owed is None else follower.owed_lsn
    return min(here, done)


def plan_commits(log: Log, ackers: list[Follower], first: int, now: float, mode: str, timeout: float, fallback: float) -> float:
    """Commit times of the records from index `first` on; none before `now`, all in order.

    ackers: whose word counts (semi_sync: the first of them, sync: the standby alone). fallback: since when commits do not
    wait any more, inf = they wait. Returns the new fallback.
    """
    n = log.size
    commit = float(log.commit[first - 1]) if first else -INF
    commit = max(commit, now)
    planned: list[float] = []
    arrivals = [[at + f.delay for at in f.received[first:n].tolist()] for f in ackers]
    waits = mode != ASYNC and bool(ackers)
    for i, written in enumerate(log.written[first:n].tolist()):
        acked = written
        if waits and written < fallback:
            acked = min(column[i] for column in arrivals)
            if mode == SEMI_SYNC:
                if acked > written + timeout and written + timeout < fallback:
                    fallback = max(written + timeout, now)
                acked = min(acked, fallback)
        commit = max(commit, acked, written)
        planned.append(commit)
    log.commit[first:n] = planned
    return fallback


def caught_up(log: Log, follower: Follower, now: float) -> bool:
    """Has it all but what is ordinarily on the wire?"""
    if not follower.open:
        return False
    i = int(follower.received[: log.size].searchsorted(now, side="right"))
    return i == log.size or float(log.written[i]) + 1.5 * follower.delay >= now
