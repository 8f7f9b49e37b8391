"""What the runtime asks of a world. `engine.world.World` is the one there is; tests bring smaller ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from ..agents.base import AgentState
from ..commands import Order
from ..snapshot import Inspection, Snapshot

V_co = TypeVar("V_co", covariant=True)


class World(Protocol[V_co]):
    """A world: changed by `step` alone, one step of `dt` virtual seconds at a time. `now` is `step_no` steps in seconds."""

    @property
    def step_no(self) -> int: ...
    @property
    def dt(self) -> float: ...
    @property
    def now(self) -> float: ...
    @property
    def agents(self) -> Mapping[str, AgentState]: ...

    def step(self, orders: Sequence[Order]) -> None:
        """Apply `orders` (sorted by giver, then number) and run one step."""
        ...

    def view(self) -> V_co:
        """What agents see: the state at the last step boundary."""
        ...

    def snapshot(self) -> Snapshot:
        """What viewers see: the same, with `pace` left for the runtime to fill in. Changes nothing."""
        ...

    def inspect(self, target: str) -> Inspection | None:
        """All there is to say of a node, link or tier; None if there is no such thing. Changes nothing."""
        ...

    def follow(self, key: int | None, user: int | None) -> None:
        """Keep the full spans of the next such request; touches nothing that the digest covers."""
        ...

    def digest(self) -> str:
        """A hash of all that has happened: equal for equal scenario, seed and orders, whoever watched at whatever speed."""
        ...
