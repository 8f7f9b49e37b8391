"""The hop between users' systems and their resolvers when something is wrong with it: what faults do to resolvers, and stubs.

A stub (the user's system) that hears nothing asks again after 5 s and gives up after its second query (resolv.conf(5):
timeout:5, attempts:2); it takes the first answer that comes, to whichever query. Only look-ups that have met a faulty resolver
are followed like this, one by one; the answers to all others come in time, or as late as a walk lets them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .levels import Levels

F8 = NDArray[np.float64]

TIMEOUT_S = 5.0  # resolv.conf(5), RES_TIMEOUT
ATTEMPTS = 2  # resolv.conf(5), RES_DFLRETRY


class Asking(NamedTuple):
    """A look-up that is followed: its row, its id, whom it asks, which query is out (1, 2), and the event that explains it."""

    slot: int
    query: int
    resolver: int
    attempt: int
    event: int


class Stubs:
    """Arrays (n,) by resolver: what faults do to it. `sick`: something does; `ill`: to any of them.

    asking: the look-ups that are followed, by user: a user's system has one query under way at a time.
    """

    def __init__(self, n: int, levels: Levels) -> None:
        self.n = n
        self.levels = levels  # whose generator decides which packets are lost
        self.asking: dict[int, Asking] = {}
        self.reset()

    def reset(self) -> None:
        """Nothing is wrong with any resolver. Stubs that wait go on waiting."""
        self.up: NDArray[np.bool_] = np.ones(self.n, dtype=np.bool_)
        self.extra_s: F8 = np.zeros(self.n)
        self.loss: F8 = np.zeros(self.n)
        self.sick: NDArray[np.bool_] = np.zeros(self.n, dtype=np.bool_)
        self.event: NDArray[np.int32] = np.zeros(self.n, dtype=np.int32)
        self.ill = False

    def hit(self, which: slice, event: int, *, down: bool = False, extra_s: float = 0.0, loss: float = 0.0) -> None:
        """A fault acts on these resolvers: no answers; seconds more each way; a share of queries and answers lost."""
        if down:
            self.up[which] = False
        self.extra_s[which] += extra_s
        self.loss[which] = 1.0 - (1.0 - self.loss[which]) * (1.0 - loss)
        self.sick[which] = True
        self.event[which] = event
        self.ill = True

    def lost(self, r: int) -> bool:
        """Whether what is sent to or by resolver r now comes to nothing: one draw if it is up and loses packets."""
        if not self.up.item(r):
            return True
        loss = self.loss.item(r)
        return loss > 0.0 and float(self.levels.rng.random()) < loss

    def followed(self, user: int, query: int) -> Asking | None:
        """The look-up with this id, None if it is over."""
        asking = self.asking.get(user)
        return asking if asking is not None and asking.query == query else None
