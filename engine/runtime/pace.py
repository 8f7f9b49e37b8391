"""Paces virtual time against the wall clock, and measures what came of it.

Time is handed in, never read, so that every case can be tested to the step. Steps are due at absolute times (no drift);
when the machine cannot keep up, the debt is forgiven after MAX_DEBT and the clock simply runs slower: nothing virtual is
ever skipped, and `achieved` says how slow it really was.
"""

from __future__ import annotations

import math
from collections import deque

from ..snapshot import Pace

MIN_SPEED, MAX_SPEED = 0.25, 100.0
FLAT_OUT = 0.0  # as fast as the machine can
MAX_DEBT = 0.25  # wall seconds of steps overdue that are still made up for
WINDOW = 0.25  # wall seconds between readings of speed and busy share
READINGS = 5  # kept: so both are over the last wall second
MAX_STEPS_ONCE = 10_000
_MANY = 1 << 30


class Pacer:
    """When steps of `dt` virtual seconds are due. All times are wall seconds of one monotonic clock."""

    def __init__(self, dt: float, wall: float, cpu: float, *, speed: float = 1.0, paused: bool = False) -> None:
        self.dt = dt
        self.speed = speed
        self.paused = paused
        self._owed = 0  # steps asked for while paused
        self._anchor = wall
        self._run = 0  # steps run since the anchor
        self._readings = deque([(wall, cpu, 0)], maxlen=READINGS)  # (wall, cpu, steps so far)
        self._steps = 0
        self._achieved = 0.0
        self._busy = 0.0

    def pause(self) -> None:
        """Stop at this step boundary."""
        self.paused = True
        self._owed = 0

    def resume(self, wall: float) -> None:
        """Go on from here."""
        self.paused = False
        self._owed = 0
        self._reset(wall)

    def step_once(self, steps: int) -> None:
        """While paused: run `steps` steps. ValueError if it runs or the number is out of range."""
        if not self.paused:
            raise ValueError("single steps need a pause first")
        if not 1 <= steps <= MAX_STEPS_ONCE:
            raise ValueError(f"steps must be 1 to {MAX_STEPS_ONCE:,}")
        self._owed = min(self._owed + steps, MAX_STEPS_ONCE)

    def set_speed(self, speed: float, wall: float) -> None:
        """Virtual seconds per wall second; 0 is as fast as possible. ValueError if it is neither that nor in range."""
        if not (speed == FLAT_OUT or (math.isfinite(speed) and MIN_SPEED <= speed <= MAX_SPEED)):
            raise ValueError(f"the speed must be {MIN_SPEED:g} to {MAX_SPEED:g}, or 0 for as fast as possible")
        self.speed = speed
        self._reset(wall)

    def due(self, wall: float) -> int:
        """Steps that should run now."""
        if self.paused:
            return self._owed
        if self.speed == FLAT_OUT:
            return _MANY
        behind = (wall - self._anchor) * self.speed / self.dt - self._run
        if behind * self.dt > MAX_DEBT * self.speed and behind > 1:
            self._reset(wall - self.dt / self.speed)  # one step due now, the rest forgiven
            return 1
        return max(0, math.floor(behind + 1e-9))

    def next_at(self) -> float:
        """When the next step is due; inf while paused with none owed."""
        if self.paused:
            return -math.inf if self._owed else math.inf
        if self.speed == FLAT_OUT:
            return -math.inf
        return self._anchor + (self._run + 1) * self.dt / self.speed

    def ran(self) -> None:
        """One step has been run."""
        self._run += 1
        self._steps += 1
        if self.paused and self._owed:
            self._owed -= 1

    def measure(self, wall: float, cpu: float) -> None:
        """Take a reading of wall and CPU seconds, if the last is at least a WINDOW old."""
        if wall - self._readings[-1][0] < WINDOW:
            return
        self._readings.append((wall, cpu, self._steps))
        began, cpu_began, steps_began = self._readings[0]
        self._achieved = (self._steps - steps_began) * self.dt / (wall - began)
        self._busy = min(1.0, (cpu - cpu_began) / (wall - began))

    def pace(self, viewers: int) -> Pace:
        """What to tell viewers."""
        return Pace(self.speed, self._achieved, self._busy, self.paused, viewers)

    def _reset(self, wall: float) -> None:
        self._anchor = wall
        self._run = 0
