"""A world of web servers and the real database tier: what the database's tests run on.

Requests are scripted: each leaves its web server at a given time and its answer is written down when it reaches the client, who
sits beside the web server. Everything in between (core, fabric, queues, replies) is the engine's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from engine.causes import Cause
from engine.commands import CopyChunk, Demote, Note, Promote
from engine.config import DatabasePart, ReplicationPart, Scenario, Service, Traffic, Users
from engine.core import Core
from engine.fabric import Fabric, Rule
from engine.flights import CLIENT, SERVER, Kind
from engine.nodes import Nodes
from engine.replies import Replies
from engine.state.classes import stateful
from engine.tiers.database import Database
from engine.tiers.queue import Queue

NO_TIME = Service(mean_ms=1e-6, floor_ms=1e-6, cv2=0.0)


@stateful
@dataclass(frozen=True)
class Answer:
    """What a client got: when, the version, the flags, the cause of a failure, latency and what it was made of."""

    at: float
    version: int
    flags: int
    cause: Cause
    left: float
    spent: float
    db: int


@stateful
class NoBalancer:
    """Users talk to their web server directly."""

    nodes: tuple[()] = ()
    direct = True


@stateful
class Notebook:
    """Clients: every answer by request id, exactly one each."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.answers: dict[int, Answer] = {}

    def answer(self, t: np.ndarray, slots: np.ndarray) -> None:
        f = self.core.flights
        for at, slot in zip(t.tolist(), slots.tolist(), strict=True):
            number = int(f.id[slot])
            assert number not in self.answers, "answered twice"
            spent = float(f.wire[slot] + f.wait[slot] + f.service[slot])
            cause = Cause(int(f.cause[slot]))
            self.answers[number] = Answer(
                at, int(f.version[slot]), int(f.flags[slot]), cause, float(f.born[slot]), spent, int(f.db[slot])
            )
        f.close(slots, CLIENT)
        f.close(slots, SERVER)


@stateful
@dataclass
class Ask:
    """A request that is to leave a web server."""

    at: float
    key: int
    write: bool
    user: int
    work: float
    web: int = 0


@stateful
@dataclass
class Rig:
    """The small world. `asked`: what was sent, by request id."""

    core: Core
    replies: Replies
    database: Database
    clients: Notebook
    asked: dict[int, Ask] = field(default_factory=dict)
    waiting: list[Ask] = field(default_factory=list)

    def at(self, asks: Iterable[Ask]) -> None:
        """Add requests to the script, in any order."""
        self.waiting.extend(asks)
        self.waiting.sort(key=lambda ask: (ask.at, ask.key, ask.user), reverse=True)

    def steps(self, n: int) -> None:
        core = self.core
        for _ in range(n):
            core.open_window()
            asks: list[Ask] = []
            while self.waiting and self.waiting[-1].at < core.end:
                asks.append(self.waiting.pop())
            if asks:
                self._send(asks)
            self.database.step()
            core.close_window()
            if core.step_no % round(1.0 / core.dt) == 0:
                self.database.second()

    def run_until(self, t: float) -> None:
        self.steps(round(t / self.core.dt) - self.core.step_no)

    def _send(self, asks: list[Ask]) -> None:
        flights = self.core.flights
        slots = flights.take(len(asks))
        t = np.array([ask.at for ask in asks])
        flights.key[slots] = [ask.key for ask in asks]
        flights.user[slots] = [ask.user for ask in asks]
        flights.kind[slots] = [Kind.WRITE if ask.write else Kind.READ for ask in asks]
        flights.web[slots] = [ask.web for ask in asks]
        flights.db_work[slots] = [ask.work for ask in asks]
        flights.city[slots] = 0
        flights.born[slots] = flights.sent[slots] = t
        flights.deadline[slots] = t + 1e6
        self.asked.update(zip(flights.id[slots].tolist(), asks, strict=True))
        self.database.arrive(t, slots)

    # ---- faults and commands, at a step boundary

    def down(self, name: str, up: bool = False, event: int = 1) -> None:
        """Crash a node, or bring it back."""
        index = self.database.nodes.index(name)
        self.database.nodes.up[index] = up
        self.database.nodes.event[index] = 0 if up else event
        self.changed()

    def speed(self, name: str, speed: float) -> None:
        self.database.nodes.speed[self.database.nodes.index(name)] = speed
        self.changed()

    def cut(self, a: tuple[str, int, int], b: tuple[str, int, int], event: int = 2) -> None:
        """Cut the links between two ends."""
        self.core.fabric.rules.append(Rule(a, b, 0.0, 0.0, cut=True, event=event))
        self.changed()

    def cut_nodes(self, a: str, b: str) -> None:
        index = self.database.nodes.index
        self.cut(("db", index(a), -1), ("db", index(b), -1))

    def cut_zone(self, zone: int) -> None:
        """A zone that nobody outside can reach, and that reaches nobody."""
        for other in range(len(self.core.fabric.zones)):
            if other != zone:
                self.cut(("*", -1, zone), ("*", -1, other))

    def heal_links(self) -> None:
        self.core.fabric.rules = []
        self.changed()

    def changed(self) -> None:
        self.core.fabric.refresh()
        self.database.effects_changed()

    def order(self, command: object) -> None:
        """What engine.apply does with the commands of the database's agents."""
        db = self.database
        if isinstance(command, Promote):
            db.promote(command.shard, db.nodes.index(command.node), command.fence, 0, command.detected)
        elif isinstance(command, Demote):
            db.demote(command.shard, db.nodes.index(command.node))
        elif isinstance(command, CopyChunk):
            db.copy_chunk(command.keys)
        else:
            assert isinstance(command, Note)
        self.changed()

    def move_all(self, most: int = 4_000) -> None:
        """Run until the plan is done, starting one chunk a step."""
        for _ in range(most):
            if not self.database.places.moving:
                return
            self.database.copy_chunk(50)
            self.steps(1)
        raise AssertionError("the plan does not end")


def rig(
    *,
    step_ms: float = 10.0,
    one_way: float = 0.0005,
    zones: int = 3,
    webs: int = 3,
    keys: int = 200,
    users: int = 100,
    seed: int = 7,
    replication: ReplicationPart | None = None,
    **database: object,
) -> Rig:
    """zones `one_way` s apart, one web server in each; `database` and `replication` as in a scenario."""
    part = DatabasePart(replication=replication or ReplicationPart(), **database)  # type: ignore[arg-type]
    config = Scenario(step_ms=step_ms, traffic=Traffic(keys=keys), database=part, users=Users(count=users))
    distance = np.full((zones, zones), one_way)
    np.fill_diagonal(distance, min(one_way, 0.0001))
    rng = np.random.Generator(np.random.PCG64(seed))
    fabric = Fabric(distance, np.zeros((1, zones)), ["here"], [chr(ord("a") + z) for z in range(zones)], rng)
    core = Core(config, seed, fabric)
    web = Nodes("web")
    fabric.add_tier(web)
    for i in range(webs):
        web.add(f"web-{i + 1}", i % zones, f"10.0.1.{i + 1}")
    replies = Replies(core)
    clients = Notebook(core)
    replies.queue = Queue(core, replies)
    replies.balancer = NoBalancer()  # type: ignore[assignment]
    replies.clients = clients  # type: ignore[assignment]
    tier = Database(core, replies)
    tier.effects_changed()
    return Rig(core, replies, tier, clients)
