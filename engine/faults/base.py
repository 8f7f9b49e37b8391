"""What a fault is: a row of a table. Its `act` puts one effect on freshly reset effects, so that taking a fault away means
to leave it out the next time and nothing has to be remembered or put back (see engine.apply.effects).

A one-shot (a flush) has no lasting effect: its `act` runs once, when it is ordered, and cannot be healed.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ..catalogue import FaultInfo

if TYPE_CHECKING:
    from ..world import World
    from .targets import Target


class Rejected(ValueError):  # noqa: N818 - it names what became of an order, not an error of the program
    """An order that cannot be carried out. The message is one sentence for the person who gave it; nothing was changed."""


def near(name: str, names: Iterable[str]) -> str:
    """A hint ("; did you mean a or b?") for a name that is not among `names`, or "" if nothing is like it."""
    close = difflib.get_close_matches(name, list(names), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else ""


Act: TypeAlias = "Callable[[World, Target, float, int], None]"
Aim: TypeAlias = "Callable[[World, Target], Target]"
Tell: TypeAlias = "Callable[[World, Target], str]"
Phase: TypeAlias = "Callable[[float, float], tuple[float, float]]"


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A row of FAULTS.

    act(world, target, amount, event): the effect; event is the id of the event that began it. words: what the log says, with
    {target} and {amount}. low, high: what the amount may be. aim: which part is really hit (the primary of a shard), found
    once, when the fault is ordered; raises Rejected if there is none. then: what follows at once, in words, or "".
    phase(since, amount), of faults that come and go: what `act` is given as amount when the fault is `since` seconds old, and how
    old it will be when that changes.
    """

    info: FaultInfo
    act: Act
    words: str
    low: float = 0.0
    high: float = 0.0
    aim: Aim | None = None
    then: Tell | None = None
    phase: Phase | None = None

    @property
    def name(self) -> str:
        """The key of this row."""
        return self.info.name

    def amount(self, asked: float | None) -> float:
        """The amount to use; Rejected if it is out of range."""
        info = self.info
        if not info.unit:
            return 0.0
        amount = info.default if asked is None else float(asked)
        if not math.isfinite(amount) or not self.low <= amount <= self.high:
            raise Rejected(f"{info.title} takes {self.low:g} to {self.high:g} {info.unit}, not {amount:g}")
        return amount

    def text(self, target: Target, amount: float) -> str:
        """What happened, as a person would tell it."""
        return self.words.format(target=target.label, amount=f"{amount:g}")


def row(
    name: str,
    keys: str,
    family: str,
    targets: tuple[str, ...],
    title: str,
    explain: str,
    words: str,
    act: Act,
    *,
    amount: tuple[float, float, float, str] | None = None,
    one_shot: bool = False,
    aim: Aim | None = None,
    then: Tell | None = None,
    phase: Phase | None = None,
) -> FaultRow:
    """A row of the table; amount = (default, low, high, unit)."""
    default, low, high, unit = amount or (0.0, 0.0, 0.0, "")
    info = FaultInfo(name, title, explain, keys, family, targets, default, unit, one_shot)
    return FaultRow(info, act, words, low, high, aim, then, phase)
