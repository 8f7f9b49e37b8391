"""The cache tier: look-aside nodes between web servers and database; here its membership, faults, settings and readings.

    asking, path, answers, fills  the way of look-ups; answers on their way back; what web servers bring
    mail         messages to nodes, one row each
    desk         what a node does with a message, one by one; few, bulk, changes, at_once: the same for small and big batches
    shelf, index, stamped  a node's memory; entries in arrays over the keys; LRU on them
    homes        which node the clients ask
"""

from __future__ import annotations

import numpy as np

from ...core import Core, generator
from ...flights import SERVER
from ...load import Load
from ...replies import Replies
from ...snapshot import Cache as Reading
from ...snapshot import Setting
from ..base import OptionValue, enlist
from .asking import F8, I8
from .fills import CacheFills
from .mail import DELETE, LOOK_UP, RELEASE, SET
from .reading import inspect, reading
from .shelf import Shelf

DESK_OPTIONS = ("ttl", "sliding", "single_flight", "early_expiry_beta", "stale_while_revalidate")


class Cache(CacheFills):
    """Nodes "cache-1", "cache-2", ... round robin over the zones."""

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core, replies)
        part = core.config.cache
        self.eviction: str = part.eviction
        self.capacity = part.capacity  # entries a node
        self.known_up = np.zeros(0, dtype=np.bool_)
        self.known_speed: F8 = np.zeros(0)
        for _ in range(part.nodes):
            self._enter(-1)
        self.homes.add(self.nodes.names)

    # ---- membership

    def _enter(self, zone: int) -> int:
        index = len(self.nodes)
        zone = self.core.regions.zone_in_turn(index, len(self.core.fabric.zones)) if zone < 0 else zone
        self.nodes.add(f"cache-{index + 1}", zone, f"10.1.{1 + index // 250}.{10 + index % 250}", now=self.core.now)
        enlist(self.stations, self.nodes, index)
        self.desk.shelves.append(Shelf(self.eviction, self.capacity_of(index), self._generator(index), self.desk.index, index))
        self.desk.evicted.append(0)
        self.counts.grow(index + 1)
        self.gauge.grow(index + 1)
        self.known_up = np.append(self.known_up, True)
        self.known_speed = np.append(self.known_speed, 1.0)
        return index

    def capacity_of(self, index: int) -> int:
        """Entries that a node has room for: `capacity` is that of the ordinary machine, others have so many times its memory."""
        assert self.nodes.plan is not None
        left = self.core.ills.memory.get(index, 1.0)
        return max(1, round(self.capacity * self.nodes.plan.memory_of(self.nodes.size[index]) * left))

    def refit(self, index: int) -> None:
        """The node's machine has another memory."""
        self.desk.evicted[index] += self.desk.shelves[index].resize(self.capacity_of(index))

    def _generator(self, index: int) -> np.random.Generator:
        """A node's own generator, for the policy that draws its victims; a node that starts anew continues it by time."""
        return generator(self.core.seed, f"eviction {self.nodes.names[index]} {self.core.step_no}")

    def add_node(self, zone: int = -1) -> int:
        """One more node, empty, and at once in the clients' view; returns its index."""
        index = self._enter(zone)
        self.homes.add(self.nodes.names[index:])
        return index

    def remove_node(self, index: int) -> None:
        """Take a node out: the clients forget it, what it held is gone."""
        self.homes.set_member(index, False)
        self._die(index)
        self.nodes.member[index] = False
        self.all_alive = False

    def restore_node(self, index: int) -> None:
        """A removed node comes back under its old name, empty."""
        self.nodes.member[index] = True
        self.all_alive = bool((self.nodes.up & self.nodes.member).all())
        self.nodes.born[index] = self.core.now
        self.homes.set_member(index, True)

    def restart(self, index: int) -> None:
        """The process starts anew, empty."""
        self._die(index)
        self.nodes.born[index] = self.core.now

    def set_member(self, index: int, member: bool) -> bool:
        """The clients eject a node (its keys go to others) or take it back with whatever it holds; False: no change."""
        return self.homes.set_member(index, member)

    # ---- faults

    def effects_changed(self) -> None:
        """Crashes take contents, queue and those who wait; speeds bend what is planned."""
        nodes, now = self.nodes, self.core.now
        for index in np.flatnonzero(self.known_up & ~nodes.up).tolist():
            self._die(index)
        for index in np.flatnonzero(~self.known_up & nodes.up).tolist():
            nodes.born[index] = now
        changed = np.flatnonzero(self.known_speed != nodes.speed).tolist()
        for index in changed:
            self.stations.set_speed(index, now, nodes.clock(index))
        self.known_up = nodes.up.copy()
        self.known_speed = nodes.speed.copy()
        self.any_errors = bool(nodes.error_rate.any())
        self.desk.wrong_ttl = self.core.ills.wrong_ttl
        for index, shelf in enumerate(self.desk.shelves):
            if shelf.policy.capacity != self.capacity_of(index):
                self.refit(index)
        self.all_alive = bool((nodes.up & nodes.member).all())
        if changed:  # what is queued may now take longer than its asker waits
            inside = np.array(sorted(job[1] for job in self.stations.core.jobs()), dtype=np.int64)
            self._watch(inside, np.full(inside.size, np.inf))

    def _die(self, index: int) -> None:
        """The process is gone: connections are reset, and the web servers behind them read the database."""
        core, mail = self.core, self.mail
        rows = self.stations.crash(index, core.now)
        asking = mail.kind[rows] == LOOK_UP
        t = np.full(rows.size, core.now)
        mail.free(rows[~asking])
        if asking.any():
            rows, t = rows[asking], t[asking]
            hop = core.fabric.hop("cache", mail.node[rows].astype(np.int64), "web", self._web(rows), back=True)
            self._turn_away(t, rows, hop.delay)
        waiters = self.desk.shelves[index].wipe(self._generator(index))
        if waiters:
            slots, since = (np.array(column) for column in zip(*waiters, strict=True))
            core.flights.wait[slots] += core.now - since
            self.counts.add("unanswered", slots.size)
            self._reset_library(np.full(slots.size, core.now), slots, np.full(slots.size, index))

    def web_died(self, web: int, through: I8) -> None:
        """A web server's process is gone with the rows `through` it: its connections close, what had not left it never leaves.

        Nobody there waits for a fill any more or gives a lease back; what is on the wire already arrives.
        """
        mail, flights, now = self.mail, self.core.flights, self.core.now
        self.leased[through[through < self.leased.size]] = False
        gone: list[int] = []
        for shelf in self.desk.shelves:
            for token, waiters in list(shelf.waiting.items()):
                left = [waiter for waiter in waiters if flights.web[waiter[0]] != web]
                if len(left) < len(waiters):
                    gone += [slot for slot, _ in waiters if flights.web[slot] == web]
                    shelf.waiting[token] = left
                    if not left:
                        del shelf.waiting[token]
        self.core.ledger.wasted.add_one(0, len(gone))
        flights.close(np.array(sorted(gone), dtype=np.int64), SERVER)
        sent = (mail.kind == SET) | (mail.kind == DELETE) | (mail.kind == RELEASE)
        rows = np.flatnonzero(sent & (mail.slot == web) & (mail.asked > now))
        if rows.size:
            self.inbox.pull(rows)
            self.counts.add("lost_messages", rows.size)
            mail.free(rows)

    def flush(self, index: int = -1) -> int:
        """Empty a node, or all of them (-1); returns how many entries went."""
        which = range(len(self.nodes)) if index < 0 else (index,)
        return sum(self.desk.shelves[i].empty(self._generator(i)) for i in which)

    def clock_jumps(self, index: int, seconds: float) -> None:
        """A node's clock goes forward: all that it holds has so much less of its life left."""
        self.desk.shelves[index].age(seconds)

    def forget(self, key: int) -> int:
        """Drop one key wherever it is held (a hot key's entry ends); returns on how many nodes it was."""
        return sum(shelf.forget(key) for shelf in self.desk.shelves)

    # ---- settings and readings

    def option(self, name: str) -> OptionValue:
        """Live settings: those of the desk, of the homes (mode, virtual_nodes) and of the tier."""
        holder: object = self.desk if name in DESK_OPTIONS else self.homes if name in ("mode", "virtual_nodes") else self
        value: OptionValue = getattr(holder, name)
        return value

    def set_option(self, name: str, value: OptionValue) -> None:
        """Act on the running nodes: entries set from now on have the new life; capacity and eviction change at once."""
        if name in DESK_OPTIONS:
            kind = type(getattr(self.desk, name))
            setattr(self.desk, name, kind(value))
        elif name in ("mode", "virtual_nodes"):
            mode = str(value) if name == "mode" else self.homes.mode
            self.homes.rebuild(mode, int(value) if name == "virtual_nodes" else self.homes.virtual_nodes)
        elif name == "capacity":
            self.capacity = int(value)
            for index, shelf in enumerate(self.desk.shelves):
                self.desk.evicted[index] += shelf.resize(self.capacity_of(index))
        elif name == "eviction":
            self.eviction = str(value)
            for index, shelf in enumerate(self.desk.shelves):
                shelf.change_policy(self.eviction, self._generator(index))
        else:
            super().set_option(name, value)

    def second(self) -> None:
        """Roll the meters, find the hot keys."""
        self.counts.second()
        self.gauge.second(self.stations, self.core.now)

    def load(self) -> Load:
        """How loaded the nodes are."""
        return self.gauge.load(self.stations, self.core.now)

    def reading(self) -> Reading:
        """The snapshot's cache pane."""
        return reading(self)

    def record(self) -> dict[str, object]:
        """Every counter since the start."""
        return self.counts.record()

    def inspect(self, node: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
        """State and settings of one node."""
        return inspect(self, node)
