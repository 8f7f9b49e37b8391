"""A world of web servers, the real cache tier and a database of constant speed: what the cache's tests run on.

The database answers every read after `read_s` and commits every write after `write_s`, however many there are, and keeps one
version number a key. Clients sit beside their web servers (no distance) and write down what they get.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.causes import Cause
from engine.config import CachePart, Scenario, Traffic
from engine.core import Core
from engine.fabric import Fabric
from engine.flights import CLIENT, FILLS, SERVER, Kind
from engine.nodes import Nodes
from engine.replies import Replies
from engine.state.classes import stateful
from engine.tiers.cache import Cache
from engine.tiers.queue import Queue

ONE_WAY = np.array([[0.0001, 0.0004], [0.0004, 0.0001]])  # two zones, seconds


@stateful
@dataclass(frozen=True)
class Answer:
    """What a client got: when, the version read, the flags, the cause of a failure, and where the time went."""

    at: float
    version: int
    flags: int
    cause: int
    born: float
    spent: float


@stateful
class NoBalancer:
    """Users talk to their web server directly."""

    nodes: tuple[()] = ()
    direct = True


@stateful
class Notebook:
    """Clients: every answer by request id, exactly one each (unless `quiet`: long runs that count elsewhere)."""

    def __init__(self, core: Core, quiet: bool) -> None:
        self.core = core
        self.quiet = quiet
        self.answers: dict[int, Answer] = {}
        self.came: list[tuple[np.ndarray, np.ndarray]] = []

    def answer(self, t: np.ndarray, slots: np.ndarray) -> None:
        self.came.append((t, slots))

    def settle(self) -> None:
        """At the end of a step: write down who was answered in it, and let go of their rows."""
        came, self.came = self.came, []
        for t, slots in came:
            self._note(t, slots)

    def _note(self, t: np.ndarray, slots: np.ndarray) -> None:
        f = self.core.flights
        for at, slot in () if self.quiet else zip(t.tolist(), slots.tolist(), strict=True):
            number = int(f.id[slot])
            assert number not in self.answers, "answered twice"
            version, flags, cause, born = int(f.version[slot]), int(f.flags[slot]), int(f.cause[slot]), float(f.born[slot])
            self.answers[number] = Answer(at, version, flags, cause, born, float(f.wire[slot] + f.wait[slot] + f.service[slot]))
        f.close(slots, CLIENT)
        f.close(slots, SERVER)


@stateful
class ConstantDatabase:
    """Reads take read_s, writes write_s; `failing` reads fail with DB_UNAVAILABLE instead."""

    def __init__(self, core: Core, read_s: float, write_s: float, keys: int) -> None:
        self.core, self.read_s, self.write_s = core, read_s, write_s
        self.versions = np.zeros(keys, dtype=np.int64)
        self.due: list[tuple[float, int, int, bool]] = []  # t, id, slot, is a write
        self.reads = 0
        self.filling: list[tuple[float, int]] = []  # (t, key) of each read that will fill
        self.failing = False
        self.cache: Cache
        self.replies: Replies

    def arrive(self, t: np.ndarray, slots: np.ndarray) -> None:
        f = self.core.flights
        hop = self.core.fabric.hop("web", f.web[slots].astype(np.int64), "db", np.zeros(slots.size, np.int64))
        f.wire[slots] += hop.delay
        for at, slot in zip((t + hop.delay).tolist(), slots.tolist(), strict=True):
            write = int(f.kind[slot]) == Kind.WRITE
            self.reads += not write
            if int(f.flags[slot]) & FILLS:
                self.filling.append((at, int(f.key[slot])))
            took = self.write_s if write else self.read_s
            f.service[slot] += took
            heapq.heappush(self.due, (at + took, int(f.id[slot]), slot, write))

    def step(self) -> None:
        f = self.core.flights
        while self.due and self.due[0][0] < self.core.end:
            at, _, slot, write = heapq.heappop(self.due)
            t, slots, node = np.array([at]), np.array([slot]), np.array([0])
            key = int(f.key[slot])
            self.versions[key] += write
            f.version[slot] = self.versions[key]
            fills = int(f.flags[slot]) & FILLS
            if write:
                self.cache.answered(t, slots, node, 1)
            elif self.failing:
                self.replies.fail(slots, Cause.DB_UNAVAILABLE, 77)
                if fills:
                    self.cache.fill_failed(t, slots, Cause.DB_UNAVAILABLE, 77)
                self.replies.send(t, slots, "db", node)
            elif fills:
                self.cache.answered(t, slots, node, 0)
            else:
                self.replies.send(t, slots, "db", node)

    def outdated(self, keys: np.ndarray, versions: np.ndarray, at: np.ndarray) -> np.ndarray:
        return np.flatnonzero(versions < self.versions[keys])


@stateful
class Rig:
    """The whole thing. `read(t, key)` and `write(t, key)` script requests; `run(until)` steps the world."""

    def __init__(
        self, *, step_ms: float = 1.0, keys: int = 1000, read_s: float = 0.004, write_s: float = 0.006, seed: int = 3,
        one_way: np.ndarray = ONE_WAY, quiet: bool = False, **part: Any,
    ) -> None:  # fmt: skip
        part = {"nodes": 3, "timeout": 1e6, **part}
        config = Scenario(step_ms=step_ms, traffic=Traffic(keys=keys), cache=CachePart(**part))
        fabric = Fabric(one_way, np.zeros((1, 2)), ["here"], ["a", "b"], np.random.default_rng(1))
        self.core = Core(config, seed, fabric)
        web, database = Nodes("web"), Nodes("db")
        web.add("web-1", 0, "10.0.1.10")
        database.add("db-1", 1, "10.2.1.10")
        fabric.add_tier(web)
        fabric.add_tier(database)
        self.web = web
        self.replies = Replies(self.core)
        self.cache = Cache(self.core, self.replies)
        self.database = ConstantDatabase(self.core, read_s, write_s, keys)
        self.clients = Notebook(self.core, quiet)
        self.replies.queue = Queue(self.core, self.replies)
        self.replies.balancer = NoBalancer()  # type: ignore[assignment]
        self.replies.clients = self.clients  # type: ignore[assignment]
        self.cache.database = self.database  # type: ignore[assignment]
        self.database.cache, self.database.replies = self.cache, self.replies
        self.script: list[tuple[float, int, int]] = []  # t, key, kind
        self.at = 0

    def read(self, t: float, key: int) -> None:
        self.script.append((t, key, Kind.READ))

    def write(self, t: float, key: int) -> None:
        self.script.append((t, key, Kind.WRITE))

    def load(self, t: np.ndarray, keys: np.ndarray, writes: np.ndarray) -> None:
        """Many requests at once, t ascending."""
        kinds = np.where(writes, int(Kind.WRITE), int(Kind.READ)).tolist()
        self.script.extend(zip(t.tolist(), keys.tolist(), kinds, strict=True))

    def run(self, until: float) -> dict[int, Answer]:
        """Step to virtual second `until`; ids of requests are their places in the script."""
        while self.core.now < until - 1e-12:
            self.step()
        return self.clients.answers

    def step(self) -> None:
        core, begin = self.core, self.at
        core.open_window()
        while self.at < len(self.script) and self.script[self.at][0] < core.end:
            self.at += 1
        if self.at > begin:
            self._be_born(self.script[begin : self.at])
        self.cache.step()
        self.database.step()
        self.cache.judge()
        self.clients.settle()
        core.close_window()

    def _be_born(self, requests: list[tuple[float, int, int]]) -> None:
        f = self.core.flights
        slots = f.take(len(requests))
        t = np.array([r[0] for r in requests])
        f.key[slots], f.kind[slots] = [r[1] for r in requests], [r[2] for r in requests]
        f.web[slots], f.city[slots], f.sampled[slots], f.born[slots] = 0, 0, 0, t
        writes = f.kind[slots] == Kind.WRITE
        if writes.any():
            self.database.arrive(t[writes], slots[writes])
        self.cache.look_up(t[~writes], slots[~writes])
