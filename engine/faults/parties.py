"""What a command can be aimed at in DNS: name servers, one or many, DNS hosts as parties, the registrar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .kinds import EVERYTHING, Target

if TYPE_CHECKING:
    from ..world import World


def servers(world: World, name: str) -> Target | None:
    """One name server, all of a DNS host's, or all of the zone's under the word "authority"."""
    nodes, hosts = world.dns.nodes, world.dns.providers.names
    index = nodes.index(name)
    if index >= 0:
        return Target("dns", name, name, (("dns", index),), ((("dns", index, -1), EVERYTHING),))
    if name != "authority" and name not in hosts:
        return None
    found = tuple(("dns", i) for i, group in enumerate(nodes.group) if group and name in ("authority", group))
    return Target("dns", name, "the site's name servers" if name == "authority" else f"name servers of {name}", found)


def host(world: World, name: str) -> Target | None:
    """A DNS host as a party: its copy of the zone, its addresses at the registry."""
    hosts = world.dns.providers.names
    return Target("host", f"host:{name}", f"DNS host {name}", number=hosts.index(name)) if name in hosts else None


def registrar(_world: World, name: str) -> Target | None:
    """Where the domain's name servers are told."""
    return Target("registrar", "registrar", "the registrar") if name == "registrar" else None
