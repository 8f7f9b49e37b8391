"""The log of orders from outside: which were applied before which step. The same log on the same world is the same run.

Agents are part of the world and give the same commands again by themselves, so theirs are not in the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from ..commands import Order


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """`order` was applied at the boundary at which `step_no` steps were done."""

    step_no: int
    order: Order


class OrderLog:
    """Orders in the order in which they were applied."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries: list[Entry] = list(entries)

    def add(self, step_no: int, orders: Sequence[Order]) -> None:
        """Record what is applied now."""
        self.entries.extend(Entry(step_no, order) for order in orders)

    def dump(self) -> bytes:
        """One JSON line per entry."""
        encode = msgspec.json.encode
        return b"".join(encode(entry) + b"\n" for entry in self.entries)

    @classmethod
    def parse(cls, data: bytes) -> OrderLog:
        """The log back from its lines; ValueError naming the line that is none."""
        decoder = msgspec.json.Decoder(Entry)
        entries = []
        for number, line in enumerate(data.splitlines(), 1):
            try:
                entries.append(decoder.decode(line))
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                raise ValueError(f"line {number} of the order log cannot be read: {error}") from error
        if any(a.step_no > b.step_no for a, b in pairwise(entries)):
            raise ValueError("the order log is not in order of time")
        return cls(entries)


class Replay:
    """Hands out the orders of a log, boundary by boundary."""

    def __init__(self, log: OrderLog) -> None:
        self._entries = log.entries
        self._next = 0

    def at(self, step_no: int) -> list[Order]:
        """The orders of this boundary; those of earlier ones, never asked for, count as missed: AssertionError."""
        orders = []
        while self._next < len(self._entries) and self._entries[self._next].step_no <= step_no:
            entry = self._entries[self._next]
            assert entry.step_no == step_no, f"the replay began at step {step_no}, after an order of step {entry.step_no}"
            orders.append(entry.order)
            self._next += 1
        return orders
