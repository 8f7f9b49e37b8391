"""How far a node has worked: a clock that runs at the node's speed.

The plan of a FIFO queue does not depend on speed when it is written in units of progress instead of time: a job that
needs s of work starts and ends at fixed readings of its node's clock, however the clock runs. A change of speed then only
bends the clock, and the times of all jobs planned there follow. A frozen node is a clock that stands still.
"""

from __future__ import annotations

from engine.queueing.jobs import INF


class ProgressClock:
    """Piecewise linear map between time (s) and progress (s of service at the reference speed).

    reading(t) = progress0 + (t - time0) * rate. A clock at its reference speed that was never bent is the identity, bit
    for bit, so a node whose speed never changes reproduces the textbook recursion exactly.
    """

    __slots__ = ("progress0", "rate", "reference", "time0")

    def __init__(self, speed: float) -> None:
        """A clock at `speed` (1.0 = nominal); for a node born frozen the reference is the nominal speed."""
        self.reference = speed if speed > 0.0 else 1.0
        self.time0 = 0.0
        self.progress0 = 0.0
        self.rate = 1.0 if speed > 0.0 else 0.0

    @property
    def plain(self) -> bool:
        """Does progress equal time?"""
        return self.rate == 1.0 and self.time0 == self.progress0

    def reading(self, time: float) -> float:
        """Progress at a time."""
        return self.progress0 + (time - self.time0) * self.rate

    def time_of(self, progress: float) -> float:
        """Time at which a reading is reached; inf when the clock stands still."""
        return self.time0 + (progress - self.progress0) / self.rate if self.rate > 0.0 else INF

    def bend(self, now: float, speed: float) -> None:
        """From `now` on run at `speed` (>= 0, 0 = frozen)."""
        reading = self.reading(now)
        self.rate = speed / self.reference
        self.time0, self.progress0 = now, reading
        if self.rate == 1.0:
            # Back at the reference speed only the lost time remains: written as one offset, a bend that was undone at
            # the same instant leaves the identity again and not a rounding error.
            self.time0, self.progress0 = now - reading, 0.0
