"""The way of a request to a database node: the driver picks a node, the network carries it, the node lets it in or not.

What cannot be reached is known at the web server after a refusal's round trip or the driver's time-out; a read then tries one
other node, a write fails. A driver that has waited `timeout` gives up; the node goes on with what it began.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...core import Core
from ...fabric import Fate
from ...flights import FILLS, Kind
from ...order import time_order
from ...pending import Pending
from ...queueing import Admission
from ...replies import Replies
from ...rows import set_columns
from .ahead import DatabaseAhead
from .ills import wait_for_locks, work_of
from .nodes import F8, I2, I8
from .shard import Role

READ, WRITE = int(Kind.READ), int(Kind.WRITE)  # an enum costs six times an int in a comparison with an array
OUTSIDE, INSIDE, WRITTEN = 0, 1, 2  # phases of a row: not at a node; queued or served; written, waits for its commit
# By slot: phase; when the driver gives up; when it came to its node; attempts made.
COLUMNS: dict[str, tuple[str, float]] = {"phase": ("u1", 0), "due": ("f8", 0.0), "reach": ("f8", 0.0), "tries": ("u1", 0)}
ROUNDS = 4  # a refusal may come back, and the next attempt with it, within one step

# What a job was about whose driver has given up: is it a write, key, user, root
Unheard: TypeAlias = tuple[bool, int, int, int]


class DatabasePath(DatabaseAhead):
    """From the web server to the node's queue, and failures on the way."""

    phase: NDArray[np.uint8]
    due: F8
    reach: F8
    tries: NDArray[np.uint8]

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core, replies)
        dt = core.part_dt
        self.failed = Pending(dt, columns=3)  # (t at the web server, slot, cause, event) of attempts that came to nothing
        self.timers = Pending(dt, columns=2)  # (t, slot, id) of drivers whose patience may end
        set_columns(self, COLUMNS, core.flights.capacity)
        self.abandoned: dict[tuple[int, int, float], Unheard] = {}  # (slot, node, arrival) of jobs whose driver has given up
        self.late_acks = Pending(dt, columns=2)  # (t, slot, id) of writes that former primaries will acknowledge
        self.stray_count = 0  # former primaries that answer on their own
        self.recovering: list[int] = []  # shards that have been failed over and have not acknowledged a write yet
        self.wrote: list[tuple[F8, I8, I8]] = []  # answers that leave with the step's last: (t, slots, nodes) of writes
        self.fills: list[tuple[F8, I8, I8]] = []  # and of reads that fill

    def arrive(self, t: F8, slots: I8) -> None:
        """Reads and writes leave their web servers at t (n,)."""
        if self.phase.size < self.core.flights.capacity:
            set_columns(self, COLUMNS, self.core.flights.capacity, self.phase.size)
        self.tries[slots] = 0
        self.outbox.push(*(wait_for_locks(self, t, slots) if self.core.ills.locked else (t, slots)))

    # ---- the drivers

    def _dispatch(self) -> None:
        """Send off all that leaves the web servers before the end of the pass, second attempts included."""
        for _ in range(ROUNDS):
            t, slots = self.outbox.take(self.until.leave, self.core.flights.id)
            if t.size:
                self._route(t, slots)
            if not self.failed:
                return
            t, (slots, cause, event) = self.failed.take_all(self.until.hear)
            if not t.size:
                return
            self._try_again(t, slots, cause, event)

    def _route(self, t: F8, slots: I8) -> None:
        flights = self.core.flights
        web = flights.web[slots].astype(np.int64)
        zone = self.core.fabric.tiers["web"].zone[web]
        shard = self.shards_for(slots)
        cell = self.routing.cell(zone, shard)
        kind = flights.kind[slots]
        if not np.count_nonzero(kind):
            node = self.routing.read_at(cell, shard)
        else:
            node = self.choose_writer(slots, zone, shard) if self.multi else self.routing.write_to(cell)
            read = (kind == READ).nonzero()[0]
            if read.size:
                node[read] = self.routing.read_at(cell[read], shard[read])
        tries = self.tries[slots]
        if np.count_nonzero(tries):
            self._elsewhere(slots, zone, shard, node, np.flatnonzero((tries > 0) & (kind == READ)))
        flights.shard[slots] = shard
        flights.db[slots] = node
        self.due[slots] = t + self.timeout
        hop = self.core.fabric.hop("web", web, "db", node)
        if hop.fate is None:
            flights.wire[slots] += hop.delay
            self.inbox.push(t + hop.delay, slots)
            return
        passed = (hop.fate == Fate.PASS) & (hop.delay <= self.timeout)  # on a longer way the driver is gone before it is there
        assert hop.event is not None
        ok = slots[passed]
        flights.wire[ok] += hop.delay[passed]
        self.inbox.push((t + hop.delay)[passed], ok)
        refused = hop.fate == Fate.REFUSED
        if refused.any():
            rows, way = slots[refused], 2.0 * hop.delay[refused]
            flights.wire[rows] += way
            self.fail_at(t[refused] + way, rows, Cause.REFUSED, hop.event[refused])
        dropped = ~passed & ~refused
        if dropped.any():
            flights.wait[slots[dropped]] += self.timeout
            self.fail_at(t[dropped] + self.timeout, slots[dropped], Cause.UNREACHABLE, hop.event[dropped])

    def choose_writer(self, slots: I8, zone: I2, shard: I2) -> I8:
        raise NotImplementedError

    def _elsewhere(self, slots: I8, zone: I2, shard: I2, node: I8, again: I8) -> None:
        """Reads on their second attempt go to another node than the first."""
        for i in again.tolist():
            other = self.routing.other(int(zone[i]), int(shard[i]), int(self.core.flights.db[slots[i]]))
            node[i] = other if other >= 0 else node[i]

    def fail_at(self, t: F8, slots: I8, cause: Cause, event: object) -> None:
        """The driver hears of a failure at t (n,) at its web server; event: id or (n,) ids of what is to blame."""
        events = np.array(np.broadcast_to(np.asarray(event, dtype=np.int64), slots.shape))
        self.failed.push(t, slots, np.full(slots.size, int(cause), dtype=np.int64), events)

    def _try_again(self, t: F8, slots: I8, cause: I8, event: I8) -> None:
        """Reads that could not reach their node try one other; the rest fails. Nobody hears of it in the past."""
        flights, t = self.core.flights, self.core.not_before(self.heard, t, slots)
        # a driver that only waited too long cannot tell a slow node from a busy one: it will ask there again
        gone = (cause == Cause.REFUSED) | (cause == Cause.UNREACHABLE) | (cause == Cause.RESET)
        node = flights.db[slots].astype(np.int64)
        away = gone & (node >= 0)
        if away.any():
            web = flights.web[slots[away]].astype(np.int64)
            self.routing.shun(self.core.fabric.tiers["web"].zone[web].astype(np.int64), node[away], t[away])
            self.meters.totals["refused"] += int(np.count_nonzero(away))
        may = (flights.kind[slots] == READ) | (self.multi & (cause != Cause.RESET))  # a write that never came in: another writer
        again = gone & may & (self.tries[slots] == 0)
        if again.any():
            rows = slots[again]
            self.tries[rows] = 1
            self.meters.totals["retried"] += rows.size
            self.outbox.push(t[again], rows)
            t, slots, cause, event = t[~again], slots[~again], cause[~again], event[~again]
        for number in np.unique(cause).tolist():
            mine = cause == number
            self._give_up(t[mine], slots[mine], Cause(number), event[mine])

    def _give_up(self, t: F8, slots: I8, cause: Cause, event: I8) -> None:
        """Failures at the web servers at t (n,): the users hear of them."""
        flights = self.core.flights
        if cause in (Cause.REFUSED, Cause.UNREACHABLE):
            cause = Cause.DB_UNAVAILABLE
        if self.cache is not None:
            fills = (flights.flags[slots] & FILLS) != 0
            if fills.any():
                self.cache.fill_failed(t[fills], slots[fills], cause, event[fills])
        self.replies.fail(slots, cause, event)
        self.replies.from_web(t, slots)

    def _refuse(self, t: F8, slots: I8, node: I8, cause: Cause, event: object) -> None:
        """Nodes turn these rows away at t (n,); the word takes the way back."""
        flights = self.core.flights
        hop = self.core.fabric.hop("db", node, "web", flights.web[slots].astype(np.int64), back=True)
        delay = hop.delay
        if hop.fate is not None:
            lost = hop.fate != Fate.PASS
            silence = np.maximum(self.due[slots] - t, 0.0)
            flights.wait[slots[lost]] += silence[lost]
            flights.wire[slots[~lost]] += delay[~lost]
            delay = np.where(lost, silence, delay)
        else:
            flights.wire[slots] += delay
        self.fail_at(t + delay, slots, cause, event)

    # ---- the nodes' doors

    def _admit(self) -> None:
        """Let in what reaches the nodes before the end of the pass."""
        core, flights = self.core, self.core.flights
        t, slots = self.inbox.take(self.until.reach, flights.id)
        if t.size:
            node = flights.db[slots].astype(np.int64)
            welcome = self.takes_reads[node]
            writes = flights.kind[slots].nonzero()[0]
            if writes.size:
                welcome[writes] = self.writable_from[node[writes]] <= t[writes]
            if not core.fabric.all_up["db"]:
                welcome &= self.nodes.up[node]
            if np.count_nonzero(welcome) < welcome.size:
                self._turn_away(t[~welcome], slots[~welcome], node[~welcome])
                t, slots, node = t[welcome], slots[welcome], node[welcome]
        work = flights.db_work[slots] if not core.ills.slow_disks else work_of(self, slots, flights.db_work[slots])
        if t.size and t.item(0) < self.reached:  # came through a part of the world that is stepped later: decided too late
            t = core.not_before(self.reached, t, slots)
        if self.chores:
            at, (rows, where) = self.chores.take_all(self.until.reach)
            if at.size:
                t, slots, node, work = self._mix_chores(t, slots, work, at, rows, where)
        if not t.size:
            return
        plan = self.stations.admit(t, node, work, slots)
        self._inside(t, slots, node, plan)

    def _mix_chores(self, t: F8, slots: I8, work: F8, at: F8, rows: I8, where: I8) -> tuple[F8, I8, I8, F8]:
        """Put jobs that are no requests among those that are, in order of time."""
        demand = np.array([self.places.jobs[row].work for row in rows.tolist()])
        node = np.concatenate([self.core.flights.db[slots].astype(np.int64), where])
        t, slots = np.concatenate([t, np.maximum(at, self.reached)]), np.concatenate([slots, rows])
        order = time_order(t, slots)
        return t[order], slots[order], node[order], np.concatenate([work, demand])[order]

    def _inside(self, t: F8, slots: I8, node: I8, plan: Admission) -> None:
        """Note who is in, who was shed, and whose driver will have given up before the end."""
        if np.count_nonzero(plan.accepted) < slots.size:
            out = ~plan.accepted
            requests = out & (slots >= 0)
            if requests.any():
                self._refuse(t[requests], slots[requests], node[requests], Cause.QUEUE_FULL, 0)
            for row in slots[out & (slots < 0)].tolist():
                self.job_lost(row)
            t, slots, finish = t[plan.accepted], slots[plan.accepted], plan.finish[plan.accepted]
        else:
            finish = plan.finish
        if self.places.jobs:
            requests = slots >= 0
            t, slots, finish = t[requests], slots[requests], finish[requests]
        self.phase[slots] = INSIDE
        self.reach[slots] = t
        due = self.due[slots]
        impatient = finish > due
        if np.count_nonzero(impatient):
            rows = slots[impatient]
            self.timers.push(due[impatient], rows, self.core.flights.id[rows])

    def job_lost(self, row: int) -> None:
        """A job that is no request was turned away or died with its node."""
        raise NotImplementedError

    def _turn_away(self, t: F8, slots: I8, node: I8) -> None:
        """At a door that is shut: the process has died meanwhile, or the node may not take this."""
        dead = ~self.nodes.up[node]
        if dead.any():
            self._refuse(t[dead], slots[dead], node[dead], Cause.REFUSED, self.nodes.event[node[dead]])
        live = ~dead
        if live.any():
            rows, where = slots[live], node[live]
            self.meters.totals["fenced"] += rows.size
            here = np.array([self.role_of[n] is not Role.GONE for n in where.tolist()])
            shut = here & (self.core.flights.kind[rows] == WRITE)  # reads ask another node, as after a refusal
            for mask, cause in ((shut, Cause.FENCED), (~shut, Cause.REFUSED)):
                if mask.any():
                    self._refuse(t[live][mask], rows[mask], where[mask], cause, self.nodes.event[where[mask]])

    # ---- patience

    def _watch(self, node: int) -> None:
        """The plan of a node has changed: its drivers' patience matters again."""
        flights = self.core.flights
        live = flights.live()
        live = live[live < self.phase.size]
        rows = live[(self.phase[live] == INSIDE) & (flights.db[live] == node)]
        self.timers.push(np.maximum(self.due[rows], self.core.now), rows, flights.id[rows])

    def _ring(self) -> None:
        """Drivers whose time has come give up on what is still at a node."""
        flights = self.core.flights
        t, (slots, ids) = self.timers.take_all(self.until.end)
        if not t.size:
            return
        waits = (flights.id[slots] == ids) & (self.phase[slots] != OUTSIDE) & (self.due[slots] <= t)
        rows = slots[waits]
        if rows.size > 1:  # a row may have two timers
            first = np.sort(np.unique(rows, return_index=True)[1])
            t, rows = t[waits][first], rows[first]
        else:
            t = t[waits]
        self._abandon(t, rows)

    def _abandon(self, t: F8, rows: I8) -> None:
        """Drivers give up at t (n,) on rows that are at their nodes."""
        if not rows.size:
            return
        flights = self.core.flights
        for slot in rows[self.phase[rows] == INSIDE].tolist():
            what = (bool(flights.kind[slot]), int(flights.key[slot]), int(flights.user[slot]), int(flights.root[slot]))
            self.abandoned[slot, int(flights.db[slot]), float(self.reach[slot])] = what
        self.phase[rows] = OUTSIDE
        self.meters.totals["timeouts"] += rows.size
        flights.wait[rows] += t - self.reach[rows]
        self.fail_at(t, rows, Cause.DB_TIMEOUT, self.nodes.event[flights.db[rows]])
