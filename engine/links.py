"""Links that carry so many packets a second and no more: one queue for both directions, in front of it a bounded buffer.

A packet waits until all before it are through; one that finds the buffer full is lost, and its sender sends it again. Packets
of one step take their places in the order in which the fabric is asked for them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class LinkQueues:
    """backlog: by the event of the fault that made the link narrow, packets in its buffer and when (s) that was so."""

    def __init__(self) -> None:
        self.backlog: dict[int, tuple[float, float]] = {}

    def waiting(self, link: int, now: float, per_second: float) -> float:
        """Packets in the buffer of a link at seconds `now`."""
        packets, since = self.backlog.get(link, (0.0, now))
        return max(0.0, packets - (now - since) * per_second)

    def enter(self, link: int, now: float, n: int, per_second: float, room: float) -> tuple[NDArray[np.float64], float]:
        """n packets come at seconds `now`: how long each waits (n,), and which share of them finds no room."""
        before = self.waiting(link, now, per_second)
        fits = min(n, max(0, int(room - before)))
        self.backlog[link] = before + fits, now
        places = np.minimum(np.arange(1, n + 1), max(fits, 1))
        return (before + places) / per_second, 1.0 - fits / n

    def keep(self, links: set[int]) -> None:
        """Forget all links but these: who is wide again has no queue."""
        self.backlog = {link: held for link, held in self.backlog.items() if link in links}
