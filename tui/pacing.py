"""Pacing by the far end: draw the next frame when the last one has arrived, not when it was sent.

Between the screen and the eye there may be a slow line with seconds of buffer. A status query (CSI 6n) behind each frame
is answered by the terminal after it has read the frame; until then frames are skipped (the newest picture wins), keys are
not. A terminal that does not answer its first query is not paced.
"""

from __future__ import annotations

__all__ = ["QUERY", "Pacer"]

QUERY = "\x1b[6n"
# How long an answer may take before the query counts as lost. At 5 kB/s a full 200x60 repaint takes about ten seconds.
PATIENCE = 20.0
FIRST_PATIENCE = 5.0


class Pacer:
    """Decides when a frame may be drawn. Times are seconds of a monotonic clock, given by the caller."""

    def __init__(self, interval: float = 0.1) -> None:
        self.interval = interval
        self.enabled = True
        self.round_trip = 0.0
        self._asked: float | None = None
        self._answers = 0
        self._next = 0.0

    def ready(self, now: float) -> bool:
        """Whether to draw a frame now: it is due and the last one has arrived."""
        if self._asked is not None:
            late = now - self._asked > (PATIENCE if self._answers else FIRST_PATIENCE)
            if not late:
                return False
            if not self._answers:
                self.enabled = False
            self._asked = None
        return now >= self._next

    def drawn(self, now: float) -> None:
        """A frame was drawn; the next is due one interval later, or after as long as the line needed for the last."""
        pause = max(self.interval, 0.5 * self.round_trip)
        self._next = max(self._next + pause, now + pause / 2)  # due times keep their rhythm; a late frame does not shift them

    def query(self, now: float) -> str:
        """What to send behind the bytes of a frame: a query, or nothing while one is under way."""
        if not self.enabled or self._asked is not None:
            return ""
        self._asked = now
        return QUERY

    def answered(self, now: float) -> None:
        """The terminal answered."""
        if self._asked is not None:
            self.round_trip = now - self._asked
            self._asked = None
            self._answers += 1

    @property
    def waiting(self) -> bool:
        """Whether an answer is awaited."""
        return self._asked is not None
