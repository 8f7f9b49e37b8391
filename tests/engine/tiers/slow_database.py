"""What the database tier must show, in plain Python: one list of records a shard, every replica a list of times.

It watches the real tier's primaries write (what was written, where and when) and works out by itself what each replica has
received and applied, what each node shows of a key, and what a promotion loses. No arrays, no chains, no plans that are revised
from the middle: every change throws the future away and lists it anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.tiers.database.log import Log

INF = float("inf")


@dataclass
class Record:
    """written: s. copied: a row that came from another shard, not a write."""

    key: int
    version: int
    written: float
    root: int
    copied: bool


@dataclass
class SlowReplica:
    """arrived, applied: times of the first records of the log, as far as known; what is missing at the end has not been sent."""

    delay: float
    rate: float
    arrived: list[float] = field(default_factory=list)
    applied: list[float] = field(default_factory=list)
    open: bool = True
    runs: bool = True

    def feed(self, log: list[Record], now: float) -> None:
        """Send what has not been sent (never before `now`), apply in order."""
        if self.open:
            for record in log[len(self.arrived) :]:
                self.arrived.append(max([record.written + self.delay, now + self.delay if record.written < now else -INF,
                                         *self.arrived[-1:]]))  # fmt: skip
        if self.runs:
            for at in self.arrived[len(self.applied) :]:
                self.applied.append(max([at, now if at <= now else -INF, *self.applied[-1:]]) + 1.0 / self.rate)

    def forget_future(self, now: float, *, wire: bool, applier: bool) -> None:
        """What is on the wire is lost; what is not applied yet will not be, as things stand."""
        if wire:
            self.arrived = [at for at in self.arrived if at <= now]
        if applier:
            self.applied = [at for at in self.applied if at <= now]
        self.applied = self.applied[: len(self.arrived)]


@dataclass
class SlowShard:
    """`since`: key -> (records in the log, version) when the key came to this shard; nothing before that counts for it."""

    log: list[Record] = field(default_factory=list)
    replicas: dict[int, SlowReplica] = field(default_factory=dict)
    since: dict[int, tuple[int, int]] = field(default_factory=dict)

    def value(self, key: int, records: int) -> int:
        """Version of a key in the first `records` of the log."""
        first, version = self.since.get(key, (0, 0))
        for record in self.log[first:records]:
            if record.key == key and not record.copied:
                version = record.version
        return version

    def seen(self, node: int, t: float) -> int:
        """Records that a node shows at t: a replica what it has applied, the primary what is written."""
        if node in self.replicas:
            return sum(at <= t for at in self.replicas[node].applied)
        return sum(record.written <= t for record in self.log)

    def lost(self, node: int, now: float) -> list[Record]:
        """Writes that are gone if `node` is promoted now; those of keys that have moved here since are safe in their copies."""
        position = sum(at <= now for at in self.replicas[node].arrived)
        return [
            record
            for i, record in enumerate(self.log)
            if i >= position and not record.copied and self.since.get(record.key, (0, 0))[0] <= i
        ]

    def promote(self, node: int, now: float) -> None:
        """The log ends where the promoted node's ends; the others keep what they have of it."""
        position = sum(at <= now for at in self.replicas.pop(node).arrived)
        del self.log[position:]
        for replica in self.replicas.values():
            replica.arrived = [at for at in replica.arrived[:position] if at <= now]
            replica.applied = replica.applied[: len(replica.arrived)]
        self.since = {key: (min(at, position), version) for key, (at, version) in self.since.items()}


def record_of(log: Log, i: int) -> Record:
    """Record i of the engine's log as the model writes it."""
    return Record(
        int(log.key[i]),
        int(log.version[i]),
        float(log.written[i]),
        int(log.root[i]),
        bool(log.user[i] < 0),
    )
