"""A small real world for the tests of the rim: requests from a generator pass a few nodes, watched by agents.

It obeys the same contract as the engine's own world (`engine.runtime.world.World`): orders, agents with memory that die with
their nodes, a digest of all that happened, a whole state that can be saved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from engine.agents.base import Agent, AgentState, Look, restart, settle
from engine.catalogue import Catalogue
from engine.commands import Inject, Note, Order, Restart, SetHealth
from engine.snapshot import (
    SNAPSHOT_VERSION,
    Balancer,
    Cache,
    Clients,
    Dns,
    Headline,
    Inspection,
    Map,
    NodeState,
    Replication,
    Setting,
    Shards,
    Snapshot,
    Totals,
)
from engine.state import stateful

CATALOGUE = Catalogue("0", "small", 7, (), (), ())
NODES = 12


@dataclass(frozen=True)
class SmallView:
    """What agents see."""

    step_no: int
    now: float
    load: tuple[int, ...]
    up: tuple[bool, ...]


@stateful
@dataclass(frozen=True)
class Memory:
    looks: int = 0
    high: int = 0


class Watcher:
    """Notes a new high of its node's load, and now and then tells what it thinks of a neighbour."""

    def begin(self, name: str, node: str | None) -> Memory:
        return Memory()

    def look(self, view: SmallView, me: AgentState) -> Look:
        memory = me.memory
        assert isinstance(memory, Memory)
        index = int(me.name.rpartition("-")[2])
        load = view.load[index]
        told: list[Note | SetHealth] = []
        if load > memory.high:
            told.append(Note(f"{me.name} saw {load}"))
        if memory.looks % 3 == 2:
            other = (index + 1) % NODES
            told.append(SetHealth("lb", f"node-{other}", view.up[other]))
        return Look(Memory(memory.looks + 1, max(load, memory.high)), tuple(told), 0.01 * (1 + index % 4))


class Broken:
    """Fails at its third look."""

    def begin(self, name: str, node: str | None) -> int:
        return 0

    def look(self, view: SmallView, me: AgentState) -> Look:
        assert isinstance(me.memory, int)
        if me.memory == 2:
            raise RuntimeError("broken agent")
        return Look(me.memory + 1, (), 0.01)


TABLE: dict[str, Agent[SmallView]] = {"watcher": Watcher(), "broken": Broken()}


@stateful
class SmallWorld:
    """`work` burns that many rows of numpy per step, to make steps cost something."""

    def __init__(self, seed: int = 7, work: int = 0, agents: int = NODES) -> None:
        self.step_no = 0
        self.dt = 0.005
        self.work = work
        self.rng = np.random.Generator(np.random.PCG64(seed))
        self.load = np.zeros(NODES, np.int64)
        self.up = np.ones(NODES, np.bool_)
        self.health = [0] * NODES
        self.notes: list[str] = []
        self.chain = ""
        self.agents = {f"w-{i}": AgentState(f"w-{i}", "watcher", f"node-{i}", Memory(), i % 3) for i in range(agents)}

    @property
    def now(self) -> float:
        return self.step_no * 5 / 1e3

    def step(self, orders: Sequence[Order]) -> None:
        assert list(orders) == sorted(orders, key=lambda o: (o.by, o.number))
        for order in orders:
            self._apply(order)
        self.load = np.where(self.up, self.load // 2 + self.rng.poisson(5, NODES), 0)
        if self.work:
            np.sort(self.rng.random(self.work))
        self.step_no += 1
        settle(self.agents, TABLE, self._is_up, self.step_no)
        told = repr((self.chain, self.step_no, self.load.tolist(), orders, self.health))
        self.chain = hashlib.blake2b(told.encode(), digest_size=16).hexdigest()

    def _apply(self, order: Order) -> None:
        match order.command:
            case Inject(_, target):
                self.up[int(target.rpartition("-")[2])] = False
            case Restart(node):
                self.up[int(node.rpartition("-")[2])] = True
                restart(self.agents, TABLE, node, self.step_no)
            case SetHealth(_, node, up):
                self.health[int(node.rpartition("-")[2])] += 1 if up else -1
            case Note(text):
                self.notes.append(text)
                del self.notes[:-100]

    def _is_up(self, node: str) -> bool:
        return bool(self.up[int(node.rpartition("-")[2])])

    def view(self) -> SmallView:
        return SmallView(self.step_no, self.now, tuple(self.load.tolist()), tuple(self.up.tolist()))

    def inspect(self, target: str) -> Inspection | None:
        if not target.startswith("node-"):
            return None
        load = self.load[int(target.rpartition("-")[2])]
        return Inspection(target, target, NodeState.UP, (Setting("load", str(load)),), ())

    def follow(self, key: int | None, user: int | None) -> None:
        return None

    def digest(self) -> str:
        return self.chain

    def snapshot(self) -> Snapshot:
        return msgspec.structs.replace(BLANK, step=self.step_no, now=self.now, digest=self.chain)


def _blank() -> Snapshot:
    """A snapshot with every number at zero, made from the types themselves."""

    def zero(kind: object) -> object:
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            fields = msgspec.structs.fields(kind)
            return kind(**{f.name: zero(f.type) for f in fields if f.required})
        return {int: 0, float: 0.0, str: "", bool: False}.get(kind, ())  # type: ignore[call-overload]

    parts = {f.name: zero(f.type) for f in msgspec.structs.fields(Snapshot) if f.required}
    parts |= {"version": SNAPSHOT_VERSION, "scenario": "small", "seed": 7, "dt": 0.005}
    made = msgspec.convert(msgspec.to_builtins(parts), Snapshot)
    for name, kind in {
        "headline": Headline, "totals": Totals, "clients": Clients, "map": Map, "dns": Dns, "balancer": Balancer,
        "cache": Cache, "replication": Replication, "shards": Shards,
    }.items():  # fmt: skip
        assert isinstance(getattr(made, name), kind)
    return made


BLANK = _blank()
