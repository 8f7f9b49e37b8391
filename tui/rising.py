"""Which panes ask for attention, without flapping: what was in trouble a moment ago still counts as it was."""

from __future__ import annotations

from collections.abc import Iterable

from .view import Rise

__all__ = ["HOLD", "Rising"]

HOLD = 5.0  # seconds that a pane keeps its rank after its trouble; one that goes to and fro would push others about


class Rising:
    """Remembers how bad each pane was lately."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, float]] = {}

    def held(self, attention: Iterable[tuple[str, int]], now: float) -> Rise:
        """The ranks at `now` (seconds of any clock that only goes forward): up at once, down after a while."""
        held: dict[str, tuple[int, float]] = {}
        for pane, level in attention:
            before, since = self._held.get(pane, (level, now))
            held[pane] = (before, since) if level < before and now - since < HOLD else (level, now)
        self._held = held
        return Rise(tuple((pane, level) for pane, (level, _) in held.items()))
