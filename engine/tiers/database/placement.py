"""Which shard owns a key, which shard is to own it, and what still has to be copied.

`owner` is the routing table and the truth at once: exactly one shard per key, changed only when a copied key is handed over. When
shards come or go (or the rule changes) the rule gives a new `target`; the keys that differ are the plan. The other rule is
computed on the same keys beside it, so that modulo and ring can be compared.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ...config import DatabasePart
from ...policies.hashing import mix
from ...policies.placement import Modulo, Placement, Ring

I2 = NDArray[np.int16]
I8 = NDArray[np.int64]

STRIP = 64  # pieces of the ring that are shown
RULES: tuple[type[Placement], ...] = (Ring, Modulo)


class Stage(StrEnum):
    """How far the copying of a chunk of keys has come."""

    IDLE = "waits"  # nobody to read from or write to; tried again at `not_before`
    READING = "read at the source"
    WRITING = "written at the destination"
    READY = "copied"  # handed over at the next step boundary


class Chunk:
    """Keys on their way from shard `source` to shard `to`. versions: of the keys, as copied."""

    def __init__(self, number: int, source: int, to: int, keys: I8) -> None:
        self.number = number
        self.source = source
        self.to = to
        self.keys = keys
        self.versions: I8 = np.zeros(0, dtype=np.int64)
        self.stage = Stage.IDLE
        self.not_before = 0.0


class Seed:
    """A new replica that copies the data of its shard: `done` of `total` bytes so far, `ahead` of them not yet asked for."""

    def __init__(self, shard: int) -> None:
        self.shard = shard
        self.done = 0.0
        self.total = 0.0
        self.ahead = 0.0
        self.next_at = 0.0  # the throttle's next turn, seconds


class Job:
    """Work (s) at a database node that is no request. kind: "read" or "write" of a chunk, "mirror", "seed", "apply"."""

    def __init__(self, kind: str, work: float, chunk: int = -1, key: int = -1, version: int = 0) -> None:
        self.kind = kind
        self.work = work
        self.chunk = chunk
        self.key = key
        self.version = version


class Places:
    """The map of keys to shards and the running plan. Shards are numbered in the order of their coming."""

    def __init__(self, config: DatabasePart, keys: int, names: list[str]) -> None:
        self.rule: str = config.placement
        self.rules: dict[str, Placement] = {rule.name: rule(names, config.virtual_nodes) for rule in RULES}
        self.every: I8 = np.arange(keys, dtype=np.int64)
        self.held: dict[str, I2] = {name: rule.owner(self.every) for name, rule in self.rules.items()}
        self.owner: I2 = self.held[self.rule].copy()
        self.target: I2 = self.owner.copy()
        self.theory: dict[str, float] = dict.fromkeys(self.rules, 0.0)  # share of the keys that the last change moves
        self.pinned: dict[int, int] = {}  # keys that are split off, and the shard that each has for itself
        self.planned = 0
        self.moved = 0
        self.moved_ever = False  # has any key been handed over since the start?
        self.began = 0.0
        self.queue: deque[tuple[int, int, I8]] = deque()
        self.queued = 0
        self.chunks: dict[int, Chunk] = {}
        self.copying: NDArray[np.int32] = np.zeros(keys, dtype=np.int32)  # 1 + number of the chunk that a key is in
        self.next_chunk = 0
        self.jobs: dict[int, Job] = {}
        self.next_row = -2  # rows of jobs: negative, counting down
        self.seeds: dict[int, Seed] = {}
        hashes = mix(self.every)
        cell = (hashes >> np.uint64(58)).astype(np.int64)  # 64 pieces of the ring
        self.strip: I8 = np.unique(cell, return_index=True)[1].astype(np.int64)  # the first key of each piece

    # ---- plans

    def add(self, name: str) -> None:
        """A shard comes: plan what moves to it."""
        for rule in self.rules.values():
            rule.add(name)
        self._replan()

    def remove(self, name: str) -> None:
        """A shard goes: plan where its keys move to."""
        for rule in self.rules.values():
            rule.remove(name)
        self._replan()

    def set_rule(self, rule: str) -> None:
        """Place by the ring or by modulo from now on."""
        self.rule = rule
        self._replan()

    def _replan(self) -> None:
        for name, rule in self.rules.items():
            owner = rule.owner(self.every)
            self.theory[name] = float(np.count_nonzero(owner != self.held[name])) / max(1, owner.size)
            self.held[name] = owner
        self.plan()

    def plan(self) -> None:
        """What the rule wants, but for keys that are split off: the difference to what is so is to be moved."""
        self.target = self.held[self.rule].copy()
        for key, shard in self.pinned.items():
            self.target[key] = shard
        self.planned = int(np.count_nonzero(self.target != self.owner))
        self.moved = 0
        self._fill_queue()

    def _fill_queue(self) -> None:
        """Runs of keys that share source and destination, in order of both; what is being copied already is left out."""
        self.queue.clear()
        keys = np.flatnonzero((self.target != self.owner) & (self.copying == 0))
        self.queued = keys.size
        source, to = self.owner[keys].astype(np.int64), self.target[keys].astype(np.int64)
        order = np.lexsort((keys, to, source))
        source, to, keys = source[order], to[order], keys[order]
        cuts = np.flatnonzero((np.diff(source) != 0) | (np.diff(to) != 0)) + 1
        for run in np.split(np.arange(keys.size), cuts):
            if run.size:
                self.queue.append((int(source[run[0]]), int(to[run[0]]), keys[run]))

    def next(self, limit: int) -> Chunk | None:
        """The next chunk of the plan, at most `limit` keys of one source and destination; None if nothing is left."""
        if not self.queue:
            return None
        source, to, keys = self.queue.popleft()
        if keys.size > limit:
            self.queue.append((source, to, keys[limit:]))  # pairs take turns
            keys = keys[:limit]
        self.queued -= keys.size
        chunk = Chunk(self.next_chunk, source, to, keys)
        self.next_chunk += 1
        self.chunks[chunk.number] = chunk
        self.copying[keys] = chunk.number + 1
        return chunk

    @property
    def moving(self) -> bool:
        """Is there anything left to move?"""
        return bool(self.queue) or bool(self.chunks)

    def hand_over(self, chunk: Chunk, ready: NDArray[np.bool_]) -> I8:
        """These keys of a chunk (mask) belong to their new shard from now on; returns them."""
        keys = chunk.keys[ready]
        self.owner[keys] = chunk.to
        self.copying[keys] = 0
        self.moved += keys.size
        self.moved_ever = True
        chunk.keys, chunk.versions = chunk.keys[~ready], chunk.versions[~ready]
        if not chunk.keys.size:
            del self.chunks[chunk.number]
            if not self.moving:
                self._fill_queue()  # a change of plan may have left keys out that were on their way elsewhere
        return keys

    # ---- jobs

    def job(self, job: Job) -> int:
        """A row number for a job."""
        row = self.next_row
        self.next_row -= 1
        self.jobs[row] = job
        return row

    def seed(self, node: int, shard: int) -> None:
        """A replica starts with nothing."""
        self.seeds[node] = Seed(shard)

    # ---- views

    def counts(self, shards: int) -> I8:
        """Keys of each shard, (shards,)."""
        return np.bincount(self.owner, minlength=shards)

    def ring(self) -> tuple[int, ...]:
        """Owners around the ring; -1 - i where a piece is to move to i."""
        owner, target = self.owner[self.strip].tolist(), self.target[self.strip].tolist()
        return tuple(o if o == t else -1 - t for o, t in zip(owner, target, strict=True))
