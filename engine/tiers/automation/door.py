"""The guards at a balancer: who asks too often is told so (429), and beyond so many open requests everybody is (503)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...causes import Cause
from ...core import Core
from ...nodes import Nodes
from ...queueing import Departures
from ...replies import Replies
from .buckets import F8, I8, B, Buckets
from .counts import Counts

if TYPE_CHECKING:
    from ..balancer.choice import Choice


class DoorGuard:
    """Settings of the table `automation`; per balancer its buckets, and since when its process has run (s)."""

    def __init__(self, core: Core, replies: Replies, counts: Counts) -> None:
        part = core.config.automation
        self.core, self.replies, self.counts = core, replies, counts
        self.rate_limit = part.rate_limit
        self.burst = float(part.burst)
        self.limit_by: str = part.limit_by
        self.most_open = part.most_open
        self.buckets: dict[int, tuple[float, Buckets]] = {}

    @property
    def on(self) -> bool:
        """Is there anything to guard?"""
        return self.rate_limit > 0.0 or self.most_open > 0

    def admit(self, gone: Departures, nodes: Nodes, choice: Choice) -> Departures:
        """Of the rows that leave their balancers, those that may go on. An end of a connection that becomes known only after
        somebody was turned away is late for him (look-ahead rule): `choice` counts it, as for policies that look at them."""
        t, slots, at = gone.finish, gone.row, gone.node
        keep = np.ones(t.size, dtype=np.bool_)
        for balancer in np.unique(at).tolist():
            mine = (at == balancer).nonzero()[0]
            if self.rate_limit > 0.0:
                good = self._bucket(balancer, nodes).take(t[mine], self._who(slots[mine]))
                self._refuse(t[mine[~good]], slots[mine[~good]], Cause.RATE_LIMITED, "limited")
                keep[mine[~good]] = False
                mine = mine[good]
            if self.most_open:
                good = self._room(t[mine], sum(choice.conns.counts[balancer]), choice.closes[balancer].time)
                self._refuse(t[mine[~good]], slots[mine[~good]], Cause.OVERLOADED, "over_open")
                keep[mine[~good]] = False
                if not good.all():
                    choice.decided.append(t[mine[~good]])
        if keep.all():
            return gone
        finish, row, node, start, arrival, work = gone
        return Departures(finish[keep], row[keep], node[keep], start[keep], arrival[keep], work[keep])

    def _who(self, slots: I8) -> I8:
        """Whose bucket counts, (n,)."""
        flights = self.core.flights
        return (flights.user if self.limit_by == "user" else flights.city)[slots].astype(np.int64)

    def _bucket(self, balancer: int, nodes: Nodes) -> Buckets:
        """The buckets of a balancer: new ones if its process is new."""
        born = float(nodes.born[balancer])
        held = self.buckets.get(balancer)
        if held is None or held[0] != born:
            config = self.core.config
            n = max(config.users.count, config.users.most) if self.limit_by == "user" else len(self.core.fabric.cities)
            held = self.buckets[balancer] = born, Buckets(n, self.rate_limit, self.burst, max(born, 0.0))
        return held[1]

    def _room(self, t: F8, opened: int, ends: F8) -> B:
        """Which of the requests at t (n,) find room, if `opened` are open and these end, s."""
        over, most = np.sort(ends).tolist(), self.most_open
        good: list[bool] = []
        for now in t.tolist():
            while over and over[0] <= now:
                over.pop(0)
                opened -= 1
            good.append(opened < most)
            opened += good[-1]
        return np.array(good, dtype=np.bool_)

    def _refuse(self, t: F8, slots: I8, cause: Cause, name: str) -> None:
        if t.size:
            self.counts.add(name, t.size)
            self.replies.fail(slots, cause)
            self.replies.from_balancer(t, slots)

    def changed(self, name: str) -> None:
        """A setting has another value: buckets keep what they hold, but not whose they are."""
        if name == "limit_by" or self.rate_limit <= 0.0:
            self.buckets = {}
        for _, buckets in self.buckets.values():
            buckets.change(self.rate_limit, self.burst, self.core.now)
