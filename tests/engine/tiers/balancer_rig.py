"""A small world of clients, balancers and web servers, all real but the clients' patience: what the balancer's tests run on.

Routes need neither cache nor database. Clients sit in one city and write down what they get; they do not try again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.agents.balancer_pair import PairKeeper
from engine.agents.base import AgentState, wake_step
from engine.agents.health import HealthChecker
from engine.causes import SILENT, Cause
from engine.commands import MoveAddress, SetHealth
from engine.config import BalancerPart, Health, Route, Scenario, Service, WebPart
from engine.core import Core
from engine.fabric import Fabric
from engine.flights import CLIENT, SERVER
from engine.pending import Pending
from engine.regions import PUBLIC_ADDRESS
from engine.replies import Replies
from engine.state.classes import stateful
from engine.tiers.balancer import Balancer
from engine.tiers.queue import Queue
from engine.tiers.web import Web
from engine.view import View

ONE_WAY = np.array([[0.001, 0.002], [0.002, 0.001]])  # two zones, seconds
CITY_WAY = np.array([[0.010, 0.012]])
ADDRESSES = [PUBLIC_ADDRESS, "10.0.1.10", "198.51.100.7"]
AGENTS = {"health": HealthChecker(), "pair": PairKeeper()}


@stateful
@dataclass(frozen=True)
class Answer:
    """What a client got, when (s), from which server by which balancer, and where the time went."""

    at: float
    cause: Cause
    web: int
    balancer: int
    spent: float


@stateful
class Notebook:
    """Clients: how every attempt ended, by request id, exactly once each."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.inbox = Pending(core.dt)
        self.resets = Pending(core.dt, columns=3)
        self.deadlines = Pending(core.dt, columns=2)
        self.got: dict[int, Answer] = {}

    def answer(self, t: np.ndarray, slots: np.ndarray) -> None:
        self.inbox.push(t, slots)

    def reset(self, t: np.ndarray, slots: np.ndarray, cause: Cause, event: int) -> None:
        self.resets.push(t, slots, self.core.flights.id[slots], np.full(slots.size, int(cause)))

    def _write(self, at: float, slot: int, cause: Cause) -> None:
        f = self.core.flights
        number = int(f.id[slot])
        assert number not in self.got, "ended twice"
        spent = float(f.wire[slot] + f.wait[slot] + f.service[slot])
        self.got[number] = Answer(at, cause, int(f.web[slot]), int(f.balancer[slot]), spent)
        f.close(np.array([slot]), CLIENT)

    def step(self) -> None:
        f, end = self.core.flights, self.core.end
        events = [(at, 0, s, int(f.id[s]), int(f.cause[s])) for at, s in zip(*self.inbox.take(end, f.id), strict=True)]
        t, (slots, ids, causes) = self.resets.take_all(end)
        events += [(at, 1, s, i, c) for at, s, i, c in zip(t, slots, ids, causes, strict=True)]
        t, (slots, ids) = self.deadlines.take_all(end)
        events += [(at, 2, s, i, int(Cause.TIMEOUT)) for at, s, i in zip(t, slots, ids, strict=True)]
        for at, kind, slot, number, cause in sorted(events):
            if f.id[slot] == number and f.sides[slot] & CLIENT:
                silent = kind == 2 and Cause(int(f.cause[slot])) in SILENT
                self._write(float(at), int(slot), Cause(int(f.cause[slot])) if silent else Cause(int(cause)))
            if kind == 0:
                f.close(np.array([slot]), SERVER)


@stateful
class Absent:
    """No cache and no database: nobody may ask them."""

    nodes: tuple[()] = ()
    guest = -1  # nor does a database share a web server's machine
    jobs: tuple[()] = ()

    @property
    def places(self) -> Absent:
        """Where keys are: nowhere, and nothing is moved."""
        return self

    def look_up(self, t: np.ndarray, slots: np.ndarray) -> None:
        raise AssertionError("the page needs no cache")

    def arrive(self, t: np.ndarray, slots: np.ndarray) -> None:
        raise AssertionError("the page needs no database")

    def web_died(self, *_: object) -> None:
        """Nothing is here that could belong to a web server."""


@stateful
class Names:
    """DNS that has answered already."""

    def __init__(self) -> None:
        self.addresses = list(ADDRESSES)


