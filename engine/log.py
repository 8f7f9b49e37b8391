"""The event log: what happened, in order, each event with the one that caused it.

An event is made for anything a person would tell: a key pressed, a fault, a verdict of a checker, a promotion, a queue that
overflows. Following `cause` from any event ends at a beginning (cause 0): a key, a script line or the natural start.
"""

from __future__ import annotations

import hashlib
from collections import deque

from .snapshot import Event

KEEP = 2_000


class EventLog:
    """Bounded: the last KEEP events; ids count up from 1 and are never reused."""

    def __init__(self) -> None:
        self.events: deque[Event] = deque(maxlen=KEEP)
        self.next_id = 1
        self.latest_disturbance = 0  # last event that could explain trouble: a fault, an option, a change of traffic
        self.overload = 0  # the event that tells of failures without any disturbance before them
        self.chain_hash = b"\x00" * 16  # part of the run's digest
        self.causes: dict[int, int] = {}  # id -> cause of every event that began or passed on trouble; small

    def tell(
        self,
        at: float,
        by: str,
        text: str,
        *,
        cause: int = 0,
        level: str = "info",
        target: str = "",
        keys: str = "",
        disturbs: bool = False,
    ) -> int:
        """Append an event and return its id. level: "info", "good", "warn" or "bad"; at in virtual seconds."""
        event = Event(id=self.next_id, at=at, by=by, text=text, cause=cause, level=level, target=target, keys=keys)
        self.events.append(event)
        line = f"{event.id} {at!r} {by} {text} {cause} {level} {target}"
        self.chain_hash = hashlib.blake2b(self.chain_hash + line.encode(), digest_size=16).digest()
        self.causes[event.id] = cause
        if len(self.causes) > 4 * KEEP:
            for old in sorted(self.causes)[: 2 * KEEP]:
                del self.causes[old]
        self.next_id += 1
        if disturbs:
            self.latest_disturbance = event.id
        return event.id

    def chain(self, event_id: int) -> tuple[int, ...]:
        """Ids from `event_id` back to its beginning, both included."""
        path: list[int] = []
        while event_id and event_id not in path:
            path.append(event_id)
            event_id = self.causes.get(event_id, 0)
        return tuple(path)

    def find(self, event_id: int) -> Event | None:
        """The event with this id if it is still kept."""
        if not self.events or event_id < self.events[0].id or event_id >= self.next_id:
            return None
        return self.events[event_id - self.events[0].id]
