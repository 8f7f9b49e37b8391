"""The session tier: what a web service knows of a user between two requests, in one of five places that can be switched live.

    book       who has a session, and where; how sessions begin, are found, move, end and get lost
    affinity   the balancers' stickiness: a user goes back to the server that has his session
    way        the way of a request to its session
    nodes      store nodes, their queues and failures; the tier's step
    ask        sessions in the database
    counts, reading   what is counted, and what is shown of it all

Without the scenario's table `sessions` there is nothing here, and a step costs one `if`.
"""

from __future__ import annotations

import numpy as np

from ...core import Core
from ...load import Load
from ...replies import Replies
from ...snapshot import Sessions as Reading
from ...snapshot import Setting
from ...words import count
from ..base import OptionValue, enlist
from .affinity import Affinity
from .ask import SessionsAsk
from .book import COOKIE, FILES, KINDS, MEMORY, NONE, ON_SERVERS, SHARED, Book
from .reading import inspect, reading, record

COOKIE_LIMIT = 4_096  # bytes that a browser must keep of a cookie (RFC 6265, 6.1), and that they do keep


class Sessions(SessionsAsk):
    """Nodes "store-1", "store-2", ... round robin over the zones."""

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core, replies)
        config = core.config.sessions
        self.signing = 0.0  # seconds that a web server signs and checks cookies a request
        self.book.capacity, self.book.migrate = config.capacity, config.migrate
        for _ in range(config.nodes):
            self.add_node()
        if config.store:
            self.switch(config.store)

    # ---- membership of store nodes

    def add_node(self, zone: int = -1) -> int:
        """One more store node, empty; part of the users have their home there from now on. Returns its index."""
        index = len(self.nodes)
        if not index:
            self.core.fabric.add_tier(self.nodes)
        zone = self.core.regions.zone_in_turn(index, len(self.core.fabric.zones)) if zone < 0 else zone
        self.nodes.add(f"store-{index + 1}", zone, f"10.4.{1 + index // 250}.{10 + index % 250}", now=self.core.now)
        enlist(self.stations, self.nodes, index)
        self.gauge.grow(index + 1)
        self.counts.grow(index + 1)
        self.known_up = np.append(self.known_up, True)
        self.known_speed = np.append(self.known_speed, 1.0)
        self.ring.add(self.nodes.names[index])
        self.book.grow(index + 1)
        self.book.room = np.append(self.book.room, 1.0)
        return index

    def refit(self, index: int) -> None:
        """The node's machine has another memory, and room for so many times the sessions."""
        assert self.nodes.plan is not None
        self.book.room[index] = self.nodes.plan.memory_of(self.nodes.size[index])
        self.book.make_room(np.array([index]))

    def remove_node(self, index: int) -> None:
        """Take a store node out with all that it holds; its users' home is another one."""
        self.nodes.member[index] = False
        self.die(index, int(self.nodes.event[index]))
        self.ring.remove(self.nodes.names[index])

    def restore_node(self, index: int) -> None:
        """A removed node comes back under its old name, empty."""
        self.nodes.member[index] = True
        self.nodes.born[index] = self.core.now
        self.ring.add(self.nodes.names[index])

    # ---- what costs sessions

    def die(self, index: int, event: int) -> None:
        """A store node's process is gone: its memory, and whoever stood in its queue."""
        rows = self.stations.crash(index, self.core.now)
        self._door_shut(np.full(rows.size, self.core.now), rows)
        self._lose(SHARED, index, "store", event, self.nodes.names[index])

    def effects_changed(self) -> None:
        """Crashes take contents; what is queued at a node that is slower now may take longer than its asker waits."""
        if not len(self.nodes):
            return
        changed = bool((self.known_speed != self.nodes.speed).any())
        super().effects_changed()
        if changed:
            rows = np.array(sorted(job[1] for job in self.stations.core.jobs()), dtype=np.int64)
            self.patience.push(np.maximum(self.mail.deadline[rows], self.core.now), rows)

    def _memory_gone(self, web: int) -> None:
        nodes = self.core.fabric.tiers["web"]
        self._lose(MEMORY, web, "server", int(nodes.event[web]), nodes.names[web])
        if not nodes.member[web]:  # the machine is gone, and its disk
            self._lose(FILES, web, "server", int(nodes.event[web]), nodes.names[web])

    def empty(self, index: int, event: int) -> None:
        """A store node forgets all that it has (FLUSHALL); it goes on."""
        self._lose(SHARED, index, "emptied", event, self.nodes.names[index])

    def rotate(self, event: int) -> None:
        """The key that signs cookies is another one: no cookie that is out there is good any more."""
        self._lose(COOKIE, -1, "rotated", event, "the old key")

    def _lose(self, kind: int, node: int, cause: str, event: int, where: str) -> None:
        if kind != NONE and (node < 0 or node < self.book.held.shape[1]):
            lost = self.book.lose_all(kind, node, cause, self.core.now) if self.book.held[kind, max(node, 0)] else 0
            if lost:
                told = self.core.log.tell(
                    self.core.now, "sessions", f"{count(lost, 'session')} lost with {where}", cause=event, level="bad",
                    target=where if node >= 0 else "",
                )  # fmt: skip
                self.counts.loss, self.counts.event = (self.core.now, lost, told), told

    def shares(self, nodes: list[int]) -> float:
        """Share of all users whose home is one of these store nodes."""
        by_name = self.ring.share()
        return sum(by_name.get(self.nodes.names[node], 0.0) for node in nodes)

    @property
    def in_cookies(self) -> bool:
        """Is any session in a cookie, or would a new one be?"""
        return self.book.code == COOKIE or bool(self.book.held[COOKIE].any())

    # ---- settings

    def switch(self, store: str) -> None:
        """Sessions are kept in `store` from now on; those there are stay where they are. ValueError if that cannot be."""
        code = KINDS.index(store)
        if code == SHARED and not self.nodes.member.any():
            raise ValueError("there is no store node yet: add one first")
        if not self.book.users:
            self._begin()
        if code == NONE:
            for kind in range(1, len(KINDS)):
                self.book.lose(self.book.at(kind), "switched")
        self.book.code = code
        self.on = code != NONE
        self._settle()

    def _begin(self) -> None:
        """Sessions for the first time: a place for every user."""
        users, old = self.most_users, self.book
        self.book = Book(users, old.life, old.stay, old.rng)
        self.book.capacity, self.book.migrate = old.capacity, old.migrate
        self.book.grow(old.held.shape[1])
        self.book.room = old.room
        self.affinity = self.balancer.choice.affinity = Affinity(self.book)

    def _settle(self) -> None:
        """What follows from settings, and from where sessions are."""
        book = self.book
        self.book.fits = self.cookie_bytes <= COOKIE_LIMIT
        self.signing = 2e-9 * self.core.config.sessions.sign_us * self.bytes if book.code == COOKIE else 0.0
        on_servers = book.code in ON_SERVERS or (book.migrate and bool(book.held[list(ON_SERVERS)].any()))
        self.affinity.on = self.on and self.sticky and on_servers

    def option(self, name: str) -> OptionValue:
        """sessions.store, sticky, migrate, life, stay, bytes, capacity, lost."""
        if name in ("life", "stay", "migrate", "capacity"):
            value: OptionValue = getattr(self.book, name)
            return value
        return self.store if name == "store" else super().option(name)

    def set_option(self, name: str, value: OptionValue) -> None:
        """Act on the next request; a life counts from the last one."""
        if name == "store":
            self.switch(str(value))
            return
        if name in ("life", "stay", "migrate", "capacity"):
            setattr(self.book, name, type(getattr(self.book, name))(value))
        else:
            super().set_option(name, value)
        self._settle()

    # ---- readings

    def second(self) -> None:
        """A virtual second ended: sessions that are over are noticed, rates are known."""
        if not self.on:
            return
        self.book.grow(len(self.core.fabric.tiers["web"]))
        self.book.sweep(self.core.now)
        self.counts.second(self)
        self._settle()
        if len(self.nodes):
            self.gauge.second(self.stations, self.core.now)

    def load(self) -> Load:
        """How loaded the store nodes are."""
        return self.gauge.load(self.stations, self.core.now)

    def reading(self) -> Reading | None:
        """The snapshot's sessions pane; None while there are no sessions."""
        return reading(self) if self.on or len(self.nodes) else None

    def record(self) -> dict[str, int]:
        """Every counter since the start."""
        return record(self)

    def inspect(self, node: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
        """State and settings of one store node."""
        return inspect(self, node)
