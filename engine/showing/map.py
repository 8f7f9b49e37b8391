"""The topology as the map shows it: every node with its live state, the links between tiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..apply.regions import numbers
from ..fabric import CITY, Rule
from ..load import Load
from ..nodes import Nodes
from ..snapshot import Link, Map, Node, NodeState
from ..tiers.database.shard import Role
from ..words import count, percent

if TYPE_CHECKING:
    from ..world import World

ORDER = list(NodeState)  # worst first
TIERS = ("balancer", "web", "store", "cache", "db", "broker", "worker")
BUSY = 0.95  # utilisation of the last second from which a node counts as saturated


def node_state(nodes: Nodes, index: int) -> NodeState:
    """State of a node from its effects alone (tiers know more: standby, fenced, starting)."""
    if not nodes.up[index]:
        return NodeState.STARTING if nodes.booting[index] else NodeState.DOWN
    if nodes.speed[index] <= 0.0:
        return NodeState.FROZEN
    if nodes.draining[index]:
        return NodeState.DRAINING
    if nodes.speed[index] < 1.0 or nodes.extra_s[index] > 0 or nodes.loss[index] > 0 or nodes.error_rate[index] > 0:
        return NodeState.SLOW
    return NodeState.UP


def _cut_off(rules: list[Rule], tier: str, index: int, zone: int) -> bool:
    """Does a cut that names this very node or its zone act?"""
    for rule in rules:
        if rule.cut:
            for want, node, where in (rule.a, rule.b):
                if (want == tier and node == index) or (want in ("*", tier) and node < 0 and where == zone):
                    return True
    return False


def _words(nodes: Nodes, index: int, state: NodeState, utilisation: float, waiting: int) -> str:
    parts: list[str] = []
    if 0.0 < nodes.speed[index] < 1.0:
        parts.append(f"{1 / nodes.speed[index]:.3g}x slower")
    if nodes.extra_s[index] > 0:
        parts.append(f"+{nodes.extra_s[index] * 1e3:.3g} ms")
    if nodes.loss[index] > 0:
        parts.append(f"{percent(nodes.loss[index])} lost")
    if nodes.error_rate[index] > 0:
        parts.append(f"{percent(nodes.error_rate[index])} errors")
    if state in (NodeState.DOWN, NodeState.FROZEN, NodeState.UNREACHABLE):
        parts.append(state.value)
    if state is NodeState.FENCED and not nodes.up[index]:
        parts.append("down")
    if not parts and utilisation > BUSY:
        parts.append(f"saturated, {waiting} wait" if waiting else "saturated")
    return ", ".join(parts)


def _pops(world: World) -> list[Node]:
    """Points of presence: their state is the CDN's own business."""
    part = world.cdn.reading()
    faults, up = world.faults.active(), NodeState.UP
    return [] if part is None else [
        Node(
            name=p.name, tier="pop", state=p.state if p.announced or p.state is not up else NodeState.STANDBY, at=p.city,
            address=world.cdn.nodes.addresses[world.cdn.nodes.index(p.name)], role="shield" if p.shield else "", group=p.provider,
            rate=p.rate, p99_ms=p.p50_ms, verdict=p.verdict, faults=tuple(f.fault for f in faults if f.target == p.name),
        )
        for p in part.pops
    ]  # fmt: skip


def loads(world: World) -> dict[str, Load]:
    """How loaded each tier's nodes are."""
    stores = {"store": world.sessions.load()} if len(world.sessions.nodes) else {}
    return {
        **stores,
        "balancer": world.balancer.load(),
        "web": world.web.load(),
        "cache": world.cache.load(),
        "db": world.database.load(),
        **(world.queue.loads() if world.queue.there else {}),
    }


def _tier_nodes(world: World, loads: dict[str, Load]) -> list[Node]:
    out: list[Node] = []
    core, zones = world.core, world.core.fabric.zones
    by_target: dict[str, list[str]] = {}
    for fault in world.faults.active():
        by_target.setdefault(fault.target, []).append(fault.fault)
    readings = {
        "balancer": {
            b: "active" if i in world.balancer.holders else "standby" for i, b in enumerate(world.balancer.nodes.names)
        },
        "db": world.database.roles(),
    }
    for tier in (t for t in TIERS if t in core.fabric.tiers):
        nodes = core.fabric.tiers[tier]
        load = loads[tier]
        for i in np.flatnonzero(nodes.member).tolist():
            state = node_state(nodes, i)
            if state is NodeState.UP and core.fabric.rules and _cut_off(core.fabric.rules, tier, i, int(nodes.zone[i])):
                state = NodeState.UNREACHABLE
            role = readings.get(tier, {}).get(nodes.names[i], "")
            if role == "fenced":
                state = NodeState.FENCED
            elif role == "standby" and state is NodeState.UP:
                state = NodeState.STANDBY
            elif state is NodeState.UP and (role == Role.SEEDING.value or (tier == "worker" and nodes.born[i] > core.now)):
                state = NodeState.STARTING
            at = (load, i) if not nodes.guest[i] else (loads["web"], world.database.host)  # whose CPU it is
            use, waiting = float(at[0].utilisation[at[1]]), int(at[0].waiting[at[1]])
            words = _words(nodes, i, state, use, waiting)
            if state is NodeState.UP and use > BUSY:
                state = NodeState.SLOW
            out.append(
                Node(
                    name=nodes.names[i],
                    tier=tier,
                    state=state,
                    at=zones[nodes.zone[i]],
                    address=nodes.addresses[i],
                    role=role,
                    group=nodes.group[i],
                    utilisation=use,
                    workers=int(load.workers[i]),
                    in_service=int(load.in_service[i]),
                    waiting=waiting,
                    rate=float(load.rate[i]),
                    p99_ms=float(load.p99_ms[i]),
                    verdict=words or ("on web-1's machine" if nodes.guest[i] else ""),
                    faults=tuple(by_target.get(nodes.names[i], ())),
                    size=nodes.size[i],
                    price=nodes.price(i),
                )
            )
    return out


