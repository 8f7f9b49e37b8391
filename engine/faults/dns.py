"""Faults of DNS: a level down, slow or lossy; the record gone, wrong or kept too long; caches flushed; hosts files in the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..fabric import Rule
from .base import FaultRow, Rejected, row
from .network import latency, packet_loss
from .node import crash, error_rate
from .targets import Target

if TYPE_CHECKING:
    from ..world import World

LEVEL = ("dns", "resolvers")
SERVERS = ("dns",)
LONG_TTL_S = 86_400.0  # a day: what a TTL typed in haste keeps wrong (resolvers cap there: unbound, cache-max-ttl)
NOBODYS = "203.0.113.99"  # TEST-NET-3 (RFC 5737): no server of ours
OLD_PRIVATE = "10.0.1.10"  # an address that answers inside only: the first web server's


def level_down(world: World, target: Target, amount: float, event: int) -> None:
    """It answers nothing. What it has in its cache it still has when it is back."""
    if target.kind == "resolvers":
        world.dns.stubs.hit(world.dns.resolvers.of_city(target.number), event, down=True)
    else:
        crash(world, target, amount, event)


def level_slow(world: World, target: Target, amount: float, event: int) -> None:
    """Each query to it takes `amount` ms longer, each way."""
    if target.kind == "resolvers":
        world.dns.stubs.hit(world.dns.resolvers.of_city(target.number), event, extra_s=amount / 1e3)
    else:
        latency(world, replace(target, kind="tier"), amount, event)


def level_lossy(world: World, target: Target, amount: float, event: int) -> None:
    """`amount` per cent of queries and answers are lost; whoever asks it asks again after a time-out."""
    if target.kind == "resolvers":
        world.dns.stubs.hit(world.dns.resolvers.of_city(target.number), event, loss=amount / 100.0)
    else:
        packet_loss(world, replace(target, kind="tier"), amount, event)


def delete_record(world: World, target: Target, _amount: float, event: int) -> None:
    """The name does not exist any more: NXDOMAIN, cached negatively."""
    world.dns.delete_record(target.label, event)


def change_record(world: World, target: Target, _amount: float, event: int) -> None:
    """The name leads to an address that is nobody's."""
    world.dns.override_record(target.label, (NOBODYS,), event)


def long_ttl(world: World, target: Target, amount: float, event: int) -> None:
    """Whoever asks now keeps the answer for `amount` seconds."""
    world.dns.override_ttl(target.label, amount, event)


def flush_resolvers(world: World, target: Target, _amount: float, _event: int) -> None:
    """Resolvers (of one city, or all) forget everything: the next users pay for the whole walk."""
    world.dns.flush_resolvers(1.0, target.number)


def hosts_file(world: World, _target: Target, amount: float, _event: int) -> None:
    """A line in the hosts files of `amount` per cent of the users goes before all of DNS: it names a private address."""
    world.dns.override_hosts(OLD_PRIVATE, amount / 100.0)


def host_flooded(world: World, target: Target, amount: float, event: int) -> None:
    """`amount` per cent of the queries to these servers drown in somebody's flood and are never answered."""
    for _, index in target.nodes:
        keep = (1.0 - world.dns.levels.flooded[index]) * (1.0 - amount / 100.0)
        world.dns.levels.flooded[index] = 1.0 - keep
        world.dns.nodes.event[index] = event


def flooding(world: World, target: Target) -> Target:
    """Only the zone's servers: who floods root and TLD is another story."""
    if any(index not in world.dns.providers.of_node for _, index in target.nodes):
        raise Rejected(f"flood: {target.label} is no server of the zone")
    return target


def host_drops_zone(world: World, target: Target, _amount: float, event: int) -> None:
    """The host has no copy of the zone any more: it refuses, and whoever is referred to it has a lame delegation."""
    world.dns.providers.gone[target.number] = True
    world.dns.providers.event[target.number] = event


def registrar_hijacked(world: World, _target: Target, _amount: float, event: int) -> None:
    """The TLD refers to servers that are nobody's; who was told so keeps it, also after it has been put right."""
    world.dns.registry.hijacked = event
    world.dns.registry.refresh(event)


def domain_expired(world: World, _target: Target, _amount: float, event: int) -> None:
    """The TLD knows the domain no more; who has its name servers in the cache goes on for their TTL."""
    world.dns.registry.expired = event
    world.dns.authority.event = event
    world.dns.registry.refresh(event)


def glue_wrong(world: World, target: Target, _amount: float, event: int) -> None:
    """The registry has wrong addresses for the host's servers: who is referred now finds nobody there."""
    world.dns.registry.glue[target.number] = event
    world.dns.registry.refresh(event)


