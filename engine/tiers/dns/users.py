"""What every user's machine remembers of the name: 18 bytes a user, whole batches decided by gathers.

One answer per user serves both levels: a browser's entry is made from the operating system's and never outlives it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

# Values of `answer`: number of an address + 1, or
EMPTY = 0  # nothing kept
NO_NAME = -1  # NXDOMAIN
FAILED = -2  # SERVFAIL: told to who asked, never kept
ASKING = -3  # a query to the resolver is under way


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

    def keep_one(self, user: int, t: float, code: int, until: float, browser_cap: float, os_cap: float) -> None:
        """As `keep`, for one user."""
        kept = 0.0 if code == FAILED else min(until, t + os_cap)
        self.os_until[user] = kept
        self.browser_until[user] = min(t + browser_cap, kept)
        self.answer[user] = EMPTY if code == FAILED else code

    def keep(self, user: I8, t: F8, code: I8, until: F8, browser_cap: float, os_cap: float) -> None:
        """Answers reach these (distinct) users at t, (n,) each; `until`: when what the resolver said ends at the user."""
        kept = np.minimum(until, t + os_cap)
        kept[code == FAILED] = 0.0
        self.os_until[user] = kept
        self.browser_until[user] = np.minimum(t + browser_cap, kept)
        self.answer[user] = np.where(code == FAILED, EMPTY, code)


def remember(
    users: Users,
    resolver: I8,
    first: int,
    rng: np.random.Generator,
    rate: float,
    held: tuple[F8, I8, float],
    caps: tuple[float, float],
) -> None:
    """What users had asked before the world began: the same renewal argument as for resolvers' caches.

    resolver (n,): of the users first .. first + n - 1. rate: look-ups a second of one user, above 0. held: until when resolvers
    hold the answer (r,), what it is to users (r,), and its TTL. caps: of browsers and of systems, seconds. The system's entry
    is the resolver's if the user asked since the resolver had it last; the browser's is younger than its cap.
    """
    until, code, ttl = held
    browser_cap, os_cap = caps
    n = resolver.size
    end = until[resolver]
    since_ask = rng.standard_exponential(n) / rate
    age = rng.random(n) * (browser_cap + 1.0 / rate)  # of the browser's entry if below its cap
    since_fetch = np.where(end > 0.0, ttl - end, -1.0)
    in_browser = (age < browser_cap) & (age < since_fetch)
    in_os = (since_ask < since_fetch) | in_browser
    if os_cap < ttl:
        end = np.minimum(end, os_cap * rng.random(n))
    os_until = np.where(in_os, end, 0.0)
    who = slice(first, first + n)
    users.os_until[who] = os_until
    users.browser_until[who] = np.where(in_browser, np.minimum(browser_cap - age, os_until), 0.0)
    users.answer[who] = np.where(in_os, code[resolver], EMPTY)
