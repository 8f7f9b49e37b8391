"""The web servers' client library: picks the node, waits at most `timeout`, asks the database when no good answer comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...core import Core, generator
from ...fabric import Fate
from ...flights import SERVER
from ...load import Gauge
from ...nodes import Nodes
from ...pending import Pending
from ...queueing import Stations
from ...replies import ORPHAN, Replies
from ..base import Tier, machines_of
from .bulk import BulkDesk
from .counts import Counts
from .homes import Homes
from .mail import LOOK_UP, UNDELIVERED, Mail
from .regional import RegionalHomes

if TYPE_CHECKING:
    from ..database import Database

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]


class CacheAsking(Tier):
    """What the library asks of the nodes.

    `leased`, `left`: by request row, whether it holds a lease, and when it left for the database.
    """

    name = "cache"

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core)
        part = core.config.cache
        self.replies = replies
        self.timeout = part.timeout
        self.service_us = part.service_us
        self.write_mode: str = part.write_mode
        self.delete_on_error = part.delete_on_error
        self.nodes = Nodes("cache", machines_of(core.config, "cache"))
        core.fabric.add_tier(self.nodes)
        self.regional = core.regions.fronts and core.regions.caches == "local"
        self.homes = self._homes(part.mode, part.virtual_nodes)
        self.mail = Mail()
        self.inbox = Pending(core.part_dt)  # messages on the wire
        self.patience = Pending(core.part_dt)  # deadlines of look-ups that will not be answered in time
        self.stations = Stations()
        self.desk = BulkDesk(part, self.mail, core.flights, generator(core.seed, "cache"), core.config.traffic.keys)
        self.rng = generator(core.seed, "cache errors")
        self.counts = Counts()
        self.gauge = Gauge()
        self.leased = np.zeros(core.flights.capacity, dtype=np.bool_)
        self.left = np.zeros(core.flights.capacity)
        # what nodes did in this step, batch by batch, if a checker wants to know: (at, node, key, kind, token, value of a set,
        # verdict, version answered), (n,) each
        self.journal: list[tuple[F8 | I8, ...]] | None = None
        self.timers = False  # have leases been granted ever, so that messages may be their ends
        self.all_alive = True  # every node is up and a member
        self.any_errors = False
        self.database: Database

    # ---- homes

    def _homes(self, mode: str, virtual_nodes: int) -> Homes:
        keys = self.core.config.traffic.keys
        if self.regional:
            return RegionalHomes(mode, virtual_nodes, keys, self.core.regions, self.nodes)
        return Homes(mode, virtual_nodes, keys)

    def place_anew(self) -> None:
        """Caches of each region's own, or one ring for all, as is asked now; the clients believe in whom they believed in."""
        self.regional = self.core.regions.fronts and self.core.regions.caches == "local"
        old, self.homes = self.homes, self._homes(self.homes.mode, self.homes.virtual_nodes)
        self.homes.add(old.names)
        for node, member in enumerate(old.members):
            self.homes.set_member(node, member)

    # ---- asking

    def look_up(self, t: F8, slots: I8) -> None:
        """Cached reads leave their web servers at t (n,) for the homes of their keys."""
        if not slots.size:
            return
        if self.leased.size < self.core.flights.capacity:
            more = self.core.flights.capacity - self.leased.size
            self.leased = np.concatenate([self.leased, np.zeros(more, dtype=np.bool_)])
            self.left = np.concatenate([self.left, np.zeros(more)])
        if self.timers:
            self.leased[slots] = False
        keys = self.core.flights.key[slots].astype(np.int64)
        self.counts.asked_keys.append(keys)
        owners = self.owners_near(keys, self.core.flights.web[slots]) if self.regional else self.homes.owners(keys)
        if not owners.shape[0]:
            self._to_database(t, slots)
            return
        if self.regional and owners[0].min() < 0:  # a region without a cache
            none = owners[0] < 0
            self._to_database(t[none], slots[none])
            t, slots, keys, owners = t[~none], slots[~none], keys[~none], owners[:, ~none]
        if self.core.ills.strangers:
            owners = self._astray(owners, self.core.flights.web[slots])
        if owners.shape[0] == 1:
            self._ask(t, slots, keys, owners[0], 0)
            return
        copy = self.core.flights.id[slots] % owners.shape[0]  # the copies of a pair share the reads
        self._ask(t, slots, keys, owners[copy, np.arange(slots.size)], 0)

    def _astray(self, owners: I8, web: NDArray[np.int16] | I8) -> I8:
        """(copies, n): where web servers (n,) look, of whom some believe in another ring: the node after the right one."""
        members = np.flatnonzero(self.nodes.member)
        after = members[(np.searchsorted(members, owners) + 1) % members.size]
        return np.where(np.isin(web, self.core.ills.strangers), after, owners)

    def owners_near(self, keys: I8, web: NDArray[np.int16] | I8) -> I8:
        """(copies, n): the nodes that web servers `web` (n,) ask for these keys (n,)."""
        return self.homes.near(keys, self.core.regions.of(self.core.fabric.tiers["web"])[web])

    def _ask(self, t: F8, slots: I8, keys: I8, node: I8, tried: int) -> None:
        """Send look-ups of keys (n,) to these nodes (n,); `tried` copies have been asked before."""
        core = self.core
        core.flights.cache[slots] = node
        web = core.flights.web[slots].astype(np.int64)
        hop = core.fabric.hop("web", web, "cache", node)
        mail = self.mail
        rows = mail.add(LOOK_UP, node, keys)
        mail.slot[rows], mail.web[rows], mail.asked[rows], mail.tried[rows] = slots, web, t, tried
        deadline = t + min(self.timeout, core.ills.library or self.timeout)
        mail.deadline[rows] = deadline
        there, due = rows, t + hop.delay
        if hop.fate is not None:
            dropped, refused = hop.fate == Fate.DROPPED, hop.fate == Fate.REFUSED
            mail.kind[rows[dropped]] = UNDELIVERED
            self.patience.push(deadline[dropped], rows[dropped])
            self._turn_away(due[refused], rows[refused], hop.delay[refused])
            passed = ~dropped & ~refused
            there, due, deadline = rows[passed], due[passed], deadline[passed]
        slow = due > deadline  # a long way, or retransmissions: later than the library waits
        if np.count_nonzero(slow):
            self.patience.push(deadline[slow], there[slow])
        self.inbox.push(due, there)

    def _turn_away(self, t: F8, rows: I8, back: F8) -> None:
        """Look-ups refused at t by a host without a server: the reset is back at the library `back` (n,) later."""
        if not rows.size:
            return
        slots = self.mail.slot[rows]
        self.core.flights.wire[slots] += t + back - self.mail.asked[rows]
        self._ask_another(t + back, rows)
        self.mail.free(rows)

    def _ask_another(self, t: F8, rows: I8) -> None:
        """No answer from this node: the other copy of a pair is asked once, not in the past, then the database."""
        mail = self.mail
        slots, node = mail.slot[rows], mail.node[rows].astype(np.int64)
        self.counts.add("unanswered", rows.size)
        again = np.zeros(rows.size, dtype=np.bool_)
        if self.homes.copies == 2:
            keys = mail.key[rows].astype(np.int64)
            owners = self.owners_near(keys, self.core.flights.web[slots])
            other = np.where(owners[0] == node, owners[1], owners[0])
            again = mail.tried[rows] == 0
            t_again = self.core.not_before(self.core.start, t[again], slots[again])
            self._ask(t_again, slots[again], keys[again], other[again], 1)
        self._to_database(t[~again], slots[~again])

    def _give_back(self, t: F8, slots: I8, token: I8) -> None:
        raise NotImplementedError

    def _to_database(self, t: F8, slots: I8) -> None:
        """Reads leave their web servers at t (n,) for the database. What nobody waits for is dropped, its lease given back."""
        flights = self.core.flights
        orphan = (flights.flags[slots] & ORPHAN) != 0 if self.replies.orphans else None
        if orphan is not None and orphan.any():
            if self.timers:
                servers = self.core.fabric.tiers["web"]
                web = flights.web[slots]
                lives = servers.up[web] & servers.member[web] & (servers.born[web] <= flights.sent[slots])
                holds = orphan & self.leased[slots] & lives  # behind a balancer that died
                if holds.any():
                    self._give_back(t[holds], slots[holds], flights.id[slots[holds]])
            self.core.ledger.wasted.add_one(0, int(np.count_nonzero(orphan)))
            flights.close(slots[orphan], SERVER)
            t, slots = t[~orphan], slots[~orphan]
        if slots.size:
            self.counts.add("reads_behind", slots.size)
            self.database.arrive(t, slots)