class Rig:
    """The world; `load` what clients ask, `run` it to a time, read `clients.got` by request id."""

    def __init__(
        self, *, step_ms: float = 10.0, servers: int = 4, workers: int = 2, seed: int = 1, queue: int = 0, **part: Any
    ) -> None:
        health = part.pop("health", {})
        part.setdefault("nodes", 1)
        part.setdefault("policy", "round_robin")
        self.config = Scenario(
            seed=seed, step_ms=step_ms, route=(Route("page", 1.0, "read", cached=False, database=False),),
            balancer=BalancerPart(health=Health(**health), **part),
            web=WebPart(nodes=servers, workers=workers, queue=0, service=Service(10.0, 0.0, 1.0)),
        )  # fmt: skip
        fabric = Fabric(ONE_WAY, CITY_WAY, ["Here"], ["a", "b"], np.random.default_rng(seed))
        self.core = Core(self.config, seed, fabric)
        self.replies = Replies(self.core)
        self.clients = Notebook(self.core)
        self.balancer, self.web = Balancer(self.core, self.replies), Web(self.core, self.replies)
        self.replies.balancer, self.replies.clients = self.balancer, self.clients
        self.balancer.web, self.balancer.dns = self.web, Names()
        self.replies.queue = self.web.photos = Queue(self.core, self.replies)
        self.web.balancer, self.web.cache, self.web.database = self.balancer, Absent(), Absent()
        self.agents: dict[str, AgentState] = {}
        self.script: list[tuple[float, int, float, int]] = []
        self.told: list[tuple[float, Any]] = []
        self.sent = 0

    def employ(self, *kinds: str) -> None:
        """Agents of these kinds on every balancer."""
        for kind in kinds:
            for node in self.balancer.nodes.names:
                name = f"{kind} {node}"
                self.agents[name] = AgentState(name, kind, node, AGENTS[kind].begin(name, node))

    def load(self, t: np.ndarray, user: np.ndarray, work: np.ndarray, address: int = 0) -> None:
        """Attempts that begin at t (n,) s, sorted, with demands `work` (n,) s at the web servers."""
        self.script += [(float(a), int(u), float(w), address) for a, u, w in zip(t, user, work, strict=True)]
        self.script.sort()

    def fault(self, tier: str, index: int, **effects: Any) -> None:
        """Effects on a node at this boundary, and what follows at once."""
        nodes = self.core.fabric.tiers[tier]
        for name, value in effects.items():
            getattr(nodes, name)[index] = value
        self.refresh()

    def refresh(self) -> None:
        self.core.fabric.refresh()
        self.balancer.effects_changed()
        self.web.effects_changed()

    def run(self, until: float) -> dict[int, Answer]:
        """Step until a time; answers so far."""
        while self.core.now < until - 1e-9:
            self._agents()
            self._step()
        return self.clients.got

    def _agents(self) -> None:
        core, view = self.core, View(self)
        orders = []
        for agent in self.agents.values():
            if agent.wake_step <= core.step_no and self.balancer.nodes.up[self.balancer.nodes.index(agent.node)]:
                look = AGENTS[agent.kind].look(view, agent)
                agent.memory = look.memory
                agent.wake_step = wake_step(core.step_no, look.wake_after, core.dt)
                orders += look.commands
        for order in orders:
            self.told.append((core.now, order))
            if isinstance(order, SetHealth):
                names = self.balancer.nodes, self.web.nodes
                assert self.balancer.set_health(names[0].index(order.balancer), names[1].index(order.node), order.up)
            elif isinstance(order, MoveAddress):
                assert self.balancer.move_address(self.balancer.nodes.index(order.to))

    def _step(self) -> None:
        core, f = self.core, self.core.flights
        core.open_window()
        due = []
        while self.sent < len(self.script) and self.script[self.sent][0] < core.end:
            due.append(self.script[self.sent])
            self.sent += 1
        if due:
            t, user, work, address = (np.array(column) for column in zip(*due, strict=True))
            slots = f.take(len(due))
            f.user[slots], f.web_work[slots], f.address[slots] = user, work, address
            f.born[slots] = f.sent[slots] = t
            f.route[slots] = f.city[slots] = f.sampled[slots] = 0
            f.deadline[slots] = t + 5.0
            self.clients.deadlines.push(t + 5.0, slots, f.id[slots])
            self.balancer.arrive(t, slots)
        self.balancer.step()
        self.web.step()
        self.replies.step()
        self.clients.step()
        core.close_window()
        if core.step_no % round(1.0 / core.dt) == 0:
            self.balancer.second()
            self.web.second()

    def open(self) -> list[int]:
        """Open connections per server, of all balancers."""
        return np.sum(self.balancer.choice.conns.counts, axis=0).tolist()
