"""The health rule of anycast name servers: one that does not reach the site says that something is wrong with it and leaves.

Every `withdraw_interval` each of them looks whether it reaches a front door of the site; after `withdraw_after` looks in a row
it withdraws its route, or announces it again (ExaBGP's healthcheck: 5 s, 3 in a row). The rule takes a fault of one server for
granted: where the site is cut off, all of them leave (Facebook, 2021-10-04). Failing open, the last of a host stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..commands import SetAnnounced, WorldCommand
from .base import AgentState, Look

if TYPE_CHECKING:
    from ..view import View

NEVER, FAIL_OPEN = "never", "fail_open"


@dataclass(frozen=True, slots=True)
class Looks:
    """Memory, by server: looks in a row that say so, those that reach negative; and the verdict: does it reach the site?"""

    runs: tuple[int, ...] = ()
    well: tuple[bool, ...] = ()


class DnsWithdraw:
    """A row of AGENTS; one agent, living nowhere, for all anycast servers of the zone: they look at the same moments."""

    def begin(self, _name: str, _node: str | None) -> object:
        """Nothing seen yet."""
        return Looks()

    def look(self, view: View, me: AgentState) -> Look:
        """Each server looks at the site; the rule that is set now decides."""
        memory, config, dns = me.memory, view.config.dns, view.dns
        assert isinstance(memory, Looks)
        providers = dns.providers
        servers = [node for node, host in providers.of_node.items() if providers.anycast[host]]
        runs, well = list(memory.runs) or [0] * len(servers), list(memory.well) or [True] * len(servers)
        for i, node in enumerate(servers):
            good = _reaches(view, node)
            runs[i] = min(runs[i], 0) - 1 if good else max(runs[i], 0) + 1
            if abs(runs[i]) >= config.withdraw_after:
                well[i] = good
        rule = dns.withdraw
        stays = {node: rule == NEVER or ok for node, ok in zip(servers, well, strict=True)}
        orders: list[WorldCommand] = []
        for node in servers:
            mates = [other for other in providers.servers[providers.of_node[node]] if other in stays]
            open_ = rule == FAIL_OPEN and not any(stays[mate] for mate in mates)
            if bool(dns.levels.announced[node]) != (stays[node] or open_):
                why = "" if stays[node] else "it does not reach the site"
                orders.append(SetAnnounced(view.nodes("dns").names[node], stays[node] or open_, why))
        return Look(Looks(tuple(runs), tuple(well)), tuple(orders), config.withdraw_interval)


def _reaches(view: View, node: int) -> bool:
    """Does any front door of the site answer this name server?"""
    tier = "balancer" if len(view.nodes("balancer")) else "web"
    nodes = view.nodes(tier)
    serving = nodes.serving.nonzero()[0].tolist()
    return any(view.reachable(tier, index, ("dns", node)) for index in serving)
