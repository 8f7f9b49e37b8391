"""A shard's log told event by event: records on their way, acknowledgements on theirs, and when a write is committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slow_queue import Agenda, SlowQueue

from engine.config import ReplicationPart


@dataclass
class Record:
    key: int
    version: int
    written: float
    writer: Any


class SlowLog:
    """`committed(t, primary, writer)`; `show(node, key, version)` when readers of a node see a version: the primary
    shows a committed one, a replica what it has applied. ways: replica -> seconds from the primary, and as many back."""

    def __init__(
        self, agenda: Agenda, part: ReplicationPart, primary: int, ways: dict[int, float], standby: int,
        committed: Callable[[float, int, Any], None], show: Callable[[int, int, int], None],
    ) -> None:  # fmt: skip
        self.at, self.part, self.primary, self.ways, self.standby = agenda.at, part, primary, ways, standby
        self.committed, self.show = committed, show
        self.records: list[Record] = []
        self.done = 0  # so many are committed
        self.got = dict.fromkeys(ways, 0)  # so many has a replica received
        self.open = dict.fromkeys(ways, True)
        self.connection = dict.fromkeys(ways, 0)  # what was sent on an earlier one is lost
        self.appliers = {replica: SlowQueue(agenda, 1, self._applied) for replica in ways}
        self.alone = False  # semi-sync: nobody has confirmed for too long, so nobody is waited for

    def write(self, t: float, key: int, version: int, writer: Any) -> None:
        self.records.append(Record(key, version, t, writer))
        for replica in self.ways:
            self._send(t, replica)
        mode = self.part.mode
        if mode == "async" or (mode == "semi_sync" and self.alone) or not self.ways:
            self._commit(t, len(self.records))
        elif mode == "semi_sync":
            self.at(t + self.part.semi_sync_timeout, self._impatient, len(self.records))

    def _send(self, t: float, replica: int) -> None:
        """All that the replica lacks, in one packet; what it has already by then it ignores."""
        if self.open[replica]:
            self.at(t + self.ways[replica], self._received, replica, len(self.records), self.connection[replica])

    def _received(self, t: float, replica: int, count: int, connection: int) -> None:
        if connection != self.connection[replica]:
            return
        for record in self.records[self.got[replica] : count]:
            self.appliers[replica].arrive(t, (replica, record), 1.0 / self.part.apply_per_second)
        self.got[replica] = count
        self.at(t + self.ways[replica], self._confirmed, replica, count)

    def _confirmed(self, t: float, replica: int, count: int) -> None:
        if self.part.mode == "semi_sync" or (self.part.mode == "sync" and replica == self.standby):
            self._commit(t, count)

    def _impatient(self, t: float, count: int) -> None:
        if self.done < count:
            self.alone = True
            self._commit(t, len(self.records))

    def _commit(self, t: float, count: int) -> None:
        while self.done < count:
            record = self.records[self.done]
            self.done += 1
            self.show(self.primary, record.key, record.version)
            self.committed(t, self.primary, record.writer)

    def _applied(self, t: float, job: tuple[int, Record]) -> None:
        replica, record = job
        self.show(replica, record.key, record.version)

    # ---- what happens to it

    def cut(self, t: float, replica: int) -> None:
        self.open[replica] = False
        self.connection[replica] += 1

    def mend(self, t: float, replica: int) -> None:
        self.open[replica] = True
        self._send(t, replica)

    def look(self, t: float) -> None:
        """The primary looks now and then whether a replica has caught up: has it all that was written a while ago?"""
        for replica, way in self.ways.items():
            lacks = self.records[self.got[replica] :]
            if self.open[replica] and (not lacks or lacks[0].written + 1.5 * way >= t):
                self.alone = False