def _cities(world: World) -> list[Node]:
    weight = world.traffic.rate(world.core.now)
    fabric = world.core.fabric
    nodes: list[Node] = []
    for i, name in enumerate(fabric.cities):
        cut = _cut_off(fabric.rules, CITY, i, -2)
        nodes.append(
            Node(
                name=f"city:{name}",
                tier="city",
                state=NodeState.UNREACHABLE if cut else NodeState.UP,
                at=name,
                rate=float(weight[i]),
                p99_ms=2e3 * float(fabric.city_one_way[i].min()),
                verdict="cut off" if cut else "",
            )
        )
    return nodes


LINKS = (
    ("city", "balancer"), ("balancer", "web"), ("web", "cache"), ("web", "db"), ("db", "db"), ("web", "broker"),
    ("broker", "worker"), ("web", "store"), ("city", "pop"), ("pop", "balancer"),
)  # fmt: skip
ALWAYS = ("city", "balancer", "web", "cache", "db")  # tiers whose links are shown with nobody in them too


def _links(world: World, loads: dict[str, Load]) -> tuple[Link, ...]:
    """One link a pair of tiers, plus one for every rule that names single nodes or zones."""
    fabric, out = world.core.fabric, []
    rates = {
        "city~balancer": float(world.core.ledger.attempts.last[0]),
        "balancer~web": float(loads["web"].rate.sum()),
        "web~cache": float(loads["cache"].rate.sum()),
        "web~db": float(loads["db"].rate.sum()),
        "db~db": world.database.shipped_rate(),
        "web~store": float(loads["store"].rate.sum()) if "store" in loads else 0.0,
        "web~broker": world.queue.rates["enqueued"],
        "broker~worker": world.queue.rates["delivered"],
    }
    if world.cdn.present:
        rates["city~pop"] = float(world.cdn.counts.look_ups.last.sum() + world.cdn.counts.errors.last.sum())
        rates["pop~balancer"] = float(world.cdn.counts.last("ask_origin"))
        rates["city~balancer"] -= rates["city~pop"]
    for a, b in ((a, b) for a, b in LINKS if {a, b} <= {*ALWAYS, *fabric.tiers}):
        rules = [r for r in fabric.rules if {r.a[0], r.b[0]} == {a, b} or "*" in (r.a[0], r.b[0])]
        whole = [r for r in rules if r.a[1:] == (-1, -1) and r.b[1:] == (-1, -1)]
        cut = any(r.cut for r in whole)
        extra = sum(r.extra_s for r in whole)
        loss = 1.0 - float(np.prod([1.0 - r.loss for r in whole])) if whole else 0.0
        state = NodeState.DOWN if cut else NodeState.SLOW if rules else NodeState.UP
        words = "cut" if cut else f"{count(len(rules), 'fault')} on this link" if rules else ""
        base = 0.0 if a in ("city", "pop") else float(fabric.zone_one_way.mean())
        out.append(
            Link(
                name=f"{a}~{b}", a=a, b=b, state=state, rate=rates.get(f"{a}~{b}", 0.0),
                one_way_ms=(base + extra) * 1e3, loss=loss, verdict=words,
                faults=tuple(f.fault for f in world.faults.active() if f.target == f"{a}~{b}"),
            )
        )  # fmt: skip
    return tuple(out)


def map_of(world: World) -> Map:
    """All nodes and links, with a one-line verdict."""
    load = loads(world)
    nodes = _cities(world) + _pops(world) + _tier_nodes(world, load)
    servers = [n for n in nodes if n.tier != "city"]
    up = sum(n.state in (NodeState.UP, NodeState.STANDBY) for n in servers)
    parts = [f"{up} up"]
    for state in ORDER:
        so = sum(n.state is state for n in servers)
        if so and state not in (NodeState.UP, NodeState.STANDBY):
            parts.append(f"{so} {state.value}")
    regions = tuple(dict.fromkeys(zone.region for zone in world.core.config.network.zones))
    return Map(verdict=" · ".join(parts), nodes=tuple(nodes), links=_links(world, load), regions=regions)


def price_of(world: World, what: str) -> float:
    """Dollars an hour of one more of a row of the table of machines (`replica` is a database node, a `shard` brings several)."""
    if what == "region":
        shards = sum(shard.primary >= 0 and not shard.leaving for shard in world.database.shards)
        return sum(n * price_of(world, tier) for tier, n in numbers(world).items()) + shards * price_of(world, "db")
    own = {"broker": world.queue.brokers.nodes, "worker": world.queue.workers.nodes, "store": world.sessions.nodes}
    nodes = {**world.core.fabric.tiers, **own}[{"replica": "db", "shard": "db"}.get(what, what)]
    each = 0.0 if nodes.plan is None else nodes.plan.price
    return each * (1 + world.core.config.database.replicas if what == "shard" else 1)
