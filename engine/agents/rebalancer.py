"""The rebalancer: while a plan runs, it starts the copying of a chunk as often as the throttle allows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..commands import CopyChunk
from .base import AgentState, Look

if TYPE_CHECKING:
    from ..view import View

IDLE_S = 0.5  # how often it looks for a new plan
EARLY = 1e-9  # what rounding may take from a whole number
OPEN = 16  # chunks on their way at most: a slow source is not flooded


class Rebalancer:
    """Remembers nothing: the plan is in the database tier."""

    def begin(self, name: str, node: str | None) -> None:  # noqa: ARG002
        """No memory."""
        return

    def look(self, view: View, me: AgentState) -> Look:  # noqa: ARG002
        """Start one chunk if there is a plan; the next when that many bytes may have been copied."""
        db = view.database
        places = db.places
        if not places.moving:
            return Look(None, wake_after=IDLE_S)
        keys_a_step = db.rebalance_mb_s * 1e6 / db.core.config.database.item_bytes * db.core.dt
        steps = math.ceil(db.rebalance_chunk / keys_a_step - EARLY)  # a chunk fills a whole number of steps
        wake = steps * db.core.dt
        if not places.queue or len(places.chunks) >= OPEN:
            return Look(None, wake_after=min(wake, IDLE_S))
        return Look(None, (CopyChunk(int(keys_a_step * steps + EARLY)),), wake)
