"""The front door: which addresses lead in from outside, and which do not.

The site has one public address, or one in each region. Private ones (RFC 1918) are real inside, and unreachable from the
internet: routers there drop packets to them, so who asks one hears nothing until its own time-out.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...core import Core
from ...fabric import CITY, Fate
from ...replies import Replies

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
B = NDArray[np.bool_]

PRIVATE = tuple(ipaddress.ip_network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def is_private(address: str) -> bool:
    """Is this IPv4 address one of RFC 1918?"""
    return any(ipaddress.ip_address(address) in net for net in PRIVATE)


class Door:
    """addresses: the public ones, a door each. refused_private: packets to private addresses from outside, counted."""

    def __init__(self, core: Core, replies: Replies) -> None:
        self.core, self.replies = core, replies
        self.addresses = core.regions.addresses
        self.doors: I8 = np.zeros(0, dtype=np.int64)  # behind the addresses that DNS may answer; -1 = none
        self.refused_private = 0
        self.public: B = np.zeros(0, dtype=np.bool_)  # of the addresses that DNS may answer
        self.private: B = np.zeros(0, dtype=np.bool_)
        self.open = False  # there is no other address than the public one

    def let_in(self, t: F8, slots: I8, addresses: Sequence[str]) -> tuple[F8, I8]:
        """Packets that leave clients at t (n,) for the public address; those for any other are lost.

        addresses: what `flights.address` indexes.
        """
        if len(addresses) != self.public.size:
            self.doors = np.array([self.addresses.index(a) if a in self.addresses else -1 for a in addresses], dtype=np.int64)
            self.public = self.doors >= 0
            self.private = np.array([is_private(a) for a in addresses], dtype=np.bool_)
            self.open = bool(self.public.all())
        if self.open:
            return t, slots
        asked = self.core.flights.address[slots]
        here = self.public[asked]
        if here.all():
            return t, slots
        private = self.private[asked] & ~here
        self.refused_private += int(np.count_nonzero(private))
        self.replies.lost(slots[private], 0, Cause.PRIVATE_ADDRESS)
        self.replies.lost(slots[~here & ~private], 0)
        return t[here], slots[here]

    def travel(self, t: F8, slots: I8, tier: str, node: int) -> tuple[F8, I8]:
        """Arrival times and rows of the packets that get to a node. Who listens there is asked when they arrive."""
        flights = self.core.flights
        hop = self.core.fabric.hop(CITY, flights.city[slots].astype(np.int64), tier, node)
        flights.wire[slots] += hop.delay
        t = t + hop.delay
        if hop.fate is None:
            return t, slots
        dropped = hop.fate == Fate.DROPPED
        if dropped.any():
            assert hop.event is not None
            self.replies.lost(slots[dropped], hop.event[dropped])
        return t[~dropped], slots[~dropped]
