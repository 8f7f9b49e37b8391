"""The servers of one tier: exact G/G/k queues at many nodes, planned ahead and revised when a node changes.

`admit` plans a batch at once; what finishes before a step's end is handed out by `departures`, the rest stays inside and
can still be slowed, frozen, cancelled or lost. One meaning, three implementations (heap.py, arrays.py, lifo.py); the one
that is fastest for the batch is picked, and the plan moves over when that changes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.queueing.arrays import ArrayCore
from engine.queueing.core import Core, NodePlan, NodeTable
from engine.queueing.heap import HeapCore
from engine.queueing.jobs import Admission, Departures, Discipline, FloatArray, IntArray, Job, in_order
from engine.queueing.lifo import LifoCore
from engine.queueing.progress import ProgressClock
from engine.queueing.revise import replan
from engine.queueing.totals import Totals

# Batch sizes at which arrays begin and cease to win (measured; apart, so that a plan does not move to and fro).
ARRAYS_FROM, ARRAYS_UNTIL = 600, 150
# With more than one worker per node arrays need many nodes to win, and many arrivals at each.
ARRAYS_NODES, ARRAYS_EACH = 48, 8

CORES: dict[str, type[Core]] = {"heap": HeapCore, "arrays": ArrayCore, "lifo": LifoCore}


class Stations:
    """NodeTable with k workers and a queue each. Times in s, `now` never before the end of the last `departures`."""

    __slots__ = ("core", "discipline", "kind", "nodes", "totals")

    def __init__(
        self,
        workers: Sequence[int] = (),
        *,
        speed: float = 1.0,
        bound: int | None = None,
        discipline: Discipline = Discipline.FIFO,
        start: float = 0.0,
    ) -> None:
        """One node per element of `workers`, all of one speed (1.0 = nominal, 0 = frozen) and one queue bound."""
        self.nodes = NodeTable()
        self.totals = Totals(start)
        self.discipline = discipline
        self.kind = "lifo" if discipline is Discipline.LIFO else "heap"
        self.core: Core = CORES[self.kind](self.nodes, 0)
        for count in workers:
            self.add_node(count, speed=speed, bound=bound)

    def __len__(self) -> int:
        return len(self.nodes)

    def add_node(self, workers: int = 1, *, speed: float = 1.0, bound: int | None = None) -> int:
        """One more node, idle; its number is returned. ValueError for no workers or a negative speed."""
        if workers < 1 or not speed >= 0.0:
            raise ValueError(f"a node needs workers >= 1 and a speed >= 0, got {workers} and {speed}")
        number = self.nodes.add(workers, speed, bound)
        self.totals.add_node()
        self.core.add_node(workers, self.nodes.clocks[number].reading(self.totals.horizon))
        return number

    # --- the data path

    def admit(self, t: FloatArray, node: IntArray, work: FloatArray, row: IntArray) -> Admission:
        """Arrivals in order of (time, id): t s, node, work in s at speed 1, row = slot in the flights table; shape (m,)."""
        if self.discipline is Discipline.FIFO:
            self._pick(node)
        admission = self.core.admit(t, node, work, row)
        self.totals.arrive(t, node, admission.accepted)
        return admission

    def departures(self, end: float, rank: IntArray | None = None) -> Departures:
        """Hand out everything that finishes before `end` (s), ordered by (finish, rank[row]); rank defaults to the rows."""
        gone = self.core.departures(end)
        self.totals.depart(gone, end)
        return in_order(gone, rank)

    def serve(
        self, t: FloatArray, node: IntArray, work: FloatArray, row: IntArray, end: float, rank: IntArray | None = None
    ) -> tuple[Admission, Departures]:
        """All of a step at once: `admit` (the plan), then `departures` before `end` (s)."""
        if self.discipline is Discipline.FIFO:
            self._pick(node)
        plan, gone = self.core.serve(t, node, work, row, end)
        self.totals.arrive(t, node, plan.accepted)
        self.totals.depart(gone, end)
        return plan, in_order(gone, rank)

    # --- changes

    def set_speed(self, node: int, now: float, speed: float) -> None:
        """From `now` on the node works at `speed` (>= 0; 0 parks everything, restoring goes on where it stopped)."""
        if not speed >= 0.0:
            raise ValueError(f"speed must be >= 0, got {speed}")
        if speed == self.nodes.speed[node]:
            return
        jobs = self._open(node, now)
        self.nodes.speed[node] = speed
        if jobs or speed == 0.0:
            self.nodes.clocks[node].bend(now, speed)
        else:
            # Nobody is there to remember the old clock: a new one is the identity and costs nothing.
            self.nodes.clocks[node] = ProgressClock(speed)
        self._close(node, now, jobs)

    def set_workers(self, node: int, now: float, workers: int) -> None:
        """From `now` on the node serves so many jobs at once; jobs in service are not thrown out."""
        if workers < 1:
            raise ValueError(f"a node needs workers >= 1, got {workers}")
        jobs = self._open(node, now)
        self.nodes.workers[node] = workers
        self._close(node, now, jobs)

    def set_bound(self, node: int, now: float, bound: int | None) -> None:
        """From `now` on at most `bound` jobs may wait (None = any number); those that wait already stay."""
        if bound is not None and self.kind == "arrays":
            self._move_to("heap")
        jobs = self._open(node, now)
        self.nodes.bound[node] = -1 if bound is None else bound
        self._close(node, now, jobs)

    def set_discipline(self, now: float, discipline: Discipline) -> None:
        """From `now` on free workers of the whole tier take the oldest (FIFO) or the newest (LIFO) waiting job."""
        if discipline is self.discipline:
            return
        self.discipline = discipline
        old, opened = self.core, [self._open(node, now) for node in range(len(self))]
        self.kind = "lifo" if discipline is Discipline.LIFO else "heap"
        self._new_core()
        self.core.put_done(old.jobs())
        for node, jobs in enumerate(opened):
            self._close(node, now, jobs)

    def crash(self, node: int, now: float) -> IntArray:
        """The node dies: rows of everything that waited or was in service there, int64, ascending."""
        jobs = self._open(node, now)
        self.totals.abort(jobs, now, crashed=True)
        self._close(node, now, [])
        return np.array(sorted(job[1] for job in jobs), dtype=np.int64)

    def cancel(self, rows: Sequence[int], now: float) -> IntArray:
        """Take the given rows out, waiting or in service; those that were still there, int64, ascending."""
        wanted = set(rows)
        inside = [job for job in self.core.jobs() if job[1] in wanted and job[0] > now]
        taken: list[int] = []
        for node in sorted({job[2] for job in inside}):
            jobs = self._open(node, now)
            # A job of the LIFO order may have ended between the look and `now`.
            gone = [job for job in jobs if job[1] in wanted]
            self.totals.abort(gone, now, crashed=False)
            self._close(node, now, [job for job in jobs if job[1] not in wanted])
            taken += [job[1] for job in gone]
        return np.array(sorted(taken), dtype=np.int64)

    # --- views

    def in_system(self, node: int) -> int:
        """Jobs inside a node as of the last `departures`, with all that was admitted since."""
        return int(self.totals.present[node])

    def waiting(self, node: int, now: float) -> int:
        """Jobs that have arrived at a node by `now` and have not started."""
        return int(self.core.waiting(now)[node])

    def queued(self, now: float) -> IntArray:
        """The same for all nodes, int64, shape (nodes,)."""
        return self.core.waiting(now)

    def delay(self, node: int, now: float) -> float:
        """Seconds that one more arrival at `now` (>= the horizon) would wait; inf if the node is frozen or its queue full."""
        clock, bound = self.nodes.clocks[node], self.nodes.bound[node]
        free = self.core.soonest(node)
        if free <= clock.reading(now):
            return 0.0
        if 0 <= bound <= self.waiting(node, now):
            return float("inf")
        return max(0.0, clock.time_of(free) - now)

    def in_service(self, now: float) -> IntArray:
        """Jobs in service at `now`, int64, shape (nodes,)."""
        return self.core.census(now)[0]

    def busy_seconds(self, now: float) -> FloatArray:
        """Worker seconds spent on jobs until `now`, finished or not, shape (nodes,)."""
        return self.totals.busy + self.core.census(now)[1]

    def second(self, now: float) -> FloatArray:
        """As `busy_seconds`, for the tier's own reckoning once a virtual second, which sums what was put down."""
        self.totals.settle()
        return self.busy_seconds(now)

    # --- implementation

    def _open(self, node: int, now: float) -> list[Job]:
        if now < self.totals.horizon:
            raise ValueError(f"change at {now} s, but departures up to {self.totals.horizon} s have been handed out")
        if self.nodes.any_bound and self.kind == "arrays":  # while all clocks are plain it can be seen who waits
            self._move_to("heap")
        return self.core.take_node(node, now)

    def _close(self, node: int, now: float, jobs: list[Job]) -> None:
        self.nodes.refresh()
        plan = replan(jobs, now, self.nodes.clocks[node], self.nodes.workers[node], self.discipline)
        self.core.put_node(node, plan)

    def _pick(self, node: IntArray) -> None:
        nodes, batch = self.nodes, len(node)
        least = ARRAYS_FROM if self.kind == "heap" else ARRAYS_UNTIL
        if nodes.widest > 1:
            least = max(least, ARRAYS_EACH * len(nodes) // (1 if self.kind == "heap" else 2))
        if batch < least or not (
            (nodes.widest == 1 or len(nodes) >= ARRAYS_NODES) and (not nodes.any_bound or self._has_room(node))
        ):
            if self.kind == "arrays":
                self._move_to("heap")
        elif self.kind == "heap":
            self._move_to("arrays")

    def _has_room(self, node: IntArray) -> bool:
        """Whether no queue can come to its bound, even if nobody left before all have arrived."""
        nodes = self.nodes
        if not nodes.all_plain:
            return False
        return bool((self.totals.present + np.bincount(node, minlength=len(nodes)) <= nodes.room).all())

    def _move_to(self, kind: str) -> None:
        plans: list[NodePlan] = self.core.take_all()
        self.kind = kind
        self._new_core()
        for node, plan in enumerate(plans):
            self.core.put_node(node, plan)

    def _new_core(self) -> None:
        self.core = CORES[self.kind](self.nodes, self.core.sequence)
        for _ in range(len(self)):
            self.core.add_node(1, 0.0)
