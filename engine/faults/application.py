"""Faults of the application and its settings: bad releases, dear queries, health checks that lie, wrong weights and time-outs,
a certificate that has expired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ills import ALWAYS_ILL, ALWAYS_WELL
from .base import FaultRow, Rejected, row
from .node import each
from .targets import Target

if TYPE_CHECKING:
    from ..world import World

SERVERS = ("web", "tier", "zone")


def web_of(_world: World, target: Target) -> Target:
    """The web servers among what is meant."""
    nodes = tuple((tier, index) for tier, index in target.nodes if tier == "web")
    if not nodes:
        raise Rejected(f"there is no web server in {target.label}")
    return target


def _web(target: Target) -> list[int]:
    return [index for tier, index in target.nodes if tier == "web"]


def bad_deploy(world: World, target: Target, amount: float, event: int) -> None:
    """`amount` per cent of the web servers (the first of them) run a release that answers 500 on this route."""
    members = world.web.nodes.member.nonzero()[0].tolist()
    servers = tuple(members[: round(len(members) * amount / 100.0)])
    world.core.ills.bad_routes.append((target.number, servers, event))


def slow_query(world: World, target: Target, amount: float, _event: int) -> None:
    """An index is missing: the route's work at the database is `amount` times as much, for requests made from now on."""
    dear = world.core.ills.db_work
    dear[target.number] = dear.get(target.number, 1.0) * amount


def slow_code(world: World, target: Target, amount: float, _event: int) -> None:
    """A regular expression that backtracks: the route's work at the web server is `amount` times as much."""
    dear = world.core.ills.web_work
    dear[target.number] = dear.get(target.number, 1.0) * amount


def checks_say_well(world: World, target: Target, _amount: float, _event: int) -> None:
    """The health check answers whatever the server's state."""
    world.core.ills.lies.update(dict.fromkeys(_web(target), ALWAYS_WELL))


def checks_say_ill(world: World, target: Target, _amount: float, _event: int) -> None:
    """The health check fails whatever the server's state."""
    world.core.ills.lies.update(dict.fromkeys(_web(target), ALWAYS_ILL))


def wrong_weight(world: World, target: Target, amount: float, _event: int) -> None:
    """The balancers take these servers for `amount` times as big."""
    weights = world.core.ills.weights
    for server in _web(target):
        weights[server] = weights.get(server, 1.0) * amount


def certificate(world: World, _target: Target, _amount: float, event: int) -> None:
    """No TLS handshake comes about at the balancers."""
    world.core.ills.certificate = event
    each(world, Target("tier", "", "", tuple(("balancer", i) for i in range(len(world.balancer.nodes)))), event)


def has_balancers(world: World, target: Target) -> Target:
    """TLS ends at the balancers here."""
    if not len(world.balancer.nodes):
        raise Rejected("certificate expired: there is no balancer at which TLS ends")
    return target


def impatient(world: World, _target: Target, amount: float, _event: int) -> None:
    """Clients wait `amount` s at most: requests made from now on."""
    ills = world.core.ills
    ills.patience = min(amount, ills.patience or amount)


ROWS: tuple[FaultRow, ...] = (
    row(
        "bad_deploy", "ad", "application", ("route",), "bad deploy",
        "So many of the web servers run a release that answers 500 on one route; health checks see nothing.",
        "bad release on {amount} % of the web servers: {target} answers 500", bad_deploy, amount=(50.0, 0.0, 100.0, "%"),
    ),
    row(
        "slow_query", "ax", "application", ("route",), "slow query",
        "An index is missing: one route costs the database so many times as much.",
        "{target} costs the database {amount}× as much", slow_query, amount=(20.0, 1.0, 10_000.0, "×"),
    ),
    row(
        "slow_code", "ar", "application", ("route",), "slow code",
        "A regular expression backtracks: one route costs the web servers so many times as much (Cloudflare, 2 July 2019).",
        "{target} costs the web servers {amount}× as much", slow_code, amount=(20.0, 1.0, 10_000.0, "×"),
    ),
    row(
        "checks_say_well", "ah", "application", SERVERS, "checks always well",
        "The health check answers whatever happens: a broken server goes on getting its share.",
        "health checks of {target} always succeed", checks_say_well, aim=web_of,
    ),
    row(
        "checks_say_ill", "af", "application", SERVERS, "checks always ill",
        "The health check fails though the server works: it is taken out for nothing.",
        "health checks of {target} always fail", checks_say_ill, aim=web_of,
    ),
    row(
        "wrong_weight", "aw", "application", SERVERS, "wrong weight",
        "The balancers' settings take it for so many times as big as it is (policies that look at weights).",
        "{target} has {amount}× its weight", wrong_weight, amount=(10.0, 0.01, 1_000.0, "×"), aim=web_of,
    ),
    row(
        "certificate_expired", "at", "application", ("traffic",), "certificate expired",
        "No TLS handshake comes about: clients go away as soon as they have seen it.",
        "the site's certificate has expired: handshakes fail", certificate, aim=has_balancers,
    ),
    row(
        "short_timeout", "ai", "application", ("traffic",), "time-out too short",
        "A wrong setting is pushed to all clients: they give up after so long, and try again.",
        "clients give up after {amount} s", impatient, amount=(0.05, 0.001, 3_600.0, "s"),
    ),
)  # fmt: skip