def backbone_cut(world: World, target: Target, _amount: float, event: int) -> None:
    """Nothing passes between the host's servers and any zone; what users send to either goes other ways."""
    fabric = world.core.fabric
    for node in world.dns.providers.servers[target.number]:
        fabric.rules += [Rule(("dns", node, -1), ("*", -1, z), 0.0, 0.0, True, event) for z in range(len(fabric.zones))]


ROWS: tuple[FaultRow, ...] = (
    row(
        "dns_down",
        "nd",
        "dns",
        LEVEL,
        "DNS server down",
        "A name server or resolver answers nothing: SERVFAIL after time-outs, once caches nearer to the user end.",
        "{target} down",
        level_down,
    ),
    row(
        "dns_slow",
        "ns",
        "dns",
        LEVEL,
        "DNS server slow",
        "Every query to it takes so much longer, each way.",
        "{target} {amount} ms slower each way",
        level_slow,
        amount=(200.0, 0.0, 60_000.0, "ms"),
    ),
    row(
        "dns_lossy",
        "nl",
        "dns",
        LEVEL,
        "DNS server lossy",
        "This share of its packets is lost; resolvers (or users' systems, after 5 s) ask again.",
        "{target}: {amount} % of packets lost",
        level_lossy,
        amount=(50.0, 0.0, 100.0, "%"),
    ),
    row(
        "dns_lame",
        "ne",
        "dns",
        SERVERS,
        "name server lame",
        "It answers, but this share of its answers is of no use (a lame delegation): resolvers try others.",
        "{target} lame: {amount} % of its answers are of no use",
        error_rate,
        amount=(100.0, 0.0, 100.0, "%"),
    ),
    row(
        "delete_record",
        "nx",
        "dns",
        ("record",),
        "delete the record",
        "The name is gone; resolvers keep that too (negative caching), even after it is back.",
        "record {target} deleted",
        delete_record,
    ),
    row(
        "change_record",
        "nc",
        "dns",
        ("record",),
        "wrong address",
        f"The record leads to {NOBODYS}, which is nobody's; resolvers learn it as their TTLs end.",
        f"record {{target}} changed to {NOBODYS}, which is nobody's",
        change_record,
    ),
    row(
        "long_ttl",
        "nt",
        "dns",
        ("record",),
        "TTL too long",
        "Whoever asks now keeps the answer so long: a later change will not reach them.",
        "TTL of {target} set to {amount} s",
        long_ttl,
        amount=(LONG_TTL_S, 0.0, 604_800.0, "s"),
    ),
    row(
        "flush_resolvers",
        "nf",
        "dns",
        ("traffic", "city"),
        "flush resolvers",
        "Recursive resolvers forget everything: walks begin at the root. Cannot be taken back.",
        "resolvers of {target} flushed",
        flush_resolvers,
        one_shot=True,
    ),
    row(
        "hosts_file",
        "nh",
        "dns",
        ("traffic",),
        "hosts-file line",
        f"The hosts files of this share of the users name {OLD_PRIVATE}, a private address: they reach nothing.",
        f"hosts files of {{amount}} % of the users name {OLD_PRIVATE}",
        hosts_file,
        amount=(10.0, 0.0, 100.0, "%"),
    ),
    row(
        "host_flooded",
        "no",
        "dns",
        SERVERS,
        "DNS host flooded",
        "Somebody's flood drowns this share of the queries to it; resolvers wait, and ask others (Dyn 2016).",
        "{target} flooded: {amount} % of queries are lost",
        host_flooded,
        aim=flooding,
        amount=(90.0, 0.0, 100.0, "%"),
    ),
    row(
        "host_drops_zone",
        "nz",
        "dns",
        ("host",),
        "DNS host drops the zone",
        "It knows the zone no more and refuses: a lame delegation for all who are referred to it.",
        "{target} has dropped the zone",
        host_drops_zone,
    ),
    row(
        "registrar_hijacked",
        "nr",
        "dns",
        ("registrar",),
        "registrar hijacked",
        "The registry refers to servers that are nobody's; resolvers keep that for 2 days, also when it has been put right.",
        "registrar account hijacked: the domain's name servers are nobody's",
        registrar_hijacked,
    ),
    row(
        "domain_expired",
        "nq",
        "dns",
        ("registrar",),
        "domain expired",
        "Nobody has paid: the TLD denies the domain. It dies as resolvers forget its name servers.",
        "the domain has expired: the TLD denies it",
        domain_expired,
    ),
    row(
        "glue_wrong",
        "ng",
        "dns",
        ("host",),
        "glue wrong",
        "The registry's addresses of the host's name servers are wrong: resolvers that are referred now find nobody there.",
        "glue of {target} wrong: nobody answers at those addresses",
        glue_wrong,
    ),
    row(
        "backbone_cut",
        "nb",
        "dns",
        ("host",),
        "backbone cut",
        "The host's name servers reach none of the site's data centres; users reach both (Facebook 2021).",
        "name servers of {target} cut off from all data centres",
        backbone_cut,
    ),
)
