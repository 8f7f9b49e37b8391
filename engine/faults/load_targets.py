"""Targets that are requests: all of them, or those of one route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .kinds import Target

if TYPE_CHECKING:
    from ..world import World


def traffic(_world: World, name: str) -> Target | None:
    """Everybody."""
    return Target("traffic", "traffic", "the users") if name in ("traffic", "clients", "users") else None


def route(world: World, name: str) -> Target | None:
    """The requests of one route, by its name."""
    known = routes(world)
    return Target("route", f"route:{name}", f"route {name}", number=known.index(name)) if name in known else None


def routes(world: World) -> list[str]:
    """Names of all routes."""
    return [one.name for one in world.core.config.route]
