"""The balancers' open connections to web servers: who has how many, when they end, and how long the answers took.

A connection that can never end by an answer (its row was lost on the way back) is found by a sweep once a second, as a
proxy's own time-out would: the open counts so never drift.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...flights import SERVER, Flights
from ...pending import Pending
from ...policies.balancing import Closes, no_closes
from ...rows import set_columns

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

NOBODY = -1
COLUMNS = {"holder": ("i8", float(NOBODY)), "place": ("i8", 0.0), "opened": ("f8", 0.0)}


class Connections:
    """By slot: id of the row that holds a connection (-1 = none), its place, when it was opened (s).

    A place is balancer, server and epoch in one number: 16 bits, 16 bits, the rest. counts[b][w]: open connections of
    balancer b to server w. A reset raises epoch[b][w]: ends that were already scheduled then count for nothing.
    """

    def __init__(self, flights: Flights, dt: float) -> None:
        self.flights = flights
        self.holder: I8
        self.place: I8
        self.opened: F8
        set_columns(self, COLUMNS, 0)
        self.counts: list[list[int]] = []
        self.epoch: I8 = np.zeros((0, 0), dtype=np.int64)
        self.resets = 0  # how many epochs were ended by one
        self.ends = Pending(dt, columns=3)  # id, place, bits of the opening time (NaN: never served)

    def grow(self, balancers: int, servers: int) -> None:
        """Room for so many nodes and for all rows of the flights table."""
        known = self.holder.size
        if self.flights.capacity > known:
            set_columns(self, COLUMNS, self.flights.capacity, known)
        if self.epoch.shape != (balancers, servers):
            old = self.epoch
            self.epoch = np.zeros((balancers, servers), dtype=np.int64)
            self.epoch[: old.shape[0], : old.shape[1]] = old
            self.counts += [[] for _ in range(balancers - len(self.counts))]
            for row in self.counts:
                row += [0] * (servers - len(row))

    def open(self, t: F8, slots: I8, balancer: int, server: I8) -> None:
        """Connections are opened at t (n,); they are counted already (a policy counts what it chooses)."""
        self.holder[slots] = self.flights.id[slots]
        place = server + (balancer << 16)
        self.place[slots] = place + (self.epoch[balancer, server] << 32) if self.resets else place
        self.opened[slots] = t

    def close_at(self, t: F8, slots: I8, *, served: bool = True) -> int:
        """The connections of these rows, if they hold one, end at t (n,); how many do. served: an answer came of it."""
        ids = self.flights.id[slots]
        own = (self.holder[slots] == ids).nonzero()[0]
        if own.size < slots.size:
            t, slots, ids = t[own], slots[own], ids[own]
            if not slots.size:
                return 0
        self.holder[slots] = NOBODY
        opened = self.opened[slots] if served else np.full(slots.size, np.nan)
        self.ends.push(t, ids, self.place[slots], opened.view(np.int64))
        return int(slots.size)

    def take(self, end: float, *, ordered: bool = True) -> list[Closes]:
        """Ends before `end` (s), per balancer; `seconds` is NaN where no answer came.

        ordered: by (time, id), for policies that look at connections; the others only count them.
        """
        t, (_, place, opened) = self.ends.take_all(end, ordered=ordered)
        if not t.size:
            return [Closes(t, place, t)] * len(self.counts)
        server = place & 0xFFFF
        if self.resets:
            valid = place >> 32 == self.epoch[place >> 16 & 0xFFFF, server]
            t, place, server, opened = t[valid], place[valid], server[valid], opened[valid]
            if not t.size:
                return [no_closes()] * len(self.counts)
        seconds = t - opened.view(np.float64)
        if len(self.counts) == 1:
            return [Closes(t, server, seconds)]
        balancer = place >> 16 & 0xFFFF
        only = balancer.item(0)
        if not np.count_nonzero(balancer != only):  # the one that holds the address
            return [Closes(t, server, seconds) if b == only else no_closes() for b in range(len(self.counts))]
        masks = [balancer == b for b in range(len(self.counts))]
        return [Closes(t[mask], server[mask], seconds[mask]) for mask in masks]

    def reset_server(self, server: int) -> None:
        """All connections to a dead server are gone."""
        if server >= self.epoch.shape[1]:
            return
        self._forget((self.holder != NOBODY) & (self.place & 0xFFFF == server))
        self.epoch[:, server] += 1
        self.resets += 1
        for row in self.counts:
            row[server] = 0

    def reset_balancer(self, balancer: int) -> None:
        """All connections of a balancer are gone."""
        self._forget((self.holder != NOBODY) & (self.place >> 16 & 0xFFFF == balancer))
        self.epoch[balancer] += 1
        self.resets += 1
        self.counts[balancer] = [0] * len(self.counts[balancer])

    def sweep(self, now: float) -> None:
        """Close what is held by rows that no server works on any more."""
        held = (self.holder != NOBODY).nonzero()[0]
        flights = self.flights
        dead = held[(flights.id[held] != self.holder[held]) | ((flights.sides[held] & SERVER) == 0)]
        if not dead.size:
            return
        never = np.full(dead.size, np.nan).view(np.int64)
        self.ends.push(np.full(dead.size, now), self.holder[dead], self.place[dead], never)
        self.holder[dead] = NOBODY

    def _forget(self, mask: NDArray[np.bool_]) -> None:
        self.holder[mask] = NOBODY
