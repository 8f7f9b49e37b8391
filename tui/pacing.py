"""Pacing by the far end: write the next portion when the last one has arrived, not when it was sent.

Between the screen and the eye there may be a slow line with seconds of buffer. A status query (CSI 6n) behind each portion is
answered by the terminal after it has read it; until then nothing is written, and new frames are not even drawn. A portion is
what the line carries in TARGET seconds, so that a key never waits for more than that before what it opened is on its way.
A terminal that does not answer its first query is not paced, unless it answers later.
"""

from __future__ import annotations

__all__ = ["QUERY", "Pacer"]

QUERY = "\x1b[6n"
PATIENCE = 8.0  # seconds after which a query counts as lost
FIRST_PATIENCE = 5.0  # seconds for the first; then the terminal counts as one that does not answer
TARGET = 0.25  # seconds that a portion may take
FIRST_ROOM = 4096  # bytes of the first portion: nothing is known about the line yet
LEAST_ROOM, MOST_ROOM = 600, 1 << 20
GROWTH = 4  # a portion is at most so many times the last
TELLING = 512  # bytes from which on the time of a portion tells about the line, not about the machine


class Pacer:
    """Decides when a frame may be drawn and how much may be written. Times: seconds of a monotonic clock, given by the caller."""

    def __init__(self, interval: float = 0.1) -> None:
        self.interval = interval
        self.enabled = True
        self.round_trip = 0.0
        self._room = FIRST_ROOM
        self._least = TARGET  # the shortest round trip so far: the line's own, whatever is sent
        self._asked: float | None = None
        self._bytes = 0
        self._answers = 0
        self._next = 0.0

    def free(self, now: float) -> bool:
        """Whether something may be written now: the last portion has arrived, or is given up."""
        if self._asked is not None:
            if now - self._asked <= (PATIENCE if self._answers else FIRST_PATIENCE):
                return False
            if not self._answers:
                self.enabled = False
            self._asked = None
        return True

    def ready(self, now: float) -> bool:
        """Whether to draw a frame now: it is due and the last one has arrived."""
        return self.free(now) and now >= self._next

    def drawn(self, now: float) -> None:
        """A frame was drawn; the next is due one interval later, or after as long as the line needed for the last."""
        pause = max(self.interval, 0.5 * self.round_trip)
        self._next = max(self._next + pause, now + pause / 2)  # due times keep their rhythm; a late frame does not shift them

    @property
    def room(self) -> int:
        """Bytes that the next portion may have."""
        return self._room if self.enabled else MOST_ROOM

    def query(self, now: float, written: int = 0) -> str:
        """What to send behind a portion of so many bytes: a query, or nothing if the terminal does not answer any."""
        if not self.enabled or self._asked is not None:
            return ""
        self._asked, self._bytes = now, written
        return QUERY

    def answered(self, now: float) -> None:
        """The terminal answered: it has read all that was written."""
        self.enabled = True
        if self._asked is None:
            return
        self.round_trip = now - self._asked
        self._asked = None
        self._answers += 1
        self._least = min(self._least, self.round_trip)
        if self._bytes >= TELLING:
            fits = int(self._bytes * TARGET / max(self.round_trip - self._least, 0.001))
            self._room = max(LEAST_ROOM, min(fits, max(self._room, GROWTH * self._bytes), MOST_ROOM))

    @property
    def waiting(self) -> bool:
        """Whether an answer is awaited."""
        return self._asked is not None
