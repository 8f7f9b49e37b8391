"""Threads of web servers: a request holds one from its beginning until its answer has left; who finds none waits for one.

Without a limit (0) a server is an event loop: only its own work occupies it. With one, requests that wait for caches and
databases keep others out while the processor idles. A thread comes back when another part of the world says that the answer has
left. Pages that ask nobody are exact when a step is no longer than the least work, since a step begins with who is done. What the
database or a cache answers is known in time when a step is no longer than the way from there; else a thread that somebody waits
for is handed over late, by a step at most (the look-ahead rule, counted).
"""

from __future__ import annotations

from collections import deque

import numpy as np

from ...core import Core
from ...flights import SERVER
from ...pending import Pending
from .buckets import F8, I8, B

NOBODY = -1


class Threads:
    """holder, web: by slot, id of the row that holds a thread, and where. busy: threads taken, by server.

    waiting: by server (when it came, row), oldest first.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        self.threads = core.config.web.threads
        self.holder: I8 = np.zeros(0, dtype=np.int64)
        self.web: I8 = np.zeros(0, dtype=np.int64)
        self.busy: list[int] = []
        self.waiting: list[deque[tuple[float, int]]] = []
        self.freed = Pending(core.dt, columns=2)  # (t, id, server)

    @property
    def on(self) -> bool:
        """Is there a limit, or does anybody still wait for one that was there?"""
        return self.threads > 0 or any(self.waiting)

    def _grow(self, servers: int) -> None:
        more = self.core.flights.capacity - self.holder.size
        if more > 0:
            self.holder = np.concatenate([self.holder, np.full(more, NOBODY, dtype=np.int64)])
            self.web = np.concatenate([self.web, np.zeros(more, dtype=np.int64)])
        self.busy += [0] * (servers - len(self.busy))
        self.waiting += [deque() for _ in range(servers - len(self.waiting))]

    def let_in(self, t: F8, slots: I8, servers: int, room: int, *, newest: bool) -> tuple[F8, I8, B]:
        """Requests are at their servers' doors at t (n,), sorted: those that begin in this step, sorted by (time, id), when, and
        which of the n found no place to wait. room: places at a server, 0 = no limit. newest: the last who came goes first."""
        self._grow(servers)
        core, flights = self.core, self.core.flights
        at, (ids, where) = self.freed.take_all(core.end)
        back = list(zip(at.tolist(), ids.tolist(), where.tolist(), strict=True))[::-1]
        begun: list[tuple[float, int]] = []
        full = np.zeros(t.size, dtype=np.bool_)
        if not self.threads:
            for web in range(servers):
                self._hand_over(web, core.start, begun, newest=newest)
        for i, (now, slot, web) in enumerate(zip(t.tolist(), slots.tolist(), flights.web[slots].tolist(), strict=True)):
            while back and back[-1][0] <= now:
                self._back(*back.pop(), begun, newest=newest)
            if not self.threads or self.busy[web] < self.threads:
                self._take(now, slot, web, begun)
            elif room and len(self.waiting[web]) >= room:
                full[i] = True
            else:
                self.waiting[web].append((now, slot))
        while back:
            self._back(*back.pop(), begun, newest=newest)
        begun.sort(key=lambda one: (one[0], int(flights.id[one[1]])))
        return np.array([one[0] for one in begun]), np.array([one[1] for one in begun], dtype=np.int64), full

    def _take(self, now: float, slot: int, web: int, begun: list[tuple[float, int]]) -> None:
        if self.holder[slot] != NOBODY:  # of a row that is gone, and nobody had noticed
            self.busy[self.web[slot]] -= 1
        self.busy[web] += 1
        self.holder[slot], self.web[slot] = self.core.flights.id[slot], web
        begun.append((now, slot))

    def _back(self, t: float, _row: int, web: int, begun: list[tuple[float, int]], *, newest: bool) -> None:
        self.busy[web] = max(0, self.busy[web] - 1)
        if t < self.core.start and self.waiting[web]:  # somebody could have begun in the step before
            self.core.ledger.late.add_one(0, 1)
        self._hand_over(web, max(t, self.core.start), begun, newest=newest)

    def _hand_over(self, web: int, now: float, begun: list[tuple[float, int]], *, newest: bool) -> None:
        queue = self.waiting[web]
        while queue and (not self.threads or self.busy[web] < self.threads):
            came, slot = queue.pop() if newest else queue.popleft()
            self.core.flights.wait[slot] += now - came
            self._take(now, slot, web, begun)

    # ---- ends

    def over(self, t: F8, slots: I8) -> None:
        """Answers leave their web servers at t (n,): their threads are free."""
        inside = slots < self.holder.size
        t, slots = t[inside], slots[inside]
        mine = (self.holder[slots] == self.core.flights.id[slots]).nonzero()[0]
        if mine.size:
            rows = slots[mine]
            self.freed.push(t[mine], self.holder[rows], self.web[rows])
            self.holder[rows] = NOBODY

    def sweep(self) -> None:
        """Once a second: threads of requests that no server works on any more are free."""
        flights, held = self.core.flights, (self.holder != NOBODY).nonzero()[0]
        lost = held[(flights.id[held] != self.holder[held]) | ((flights.sides[held] & SERVER) == 0)]
        if lost.size:
            self.freed.push(np.full(lost.size, self.core.now), self.holder[lost], self.web[lost])
            self.holder[lost] = NOBODY

    def web_died(self, web: int) -> I8:
        """A server's process is gone, and its threads: rows (n,) ascending that waited there."""
        if web >= len(self.busy):
            return np.zeros(0, dtype=np.int64)
        self.holder[(self.holder != NOBODY) & (self.web == web)] = NOBODY
        _, (ids, where) = self.freed.everything()
        if (where == web).any():
            t, (ids, where) = self.freed.pull(ids[where == web])
            other = where != web  # a request may have been at two servers
            self.freed.push(t[other], ids[other], where[other])
        self.busy[web] = 0
        rows = np.array(sorted(slot for _, slot in self.waiting[web]), dtype=np.int64)
        self.waiting[web].clear()
        return rows

    def rows(self) -> I8:
        """Everybody who waits, (n,)."""
        return np.array([slot for queue in self.waiting for _, slot in queue], dtype=np.int64)
