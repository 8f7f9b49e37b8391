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


def scaler_stuck(world: World, _target: Target, _amount: float, _event: int) -> None:
    """The autoscaler decides nothing."""
    world.automation.scaling.stuck = True


def quota_exhausted(world: World, _target: Target, _amount: float, _event: int) -> None:
    """The provider gives no more servers."""
    world.automation.scaling.no_quota = True


def slow_provisioning(world: World, _target: Target, amount: float, _event: int) -> None:
    """New servers take so many times longer to boot."""
    world.automation.scaling.slower *= amount


def scales(world: World, target: Target) -> Target:
    """Only where servers are added and removed by a machine."""
    if world.automation.scaling.scale == "off":
        raise Rejected("the autoscaler is off (option automation.scale)")
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
    row(
        "scaler_stuck",
        "as",
        "automation",
        ("traffic",),
        "autoscaler stuck",
        "The autoscaler decides nothing any more: servers neither come nor go.",
        "the autoscaler is stuck",
        scaler_stuck,
        aim=scales,
    ),
    row(
        "quota_exhausted",
        "aq",
        "automation",
        ("traffic",),
        "quota exhausted",
        "The provider gives no more servers: what the autoscaler orders does not come.",
        "the quota of servers is exhausted",
        quota_exhausted,
        aim=scales,
    ),
    row(
        "slow_provisioning",
        "ap",
        "automation",
        ("traffic",),
        "slow provisioning",
        "New servers take many times longer until they are up.",
        "new servers take {amount}× longer to boot",
        slow_provisioning,
        amount=(10.0, 1.0, 1_000.0, "×"),
        aim=scales,
    ),
)
