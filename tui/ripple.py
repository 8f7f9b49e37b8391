"""How far a fault has spread: what the latest stories touched, lit up one after the other in the order of cause and effect.

A pure function of the log's latest events and of the world's clock. What a story touches at one moment is spread over a short
time, so that the eye can follow it from the first cause outwards.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.snapshot import Event, Snapshot

from .story import weave

__all__ = ["STAGGER", "STAY", "lit", "ripples"]

STAY = 3.0  # seconds of the wall clock that a touched part stays lit
STAGGER = 0.3  # and between a cause and its effect, at least
TROUBLE = ("bad", "warn")


def ripples(events: Iterable[Event]) -> list[tuple[float, int, str]]:
    """(at, place in its story, target) of everything that trouble touched, causes before effects. at: virtual seconds."""
    out: list[tuple[float, int, str]] = []
    touched: set[str] = set()
    trouble = False
    for line in weave(event for event in events if event.id > 0):
        if line.depth == 0:
            touched, trouble = set(), line.event.level in TROUBLE
        target = line.event.target
        if (trouble or line.event.level in TROUBLE) and target and target not in touched:
            out.append((line.event.at, len(touched), target))
            touched.add(target)
    return out


def lit(snapshot: Snapshot) -> frozenset[str]:
    """The targets that are lit now. Time is stretched by the world's speed, so that fast worlds do not flicker."""
    pace = max(0.25, snapshot.pace.achieved or snapshot.pace.asked)
    found: set[str] = set()
    for at, place, target in ripples(snapshot.events):
        age = (snapshot.now - at) / pace - place * STAGGER
        if 0.0 <= age < STAY:
            found.add(target)
    return frozenset(found)
