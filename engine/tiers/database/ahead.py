"""How far the database may run ahead of the caches, so that neither decides before something it should have seen.

A look-up that a cache decides at or after a window's start reaches a database node two wires later at the earliest (cache - web
server - database), and holds its worker for the least service there is: what arrives before the one moment and what ends before
the other is settled. What ends later is back at a cache two wires after that. So if a window is no longer than four wires and
the least service, the database goes first, up to these moments, and then the caches up to the window's end miss nothing: the
conservative rule of parallel simulation (Chandy and Misra 1979) for two parts that take turns.
"""

from __future__ import annotations

from typing import NamedTuple

from ...core import Core
from ...queueing import Discipline
from ...replies import Replies
from .nodes import I2, I8, DatabaseNodes

SLACK_S = 1e-9  # window bounds are rounded


class Until(NamedTuple):
    """Moments (s) up to which a pass handles: what leaves web servers, what reaches nodes, what ends there, and failures that
    the drivers at the web servers hear of."""

    leave: float
    reach: float
    end: float
    hear: float


class DatabaseAhead(DatabaseNodes):
    """until: of the present pass. reached, heard: up to which moments (s) the passes before have handled what reaches nodes, and
    failures that drivers hear of.

    wire: the shortest way between two nodes, s. least_service: the least time that a request holds a worker, s; 0 where a job
    that comes later may change what happens to one that is there (newest first, bounded queues).
    """

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core, replies)
        self.until = Until(0.0, 0.0, 0.0, 0.0)
        self.reached = self.heard = 0.0
        self.wire, self.least_service = 0.0, 0.0

    def _look_ahead(self) -> None:
        """What this step may count on."""
        self.wire = float(self.core.fabric.zone_one_way.min())
        plain = self.stations.discipline is Discipline.FIFO and not self.stations.nodes.any_bound
        self.least_service = self.core.least_db_work / max(1.0, float(self.nodes.speed.max())) if plain else 0.0

    def shards_for(self, slots: I8) -> I2:
        """Which shards (n,) are asked for the keys of these rows."""
        owner: I2 = self.places.owner[self.core.flights.key[slots]]
        return owner

    def leads(self) -> bool:
        """Is the window no longer than the way round the loop?"""
        return self.core.end - self.core.start <= 4.0 * self.wire + self.least_service + SLACK_S

    def settled(self) -> Until:
        """What no cache can change any more, in a window in which the database leads."""
        start, end = self.core.start, self.core.end
        leave, reach = min(start + self.wire, end), min(start + 2.0 * self.wire, end)
        done = min(reach + self.least_service, end)
        return Until(leave, reach, done, min(done, reach + self.wire))  # a door shut at `reach` is known a wire later
