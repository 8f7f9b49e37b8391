"""The way of a request to its session: after the web server's own work, before cache and database.

    memory    found at once, or not: it is in this server's memory
    files     a read of this server's disk first
    shared    a message to the store node that the user's number is home to, in its queue, and back; or a time-out
    database  a query of its own, with a database worker's time, and one more for a session that is new (ask.py)
    cookie    it came with the request: its bytes and two signatures are what it costs (the web server's time)

A request of a user whose session is in another store asks that one first while sessions migrate. One whose store cannot be
asked goes on without a session, which is counted: its user seems to be logged out, but nothing is lost.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...core import Core, generator
from ...flights import SERVER
from ...load import Gauge
from ...nodes import Nodes
from ...pending import Pending
from ...policies.placement import Ring
from ...queueing import Stations
from ...replies import ORPHAN, Replies
from ..base import Staffed, Tier, machines_of
from ..cache.mail import Mail
from .affinity import Affinity
from .book import COOKIE, DATABASE, FILES, KINDS, LOST, NONE, SHARED, Book
from .counts import Counts

if TYPE_CHECKING:
    from ..balancer import Balancer
    from ..database import Database
    from ..web import Web

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
B = NDArray[np.bool_]

WITHOUT = 4  # a verdict beside those of the book: the store could not be asked


class SessionsWay(Staffed):
    """mail: look-ups at store nodes. outward: (t, slot) of rows that go on from their web servers; verdict by slot."""

    name = "sessions"

    def __init__(self, core: Core, replies: Replies) -> None:
        Tier.__init__(self, core)
        config = core.config.sessions
        self.replies = replies
        self.nodes = Nodes("store", machines_of(core.config, "store"))  # known to the fabric from the first node on
        self.stations = Stations()
        self.known_up = np.zeros(0, dtype=np.bool_)
        self.known_speed: F8 = np.zeros(0)
        self.gauge = Gauge()
        self.counts = Counts()
        self.on = False
        self.bytes = config.bytes
        self.lost = config.lost
        self.sticky = config.sticky
        self.timeout = config.timeout
        self.ring = Ring((), config.virtual_nodes)
        self.mail = Mail(64)
        self.inbox = Pending(core.dt)
        self.patience = Pending(core.dt)
        self.disks = Pending(core.dt)  # (t, slot) of disk reads
        self.outward = Pending(core.dt)
        self.verdict = np.zeros(0, dtype=np.uint8)
        self.asked = np.zeros(0, dtype=np.bool_)  # by slot: has the store that held the session before been asked
        users = self.most_users if config.store else 0
        self.book = Book(users, config.life, config.stay, generator(core.seed, "sessions"))
        self.affinity = Affinity(self.book)
        self.web: Web
        self.balancer: Balancer
        self.database: Database

    @property
    def most_users(self) -> int:
        """So many there may ever be."""
        config = self.core.config
        return max(config.users.count, config.users.most, config.traffic.closed_users)

    # ---- asking

    def look_up(self, t: F8, slots: I8) -> None:
        """Requests are done with their web servers' own work at t (n,), and want their sessions."""
        if not slots.size:
            return
        if self.verdict.size < self.core.flights.capacity:
            more = self.core.flights.capacity - self.verdict.size
            self.verdict = np.concatenate([self.verdict, np.zeros(more, dtype=np.uint8)])
            self.asked = np.concatenate([self.asked, np.zeros(more, dtype=np.bool_)])
        self.asked[slots] = False
        self.book.grow(len(self.web.nodes))
        book = self.book
        kind = book.kind[self.core.flights.user[slots]]
        self.counts.wire(kind, self.cookie_bytes)
        if book.migrate:
            old = (kind != book.code) & ((kind == SHARED) | (kind == DATABASE))
            if old.any():
                self.asked[slots[old]] = True
                for code in (SHARED, DATABASE):
                    self._go(code, t[old & (kind == code)], slots[old & (kind == code)])
                t, slots = t[~old], slots[~old]
        self._go(book.code, t, slots)

    def _go(self, code: int, t: F8, slots: I8) -> None:
        """The way to one store."""
        if not slots.size:
            return
        if code == SHARED:
            self._ask(t, slots)
        elif code == DATABASE:
            self.query(t, slots)
        elif code == FILES:
            disk = self.core.config.sessions.disk_us * 1e-6
            self.core.flights.service[slots] += disk
            self.disks.push(t + disk, slots)
        else:
            self._go_on(t, slots, self._decide(t, slots))

    @abstractmethod
    def query(self, t: F8, slots: I8) -> None:
        """Sessions in the database: ask.py."""

    @abstractmethod
    def _ask(self, t: F8, slots: I8) -> None:
        """Sessions at store nodes: nodes.py."""

    def _home(self, slots: I8) -> I8:
        """Where the store in use has the sessions of these rows' users, (n,)."""
        code = self.book.code
        if code == SHARED:
            users = self.core.flights.user[slots].astype(np.int64)
            return self.ring.owner(users).astype(np.int64) if self.ring.weights else np.zeros(slots.size, dtype=np.int64)
        if code in (DATABASE, COOKIE):
            return np.zeros(slots.size, dtype=np.int64)
        return self.core.flights.web[slots].astype(np.int64)

    def _decide(self, t: F8, slots: I8) -> NDArray[np.uint8]:
        """The book's word on rows that have asked where their sessions should be, at t (n,) in order of (t, id)."""
        flights = self.core.flights
        users = flights.user[slots].astype(np.int64)
        home, web = self._home(slots), flights.web[slots].astype(np.int64)
        return self.book.visit(t, users, home, web, self.asked[slots])

    def _without(self, t: F8, slots: I8) -> None:
        """The store could not be asked: known to the web servers at t (n,)."""
        self.verdict[slots] = WITHOUT
        self.outward.push(t, slots)

    # ---- going on

    def _go_on(self, t: F8, slots: I8, verdict: NDArray[np.uint8]) -> None:
        """From the web servers at t (n,): to cache and database, or (lost = error) back with an error."""
        self.counts.without += int(np.count_nonzero(verdict == WITHOUT))
        self.counts.noticed += int(np.count_nonzero(verdict == LOST))
        if self.lost == "error":
            bad = (verdict == LOST) | (verdict == WITHOUT)
            if bad.any():
                self.replies.fail(slots[bad], Cause.SESSION_LOST, self.counts.event)
                self.replies.from_web(t[bad], slots[bad])
                t, slots = t[~bad], slots[~bad]
        if slots.size:
            self.web.go_on(t, slots)

    def _alive(self, t: F8, slots: I8) -> tuple[F8, I8]:
        """Without those whose web server has died meanwhile."""
        if not self.replies.orphans:
            return t, slots
        flights = self.core.flights
        orphan = (flights.flags[slots] & ORPHAN) != 0
        if orphan.any():
            self.core.ledger.wasted.add_one(0, int(np.count_nonzero(orphan)))
            flights.close(slots[orphan], SERVER)
        return t[~orphan], slots[~orphan]

    @property
    def cookie_bytes(self) -> int:
        """A signed cookie on the wire: the data in base64, a stamp and an HMAC-SHA256 (as itsdangerous writes it)."""
        return -(-4 * self.bytes // 3) + 52

    @property
    def store(self) -> str:
        """The store in use, "none" if there are no sessions."""
        return KINDS[self.book.code] if self.on else KINDS[NONE]
