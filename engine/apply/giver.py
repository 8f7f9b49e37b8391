"""Who gives an order, and how the log tells what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..commands import Order
from .undo import Inverse

if TYPE_CHECKING:
    from ..world import World


@dataclass(frozen=True, slots=True)
class Giver:
    """by: as events show it. cause: event that led to the order, 0 = the giver's own will."""

    by: str
    cause: int

    @classmethod
    def of(cls, order: Order) -> Giver:
        """The scenario's script is carried out by an agent but speaks in its own name."""
        return cls("scenario" if order.by == "agent:scenario" else order.by, order.cause)

    @property
    def person(self) -> bool:
        """A human at a screen: keys are shown, deeds can be undone."""
        return self.by == "you" or self.by.startswith("you:")

    @property
    def agent(self) -> bool:
        """A part of the system itself: what it adds is a remedy, and explains no trouble."""
        return self.by.startswith("agent:")

    def led_by(self, event: int) -> Giver:
        """The same giver, for what `event` entails."""
        return replace(self, cause=event)

    def tell(
        self, world: World, text: str, *, level: str = "info", target: str = "", keys: str = "", disturbs: bool = False
    ) -> int:
        """An event in this giver's name; its id. keys: shown for people only."""
        return world.core.log.tell(
            world.core.now, self.by, text, cause=self.cause, level=level, target=target,
            keys=keys if self.person else "", disturbs=disturbs,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a deed came to: the event that told it, its words, and its inverse (None = cannot be taken back)."""

    event: int
    text: str
    inverse: Inverse | None = None


def follow_up(world: World, cause: int, text: str, level: str = "bad", target: str = "") -> int:
    """What the world itself did because of event `cause`."""
    return world.core.log.tell(world.core.now, "world", text, cause=cause, level=level, target=target)
