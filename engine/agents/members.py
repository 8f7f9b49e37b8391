"""The cache clients' library: it ejects a cache node that fails its looks, and takes it back when it answers again.

One agent speaks for the library in all web servers: there is one ring. It probes each node every `eject_interval` seconds from
the web servers that run; a look fails if most of them get no answer. After `eject_after` failures in a row the node leaves the
ring, after as many answers it comes back (twemproxy's auto_eject_hosts with server_failure_limit works alike).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..commands import SetMember, WorldCommand
from .base import AgentState, Look

if TYPE_CHECKING:
    from ..view import View


@dataclass(frozen=True, slots=True)
class Counts:
    """Memory: per node, looks in a row that failed (positive) or were answered (negative)."""

    runs: tuple[int, ...] = ()


class Members:
    """A row of AGENTS; one agent, living nowhere."""

    def begin(self, _name: str, _node: str | None) -> object:
        """Nothing seen yet."""
        return Counts()

    def look(self, view: View, me: AgentState) -> Look:
        """Probe every node of the cache tier, and eject or take back those whose run is long enough."""
        seen = me.memory
        assert isinstance(seen, Counts)
        config = view.config.cache
        cache, web = view.cache, view.nodes("web")
        watchers = np.flatnonzero(web.serving)
        runs = list(seen.runs) + [0] * (len(cache.nodes) - len(seen.runs))
        orders: list[WorldCommand] = []
        cause = 0
        for index, name in enumerate(cache.nodes.names):
            if not watchers.size or not bool(cache.nodes.member[index]):
                continue
            asked = watchers
            if cache.regional:  # only its own region's web servers ask it
                regions = cache.core.regions
                asked = watchers[regions.of(web)[watchers] == regions.of_zone[cache.nodes.zone[index]]]
            if not asked.size:
                continue
            answered = _answered(view, index, asked.tolist(), config.timeout)
            run = runs[index]
            runs[index] = min(run, 0) - 1 if answered else max(run, 0) + 1
            member = bool(cache.homes.members[index])
            if member and runs[index] >= config.eject_after:
                orders.append(SetMember(name, False, f"{runs[index]} looks failed"))
                cause = int(cache.nodes.event[index]) or cause
            elif not member and -runs[index] >= config.eject_after:
                orders.append(SetMember(name, True, "it answers again"))
        return Look(Counts(tuple(runs)), tuple(orders), config.eject_interval, cause)


def _answered(view: View, node: int, watchers: list[int], timeout: float) -> bool:
    """Do most of the web servers get an answer? Where nothing is wrong with the network, one look tells for all."""
    if view.untroubled or len(watchers) == 1:
        return view.answers("cache", node, ("web", watchers[0]), timeout)
    heard = sum(view.answers("cache", node, ("web", web), timeout) for web in watchers)
    return 2 * heard > len(watchers)
