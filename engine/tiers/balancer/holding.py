"""Who holds the public address of each door, and how a packet that was sent to it gets to him.

A balancer holds the address of its door; with no balancer at all it is the only web server's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...core import Core
from ...nodes import Nodes
from ...pending import Pending
from ...queueing import Stations
from ...replies import Replies
from ..base import Staffed, machines_of
from .door import Door

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

NOBODY = -1


class Holding(Staffed):
    """holders: by door, the node that has its public address, NOBODY if none has."""

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core, Nodes("balancer", machines_of(core.config, "balancer")), Stations())
        self.replies = replies
        self.door = Door(core, replies)
        self.holders = [NOBODY] * core.regions.doors
        self.inbox = Pending(core.dt)
        self.bare = True  # users talk to the only web server: nobody stands before it, or who did takes nobody any more
        self.direct = True  # may rows be under way that came without a balancer
        self.passed_by = 0  # packets that got through to the web server without one

    def door_of(self, index: int) -> int:
        """The door that a balancer stands behind."""
        return self.core.regions.door_of(self.nodes, index)

    def holder_of(self, index: int) -> int:
        """Who holds the address of the door that balancer `index` stands behind; NOBODY if nobody does."""
        return self.holders[self.door_of(index)]

    def _take_address(self, index: int) -> None:
        """If nobody holds the address of its door, this one does."""
        door = self.door_of(index)
        if self.holders[door] == NOBODY:
            self.holders[door] = index

    def active_name(self, door: int = 0) -> str:
        """Name of the node that holds a door's address, "" if none does."""
        holder = self.holders[door]
        return self.nodes.names[holder] if holder >= 0 else ""

    def retire(self) -> None:
        """From now on users talk to the only web server; who has come to a balancer is served there to the end."""
        self.bare = self.direct = True

    def settle(self) -> None:
        """A second has ended: is anybody still under way of those who came as it was before?"""
        flights = self.core.flights
        live = flights.live()
        if self.bare and self.holders[0] != NOBODY and not len(self.inbox) and not (flights.balancer[live] >= 0).any():
            self.nodes.member[:] = False
            self.holders[0] = NOBODY
        if self.direct and not self.bare:
            self.direct = bool(((flights.balancer[live] < 0) & (flights.web[live] >= 0)).any())

    def _to_door(self, door: int, t: F8, slots: I8) -> None:
        if self.holders[door] == NOBODY:
            self.replies.lost(slots, 0)
        else:
            self.inbox.push(*self.door.travel(t, slots, "balancer", self.holders[door]))

    def _at_holders(self, t: F8, slots: I8) -> tuple[F8, I8, I8]:
        """Packets that arrive at t (n,) and find somebody who listens: their times, rows and balancers."""
        flights = self.core.flights
        node: I8
        if len(self.holders) == 1:
            holder = self.holders[0]
            node = np.full(t.size, holder)
            if holder != NOBODY and self.nodes.up[holder]:
                return t, slots, node
        else:
            node = np.array(self.holders)[self.door.doors[flights.address[slots]]]
        nobody = node == NOBODY
        self.replies.lost(slots[nobody], 0)
        t, slots, node = t[~nobody], slots[~nobody], node[~nobody]
        down = ~self.nodes.up[node]
        if down.any():
            flights.balancer[slots[down]] = node[down]
            self.replies.fail(slots[down], Cause.REFUSED, self.nodes.event[node[down]].astype(np.int64))
            self.replies.from_balancer(t[down], slots[down])
            t, slots, node = t[~down], slots[~down], node[~down]
        return t, slots, node
