"""Inspections: all there is to say of one thing, whatever it is: a node, tier, shard, zone, city, link, key, record, the users.

What a target is called is the business of `engine.faults.targets`, so what can be aimed at can also be asked about. The
word "options" asks for every live setting with its value. Nothing here changes the world.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ..catalogue import ALL_SETTINGS
from ..fabric import CITY
from ..faults.base import Rejected
from ..faults.targets import ANY_KIND, Target, resolve
from ..options import OPTIONS
from ..snapshot import ActiveFault, Inspection, Link, Node, NodeState, Setting, Trace
from ..tiers.dns import show as dns_show
from ..tiers.dns import showing as dns_parties
from ..tiers.dns.levels import NOWHERE
from ..words import percent
from .map import ORDER, map_of, node_state

if TYPE_CHECKING:
    from ..world import World

__all__ = ["inspection"]

TRACES = 5  # latest requests that are shown
LOST_LINES = 200  # lost writes of a failover that are listed; the JSON record has them all

Lines: TypeAlias = tuple[Setting, ...]
Found: TypeAlias = tuple[str, NodeState, Lines, Lines, tuple[Trace, ...]]


def inspection(world: World, target: str) -> Inspection | None:
    """The answer for a target's name as commands write it; None if there is no such thing."""
    if target == ALL_SETTINGS:
        return Inspection(target, "live settings", NodeState.UP, (), _options(world))
    try:
        found = resolve(world, "traffic" if target == CITY else target, ANY_KIND)
    except Rejected:
        return None
    title, state, lines, settings, traces = _TELLERS.get(found.kind, _node)(world, found)
    return Inspection(
        target=target,
        title=title,
        state=state,
        state_lines=lines,
        settings=settings,
        faults=_faults(world, found, target),
        traces=traces[-TRACES:],
    )


def _faults(world: World, found: Target, asked: str) -> tuple[ActiveFault, ...]:
    """Those that act on the target, on an end of it, or on a node of it."""
    fabric = world.core.fabric
    names = {asked, found.name, *(fabric.tiers[tier].names[i] for tier, i in found.nodes)}
    return tuple(f for f in world.faults.active() if f.target in names or names & {*f.target.split("~"), f.asked})


def _options(world: World) -> Lines:
    """Every live setting as a person would write it (name of the option, value, where the default comes from)."""
    rows = OPTIONS.values()
    return tuple(Setting(row.info.name, row.text(row.value(world)), row.info.source) for row in rows)


def _node(world: World, found: Target) -> Found:
    """One node; of several name servers under one word, a line each."""
    if len(found.nodes) != 1:
        return _group(world, found)
    tier, index = found.nodes[0]
    nodes, core = world.core.fabric.tiers[tier], world.core
    parts = {"db": world.database, "web": world.web, "cache": world.cache, "balancer": world.balancer, "dns": world.dns,
             "store": world.sessions, "pop": world.cdn}  # fmt: skip
    lines, settings = world.queue.inspect_node(tier, index) if tier in ("broker", "worker") else parts[tier].inspect(index)
    zone = int(nodes.zone[index])
    where = "anycast: one near every user" if zone == NOWHERE else f"zone {core.fabric.zones[zone]}"
    if tier == "pop":
        where = world.cdn.atlas.places[index].name
    name = nodes.names[index]
    shown = next((n for n in map_of(world).nodes if n.name == name), None)
    seen = tuple(t for t in core.tracer.kept() if any(s.node == name for s in t.spans))
    state = node_state(nodes, index) if shown is None else shown.state
    verdict = (Setting("verdict", shown.verdict, "the worst first"),) if shown is not None and shown.verdict else ()
    place = Setting("address", nodes.addresses[index], where)
    return f"{name} {nodes.addresses[index]}", state, verdict + lines, (place, *settings), seen


def _member(node: Node) -> Setting:
    """A node in one line."""
    parts = [node.state.value, node.role, f"{percent(node.utilisation)} busy", f"{node.waiting} wait" if node.waiting else ""]
    return Setting(node.name, ", ".join(p for p in parts if p), node.verdict or f"zone {node.at}, {node.address}")


def _group(world: World, found: Target) -> Found:
    """A tier, shard, zone or level: its nodes in a line each, the worst state of them."""
    tiers = world.core.fabric.tiers
    names = [tiers[tier].names[i] for tier, i in found.nodes]
    on_map = {n.name: n for n in map_of(world).nodes}
    nodes = [on_map[name] for name in names if name in on_map]
    servers = [(tiers[t], i) for t, i in found.nodes if tiers[t].names[i] not in on_map]
    lines = [*(_member(n) for n in nodes), *(Setting(n.names[i], node_state(n, i).value, n.addresses[i]) for n, i in servers)]
    states = [*(n.state for n in nodes), *(node_state(n, i) for n, i in servers)]
    worst = min(states, key=ORDER.index, default=NodeState.UP)
    settings = tuple(
        Setting(row.info.title, row.text(row.value(world)), row.info.source)
        for row in OPTIONS.values()
        if found.kind == "tier" and row.tier == {"db": "database"}.get(found.name, found.name)
    )
    seen = tuple(t for t in world.core.tracer.kept() if any(s.node in names for s in t.spans))
    lead: Lines = (Setting("nodes", str(len(names)), "members now"),)
    if found.kind == "shard":
        keys = next((s for s in world.database.shards_reading().shards if s.name == found.name), None)
        if keys is not None:
            lead += (
                Setting("keys", f"{keys.keys:,}", f"{percent(keys.key_share, 1)} of all, counted in the routing table"),
                Setting("load", percent(keys.load_share, 1), f"of all statements; {keys.rate:,.0f}/s, p99 {keys.p99_ms:.0f} ms"),
            )
        lines += _lost(world, found.name)
    return found.label, worst, (*lead, *lines), settings, seen


