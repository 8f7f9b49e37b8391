"""The balancer tier: one balancer or an active/passive pair in front of the web servers.

    clients -> public address -> the node that holds it -> its queue -> policy -> web server

The address moves between the nodes of the pair (agents/balancer_pair.py). Private addresses are reachable from inside only:
a client that asks one hears nothing. With no balancer at all the public address is the only web server's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...core import Core, generator
from ...draws import demands
from ...flights import SERVER
from ...load import Load, load_of
from ...meter import Histogram, Meter, Trend
from ...replies import Replies
from ...snapshot import Balancer as Reading
from ...snapshot import Setting
from ..base import OptionValue, enlist
from .choice import Choice
from .holding import NOBODY, Holding
from .reading import inspect, reading

if TYPE_CHECKING:
    from ..automation.door import DoorGuard
    from ..dns import Dns
    from ..web import Web

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

MOST = 2  # a pair


class Balancer(Holding):
    """Nodes "lb-1" and "lb-2", the public address, and what they send where."""

    name = "balancer"

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core, replies)
        self.choice = Choice(core, replies)
        self.rng = generator(core.seed, "balancer")
        self.served = Meter(0)
        self.latency = Histogram(0)  # time in a balancer, ms
        self.rate = Trend()
        self.weights: dict[int, float] = {}  # effect of faults, as known to the choice
        self.busy_before: F8 = np.zeros(0)
        self.utilisation: F8 = np.zeros(0)
        for _ in range(core.config.balancer.nodes * (sum(core.regions.active) if core.regions.fronts else 1)):
            self.add_node()
        self.guard: DoorGuard | None = None  # who may keep requests out
        self.web: Web
        self.dns: Dns

    # ---- membership

    def add_node(self, zone: int = -1) -> int:
        """A balancer, or a pair's second; returns its index. The first takes the address. ValueError beyond a pair (a door)."""
        regions = self.core.regions
        there = [0] * regions.doors
        for node in self.nodes.member.nonzero()[0].tolist():
            there[regions.door_of(self.nodes, node)] += 1
        index = len(self.nodes)
        if zone < 0 and regions.fronts:
            door = min((d for d in range(regions.doors) if regions.active[d]), key=lambda d: there[d])
            zones = regions.zones_of(door)
            zone = zones[there[door] % len(zones)]
        zone = self.core.regions.zone_in_turn(index, len(self.core.fabric.zones)) if zone < 0 else zone
        if there[int(regions.of_zone[zone]) if regions.fronts else 0] >= MOST:
            raise ValueError("a balancer pair has two nodes")
        self.nodes.add(f"lb-{index + 1}", zone, f"10.0.0.{10 + index}", now=self.core.now)
        enlist(self.stations, self.nodes, index)
        self.served.grow(index + 1)
        self.latency.grow(index + 1)
        self.busy_before = np.append(self.busy_before, 0.0)
        self.utilisation = np.append(self.utilisation, 0.0)
        self.known_up = np.append(self.known_up, True)
        self.known_speed = np.append(self.known_speed, 1.0)
        self.choice.add_balancer(self.nodes.names[index])
        self._take_address(index)
        self.bare, self.direct = False, self.core.step_no > 0 and self.direct
        return index

    def remove_node(self, index: int) -> None:
        """Take a balancer out; if it holds the address, the other one takes it over at once.

        The last one before a single web server goes when those whom it serves are done.
        """
        if int(self.nodes.member.sum()) == 1 and int(self.web.nodes.member.sum()) == 1:
            self.retire()
            return
        self.nodes.member[index] = False
        self.die(index, int(self.nodes.event[index]))
        if index in self.holders:
            door = self.holders.index(index)
            others = [i for i in self.nodes.serving.nonzero()[0].tolist() if self.door_of(i) == door]
            self.holders[door] = others[0] if others else NOBODY

    def restore_node(self, index: int) -> None:
        """A removed balancer comes back under its old name, knowing nothing."""
        self.nodes.member[index] = True
        self.nodes.born[index] = self.core.now
        self._take_address(index)
        self.bare = False

    def restart(self, index: int) -> None:
        """The process starts anew: its connections are gone, and what it believed."""
        self.die(index, int(self.nodes.event[index]))
        self.nodes.born[index] = self.core.now

    # ---- orders of agents

    def move_address(self, to: int) -> bool:
        """A pair moves its address to node `to`; whether it moved. What went through the old holder is reset.

        (The new holder knows nothing of those connections and answers their packets with RST.)
        """
        door = self.door_of(to)
        old = self.holders[door]
        if to == old or not self.nodes.member[to] or self.bare:
            return False
        self.holders[door] = to
        if old >= 0 and bool(self.nodes.up[old]):
            self._break(old, int(self.nodes.event[old]))
        return True

    def set_health(self, balancer: int, server: int, up: bool) -> bool:
        """A checker's verdict on a web server, as seen by one balancer; whether it is news."""
        self._grow()
        return self.choice.beliefs.judge(balancer, server, up, self.core.now)

    def thinks_up(self, balancer: int, server: int) -> bool:
        """A balancer's last verdict on a web server; it takes those it has not checked for healthy."""
        verdict = self.choice.beliefs.verdict
        return server >= verdict.shape[1] or bool(verdict[balancer, server])

    # ---- the way of a request

    def arrive(self, t: F8, slots: I8) -> None:
        """Packets leave the clients at t (n,) for `flights.address`."""
        t, slots = self.door.let_in(t, slots, self.dns.addresses)
        if not slots.size:
            return
        if self.bare:
            server = int(np.argmax(self.web.nodes.member))
            t, slots = self.door.travel(t, slots, "web", server)
            self.core.flights.web[slots] = server
            self.passed_by += slots.size
            self.web.arrive(t, slots)
        elif len(self.holders) == 1:
            self._to_door(0, t, slots)
        else:
            doors = self.door.doors[self.core.flights.address[slots]]
            for door in np.unique(doors).tolist():
                mine = doors == door
                self._to_door(door, t[mine], slots[mine])

    def step(self) -> None:
        """Queue what came, let the policy choose for what is done, and learn of the connections that end."""
        core, flights, end = self.core, self.core.flights, self.core.end
        if not len(self.nodes):
            return
        self._grow()
        self.choice.begin()
        t, slots = self.inbox.take(end, flights.id)
        gone = None
        if t.size:
            t, slots, node = self._at_holders(t, slots)
        if t.size and core.ills.certificate:
            flights.balancer[slots] = node
            self.replies.fail(slots, Cause.CERTIFICATE, core.ills.certificate)
            self.replies.from_balancer(t, slots)
        elif t.size:
            flights.balancer[slots] = node
            work = demands(self.rng, core.config.balancer.service, t.size)
            gone = self.stations.serve(t, node, work, slots, end, flights.id)[1]
        if gone is None:
            gone = self.stations.departures(end, flights.id)
        if gone.finish.size:
            flights.wait[gone.row] = gone.start - gone.arrival  # the first place where a row waits or is served
            flights.service[gone.row] = gone.finish - gone.start
            self.served.add(gone.node)
            self.latency.add((gone.finish - gone.arrival) * 1e3, gone.node)
            for i in core.tracer.pick(flights, gone.row):
                n = int(gone.node[i])
                address = self.door.addresses[self.door_of(n)]
                core.tracer.span(
                    int(gone.row[i]), "balancer", self.nodes.names[n], address=address, came=float(gone.arrival[i]),
                    wait=float(gone.start[i] - gone.arrival[i]), service=float(gone.finish[i] - gone.start[i]),
                )  # fmt: skip
        if self.guard is not None and self.guard.on and gone.finish.size:
            gone = self.guard.admit(gone, self.nodes, self.choice)
        self.choice.dispatch(gone)

    def close_at(self, t: F8, slots: I8) -> None:
        """The connections of these rows to their web servers end at t (n,)."""
        if len(self.nodes):
            self.choice.close_at(t, slots)

    def reset_web(self, node: int) -> None:
        """All connections to a dead web server are gone; that is a failure that balancers notice by themselves."""
        self._grow()
        self.choice.reset_server(node)

    def _grow(self) -> None:
        self.choice.grow(self.web)

    # ---- faults

    def effects_changed(self) -> None:
        """As `Staffed`; weights that are wrong act from the next choice on."""
        super().effects_changed()
        if self.weights != self.core.ills.weights:
            self.weights = dict(self.core.ills.weights)
            self.choice.weight = np.empty(0)

    def die(self, index: int, event: int) -> None:
        """Everything that this balancer held, and every connection through it, is lost."""
        inside = self.stations.crash(index, self.core.now)
        self._break(index, event)
        if inside.size:
            self.core.flights.close(inside, SERVER)
        self.choice.beliefs.forget(index)
        others = self.nodes.serving
        others[index] = False
        if self.choice.affinity is not None and not others.any():
            self.choice.affinity.empty()

    def _break(self, index: int, event: int) -> None:
        """Reset every connection through a balancer whose answer has not passed it."""
        self._grow()
        self.replies.sever("balancer", index, event)
        self.choice.conns.reset_balancer(index)

    # ---- settings and readings

    def option(self, name: str) -> OptionValue:
        """balancer.policy, fail_open, slow_start, load_bound, redispatch, connect_timeout, retry_answers."""
        if name == "retry_answers":
            return self.choice.again.most
        value: OptionValue = getattr(self.choice, name)
        return value

    def set_option(self, name: str, value: OptionValue) -> None:
        """Acts on the next request; a new policy begins with the connections that are open."""
        if name == "retry_answers":
            self.choice.again.most = int(value)
            return
        self.choice.set_option(name, value)

    def second(self) -> None:
        """A virtual second ended."""
        self.served.roll()
        self.latency.roll()
        self.rate.push(float(self.served.last.sum()))
        busy = self.stations.second(self.core.now)
        workers = np.array(self.stations.nodes.workers, dtype=np.float64)
        self.utilisation = np.clip((busy - self.busy_before) / np.maximum(workers, 1.0), 0.0, 1.0)
        self.busy_before = busy
        self._grow()
        self.choice.second()
        self.settle()

    def load(self) -> Load:
        """How loaded the balancers are."""
        return load_of(self.stations, self.utilisation, self.served.last, self.latency, self.core.now)

    def reading(self) -> Reading:
        """Pane 3."""
        self._grow()
        return reading(self)

    def inspect(self, node: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
        """State and settings of one balancer."""
        return inspect(self, node)
