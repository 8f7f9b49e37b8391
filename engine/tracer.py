"""Full spans of sampled requests: one in SAMPLE_EVERY, those a person asks for, and none else.

A tier tells the tracer about a batch in one call; only rows marked as sampled cost anything. Times are absolute virtual
seconds here and become relative to the request's birth when a trace is shown.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, TypeAlias

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from .flights import Flights
from .snapshot import Span, Trace

SAMPLE_EVERY = 1_000
KEEP = 64
KEEP_FAILED = 4  # failed ones that outlive the rest: few fail, and they are what is looked for
KEEP_ASKED = 4  # of those that a person asked for: among many sampled ones they would be gone before they are seen
ADOPT_S = 1.0  # virtual seconds between two requests that are adopted because they fail

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]
Raw: TypeAlias = tuple[str, str, str, float, float, float, float, str]  # hop, node, address, came, wait, service, wire, note


class Finished(NamedTuple):
    """A request that is over: its trace without spans, when it was born (s), and its spans as they were told.

    A thousand a second may end and only the last few are ever looked at.
    """

    trace: Trace
    born: float
    told: list[Raw]

    def whole(self) -> Trace:
        """The trace with its spans."""
        spans = tuple(
            Span(
                hop=hop, node=node, address=address, start_ms=(came - self.born) * 1e3, wait_ms=wait * 1e3,
                service_ms=service * 1e3, wire_ms=wire * 1e3, note=note,
            )
            for hop, node, address, came, wait, service, wire, note in _with_version(self.told, self.trace.version)
        )  # fmt: skip
        return structs.replace(self.trace, spans=spans)


class Tracer:
    """Open traces by slot, the last KEEP finished ones, and the last few that failed or that a person asked for."""

    def __init__(self) -> None:
        self.open: dict[int, list[Raw]] = {}
        self.done: deque[Finished] = deque(maxlen=KEEP)
        self.failed: deque[Trace] = deque(maxlen=KEEP_FAILED)
        self.asked: deque[Trace] = deque(maxlen=KEEP_ASKED)
        self.asked_ids: list[int] = []  # of requests in `open`
        self.adopt_from = 0.0
        self.want_key = -1
        self.want_user = -1

    def mark(self, flights: Flights, slots: I8) -> None:
        """Choose which of these newborn requests keep their spans."""
        if self.want_key < 0 and self.want_user < 0:
            first = int(flights.root[slots[0]])  # ids count up in order of birth
            for slot in slots[-first % SAMPLE_EVERY :: SAMPLE_EVERY].tolist():
                flights.sampled[slot] = 1
                self.open[slot] = []
            return
        wanted = np.zeros(slots.size, dtype=np.bool_)
        if self.want_key >= 0:
            wanted |= flights.key[slots] == self.want_key
        if self.want_user >= 0:
            wanted |= flights.user[slots] == self.want_user
        wanted[wanted.nonzero()[0][1:]] = False  # the next one, not all of a batch
        chosen = wanted | (flights.root[slots] % SAMPLE_EVERY == 0)
        flights.sampled[slots] = chosen
        for slot in slots[chosen].tolist():
            self.open[slot] = []
        for slot in slots[wanted].tolist():
            self.asked_ids.append(int(flights.root[slot]))
            self.want_key = self.want_user = -1

    def adopt(self, flights: Flights, slots: I8, now: float) -> None:
        """First attempts among `slots` fail at their first hop: nothing of them was missed, so one can still be sampled.

        One in SAMPLE_EVERY alone would find the first failure of a small share only after a long while.
        """
        if now < self.adopt_from or flights.sampled[slots].any():
            return
        first = slots[flights.attempt[slots] == 0]
        if first.size:
            self.adopt_from = now + ADOPT_S
            flights.sampled[first[0]] = 1
            self.open[int(first[0])] = []

    def kept(self) -> tuple[Trace, ...]:
        """All finished traces that are still known, oldest first."""
        done = [one.whole() for one in self.done]
        known = {trace.id for trace in done}
        rare = {trace.id: trace for trace in (*self.failed, *self.asked) if trace.id not in known}
        return (*rare.values(), *done)

    def pick(self, flights: Flights, slots: I8) -> list[int]:
        """Positions in `slots` of the sampled rows (usually none)."""
        if not self.open:
            return []
        found: list[int] = flights.sampled[slots].view(np.bool_).nonzero()[0].tolist()  # ten times as fast as of numbers
        return found

    def span(
        self,
        slot: int,
        hop: str,
        node: str,
        *,
        address: str = "",
        came: float,
        wire: float = 0.0,
        wait: float = 0.0,
        service: float = 0.0,
        note: str = "",
    ) -> None:
        """One hop of one sampled request: when it came (absolute seconds), and the seconds it spent how."""
        if slot in self.open:
            self.open[slot].append((hop, node, address, came, wait, service, wire, note))

    def close(self, flights: Flights, slot: int, trace: Trace) -> None:
        """The request is over: keep its trace, whose spans are filled in when somebody looks."""
        one = Finished(trace, float(flights.born[slot]), self.open.pop(slot, []))
        self.done.append(one)
        if trace.cause:
            self.failed.append(one.whole())
        if trace.id in self.asked_ids:
            self.asked_ids.remove(trace.id)
            self.asked.append(one.whole())


def _with_version(spans: list[Raw], version: int) -> list[Raw]:
    """The last cache or database that was asked is the one that answered: its note tells the version of the item."""
    at = max((i for i, span in enumerate(spans) if span[0] in ("cache", "db")), default=-1)
    if version < 0 or at < 0:
        return spans
    answered = (*spans[at][:-1], f"{spans[at][-1]}, version {version:,}")
    return [*spans[:at], answered, *spans[at + 1 :]]
