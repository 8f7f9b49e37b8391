"""Faults of what acts by itself: it goes on acting where it should not, or stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import FaultRow, Rejected, row
from .targets import Target

if TYPE_CHECKING:
    from ..world import World


def breaker_stuck(world: World, target: Target, _amount: float, _event: int) -> None:
    """The breakers of these web servers let nobody through."""
    world.automation.queries.stuck |= {index for tier, index in target.nodes if tier == "web"}


def has_breakers(world: World, target: Target) -> Target:
    """Only where there are breakers, at web servers."""
    if world.automation.queries.breaker == "off":
        raise Rejected("breaker stuck open: there are no circuit breakers (option automation.breaker)")
    nodes = tuple((tier, index) for tier, index in target.nodes if tier == "web")
    if not nodes:
        raise Rejected(f"breaker stuck open: there is no web server in {target.label}")
    return target


ROWS: tuple[FaultRow, ...] = (
    row(
        "breaker_stuck",
        "ab",
        "automation",
        ("web", "tier", "zone"),
        "breaker stuck open",
        "The circuit breakers of a web server stay open, however well the database is: all its queries fail at once.",
        "circuit breakers of {target} stuck open",
        breaker_stuck,
        aim=has_breakers,
    ),
)
