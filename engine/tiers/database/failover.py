"""Failover: a replica becomes the primary of a new epoch, and what it did not have is gone, record by record.

The promoted node keeps what it had received (its position) and applies the rest of it before it takes writes. Everything after
that position is lost; the acknowledged writes among it are the RPO. The old primary is fenced, or goes on as a stray with a
branch of its own, until it is demoted and throws its branch away. Drivers learn of the new primary after `repoint_time`, if they
can reach it at all. How long it all took, from the first missed answer to the first write, is the RTO.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from ...causes import Cause
from ..base import limit
from .log import INF, Log
from .nodes import F8
from .path import OUTSIDE, WRITTEN
from .peerwrites import DatabasePeerWrites
from .replication import SYNC
from .shard import FailoverNote, Role, Shard, Stray


class DatabaseFailover(DatabasePeerWrites):
    """Promotion, fencing, demotion, re-pointing; and nodes that die and come back."""

    def shard_by_name(self, name: str) -> Shard:
        """ValueError if there is no such shard (any more)."""
        for shard in self.shards:
            if shard.name == name and shard.primary >= 0:
                return shard
        raise ValueError(f"there is no shard {name!r}")

    def promote(self, name: str, node: int, fence: bool, event: int = 0, detected: float = INF) -> None:
        """Make replica `node` the primary; fence: shut the old one out first. detected: when its failure was certain, seconds.

        ValueError if the node cannot be promoted.
        """
        shard, now = self.shard_by_name(name), self.core.now
        log, old = shard.log, shard.primary
        if node not in log.followers or self.role_of[node] is not Role.REPLICA or not self.nodes.up[node]:
            raise ValueError(f"{self.nodes.names[node]} is no running replica of {name}")
        note = FailoverNote(name, min(shard.failed_at, now))
        if note.failed < now:
            note.step(note.failed, f"{self.nodes.names[old]} does not answer")
        if detected <= now:
            note.step(detected, "detected")
        shard.failovers.append(note)
        if shard.index not in self.recovering:
            self.recovering.append(shard.index)
        position = log.received(node, now)
        follower = log.followers[node]
        log.leave(node)
        owed = self._catch_up_time(log, follower.applied[: log.size], follower.received[: log.size], now)
        self._leave_behind(shard, old, position, note, fence)
        shard.primary = node
        shard.epoch += 1
        shard.failed_at = INF
        shard.fallback_at = INF
        shard.writable_at = now + owed
        log.commit[: log.size] = np.where(log.commit[: log.size] > now, shard.writable_at, log.commit[: log.size])
        self._set_role(node, Role.PRIMARY)
        self.takes_reads[node] = owed <= 0.0
        self.writable_from[node] = shard.writable_at
        self._choose_standby(shard)
        for other in log.followers.values():  # what the old primary still had on the wire comes again from the new one
            other.received[: log.size][other.received[: log.size] > now] = INF
        self._relink(shard, anew=True)
        shard.repoint_at = shard.writable_at + self.repoint_time
        shard.unaware = list(range(len(self.core.fabric.zones)))
        note.promoted = now
        note.step(now, f"{self.nodes.names[node]} promoted at position {position:,}")
        if owed > 0.0:
            note.step(shard.writable_at, "has applied what it had received")
        if note.lost:
            text = f"{name}: {note.lost:,} acknowledged writes are lost"
            self.core.log.tell(now, "database", text, cause=event, level="bad", target=name)
        if not fence and old in shard.strays and self.nodes.up[old]:
            text = f"{name} has two primaries: {self.nodes.names[old]} was not fenced"
            self.core.log.tell(now, "database", text, cause=event, level="bad", target=name)

    def candidate(self, shard: Shard) -> int:
        """The replica to promote: the most advanced that answers; in sync mode only the standby, which has it all. -1: none."""
        fit = [n for n in shard.log.followers if self.role_of[n] is Role.REPLICA and self.answers(n)]
        if self.mode == SYNC:
            fit = [n for n in fit if n == shard.standby]
        return max(fit, key=lambda n: (shard.log.received(n, self.core.now), -n), default=-1)

    def returned(self, shard: Shard) -> list[int]:
        """Former primaries that answer and can follow the present one."""
        reachable = self.core.fabric.reachable
        return [n for n in shard.strays if self.answers(n) and reachable("db", shard.primary, "db", n)]

    def _catch_up_time(self, log: Log, applied: F8, received: F8, now: float) -> float:
        """Seconds that a replica needs to apply what it has received, at the nominal rate if its applier is stopped."""
        done, got = int(applied.searchsorted(now, side="right")), int(received.searchsorted(now, side="right"))
        if done >= got:
            return 0.0
        last = float(applied[got - 1])
        if last < INF:
            return last - now
        return float(np.add.accumulate(log.work[done:got])[-1]) / self.apply_per_second

    def _leave_behind(self, shard: Shard, old: int, position: int, note: FailoverNote, fence: bool) -> None:
        """Records from `position` on stay with the old primary; their keys show what was before."""
        log, versions = shard.log, self.versions
        stray = Stray(old, position, shard.epoch)
        branch: list[tuple[int, int, float]] = []
        for i in range(log.size - 1, position - log.base - 1, -1):
            key, copied = int(log.key[i]), int(log.user[i]) < 0
            branch.append((key, int(log.version[i]), float(log.commit[i])))
            if copied or self.places.owner[key] != shard.index or not versions.forget(log, i):
                continue  # a copied row, or one that has moved on: its shard has it
            stray.left_over += 1
            if log.acknowledged[i]:
                note.lost += 1
                note.sample.appendleft((log.base + i, key, int(log.user[i]), float(log.written[i])))
            else:
                note.unacknowledged += 1
        for key, version, commit in reversed(branch):
            stray.put(key, version, commit)
        self.meters.totals["lost"] += note.lost
        for earlier in shard.strays.values():
            if earlier.fork > position:  # it has what is cut off now: part of its branch from here on
                lsns = range(earlier.fork - 1, position - 1, -1)
                rows = [(int(log.key[n - log.base]), int(log.version[n - log.base])) for n in lsns if n >= log.base]
                earlier.inherit(rows, position)
        shard.strays[old] = stray
        log.cut_back(position)
        self.writable_from[old] = np.inf if fence else 0.0
        self._set_role(old, Role.FENCED if fence else Role.STRAY)
        self.stray_count = sum(self.role_of[n] is Role.STRAY for s in self.shards for n in s.strays)
        if fence or not self.nodes.up[old]:
            self._die(old, Cause.FENCED if fence else Cause.RESET)
        else:
            self._hand_waiting_to_stray(shard, position)
        # what the promoted node has of them is committed with it
        kept = [entry for entry in shard.waiting if entry[0] < position] if not fence and self.nodes.up[old] else []
        shard.waiting = deque(kept)

    def _hand_waiting_to_stray(self, shard: Shard, position: int) -> None:
        """Writes after `position` that waited at a primary that lives on: it acknowledges those whose time was set."""
        log, flights = shard.log, self.core.flights
        for lsn, slot, number in shard.waiting:
            commit = float(log.commit[lsn - log.base])  # beyond the cut the columns still hold what was planned
            if lsn >= position and commit < self.due[slot] and flights.id[slot] == number and self.phase[slot] == WRITTEN:
                self.late_acks.push(np.array([commit]), np.array([slot]), np.array([number]))

    def demote(self, name: str, node: int) -> None:
        """A former primary throws its branch away and follows the present one. ValueError if it is none."""
        shard, now = self.shard_by_name(name), self.core.now
        if node not in shard.strays:
            raise ValueError(f"{self.nodes.names[node]} is no former primary of {name}")
        if not self.nodes.up[node]:
            raise ValueError(f"{self.nodes.names[node]} does not run")
        stray = shard.strays.pop(node)
        thrown = stray.left_over + stray.accepted + stray.unacknowledged
        shard.rewound += thrown
        self.meters.totals["rewound"] += thrown
        if self.role_of[node] is Role.STRAY:
            self._die(node, Cause.RESET)
        self.stray_count = sum(self.role_of[n] is Role.STRAY for s in self.shards for n in s.strays)
        self.writable_from[node] = np.inf
        log = shard.log
        if stray.fork < log.base:  # the log no longer reaches back so far
            self._set_role(node, Role.SEEDING)
            log.follow(node, log.head)
            self.places.seed(node, shard.index)
        else:
            self._set_role(node, Role.REPLICA)
            log.follow(node, stray.fork)
        if shard.standby not in log.followers:
            self._choose_standby(shard)
        self._relink(shard, anew=True)
        self.rebuild_pools()
        text = f"{self.nodes.names[node]} follows again; it threw {thrown:,} records away"
        self.core.log.tell(now, "database", text, level="good", target=self.nodes.names[node])

    def _repoint(self) -> None:
        """Drivers learn of a new primary, zone by zone, if their web servers can reach it."""
        now = self.core.now
        for shard in self.shards:
            if shard.epoch == 1:
                continue  # it still has its first primary, and all know that
            if shard.writable_at <= now and shard.primary >= 0:
                self.takes_reads[shard.primary] = True
            if shard.repoint_at > now:
                continue
            reached = [zone for zone in shard.unaware if self._zone_reaches(zone, shard.primary)]
            if not reached:
                continue
            self.routing.believe(shard.index, reached, shard.primary)
            shard.unaware = [zone for zone in shard.unaware if zone not in reached]
            if not shard.unaware:
                shard.repoint_at = INF
            if shard.failovers:
                zones = ", ".join(self.core.fabric.zones[zone] for zone in reached)
                shard.failovers[-1].step(now, f"drivers in {zones} re-pointed")
            self.rebuild_pools()

    def _zone_reaches(self, zone: int, node: int) -> bool:
        """Can the web servers of a zone reach a database node? A zone without web servers has nobody to mislead."""
        web = self.core.fabric.tiers["web"]
        here = np.flatnonzero(web.member & (web.zone == zone)).tolist()
        return not here or any(self.core.fabric.reachable("web", i, "db", node) for i in here)

    # ---- nodes that die, freeze, come back

    def reset_effects(self) -> None:
        self.applier_speed[:] = 1.0
        self.replication_cut[:] = False

    def effects_changed(self) -> None:
        nodes, now = self.nodes, self.core.now
        for index in np.flatnonzero(self.known_up & ~nodes.up).tolist():
            self._die(index, Cause.RESET)
        for index in np.flatnonzero(~self.known_up & nodes.up).tolist():
            nodes.born[index] = now
        for index in np.flatnonzero(self.known_speed != nodes.speed).tolist():
            self.stations.set_speed(index, now, nodes.clock(index))
            self._watch(index)
        self.known_up = nodes.up.copy()
        self.known_speed = nodes.speed.copy()
        self.erring = bool(nodes.error_rate.any() or self.core.ills.corrupt or self.core.ills.full_disks)
        self.bounds = limit(self, self.bounds)
        self._links_changed()
        for shard in self.shards:
            if shard.primary < 0:
                continue
            if self.answers(shard.primary):
                shard.failed_at = INF
            elif shard.failed_at > now:
                shard.failed_at = now

    def answers(self, node: int) -> bool:
        """Does a node answer the monitors? One stands in each zone that has a database node; half of them must reach it."""
        nodes, fabric = self.nodes, self.core.fabric
        if not nodes.up[node] or not nodes.speed[node] > 0.0 or not nodes.member[node]:
            return False
        if not fabric.rules:
            return True
        votes = zones = 0
        for zone in np.unique(nodes.zone[nodes.member]).tolist():
            others = np.flatnonzero(nodes.member & (nodes.zone == zone)).tolist()
            zones += 1
            votes += any(other == node or fabric.reachable("db", other, "db", node) for other in others)
        return 2 * votes >= zones

    def _die(self, index: int, cause: Cause) -> None:
        """All that a node holds in memory is lost: its queue, and writes that wait for their commit."""
        flights, now = self.core.flights, self.core.now
        inside = self.stations.crash(index, now)
        for row in inside[inside < 0].tolist():
            self.job_lost(row)
        live = flights.live()
        live = live[live < self.phase.size]
        rows = live[(self.phase[live] != OUTSIDE) & (flights.db[live] == index)]
        for key in [job for job in self.abandoned if job[1] == index]:
            del self.abandoned[key]
        if not rows.size:
            return
        flights.wait[rows] += now - np.minimum(self.reach[rows], now)
        self.phase[rows] = OUTSIDE
        nodes = np.full(rows.size, index, dtype=np.int64)
        self._refuse(np.full(rows.size, now), rows, nodes, cause, self.nodes.event[nodes])

    def restart(self, index: int) -> None:
        """The process starts anew: what it held in memory is gone, its log and data are not."""
        self._die(index, Cause.RESET)
        self.nodes.born[index] = self.core.now
