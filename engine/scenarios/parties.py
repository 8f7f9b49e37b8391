"""What a scenario says of its DNS hosts, and whether it makes sense: names, places, who is named by the registry."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..config import Scenario

TAKEN = ("root", "tld", "authority", "resolvers", "resolver", "registrar", "nobody", "none", "dns")
PLAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
MOST = 200  # servers of all hosts: their addresses are of one documentation network


def problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """(path of the key, sentence) for what does not fit together."""
    dns = scenario.dns
    names = [host.name for host in dns.hosts] or ["own"]
    zones = [zone.name for zone in scenario.network.zones]
    if len(set(names)) != len(names):
        yield "$.dns.hosts", "two DNS hosts have one name; name them differently"
    if sum(host.servers for host in dns.hosts) > MOST:
        yield "$.dns.hosts", f"DNS hosts have more than {MOST} name servers; take fewer"
    for i, host in enumerate(dns.hosts):
        path = f"$.dns.hosts[{i}]"
        if host.name in TAKEN or not PLAIN.fullmatch(host.name):
            yield f"{path}.name", f"{host.name!r} cannot be the name of a DNS host; take small letters, digits and hyphens"
        if host.zone and host.zone not in zones:
            yield f"{path}.zone", f"there is no zone {host.zone!r}; there is {', '.join(zones)}"
        if host.zone and host.anycast:
            yield f"{path}.zone", "an anycast host stands in no zone; set anycast = false, or leave the zone out"
    for name in dns.delegation:
        if name not in names:
            yield "$.dns.delegation", f"there is no DNS host {name!r}; there is {', '.join(names)}"
    if len(set(dns.delegation)) != len(dns.delegation):
        yield "$.dns.delegation", "a DNS host is named twice; once is enough"
    if dns.withdraw != "never" and not any(host.anycast for host in dns.hosts):
        yield "$.dns.withdraw", "no name server is anycast, so none can withdraw; give dns.hosts one that is"