def _lost(world: World, shard: str) -> list[Setting]:
    """The writes that failovers of a shard have lost, one a line, the last ones of each."""
    failovers = [f for f in world.database.reading(listed=LOST_LINES).failovers if f.shard == shard]
    return [
        Setting("lost write", line, "acknowledged, but after the position of the replica that was promoted")
        for failover in failovers
        for line in failover.lost_sample
    ]


def _city(world: World, found: Target) -> Found:
    """A city: how much it asks, how far it is from each zone."""
    fabric, core = world.core.fabric, world.core
    name = fabric.cities[found.number]
    node = next(n for n in map_of(world).nodes if n.name == found.name)
    lines = [Setting("asks", f"{node.rate:,.1f}/s", "requests a second by the day curve of its place")]
    if node.verdict:
        lines.append(Setting("verdict", node.verdict, "no packet passes"))
    away = fabric.city_one_way[found.number]
    settings = tuple(
        Setting(f"to zone {zone}", f"{2e3 * float(away[i]):.1f} ms", "round trip without faults, from measured medians")
        for i, zone in enumerate(fabric.zones)
    )
    return f"users in {name}", node.state, tuple(lines), settings, tuple(t for t in core.tracer.kept() if t.city == name)


def _link(world: World, found: Target) -> Found:
    """A link between tiers; of one between single nodes, what the faults on it say."""
    link = next((k for k in map_of(world).links if k.name == found.name), None)
    rules = [r for r in world.core.fabric.rules if (r.a, r.b) in found.ends or (r.b, r.a) in found.ends]
    if link is None:
        a, _, b = found.name.partition("~")
        cut = any(r.cut for r in rules)
        loss = 1.0
        for rule in rules:
            loss *= 1.0 - rule.loss
        state = NodeState.DOWN if cut else NodeState.SLOW if rules else NodeState.UP
        extra = sum(r.extra_s for r in rules)
        link = Link(found.name, a, b, state, 0.0, extra * 1e3, 1.0 - loss, "cut" if cut else "")
        way = Setting("added", f"{link.one_way_ms:.2f} ms", "one way, by faults on this link")
    else:
        way = Setting("one way", f"{link.one_way_ms:.2f} ms", "mean distance of the zones, faults included")
    lines: Lines = (way, Setting("loss", percent(link.loss, 1), "share of packets; each is sent again after 200 ms, doubling"))
    if link.rate:
        lines += (Setting("carries", f"{link.rate:,.0f}/s", "requests of the last second"),)
    return f"link {link.a} to {link.b}", link.state, lines, (Setting("state", link.state.value, link.verdict),), ()


def _key(world: World, found: Target) -> Found:
    """A key: who owns it, where it is cached."""
    key = found.number
    hot = next((h for h in (*world.cache.reading().hot, *world.database.shards_reading().hot) if h.key == key), None)
    lines: Lines = ()
    if hot is not None:
        lines = (Setting("asked", f"{hot.rate:,.0f}/s", f"{percent(hot.share, 2)} of all: among the hottest of the last second"),)
    settings = (Setting("shard", world.database.shard_of(key), "owner in the routing table"),)
    return f"item:{key}", NodeState.UP, lines, settings, tuple(t for t in world.core.tracer.kept() if t.key == key)


def _record(world: World, found: Target) -> Found:
    """A DNS record: what is served, what resolvers answer."""
    name = found.label
    records = [r for r in world.dns.reading().records if r.name.rstrip(".") == name.rstrip(".")]
    lines = tuple(Setting(r.kind, r.value, f"was {r.was}" if r.was else "as the authority has it") for r in records)
    answers = tuple(Setting(address, f"{n:,} resolvers", "would answer so now") for r in records for address, n in r.answers)
    ttl = tuple(Setting("TTL", f"{r.ttl:g} s", "how long resolvers keep it") for r in records)
    return name, NodeState.UP if records else NodeState.DOWN, lines + answers, ttl, ()


def _traffic(world: World, _found: Target) -> Found:
    """The users: how many, how they behave."""
    clients = world.clients.reading()
    lines = (
        Setting("users", f"{world.traffic.users:,}", "scenario"),
        Setting("asked", f"{float(world.traffic.rate(world.core.now).sum()):,.0f}/s", "by the day curve and faults, now"),
        Setting("attempts a request", f"{clients.attempts_per_request:.2f}", "counted: first attempts and retries"),
        Setting("retries", f"{clients.retry_rate:,.0f}/s", "counted"),
        Setting("time-outs", f"{clients.timeout_rate:,.0f}/s", "counted"),
    )
    own = ("traffic", "clients")
    settings = tuple(Setting(r.info.title, r.text(r.value(world)), r.info.source) for r in OPTIONS.values() if r.tier in own)
    return "the users", NodeState.UP, lines, settings, world.core.tracer.kept()


def _resolvers(world: World, found: Target) -> Found:
    """All recursive resolvers, or those of a city."""
    state, lines, settings = dns_show.resolvers(world.dns, found.number)
    seen = tuple(t for t in world.core.tracer.kept() if any(s.node == "resolver" for s in t.spans))
    return found.label, state, lines, settings, seen


def _party(world: World, found: Target) -> Found:
    """A DNS host, or the registrar."""
    told = dns_parties.host if found.kind == "host" else dns_parties.registrar
    return found.label, *told(world.dns, found.number), ()


_TELLERS: dict[str, Callable[[World, Target], Found]] = {
    "tier": _group,
    "shard": _group,
    "zone": _group,
    "city": _city,
    "link": _link,
    "key": _key,
    "record": _record,
    "resolvers": _resolvers,
    "host": _party,
    "registrar": _party,
    "traffic": _traffic,
}
