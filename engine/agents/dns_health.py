"""The DNS host's health checkers: around the world, each asks every public address now and then (Amazon Route 53).

A checker calls an address healthy or not after `check_failures` looks in a row that say so; the address is healthy while more
than 18 % of the checkers call it so. A look fails when the address cannot be reached or does not answer within 4 s, or when the
front door there has no web server to send to. What is not healthy is left out of answers; who has the old answer keeps it for
its TTL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..commands import SetAddress, WorldCommand
from ..fabric import CITY
from .base import AgentState, Look
from .health import chance

if TYPE_CHECKING:
    from ..view import View

AGREE = 0.18  # share of checkers that must call it healthy (Route 53 developer guide)
TIMEOUT_S = 4.0  # to connect (the same)


@dataclass(frozen=True, slots=True)
class Runs:
    """Memory. runs: by address, then checker: looks in a row, answered ones negative; up: by address, then checker: its verdict.

    healthy: by address, as told last. begun: the first look is over, so that the checkers' phases are drawn.
    """

    runs: tuple[tuple[int, ...], ...] = ()
    up: tuple[tuple[bool, ...], ...] = ()
    healthy: tuple[bool, ...] = ()
    begun: bool = False


class DnsHealth:
    """A row of AGENTS; one agent, living nowhere: the checkers stand in the users' cities."""

    def begin(self, _name: str, _node: str | None) -> object:
        """Nothing seen yet."""
        return Runs()

    def look(self, view: View, me: AgentState) -> Look:
        """Each checker looks at each address."""
        memory, config = me.memory, view.config.dns
        assert isinstance(memory, Runs)
        interval = view.dns.check_interval
        if not view.dns.failover:
            shown = [a for door, a in enumerate(view.balancer.door.addresses) if view.balancer.holders[door] >= 0]
            sick = [address for address in view.dns.authority.sick if address in shown]
            back = tuple(SetAddress(address, True, "it is no longer checked") for address in sick)
            return Look(Runs(begun=memory.begun), back, interval)
        if not memory.begun:
            return Look(Runs(begun=True), (), chance(view.seed, me.name) * interval)
        if view.dns.blind:
            return Look(memory, (), interval)  # who sees nothing stays with what he believes
        addresses, cities = view.balancer.door.addresses, len(view.config.users.cities)
        runs = [list(row) for row in memory.runs] or [[0] * cities for _ in addresses]
        named = [address not in view.dns.authority.sick for address in addresses]
        up = [list(row) for row in memory.up] or [[well] * cities for well in named]
        healthy = list(memory.healthy) or named
        orders: list[WorldCommand] = []
        for door, address in enumerate(addresses):
            open_ = _has_servers(view, door) and not view.leaving(door)
            for city in range(cities):
                good = open_ and _answers(view, door, city)
                run = runs[door][city]
                run = runs[door][city] = min(run, 0) - 1 if good else max(run, 0) + 1
                if abs(run) >= config.check_failures:
                    up[door][city] = good
            now = sum(up[door]) > AGREE * cities
            if now != healthy[door]:
                healthy[door] = now
                said = f"{sum(up[door])} of {cities} checkers call it healthy"
                orders.append(SetAddress(address, now, said))
        kept = Runs(tuple(map(tuple, runs)), tuple(map(tuple, up)), tuple(healthy), True)
        return Look(kept, tuple(orders), interval)


def _answers(view: View, door: int, city: int) -> bool:
    if view.balancer.bare:  # the only web server has the address
        serving = view.web.nodes.serving.nonzero()[0].tolist()
        return door == 0 and bool(serving) and view.answers("web", serving[0], (CITY, city), TIMEOUT_S)
    holder = view.balancer.holders[door]
    return holder >= 0 and view.answers("balancer", holder, (CITY, city), TIMEOUT_S)


def _has_servers(view: View, door: int) -> bool:
    """Has the holder of this door's address anybody to send requests to, by what it believes?"""
    tier = view.balancer
    holder = tier.holders[door]
    if tier.bare:
        return True
    if holder < 0:
        return False
    health = view.config.balancer.health
    eligible, in_need = tier.choice.beliefs.eligible(holder, view.web.nodes, view.now, health, tier.choice.fail_open)
    return bool(eligible.size) and not in_need
