"""Who has a session, and where: per user arrays of 13 bytes, and what becomes of a session when its user comes again.

A session is found where it is kept and nowhere else. It ends in one of four ways, each counted: its user logged out, it idled
too long, it is lost (by cause), or the run ends while it is alive. So started = alive + expired + ended + lost, always.

Times are whole milliseconds, which four bytes hold for 49 days. An end that nobody has noticed (no request came since) is found
by a sweep, as stores do: a slice of all users a second.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]
B = NDArray[np.bool_]

NONE, MEMORY, FILES, SHARED, DATABASE, COOKIE = range(6)
KINDS = ("none", "memory", "files", "shared", "database", "cookie")
GONE = 6  # no place: lost, and the user has not noticed yet
ON_SERVERS = (MEMORY, FILES)  # where a balancer's stickiness matters

FOUND, NEW, LOST, CARRIED = range(4)  # verdicts on a request

# why sessions are lost; the words are for people
CAUSES = {
    "server": "web server died",
    "store": "store node died",
    "evicted": "store full",
    "emptied": "store emptied",
    "elsewhere": "at another server",
    "switched": "in another store",
    "rehomed": "at another store node",
    "rotated": "cookie key rotated",
    "too_big": "cookie too big",
}
NUMBER = {name: i for i, name in enumerate(CAUSES)}

NEVER = np.uint32(0xFFFFFFFF)
SLICE = 1 << 20  # users that a second's sweep looks at
SAMPLES = 5  # Redis: maxmemory-samples
TRY = 1_024  # users drawn at once while looking for a victim


class Book:
    """kind, node: where a user's session is (node: of the web tier, of the store tier, else 0); seen: his last request; leaves:
    when he will log out. held (kinds, nodes): sessions alive by place."""

    def __init__(self, users: int, life: float, stay: float, rng: np.random.Generator) -> None:
        self.users, self.life, self.stay, self.rng = users, life, stay, rng
        self.code = NONE  # the store in use
        self.migrate = False
        self.capacity = 0  # of an ordinary store node, 0 = no limit
        self.room = np.zeros(0)  # of each store node, in ordinary ones
        self.fits = True  # does a cookie hold a session
        self.kind = np.zeros(users, dtype=np.uint8)
        self.node = np.zeros(users, dtype=np.int16)
        self.seen = np.zeros(users, dtype=np.uint32)
        self.leaves = np.zeros(users, dtype=np.uint32)
        self.held = np.zeros((len(KINDS), 1), dtype=np.int64)
        self.started = self.expired = self.ended = self.carried = self.found = self.unrevoked = 0
        self.lost = np.zeros(len(CAUSES), dtype=np.int64)
        self.swept = 0

    @property
    def alive(self) -> int:
        """Sessions there are, those included that have ended without anybody noticing yet."""
        return int(self.held.sum())

    def grow(self, nodes: int) -> None:
        """Room for so many nodes of a tier."""
        more = nodes - self.held.shape[1]
        if more > 0:
            self.held = np.concatenate([self.held, np.zeros((len(KINDS), more), dtype=np.int64)], axis=1)

    # ---- a request

    def visit(self, t: F8, users: I8, here: I8, web: I8, away: B) -> NDArray[np.uint8]:
        """Requests of users (n,) look for their sessions at t (n,) s, in order: a verdict each, (n,).

        here: the node where the store in use has this user's session; web: the server that asks. away: whose old place, in a
        store node or the database, has been asked too.
        """
        out = np.empty(users.size, dtype=np.uint8)
        ms = (t * 1e3).astype(np.int64)
        left = np.arange(users.size)
        while left.size:  # several requests of one user: one after the other
            first = np.sort(np.unique(users[left], return_index=True)[1])
            these = left[first]
            out[these] = self._once(ms[these], users[these], here[these], web[these], away[these])
            left = np.delete(left, first)
        return out

    def _once(self, ms: I8, users: I8, here: I8, web: I8, away: B) -> NDArray[np.uint8]:
        """The same for users who are all different."""
        over = self._over(users, ms)
        if over.any():
            self._close(users[over])
        kind, node = self.kind[users], self.node[users]
        live = (kind != NONE) & (kind != GONE)
        found = live & (kind == self.code) & (node == here)
        if self.code == COOKIE and not self.fits:
            self.lose(users[found], "too_big")
            found[:] = False
            live &= kind != COOKIE
        self.found += int(np.count_nonzero(found))
        self.seen[users[found]] = ms[found]
        verdict = np.where(found, np.uint8(FOUND), np.uint8(NEW))
        verdict[(kind == GONE) & (self._until(users) > ms)] = LOST
        if self.code == COOKIE and not self.fits:
            verdict[kind == COOKIE] = LOST
        astray = live & ~found
        if astray.any():
            movable = astray & self._readable(kind, node, web, away)
            self._carry(users[movable], here[movable], ms[movable])
            verdict[movable] = CARRIED
            gone = astray & ~movable
            self.lose(users[gone & (kind != self.code)], "switched")
            self.lose(users[gone & (kind == self.code)], "elsewhere" if self.code in ON_SERVERS else "rehomed")
            verdict[gone] = LOST
        anew = (verdict == NEW) | (verdict == LOST)
        self._start(users[anew], here[anew], ms[anew])
        return verdict

    def _readable(self, kind: NDArray[np.uint8], node: NDArray[np.int16], web: I8, away: B) -> B:
        """Whose session in another store can be read by this request, and moved."""
        if not self.migrate:
            return np.zeros(kind.size, dtype=np.bool_)
        on_server: B = ((kind == MEMORY) | (kind == FILES)) & (node == web) & (kind != self.code)
        movable: B = on_server | (kind == COOKIE) | (away & ((kind == SHARED) | (kind == DATABASE)))
        return movable

    def _until(self, users: I8) -> I8:
        """When sessions end if nothing happens, (n,) ms: their users log out, or have been idle for too long."""
        until: I8 = np.minimum(self.leaves[users].astype(np.int64), self.seen[users] + np.int64(self.life * 1e3))
        return until

    def _over(self, users: I8, ms: I8 | int) -> B:
        """Whose session has ended before `ms`."""
        kind = self.kind[users]
        over: B = (kind != NONE) & (kind != GONE) & (self._until(users) <= ms)
        return over

    def _close(self, users: I8) -> None:
        """Sessions that are over: which of the two ends came first."""
        out = self.leaves[users] <= self.seen[users] + np.int64(self.life * 1e3)
        n = int(np.count_nonzero(out))
        self.ended += n
        self.expired += users.size - n
        # nobody can take a signed cookie back: it stays good until its life is over
        self.unrevoked += int(np.count_nonzero(out & (self.kind[users] == COOKIE)))
        self._forget(users)

    def _forget(self, users: I8) -> None:
        np.subtract.at(self.held, (self.kind[users], self.node[users]), 1)
        self.kind[users] = NONE

    def _put(self, users: I8, here: I8, ms: I8) -> None:
        self.kind[users], self.node[users], self.seen[users] = self.code, here, ms
        np.add.at(self.held, (np.full(users.size, self.code), here), 1)

    def _carry(self, users: I8, here: I8, ms: I8) -> None:
        if users.size:
            self._forget(users)
            self._put(users, here, ms)
            self.carried += users.size
            self.make_room(here)

    def _start(self, users: I8, here: I8, ms: I8) -> None:
        if not users.size:
            return
        self.started += users.size
        self._put(users, here, ms)
        self.leaves[users] = NEVER
        if self.stay:
            after = ms + (self.rng.standard_exponential(users.size) * (self.stay * 1e3)).astype(np.int64)
            self.leaves[users] = np.minimum(after, int(NEVER))
        if self.code == COOKIE and not self.fits:
            self.lose(users, "too_big")
        self.make_room(here)

    # ---- a store that is full

    def capacity_of(self, node: int) -> int:
        """Sessions that a store node has room for, 0 = no limit."""
        return max(1, round(self.capacity * float(self.room[node]))) if self.capacity else 0

    def make_room(self, here: I8) -> None:
        """Nodes of the store that hold more than they can evict: each time the longest unseen of a sample (Redis)."""
        if self.code != SHARED or not self.capacity:
            return
        for node in np.unique(here).tolist():
            for _ in range(int(self.held[SHARED, node]) - self.capacity_of(node)):
                self.lose(np.array([self._victim(node)]), "evicted")

    def _victim(self, node: int) -> int:
        """One user of a store node: of five drawn the one who was seen longest ago."""
        for _ in range(8):
            drawn = self.rng.integers(0, self.users, TRY)
            there = drawn[(self.kind[drawn] == SHARED) & (self.node[drawn] == node)][:SAMPLES]
            if there.size:
                break
        else:
            there = self.at(SHARED, node)[:SAMPLES]
        return int(there[np.argmin(self.seen[there])])

    # ---- what happens to many at once

    def at(self, kind: int, node: int = -1) -> I8:
        """Users (n,) whose sessions are in a store, or at one node of it."""
        there = self.kind == kind
        return np.flatnonzero(there if node < 0 else there & (self.node == node))

    def lose(self, users: I8, cause: str) -> None:
        """These (distinct) users' sessions are lost."""
        if users.size:
            self.lost[NUMBER[cause]] += users.size
            self._forget(users)
            self.kind[users] = GONE

    def lose_all(self, kind: int, node: int, cause: str, now: float) -> int:
        """A place is gone with all that it holds, at `now` s (node -1: the whole store); how many were alive."""
        users = self.at(kind, node)
        over = self._over(users, int(now * 1e3))
        self._close(users[over])
        self.lose(users[~over], cause)
        return int(users.size - np.count_nonzero(over))

    def sweep(self, now: float) -> None:
        """A second has ended: sessions that are over in the next slice of users are noticed."""
        part = np.arange(self.swept, min(self.users, self.swept + SLICE))
        over = part[self._over(part, int(now * 1e3))]
        if over.size:
            self._close(over)
        self.swept = 0 if part.size + self.swept >= self.users else self.swept + part.size
