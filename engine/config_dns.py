"""The scenario's table `dns`: the name, how it is cached, who serves its zone and whom the registry names."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from .config_base import Name, Positive, Seconds, Table


class DnsHost(Table, frozen=True):
    """A DNS host (provider) with name servers of its own, which has a copy of the zone or not (`serves`).

    anycast: everybody has one of its servers near; otherwise they stand in `zone`, or, that being empty, one in each in turn.
    """

    name: Name = "own"
    servers: Annotated[int, Meta(ge=1, le=13)] = 2
    anycast: bool = True
    zone: str = ""
    serves: bool = True


class Dns(Table, frozen=True):
    """The name and how it is cached. Root and delegation TTLs from Debian dns-root-data and dig traces.

    hosts: who serves the zone; none = the site itself, with ns1 and ns2. delegation: names of the hosts whose NS records the
    TLD has at the beginning; none = the first host. zone_ns_ttl: of the NS records that answers themselves carry; 0 = they
    carry none, and resolvers go by what the TLD said.
    """

    name: Name = "www.example.com"
    ttl: Seconds = 300.0
    negative_ttl: Seconds = 900.0  # SOA minimum
    answers: Literal["simple", "weighted", "geo", "failover"] = "simple"
    browser_cap: Seconds = 60.0  # Chrome keeps a name at most a minute
    os_cap: Seconds = 86_400.0
    resolvers: Annotated[int, Meta(ge=1, le=1_000_000)] = 2_000
    resolver_max_ttl: Seconds = 86_400.0  # unbound 1.17.1
    resolver_negative_cap: Seconds = 3_600.0  # unbound 1.17.1
    root_ttl: Seconds = 518_400.0
    delegation_ttl: Seconds = 172_800.0
    warm: bool = True  # caches start filled at random phases, as in a system that has run for long
    query_timeout: Positive = 0.376  # unbound's first time-out for a server that it does not know
    tries: Annotated[int, Meta(ge=1, le=10)] = 3
    hosts_file: str = ""
    zone_file: str = ""
    failover: bool = False  # addresses that fail their health checks are left out of answers
    check_interval: Positive = 30.0  # Route 53: 30 s, or 10 s for a fee
    check_failures: Annotated[int, Meta(ge=1, le=10)] = 3  # Route 53: 3 checks in a row, either way
    hosts: tuple[DnsHost, ...] = ()
    delegation: tuple[Name, ...] = ()
    publish: Seconds = 180.0  # .com and .net are published every three minutes (Verisign to NANOG, 2004-07-09)
    zone_ns_ttl: Seconds = 0.0
    withdraw: Literal["never", "always", "fail_open"] = "never"  # anycast servers that do not reach the site leave the net
    withdraw_interval: Positive = 5.0  # ExaBGP's healthcheck: every 5 s, 3 in a row, either way
    withdraw_after: Annotated[int, Meta(ge=1, le=100)] = 3
