"""Stickiness: a balancer's table of users and the web servers that they were sent to (HAProxy: stick-table).

An entry is made when a server is chosen and lives as long as a session does without a request; who logs out throws the cookie
away that it is kept under, and is a stranger when he comes again. Users whose server may not be chosen (down, draining, put
aside, gone) are chosen for anew, by the balancer's own policy. The balancers of a pair share the table (HAProxy: peers); it is
lost when no balancer is left that knows it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...core import Core
from ...policies.balancing import Backends, Closes, Policy
from ...policies.balancing.base import count
from .book import Book

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]

NOBODY = -1


class Affinity:
    """server, used: by user, the web server of the last request (-1 = none) and when it was made, ms. on: is it asked at all.

    kept, moved: requests that went back to their server, and those whose server could not be chosen any more.
    """

    def __init__(self, book: Book) -> None:
        self.on = False
        self.book = book  # of the users' sessions: how long they live, who has logged out
        self.server = np.full(book.users, NOBODY, dtype=np.int16)
        self.used = np.zeros(book.users, dtype=np.uint32)
        self.kept = self.moved = 0

    @staticmethod
    def people(core: Core, slots: I8) -> I8:
        """The users of these requests (n,); -1 for those of PoPs, who stick to nobody."""
        flights = core.flights
        return np.where(flights.city[slots] < len(core.fabric.cities), flights.user[slots], -1).astype(np.int64)

    def choose(self, policy: Policy, t: F8, who: I8, users: I8, backends: Backends, open_counts: list[int], closes: Closes) -> I8:
        """As `Policy.choose`, for requests of `users` (n,), -1 = who sticks to nobody; who: what the policy is to be told."""
        if not users.size or not backends.eligible.size:
            return policy.choose(t, who, backends, open_counts, closes)
        ms = (t * 1e3).astype(np.int64)
        server = self.server[users].astype(np.int64)
        used, left = self.used[users], self.book.leaves[users]
        known = (users >= 0) & (server != NOBODY) & (ms - used <= int(self.book.life * 1e3)) & ~((left <= ms) & (used < left))
        usable = known & np.isin(server, backends.eligible)
        self.moved += int(np.count_nonzero(known & ~usable))
        fresh = np.flatnonzero(~usable)
        alike = np.where(users >= 0, users, -1 - np.arange(users.size))[fresh]  # one user's requests go to one server
        first = fresh[np.sort(np.unique(alike, return_index=True)[1])]
        server[first] = policy.choose(t[first], who[first], backends, open_counts, closes)
        sticks = first[users[first] >= 0]
        self.server[users[sticks]] = server[sticks]
        fresh = fresh[users[fresh] >= 0]
        server[fresh] = self.server[users[fresh]]
        follow = np.ones(users.size, dtype=np.bool_)
        follow[first] = False
        count(open_counts, server[follow], 1)
        self.kept += int(np.count_nonzero(follow))
        self.used[users[users >= 0]] = ms[users >= 0]
        return server

    def empty(self) -> int:
        """The table is lost; how many entries it had."""
        n = int(np.count_nonzero(self.server != NOBODY))
        self.server[:] = NOBODY
        return n
