"""When the clients give up: deadlines in the order in which they were set, nearly always that in which they come.

All attempts have the same time-out, so a batch launched in one step is due in one step, and the batches in order: a queue, of
which only the head is looked at. A time-out that someone has shortened makes later batches due before earlier ones; those go
into a calendar beside the queue.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from ...order import F8, I8, row_order
from ...pending import Pending


class Deadlines:
    """Rows (deadline, slot, id of the attempt) that come out ordered by (deadline, id)."""

    def __init__(self, dt: float) -> None:
        self.queue: deque[tuple[float, F8, I8, I8]] = deque()  # (none of it is due before, deadlines, slots, ids)
        self.astray = Pending(dt, columns=2)

    def push(self, least: float, t: F8, slots: I8, ids: I8) -> None:
        """Deadlines t (n,) s, ascending, none of them before `least` (s)."""
        if self.queue and least < self.queue[-1][0]:
            self.astray.push(t, slots, ids)
        else:
            self.queue.append((least, t, slots, ids))

    def take(self, end: float) -> tuple[F8, I8, I8] | None:
        """Remove and return (deadlines, slots, ids) of all before `end`, None if there is none."""
        got: list[tuple[F8, I8, I8]] = []
        kept: list[tuple[float, F8, I8, I8]] = []
        while self.queue and self.queue[0][0] < end:
            least, t, slots, ids = self.queue.popleft()
            due = int(t.searchsorted(end))
            if due:
                got.append((t[:due], slots[:due], ids[:due]))
            if due < t.size:
                kept.append((least, t[due:], slots[due:], ids[due:]))
        self.queue.extendleft(reversed(kept))
        if self.astray:
            t, (slots, ids) = self.astray.take_all(end)
            got += [(t, slots, ids)] * (t.size > 0)
        if not got:
            return None
        if len(got) == 1:
            return got[0]
        t, slots, ids = (np.concatenate(parts) for parts in zip(*got, strict=True))
        return t, slots, ids


def in_order(t: F8, slots: I8, ids: I8) -> tuple[F8, I8]:
    """(t, slots) sorted by (t, id)."""
    order, t = row_order(t, ids, None)
    return t, slots[order]
