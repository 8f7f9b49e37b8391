"""What every user's machine remembers of the name: 18 bytes a user, whole batches decided by gathers.

One answer per user serves both levels: a browser's entry is made from the operating system's and never outlives it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

# Values of `answer`: number of an address + 1, or
FRESH = 0  # never asked since the world began
NO_NAME = -1  # NXDOMAIN
FAILED = -2  # SERVFAIL: told to who asked, never kept
ASKING = -3  # a query to the resolver is under way
EMPTY = -4  # nothing kept


class Users:
    """Arrays (n,): until when the browser and the system keep the answer (absolute seconds, 0 = nothing), and the answer."""

    def __init__(self, n: int) -> None:
        self.browser_until: F8 = np.zeros(n)
        self.os_until: F8 = np.zeros(n)
        self.answer: NDArray[np.int16] = np.zeros(n, dtype=np.int16)

    def room(self, n: int) -> None:
        """Make room for users 0 .. n - 1."""
        more = n - self.answer.size
        if more > 0:
            more = max(more, self.answer.size // 4)
            self.browser_until = np.concatenate([self.browser_until, np.zeros(more)])
            self.os_until = np.concatenate([self.os_until, np.zeros(more)])
            self.answer = np.concatenate([self.answer, np.zeros(more, dtype=np.int16)])

    def keep(self, user: I8, t: F8, code: I8, until: F8, browser_cap: float, os_cap: float) -> None:
        """Answers reach these (distinct) users at t, (n,) each; `until`: when what the resolver said ends at the user."""
        kept = np.minimum(until, t + os_cap)
        kept[code == FAILED] = 0.0
        self.os_until[user] = kept
        self.browser_until[user] = np.minimum(t + browser_cap, kept)
        self.answer[user] = np.where(code == FAILED, EMPTY, code)


class Past:
    """What users had asked before the world began, made up when a user is first seen: the same renewal argument as resolvers'.

    rate: look-ups a second of one user. until, code (r,): the resolvers' entries at the beginning, as users hold them.
    ttl: of the whole answer. The system's entry is the resolver's if the user asked since the resolver had it last.
    """

    def __init__(self, rng: np.random.Generator, rate: float, until: F8, code: I8, ttl: float, browser_cap: float, os_cap: float):
        self.rng = rng
        self.rate = rate
        self.until = until.copy()
        self.code = code.copy()
        self.ttl = ttl
        self.browser_cap = browser_cap
        self.os_cap = os_cap
        self.over = float(until.max(initial=0.0))  # nobody holds anything from before after this

    def recall(self, users: Users, who: I8, resolver: I8) -> None:
        """Give these (distinct, FRESH) users their past, (n,) each."""
        n = who.size
        end = self.until[resolver]
        since_ask = self.rng.standard_exponential(n) / self.rate
        age = self.rng.random(n) * (self.browser_cap + 1.0 / self.rate)  # of the browser's entry if below its cap
        since_fetch = np.where(end > 0.0, self.ttl - end, -1.0)
        in_browser = (age < self.browser_cap) & (age < since_fetch)
        in_os = (since_ask < since_fetch) | in_browser
        if self.os_cap < self.ttl:
            end = np.minimum(end, self.os_cap * self.rng.random(n))
        os_until = np.where(in_os, end, 0.0)
        users.os_until[who] = os_until
        users.browser_until[who] = np.where(in_browser, np.minimum(self.browser_cap - age, os_until), 0.0)
        users.answer[who] = np.where(in_os, self.code[resolver], EMPTY)
