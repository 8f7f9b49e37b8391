"""The web tier: n servers of k workers, each with a queue; what they finish goes on to cache, database or straight back.

A server's workers are held for its own CPU demand; waiting for cache and database happens outside of them (an event loop).
A crash takes what waits, what is served, and every connection whose answer has not yet left the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..causes import Cause
from ..core import Core, generator
from ..flights import SERVER
from ..load import Gauge, Load
from ..nodes import Nodes
from ..pending import Pending
from ..queueing import Departures, Discipline, Stations
from ..replies import Replies
from ..snapshot import Setting
from ..words import percent
from .automation.threads import Threads
from .automation.webdoor import serve, take_threads, tell_overdue
from .base import OptionValue, Staffed, enlist, limit, machine, machines_of
from .sessions.reading import held_by
from .shared import lose, with_chores, with_queries, without_chores

if TYPE_CHECKING:
    from .automation.codel import Codel
    from .automation.counts import Counts
    from .balancer import Balancer
    from .cache import Cache
    from .database import Database
    from .queue import Queue
    from .sessions import Sessions

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class Web(Staffed):
    """Servers "web-1", "web-2", ... round robin over the zones."""

    name = "web"

    def __init__(self, core: Core, replies: Replies) -> None:
        config = core.config.web
        stations = Stations(bound=config.queue or None, discipline=Discipline(config.discipline))
        super().__init__(core, Nodes("web", machines_of(core.config, "web")), stations)
        self.replies = replies
        self.queue = config.queue
        self.bounds: dict[int, int] = {}  # effect of faults: jobs that may wait, by node
        self.discipline = config.discipline
        self.inbox = Pending(core.dt)
        self.chores = Pending(core.dt)  # (t, row) of the database's own jobs, where it lives on this machine
        self.begun_chores = 0  # of them, since the start
        self.rng = generator(core.seed, "web errors")
        self.gauge = Gauge()
        self.threads = Threads(core)
        self.shed = 0
        self.turned_away = 0  # at the door, before they came to a queue
        routes = core.config.route
        # Where a route's requests go next: 0 cache, 1 database, 2 straight back; with a cache and without.
        self.ways_bare = np.array([1 if r.database and not r.static else 2 for r in routes], dtype=np.uint8)
        in_cache = np.array([r.cached and r.kind == "read" and r.database and not r.static for r in routes])
        self.static = np.array([r.static for r in routes])
        self.any_static = bool(self.static.any())
        self.ways = np.where(in_cache, np.uint8(0), self.ways_bare)
        for _ in range(config.nodes):
            self.add_node()
        self.balancer: Balancer
        self.cache: Cache
        self.database: Database
        self.sessions: Sessions | None = None
        self.photos: Queue
        self.codel: Codel | None = None
        self.counts: Counts

    # ---- membership

    def add_node(self, zone: int = -1) -> int:
        """One more server, in the next zone in turn unless told; returns its index."""
        index = len(self.nodes)
        zone = self.core.regions.zone_in_turn(index, len(self.core.fabric.zones)) if zone < 0 else zone
        address = f"10.0.{1 + index // 250}.{10 + index % 250}"
        self.nodes.add(f"web-{index + 1}", zone, address, now=self.core.now)
        enlist(self.stations, self.nodes, index, self.queue or None)
        self.gauge.grow(index + 1)
        self.known_up = np.append(self.known_up, True)
        self.known_speed = np.append(self.known_speed, 1.0)
        return index

    def remove_node(self, index: int) -> None:
        """Take a server out: no new requests, its connections are reset (drain it first to be gentle)."""
        self.nodes.member[index] = False
        self.die(index, int(self.nodes.event[index]))

    def restore_node(self, index: int) -> None:
        """A removed server comes back under its old name."""
        self.nodes.member[index] = True
        self.nodes.draining[index] = False
        self.nodes.born[index] = self.core.now

    def restart(self, index: int) -> None:
        """The process starts anew: all that it held is gone."""
        self.die(index, int(self.nodes.event[index]))
        self.nodes.born[index] = self.core.now

    # ---- the way of a request

    def arrive(self, t: F8, slots: I8) -> None:
        """At the server's door at t (n,), `flights.web` set."""
        self.inbox.push(t, slots)

    def step(self) -> None:
        """Queue what came, pass on what is done."""
        flights, end = self.core.flights, self.core.end
        tell_overdue(self)
        t, slots = self.inbox.take(end, flights.id)
        node = flights.web[slots].astype(np.int64)
        if t.size and (b"\0" in self.nodes.up.tobytes() or b"\0" in self.nodes.member.tobytes()):
            alive = self.nodes.up[node] & self.nodes.member[node]
            dead = ~alive
            self._refuse(t[dead], slots[dead])
            t, slots, node = t[alive], slots[alive], node[alive]
        t, slots, node = take_threads(self, t, slots, node)
        if t.size or self.chores:
            if t.size and self.photos.makes_jobs:
                self.photos.meet(slots)
            work = flights.web_work[slots] if self.database.guest < 0 else with_queries(self, slots)
            if self.sessions is not None and self.sessions.signing:
                work = work + self.sessions.signing
            if self.chores:
                t, slots, node, work = with_chores(self, t, slots, work)
        if t.size:
            t, slots, accepted, gone = serve(self, t, node, work, slots)
            if np.count_nonzero(accepted) < t.size:
                out = ~accepted
                if self.database.places.jobs:
                    lose(self, slots[out])
                    out &= slots >= 0
                self.shed += int(np.count_nonzero(out))
                self.replies.fail(slots[out], Cause.QUEUE_FULL)
                self.replies.from_web(t[out], slots[out])
        else:
            gone = self.stations.departures(end, flights.id)
        if gone.finish.size:
            self.finish(gone)

    def finish(self, gone: Departures) -> None:
        """Servers are done with these."""
        self.gauge.count(gone)
        if self.database.places.jobs:
            gone = without_chores(self, gone)
        self._pass_on(gone.finish, gone.row, gone.node, gone.start, gone.arrival)

    def _refuse(self, t: F8, slots: I8) -> None:
        """On the wire when the server died: refused at its door."""
        flights = self.core.flights
        self.replies.fail(slots, Cause.REFUSED, self.nodes.event[flights.web[slots]].astype(np.int64))
        self.replies.from_web(t, slots)

    def _pass_on(self, t: F8, slots: I8, node: I8, start: F8, came: F8) -> None:
        flights = self.core.flights
        flights.wait[slots] += start - came
        flights.service[slots] += t - start
        for i in self.core.tracer.pick(flights, slots):
            n = int(node[i])
            self.core.tracer.span(
                int(slots[i]), "web", self.nodes.names[n], address=self.nodes.addresses[n], came=float(came[i]),
                wait=float(start[i] - came[i]), service=float(t[i] - start[i]),
            )  # fmt: skip
        if np.count_nonzero(self.nodes.error_rate):
            t, slots = self._errors(t, slots, node)
        if self.core.ills.bad_routes:
            t, slots = self._bad_release(t, slots)
        if self.sessions is not None and self.sessions.on:
            if self.any_static:  # files are served to whoever asks, PoPs of a CDN among them
                file = self.static[self.core.flights.route[slots]]
                self.go_on(t[file], slots[file])
                t, slots = t[~file], slots[~file]
            self.sessions.look_up(t, slots)
        else:
            self.go_on(t, slots)

    def go_on(self, t: F8, slots: I8) -> None:
        """Requests leave their web servers at t (n,) for cache or database, or straight back."""
        flights = self.core.flights
        way = (self.ways if len(self.cache.nodes) else self.ways_bare)[flights.route[slots]]
        left = t.size
        for number, to in enumerate((self.cache.look_up, self.database.arrive, self.replies.from_web)):
            here = way == number
            count = int(np.count_nonzero(here))
            if count == t.size:
                to(t, slots)
            elif count:
                rows = here.nonzero()[0]
                to(t[rows], slots[rows])
            left -= count
            if not left:
                return

    def _errors(self, t: F8, slots: I8, node: I8) -> tuple[F8, I8]:
        """The fault "error rate": the application answers 500 for this share of what it served."""
        bad = self.rng.random(slots.size) < self.nodes.error_rate[node]
        if bad.any():
            self.replies.fail(slots[bad], Cause.SERVER_ERROR, self.nodes.event[node[bad]].astype(np.int64))
            self.replies.from_web(t[bad], slots[bad])
        return t[~bad], slots[~bad]

    def _bad_release(self, t: F8, slots: I8) -> tuple[F8, I8]:
        """The fault "bad deploy": what some servers run now answers 500 on one route."""
        event = self.core.ills.fails_on(self.core.flights, slots)
        bad = event > 0
        if bad.any():
            self.replies.fail(slots[bad], Cause.SERVER_ERROR, event[bad])
            self.replies.from_web(t[bad], slots[bad])
        return t[~bad], slots[~bad]

    # ---- faults

    def effects_changed(self) -> None:
        """As `Staffed`; connections may be limited."""
        super().effects_changed()
        self.bounds = limit(self, self.bounds)

    def die(self, index: int, event: int) -> None:
        """Everything that this server held, and every connection that leads through it, is lost."""
        inside = self.stations.crash(index, self.core.now)
        through = self.replies.sever("web", index, event)
        if self.database.places.jobs:
            inside = lose(self, inside)
        inside = np.concatenate([inside, self.threads.web_died(index)])
        if inside.size:
            self.core.flights.close(inside, SERVER)
        self.cache.web_died(index, through)
        self.database.web_died(index)
        if self.sessions is not None:
            self.sessions.web_died(index)
        self.balancer.reset_web(index)

    # ---- settings and readings

    def set_option(self, name: str, value: OptionValue) -> None:
        """web.queue (0 = unbounded) and web.discipline act on the running stations."""
        now = self.core.now
        if name == "queue":
            self.queue = int(value)
            for index in range(len(self.nodes)):
                self.stations.set_bound(index, now, self.queue or None)
        elif name == "discipline":
            self.discipline = "lifo" if value == "lifo" else "fifo"
            self.stations.set_discipline(now, Discipline(self.discipline))
        else:
            super().set_option(name, value)

    def second(self) -> None:
        """A virtual second ended."""
        self.gauge.second(self.stations, self.core.now)

    def load(self) -> Load:
        """How loaded the servers are."""
        load = self.gauge.load(self.stations, self.core.now)
        if not self.threads.on:
            return load
        more = [len(queue) for queue in self.threads.waiting] + [0] * len(self.nodes)
        return load._replace(waiting=load.waiting + np.array(more[: len(self.nodes)], dtype=np.int64))

    def inspect(self, node: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
        """State and settings of one server."""
        totals, config = self.stations.totals, self.core.config.web
        served = max(1, int(totals.departures[node]))
        state = (
            Setting("arrived", f"{int(totals.arrivals[node]):,}", "counted at its door"),
            Setting("served", f"{int(totals.departures[node]):,}", "departures of its queue"),
            Setting("shed", f"{int(totals.rejected[node]):,}", "found the queue full"),
            Setting("lost", f"{int(totals.lost[node]):,}", "inside when it died"),
            Setting("mean wait", f"{totals.wait[node] / served * 1e3:.2f} ms", "queueing time / served"),
            Setting("mean service", f"{totals.busy[node] / served * 1e3:.2f} ms", "busy time / served"),
            Setting("utilisation", percent(self.gauge.utilisation[node], 1), "busy worker seconds of the last second"),
        )
        settings = (
            Setting("workers", str(self.stations.nodes.workers[node]), "scenario web.workers, in proportion to the machine"),
            Setting("service", f"{config.service.mean_ms:g} ms, cv2 {config.service.cv2:g}", "scenario web.service"),
            Setting("queue", f"{self.queue or 'unbounded'} {self.discipline}", "scenario web.queue"),
            Setting("speed", f"{self.nodes.speed[node]:g}", "1 = nominal; faults change it"),
            *machine(self.nodes, node),
        )
        return state + (held_by(self.sessions, node) if self.sessions is not None else ()), settings
