"""What becomes of a node's plan when the node changes: another speed, other workers, jobs gone.

Jobs in service keep their reading of the progress clock (the work they have had is not lost), waiting ones are planned
anew in order. With nothing changed the new plan equals the old one bit for bit.
"""

from __future__ import annotations

from heapq import heapify, heapreplace

from engine.queueing.core import NodePlan
from engine.queueing.jobs import INF, Discipline, Job
from engine.queueing.progress import ProgressClock


def replan(jobs: list[Job], now: float, clock: ProgressClock, workers: int, discipline: Discipline) -> NodePlan:
    """New plan at `now` (s) of the jobs (in order of admission, none done) of a node whose clock is already bent.

    With fewer workers than jobs in service those go on to their end; the workers that remain take the next job only when
    fewer than `workers` are in service.
    """
    reading = clock.reading(now)
    serving = [
        (max(now, clock.time_of(progress)), row, node, start, arrival, work, progress, sequence)
        for _, row, node, start, arrival, work, progress, sequence in jobs
        if start <= now
    ]
    queue = [job for job in jobs if job[3] > now]
    ends = sorted(job[6] for job in serving)
    free = ends[-workers:] + [reading] * (workers - len(ends))
    if discipline is Discipline.LIFO:
        return _newest_first(serving, queue, now, clock, workers - len(ends))
    heapify(free)
    waiting: list[float] = []
    for _, row, node, _, arrival, work, _, sequence in queue:
        ready = reading if arrival <= now else clock.reading(arrival)
        start_reading, start = ready, max(arrival, now)
        if free[0] > ready:
            start_reading = free[0]
            start = max(start, clock.time_of(start_reading))
            waiting.append(start_reading)
        progress = start_reading + work / clock.reference
        finish = max(start, clock.time_of(progress))
        heapreplace(free, progress)
        serving.append((finish, row, node, start, arrival, work, progress, sequence))
    return NodePlan(serving, free, waiting)


def _newest_first(serving: list[Job], queue: list[Job], now: float, clock: ProgressClock, idle: int) -> NodePlan:
    """Idle workers take the newest jobs at once; the others wait without a plan."""
    taken = max(0, idle)
    kept = len(queue) - min(taken, len(queue))
    for _, row, node, _, arrival, work, _, sequence in queue[kept:]:
        start = max(arrival, now)
        progress = clock.reading(start) + work / clock.reference
        serving.append((max(start, clock.time_of(progress)), row, node, start, arrival, work, progress, sequence))
    unplanned = [
        (INF, row, node, INF, arrival, work, INF, sequence) for _, row, node, _, arrival, work, _, sequence in queue[:kept]
    ]
    return NodePlan(serving + unplanned, [], [])
