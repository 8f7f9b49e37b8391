"""A balancer in front of FIFO servers, exactly, event by event: the joint model that a tier is checked against.

Here a connection closes at the very moment its server is done, without a wire between. Feedback is therefore immediate, as
in the textbook results on join-the-shortest-queue and two choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush, heapreplace

import numpy as np

from engine.policies.balancing.base import F8, I8, Backends, Policy, everyone, no_closes
from engine.policies.balancing.feedback import FeedbackPolicy, Loads
from engine.queueing import heap_fifo


def simulate_cluster(
    policy: Policy,
    t: F8,
    work: F8,
    n_nodes: int,
    workers: int = 1,
    *,
    user: I8 | None = None,
    weights: Sequence[float] | None = None,
) -> tuple[F8, F8, I8]:
    """Arrivals t (k,) s, sorted, with service demands `work` (k,) s, at n nodes of `workers` each: (start, finish, node).

    user: (k,) ids for policies that hash; default: every request is another user.
    """
    user = np.arange(len(t), dtype=np.int64) if user is None else user
    backends = everyone(n_nodes)
    if weights is not None:
        backends = backends._replace(weight=np.asarray(weights, dtype=np.float64))
    free = [[0.0] * workers for _ in range(n_nodes)]
    if isinstance(policy, FeedbackPolicy):
        return _joint(policy, t, work, user, backends, free)
    node = policy.choose(t, user, backends, [0] * n_nodes, no_closes())
    return (*heap_fifo(t, node, work, free), node)


def _joint(policy: FeedbackPolicy, t: F8, work: F8, user: I8, backends: Backends, free: list[list[float]]) -> tuple[F8, F8, I8]:
    """Where a request goes depends on who has finished, and who finishes depends on where requests went."""
    open_counts = [0] * len(free)
    loads = Loads(backends, open_counts)
    lots = policy.prepare(user, loads)
    leaving: list[tuple[float, int, float]] = []
    start: list[float] = []
    finish: list[float] = []
    node: list[int] = []
    for at, demand, lot in zip(t.tolist(), work.tolist(), lots, strict=True):
        while leaving and leaving[0][0] <= at:
            ended, where, came = heappop(leaving)
            policy.close(loads, open_counts, where, ended - came)
        position = policy.pick(loads, lot)
        loads.change(position, 1)
        where = loads.nodes[position]
        open_counts[where] += 1
        begins = at if at > free[where][0] else free[where][0]
        heapreplace(free[where], begins + demand)
        heappush(leaving, (begins + demand, where, at))
        start.append(begins)
        finish.append(begins + demand)
        node.append(where)
    return np.array(start), np.array(finish), np.array(node, dtype=np.int64)
