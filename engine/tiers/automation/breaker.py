"""A circuit breaker: between one web server and one shard, so that a shard that is ill does not keep its neighbours' callers out,
and every server knows only what it has seen itself.

    closed -> open        failures in a row, or a share of failures among enough queries of the last ten seconds
    open -> half open     the sleep is over, and somebody asks: his query is the probe, everybody else is refused
    half open -> closed   the probe was answered
    half open -> open     it was not
"""

from __future__ import annotations

from enum import Enum

NOBODY = -1
WINDOW = 10  # seconds, each counted apart (Hystrix: metrics.rollingStats.timeInMilliseconds 10,000 in 10 buckets)


class State(Enum):
    """What a breaker does with who asks."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half open"


LEGAL = frozenset({
    (State.CLOSED, State.OPEN), (State.OPEN, State.HALF_OPEN), (State.HALF_OPEN, State.CLOSED), (State.HALF_OPEN, State.OPEN),
})  # fmt: skip


class Breaker:
    """since: when it came to its state (s). probe: id of the row whose query decides. in_a_row: failures since the last success.

    asked: when it was last asked (s). moves: how often it changed.
    """

    def __init__(self) -> None:
        self.state = State.CLOSED
        self.since = 0.0
        self.probe = NOBODY
        self.in_a_row = 0
        self.asked = -1.0
        self.moves = 0
        self.good = [0] * WINDOW
        self.bad = [0] * WINDOW
        self.second = 0  # the whole second that is being counted
        self.event = 0  # that told of its last opening

    def move(self, to: State, now: float) -> None:
        """Change at `now` (s). AssertionError if there is no such move."""
        assert (self.state, to) in LEGAL, f"a breaker went from {self.state.value} to {to.value}"
        self.state, self.since = to, max(self.since, now)
        self.moves += 1
        if to is State.CLOSED:
            self.in_a_row = 0
            self.good, self.bad = [0] * WINDOW, [0] * WINDOW

    def count(self, now: float, *, good: bool) -> None:
        """A query that was let through while closed came to its end."""
        second = max(self.second, int(now))
        for missed in range(self.second + 1, min(second, self.second + WINDOW) + 1):
            self.good[missed % WINDOW] = self.bad[missed % WINDOW] = 0
        self.second = second
        (self.good if good else self.bad)[second % WINDOW] += 1
        self.in_a_row = 0 if good else self.in_a_row + 1

    def share(self) -> tuple[int, float]:
        """Queries that ended in the window, and the share of those that failed."""
        bad = sum(self.bad)
        every = bad + sum(self.good)
        return every, bad / every if every else 0.0
