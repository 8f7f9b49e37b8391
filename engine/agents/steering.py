"""Who leads users to the CDN's PoPs: probes from every city watch the providers, and the PoPs' own routers watch their servers.

failover: a provider whose probes fail `probe_fall` times in a row (most cities do not get an object) gets no answers until it
has passed as many (Route 53: every 10 s, 3 failures). monitored: each look, the weights follow what probes saw: the configured
weight times the share of good probes squared, over the median delay against the fastest. A PoP that has been dead or frozen for
`withdraw_after` is withdrawn from routing, and announced again when it has been well for as long. Lives nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..commands import Announce, Steer, WorldCommand
from .base import AgentState, Look
from .health import chance

if TYPE_CHECKING:
    from ..tiers.cdn import Cdn
    from ..view import View

TICK = 1.0  # s between two looks at the PoPs
TINY = 1e-9
HALF = 0.5  # of the cities must get their objects
IDLE = 10.0  # s between looks where there is no CDN
SHARP = 2  # power of the share of good probes


@dataclass(frozen=True, slots=True)
class Seen:
    """due: next probes, s. runs: by provider, failures (above 0) or passes (below) in a row. since: by PoP, seconds in which its
    state has differed from what is announced. number: rounds of probes so far."""

    due: float = 0.0
    runs: tuple[int, ...] = ()
    since: tuple[float, ...] = ()
    number: int = 0


class CdnSteering:
    """A row of AGENTS; its agent lives nowhere."""

    def begin(self, _name: str, _node: str | None) -> object:
        """Nothing seen yet."""
        return Seen()

    def look(self, view: View, me: AgentState) -> Look:
        """Look at the PoPs; probe the providers when that is due."""
        seen, cdn, config = me.memory, view.cdn, view.config.cdn
        assert isinstance(seen, Seen)
        if not cdn.present:
            return Look(seen, (), IDLE)
        orders: list[WorldCommand] = []
        since, cause = self._pops(cdn, seen.since or (0.0,) * len(cdn.nodes), config.withdraw_after, orders)
        due, runs, number = seen.due, seen.runs or (0,) * len(config.providers), seen.number
        if view.now + TINY >= due:
            good, delay = probe(view, cdn, number)
            due, number = view.now + config.probe_interval, number + 1
            runs = tuple(max(run, 0) + 1 if share < HALF else min(run, 0) - 1 for run, share in zip(runs, good, strict=True))
            if cdn.mode in ("failover", "monitored"):
                weights = self._weights(cdn, runs, good, delay, config.probe_fall)
                if weights != tuple(cdn.steering.weights.tolist()):
                    words = ", ".join(
                        f"{name} {100.0 * g:.0f} % of probes well, {d * 1e3:.0f} ms"
                        for name, g, d in zip(cdn.atlas.provider_names, good, delay, strict=True)
                    )
                    orders.append(Steer(weights, words))
                    worst = cdn.nodes.event[cdn.atlas.provider == int(np.argmin(good))]
                    cause = cause or int(worst.max(initial=0))
        return Look(Seen(due, runs, since, number), tuple(orders), TICK, cause)

    def _pops(
        self, cdn: Cdn, since: tuple[float, ...], after: float, orders: list[WorldCommand]
    ) -> tuple[tuple[float, ...], int]:
        """PoPs whose state has differed from what is announced for long enough change it."""
        nodes, cause = cdn.nodes, 0
        well = nodes.up & (nodes.speed > 0.0)
        found = []
        for p, before in enumerate(since):
            for_s = before + TICK if bool(well[p]) != bool(cdn.atlas.announced[p]) else 0.0
            if for_s > after + TINY:
                why = "it answers again" if well[p] else f"no answer for {after:g} s"
                orders.append(Announce(nodes.names[p], bool(well[p]), why))
                cause, for_s = cause or int(nodes.event[p]), 0.0
            found.append(for_s)
        return tuple(found), cause

    def _weights(
        self, cdn: Cdn, runs: tuple[int, ...], good: tuple[float, ...], delay: tuple[float, ...], fall: int
    ) -> tuple[float, ...]:
        """What the zone should serve; if all are bad, as configured: then nothing is better than anything else."""
        wanted, present = cdn.steering.wanted.tolist(), cdn.steering.weights.tolist()
        if cdn.mode == "failover":
            kept = [w if run < fall and (now > 0 or run <= -fall) else 0.0
                    for w, run, now in zip(wanted, runs, present, strict=True)]  # fmt: skip
        else:
            fastest = min((d for d, g in zip(delay, good, strict=True) if g > 0), default=1.0)
            kept = [round(w * g**SHARP * min(1.0, fastest / d if d > 0 else 0.0), 2)
                    for w, g, d in zip(wanted, good, delay, strict=True)]  # fmt: skip
        return tuple(kept) if any(kept) else tuple(wanted)


def probe(view: View, cdn: Cdn, number: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """One object asked of each provider from each city: share of the users whose city got it, median delay there and back, s."""
    nodes, atlas = cdn.nodes, cdn.atlas
    people = cdn.traffic.population.share
    good, delays = [], []
    for v, name in enumerate(atlas.provider_names):
        share, seen = 0.0, []
        for city, pop in enumerate(atlas.best[v].tolist()):
            if pop < 0 or atlas.blocked[v, city] or not nodes.up[pop] or nodes.speed[pop] <= 0.0:
                continue
            if chance(view.seed, "cdn", name, city, number) < nodes.error_rate[pop]:
                continue
            if not view.reachable("pop", pop, ("city", city)):
                continue
            share += float(people[city])
            way = float(atlas.city_way[city, pop]) + float(nodes.extra_s[pop])
            seen.append(2.0 * way + cdn.edge.service_s / float(nodes.speed[pop]))
        good.append(min(1.0, share))
        delays.append(float(np.median(seen)) if seen else 0.0)
    return tuple(good), tuple(delays)
