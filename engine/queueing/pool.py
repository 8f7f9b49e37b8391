"""Planned jobs of a tier, by when they end: one matrix, a column a job, looked through once a step.

Those that end far in the future (a saturated queue is the normal case) are kept apart, so that a step does not touch them.
All figures are float64; slots, nodes and sequence numbers are whole and far below 2^53, so nothing is lost.
"""

from __future__ import annotations

import numpy as np

from engine.order import time_order
from engine.queueing.jobs import INF, BoolArray, Departures, FloatArray, Job, no_departures

# Rows of the matrix, in the order of a Job.
FINISH, ROW, NODE, START, ARRIVAL, WORK, PROGRESS, SEQUENCE = range(8)
FIGURES = 8

# More jobs than this are split, and those that end later than so many steps from now put aside.
NEAR_JOBS, NEAR_STEPS = 64, 16
FEW_JOBS = 256  # so many are put in order before they are told apart (measured)


class Pool:
    """Jobs in matrices of shape (8, m), unordered; `far` ends at or after `limit` (s)."""

    __slots__ = ("far", "limit", "near", "previous")

    def __init__(self) -> None:
        self.near: list[FloatArray] = []
        self.far: list[FloatArray] = []
        self.limit = -INF
        self.previous = -INF  # end of the step before

    def add(self, matrix: FloatArray) -> None:
        """Take in planned jobs, shape (8, m)."""
        self.near.append(matrix)

    def __bool__(self) -> bool:
        return any(part.shape[1] for part in (*self.near, *self.far))

    def __len__(self) -> int:
        size: int = sum(part.shape[1] for part in (*self.near, *self.far))
        return size

    def take_before(self, end: float) -> Departures:
        """Remove and return the jobs that end before `end` (s), in order of (finish, row)."""
        self._come_near(end)
        near = join(self.near)
        if near.shape[1] <= FEW_JOBS:
            return self._cut(near, end)
        jobs = self._split(near, end)
        if not jobs.shape[1]:
            return no_departures()
        return departures_in(jobs.take(time_order(jobs[FINISH], jobs[ROW]), axis=1))

    def leaving(self, end: float) -> FloatArray:
        """As `take_before`: their figures, shape (8, k), in no order."""
        self._come_near(end)
        return self._split(join(self.near), end)

    def _come_near(self, end: float) -> None:
        """Bring near what may end soon."""
        if end > self.limit:
            self.near += self.far
            self.far = []
            self.limit = end + NEAR_STEPS * (end - self.previous) if self.previous > -INF else end
        self.previous = end

    def _split(self, near: FloatArray, end: float) -> FloatArray:
        """Those of `near` that end before `end`; the others are kept."""
        leaving = near[FINISH] < end
        done = leaving.nonzero()[0]
        if not done.size:
            self._keep(near)
        elif done.size == leaving.size:
            self.near = []
            return near
        else:
            self._keep(near.take((~leaving).nonzero()[0], axis=1))
        out: FloatArray = near.take(done, axis=1)
        return out

    def _cut(self, near: FloatArray, end: float) -> Departures:
        """As `take_before`, of all `near`: few are faster ordered all at once than told apart first."""
        finish = near[FINISH]
        order = finish.argsort()
        ordered = finish[order]
        if np.count_nonzero(ordered[1:] == ordered[:-1]):
            order = np.lexsort((near[ROW], finish))
        cut = int(ordered.searchsorted(end))
        if not cut:
            self._keep(near)
            return no_departures()
        near = near.take(order, axis=1)
        if cut < order.size:
            self._keep(near[:, cut:])
            return departures_in(near[:, :cut])
        self.near = []
        return departures_in(near)

    def _keep(self, near: FloatArray) -> None:
        if near.shape[1] > NEAR_JOBS:
            far = near[FINISH] >= self.limit
            if far.any():
                self.far.append(near[:, far])
                near = near[:, ~far]
        self.near = [near]

    def everything(self) -> FloatArray:
        """All jobs inside, shape (8, m), in no order."""
        return join(self.near + self.far)

    def remove(self, wanted: FloatArray, gone: BoolArray) -> None:
        """Drop the jobs marked in `gone` of `wanted` = everything()."""
        self.near, self.far = [wanted[:, ~gone]], []


def departures_in(jobs: FloatArray) -> Departures:
    """The jobs of a matrix (8, m), in order of (finish, row)."""
    row, node = jobs[ROW : NODE + 1].astype(np.int64)
    return Departures(jobs[FINISH], row, node, jobs[START], jobs[ARRIVAL], jobs[WORK])


def joined(before: FloatArray | None, now: Departures, *, ordered: bool) -> Departures:
    """Jobs that leave, those of a matrix (8, k) and others, in order of (finish, row); ordered: the others are."""
    if before is not None and before.shape[1]:
        row, node = before[ROW : NODE + 1].astype(np.int64)
        now = Departures(
            np.concatenate((before[FINISH], now.finish)),
            np.concatenate((row, now.row)),
            np.concatenate((node, now.node)),
            np.concatenate((before[START], now.start)),
            np.concatenate((before[ARRIVAL], now.arrival)),
            np.concatenate((before[WORK], now.work)),
        )
        ordered = ordered and now.finish.size - 1 == np.count_nonzero(now.finish[1:] > now.finish[:-1])  # those came first
    if ordered:
        return now
    finish, row, node, start, arrival, work = now
    order = time_order(finish, row)
    return Departures(finish[order], row[order], node[order], start[order], arrival[order], work[order])


def waiting_starts(inside: FloatArray, nodes: int) -> list[list[float]]:
    """Per node, the times (s) at which those of the jobs `inside` that find no idle worker start, in order."""
    starts: list[list[float]] = [[] for _ in range(nodes)]
    queued = inside[:, inside[START] > inside[ARRIVAL]]
    for node, start in zip(queued[NODE].tolist(), queued[START].tolist(), strict=True):
        starts[int(node)].append(start)
    for each in starts:
        each.sort()
    return starts


def join(parts: list[FloatArray]) -> FloatArray:
    """All parts as one matrix."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts, axis=1) if parts else np.empty((FIGURES, 0))


def jobs_of(matrix: FloatArray) -> list[Job]:
    """Columns to tuples, in order of admission."""
    if not matrix.shape[1]:
        return []
    ordered = matrix[:, np.argsort(matrix[SEQUENCE], kind="stable")]
    finish, row, node, start, arrival, work, progress, sequence = ordered.tolist()
    return [
        (f, int(r), int(n), s, a, w, p, int(q))
        for f, r, n, s, a, w, p, q in zip(finish, row, node, start, arrival, work, progress, sequence, strict=True)
    ]


def matrix_of(jobs: list[Job]) -> FloatArray:
    """Tuples to columns."""
    return np.array(jobs, dtype=np.float64).T.copy() if jobs else np.empty((FIGURES, 0))
