"""The autoscaler of workers: it looks at the backlog for each worker, and adds or removes workers by it, within bounds.

As Amazon's guide to scaling by queue size has it: the acceptable backlog of a worker is the wait that one allows divided by the
time of a job; as many workers are wanted as keep every one's backlog below that. New ones take their time to start, and count
meanwhile, or each look would add them anew. In a calm queue it takes one away at a time, the newest first, and never the last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..commands import AddNode, RemoveNode, WorldCommand
from .base import AgentState, Look

if TYPE_CHECKING:
    from ..tiers.queue import Queue
    from ..view import View

CALM_LOOKS = 5  # in a row without a need for the newest worker, before it goes
AT_ONCE = 4  # workers added at one look: what may be ordered at a time


@dataclass(frozen=True, slots=True)
class Seen:
    """Memory: looks in a row at which fewer workers would do."""

    calm: int = 0


class BacklogScaler:
    """A row of AGENTS; one agent, living nowhere. Off unless `queue.autoscale` is on."""

    def begin(self, _name: str, _node: str | None) -> Seen:
        """Nothing seen yet."""
        return Seen()

    def look(self, view: View, me: AgentState) -> Look:
        """Compare the workers that are wanted with those that there are."""
        seen, queue, interval = me.memory, view.queue, view.config.queue.scale_interval
        assert isinstance(seen, Seen)
        if not queue.autoscale or not queue.brokers.members:
            return Look(Seen(), (), interval)
        have = queue.workers.members
        want = wanted(queue)
        if want > have:
            orders: tuple[WorldCommand, ...] = (AddNode("worker"),) * min(AT_ONCE, want - have)
            return Look(Seen(), orders, interval, int(queue.stopped[1]))
        if want == have or have <= 1:
            return Look(Seen(), (), interval)
        if seen.calm + 1 < CALM_LOOKS:
            return Look(Seen(seen.calm + 1), (), interval)
        newest = int(np.flatnonzero(queue.workers.nodes.member)[-1])
        return Look(Seen(seen.calm), (RemoveNode(queue.workers.nodes.names[newest]),), interval)


def wanted(queue: Queue) -> int:
    """Workers that keep every one's backlog below what is allowed, and do what comes; 1 at least, no more than may be."""
    config = queue.core.config.queue
    job = config.job.mean_ms / 1e3 / queue.workers.each  # seconds of a worker
    need = max(queue.messages.ready * job / queue.backlog, queue.rates["enqueued"] * job)
    return max(1, min(queue.most_workers, math.ceil(need)))
