"""The rebalancer: while a plan runs, it starts the copying of a chunk as often as the throttle allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..commands import CopyChunk
from .base import AgentState, Look

if TYPE_CHECKING:
    from ..view import View

IDLE_S = 0.5  # how often it looks for a new plan
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
        keys_a_second = db.rebalance_mb_s * 1e6 / db.core.config.database.item_bytes
        keys = max(db.rebalance_chunk, round(keys_a_second * db.core.dt))  # a look a step at most
        wake = keys / keys_a_second
        if not places.queue or len(places.chunks) >= OPEN:
            return Look(None, wake_after=min(wake, IDLE_S))
        return Look(None, (CopyChunk(keys),), wake)
