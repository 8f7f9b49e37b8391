"""What the screen shows of the balancers: who gets how much, who is thought ill and why, who holds the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...policies.balancing import BALANCING
from ...showing.map import node_state
from ...snapshot import Backend, NodeState, Setting
from ...snapshot import Balancer as Reading
from ...words import percent
from ..base import machine

if TYPE_CHECKING:
    from . import Balancer


def reading(tier: Balancer) -> Reading:
    """Pane 3, of the last whole second and of what the active balancer believes now."""
    choice = tier.choice
    known = not tier.bare
    fail_open = False
    if known:
        health, nodes, now = tier.core.config.balancer.health, tier.web.nodes, tier.core.now
        fail_open = any(choice.beliefs.eligible(b, nodes, now, health, choice.fail_open)[1] for b in set(_asked(tier)))
    backends = _backends(tier) if known else ()
    return Reading(
        verdict=_verdict(tier, backends, fail_open),
        policy=BALANCING[choice.policy].title if known else "none",
        address=" ".join(tier.door.addresses),
        active=" ".join(tier.active_name(door) for door in range(len(tier.holders))),
        rate=float(tier.served.last.sum()),
        fail_open=fail_open,
        refused_private=tier.door.refused_private,
        redispatched=choice.redispatched,
        backends=backends,
        rate_trend=tier.rate.tuple(),
    )


def _asked(tier: Balancer) -> list[int]:
    """Whose belief counts at each door: its holder's, or the first balancer's if nobody holds it."""
    return [max(0, holder) for holder in tier.holders]


def _backends(tier: Balancer) -> tuple[Backend, ...]:
    choice, nodes, now = tier.choice, tier.web.nodes, tier.core.now
    asked = _asked(tier)
    health = tier.core.config.balancer.health
    believed = {b: (choice.beliefs.healthy(b, nodes, now, health), choice.beliefs.ramp(b, nodes, now, choice.slow_start))
                for b in set(asked)}  # fmt: skip
    total = max(1, int(choice.sent.last.sum()))
    middle, slow = choice.latency.last_quantile(0.50), choice.latency.last_quantile(0.99)
    out: list[Backend] = []
    for i in np.flatnonzero(nodes.member).tolist():
        active = asked[tier.core.regions.door_of(nodes, i)]
        healthy, ramp = believed[active]
        out.append(
            Backend(
                name=nodes.names[i],
                state=node_state(nodes, i),
                share=float(choice.sent.last[i]) / total,
                rate=float(choice.sent.last[i]),
                open=choice.conns.counts[active][i],
                p50_ms=float(middle[i]),
                p99_ms=float(slow[i]),
                weight=float(choice.weight[i] * ramp[i]),
                healthy=bool(healthy[i]),
                verdict=_words(tier, active, i, bool(healthy[i]), float(ramp[i])),
                share_trend=choice.share[i].tuple(),
            )
        )
    return tuple(out)


def _words(tier: Balancer, active: int, server: int, healthy: bool, ramp: float) -> str:
    """Why a server gets none, or less than its weight."""
    beliefs, nodes = tier.choice.beliefs, tier.web.nodes
    if nodes.draining[server]:
        return f"draining, {tier.choice.conns.counts[active][server]} open"
    if not beliefs.verdict[active, server]:
        return "down by health check"
    if not healthy:
        return f"put aside for {beliefs.aside_until[active, server] - tier.core.now:.0f} s more"
    if ramp < 1.0:
        return f"slow start, {percent(ramp)}"
    return ""


def _verdict(tier: Balancer, backends: tuple[Backend, ...], fail_open: bool) -> str:
    if tier.bare:
        return "no balancer: users talk to the web server"
    ill = [b.name for b in backends if not b.healthy]
    spare = int(np.count_nonzero(tier.nodes.serving)) - len(tier.holders)
    dead = [(h, node_state(tier.nodes, h)) for h in tier.holders if h >= 0]
    dead = [(h, state) for h, state in dead if state in (NodeState.DOWN, NodeState.FROZEN)]
    if min(tier.holders) < 0:
        where = f" of {tier.core.regions.names[tier.holders.index(-1)]}" if len(tier.holders) > 1 else ""
        words = f"nobody holds the address{where}"
    elif dead:
        words = f"{tier.nodes.names[dead[0][0]]} {dead[0][1].value} holds the address"
    elif fail_open:
        words = "all thought unhealthy: all are tried"
    elif len(ill) == len(backends):
        words = "no healthy server"
    elif ill:
        words = f"{len(ill)} of {len(backends)} out: {', '.join(ill[:3])}{'…' if len(ill) > 3 else ''}"
    else:
        words = f"{len(backends)} healthy"
    return words if spare > 0 else f"{words}, no standby"


def inspect(tier: Balancer, node: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    """State lines and settings of one balancer."""
    totals, choice, config = tier.stations.totals, tier.choice, tier.core.config.balancer
    served = max(1, int(totals.departures[node]))
    tier.choice.grow(tier.web)
    health = config.health
    state = (
        Setting("role", "active" if node in tier.holders else "standby", f"who holds {tier.door.addresses[tier.door_of(node)]}"),
        Setting("arrived", f"{int(totals.arrivals[node]):,}", "counted at its door"),
        Setting("forwarded", f"{int(totals.departures[node]):,}", "departures of its queue"),
        Setting("tried again", f"{choice.again.count:,}", "answers of failure that went to another server, not to the user"),
        Setting("lost", f"{int(totals.lost[node]):,}", "inside when it died"),
        Setting("open", f"{sum(choice.conns.counts[node]):,}", "connections to web servers"),
        Setting("mean wait", f"{totals.wait[node] / served * 1e3:.3f} ms", "queueing time / forwarded"),
        Setting("utilisation", percent(tier.utilisation[node], 1), "busy worker seconds of the last second"),
    )
    settings = (
        Setting("policy", BALANCING[choice.policy].title, "scenario balancer.policy"),
        Setting("workers", str(tier.stations.nodes.workers[node]), "scenario balancer.workers, in proportion to the machine"),
        Setting("check", f"every {health.interval:g} s, fall {health.fall}, rise {health.rise}", "HAProxy manual 2.6"),
        Setting("passive", f"{health.max_fails} in {health.fail_timeout:g} s", "nginx: max_fails, fail_timeout"),
        Setting("connect", f"{choice.connect_timeout:g} s, redispatch {choice.redispatch}", "scenario balancer"),
        Setting("failures", f"reads go to {choice.again.most} more servers", "off in nginx: proxy_next_upstream http_500"),
        Setting("slow start", f"{choice.slow_start:g} s", "off in nginx and HAProxy"),
        Setting("fail open", "on" if choice.fail_open else "off", "AWS ELB user guide: all unhealthy, fail open"),
        Setting("advertisement", f"{config.advert:g} s", "keepalived: advert_int"),
        *machine(tier.nodes, node),
    )
    return state, settings
