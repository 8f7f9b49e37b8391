"""What can be taken back: for every deed of a person, the values that undo it, newest last, a bounded number of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ..commands import WorldCommand
from ..snapshot import ActiveFault

KEEP = 200


@dataclass(frozen=True, slots=True)
class Inverse:
    """How to take a deed back: give these commands, put these faults on again under their old ids, bring these nodes back."""

    commands: tuple[WorldCommand, ...] = ()
    faults: tuple[ActiveFault, ...] = ()
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """A deed of a person: who, the event that told it, its words, and its inverse."""

    by: str
    event: int
    text: str
    inverse: Inverse


class UndoBook:
    """The last KEEP deeds that can be taken back, of all people together: the newest is undone first, whoever gave it."""

    def __init__(self) -> None:
        self.deeds: deque[Done] = deque(maxlen=KEEP)

    def push(self, done: Done) -> None:
        """Remember a deed."""
        self.deeds.append(done)

    def pop(self) -> Done | None:
        """The newest deed, no longer remembered; None if there is none."""
        return self.deeds.pop() if self.deeds else None
