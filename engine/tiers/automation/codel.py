"""Controlled delay at the web servers' doors: who would wait too long in the queue is told so at once (503).

The rule is that of Maurer, "Fail at Scale" (ACM Queue 2015), after Nichols and Jacobson's CoDel: a request may wait for the
interval (100 ms); once the queue has not been empty for that long, only for the target (5 ms). There it is asked when a request
leaves the queue; here when it comes, since in a queue that is first come, first served its wait is known then. Who waits already
when the rule begins, or when a server gets slower, is told as soon as he has waited for longer than it allows.
"""

from __future__ import annotations

import numpy as np

from ...core import Core
from ...queueing import Discipline, Stations
from .buckets import F8, I8, B

NEVER = -np.inf


class Codel:
    """last: per server, when the last one that was let in begins (s). since: when its queue last began to fill (s).

    bent: waits of those who came before this moment (s) may be other than they were planned; -inf: of nobody who waits.
    """

    def __init__(self, core: Core) -> None:
        part = core.config.automation
        self.codel = part.codel
        self.codel_target_ms = part.codel_target_ms
        self.codel_interval_ms = part.codel_interval_ms
        self.last: list[float] = []
        self.since: list[float] = []
        self.bent = NEVER

    def admit(self, stations: Stations, t: F8, node: I8, work: F8, slots: I8) -> tuple[B, B]:
        """Let in what comes at t (n,), sorted: which may come in, and which of all found a place in the queue, (n,) each.

        Rows below 0 are no requests (a database's on the same machine): nobody turns them away here.
        """
        self._grow(stations)
        asks = stations.discipline is Discipline.FIFO
        may = np.ones(t.size, dtype=np.bool_)
        placed = np.zeros(t.size, dtype=np.bool_)
        for i, (now, at, slot) in enumerate(zip(t.tolist(), node.tolist(), slots.tolist(), strict=True)):
            if asks and slot >= 0 and not self._may(stations.delay(at, now), at, now):
                may[i] = False
                continue
            one = slice(i, i + 1)
            placed[i] = stations.admit(t[one], node[one], work[one], slots[one]).accepted[0]
        return may, placed

    def _grow(self, stations: Stations) -> None:
        more = len(stations) - len(self.last)
        self.last += [NEVER] * more
        self.since += [NEVER] * more

    def overdue(self, stations: Stations, now: float) -> tuple[I8, F8]:
        """Who has waited for longer than the rule allows is taken out of the queue: rows (n,) ascending, and when they came."""
        self._grow(stations)
        waiting = sorted((job[4], job[1], job[2]) for job in stations.core.jobs() if job[3] > now and job[1] >= 0)
        oldest: dict[int, float] = {}
        for came, _, node in waiting:
            oldest.setdefault(node, came)
        for node, came in oldest.items():
            self.since[node] = min(self.since[node], came) if self.last[node] > now else came
            self.last[node] = max(self.last[node], now)
        out = {row: came for came, row, node in waiting if now - came > self._allowed(node, now)}
        if not any(came <= self.bent for came, row, _ in waiting if row not in out):
            self.bent = NEVER
        rows = stations.cancel(list(out), now) if out else np.zeros(0, dtype=np.int64)
        return rows, np.array([out[row] for row in rows.tolist()])

    def _allowed(self, node: int, now: float) -> float:
        """Seconds that a request may wait at a server now."""
        full = now - self.since[node] > self.codel_interval_ms / 1e3
        return (self.codel_target_ms if full else self.codel_interval_ms) / 1e3

    def _may(self, wait: float, node: int, now: float) -> bool:
        if wait in (0.0, np.inf):  # served at once; or the server stands still or is full, and its own bound decides
            return True
        if self.last[node] <= now:
            self.since[node] = now
        if wait > self._allowed(node, now):
            return False
        self.last[node] = now + wait
        return True
