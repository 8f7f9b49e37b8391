"""What people and faults do to DNS, upon the engine's tier and upon the slow model alike."""

from __future__ import annotations

from dataclasses import dataclass

from slow_dns import Server, SlowDns

from engine.config import DnsHost
from engine.tiers.dns import Dns

SLOW = 12.0  # amounts as seconds each way to a resolver: from a fraction of the stub's time-out to beyond it
HOSTS = (DnsHost("one", servers=2, anycast=False), DnsHost("two", servers=1))
OF_HOST = {"one": ["one-ns1", "one-ns2"], "two": ["two-ns1"]}
SETS = ("one", "two", "one, two", "two, one")


@dataclass(frozen=True)
class Deed:
    """Something that happens at a step boundary."""

    step: int
    what: str
    which: int
    amount: float


def ail(dns: Dns, deed: Deed, event: int) -> None:
    """A deed upon one resolver."""
    number = deed.which % dns.resolvers.n
    which = slice(number, number + 1)
    match deed.what:
        case "resolver down":
            dns.stubs.hit(which, event, down=True)
        case "resolver slow":
            dns.stubs.hit(which, event, extra_s=SLOW * deed.amount)
        case "resolver lossy":
            dns.stubs.hit(which, event, loss=deed.amount)


def ail_slow(model: SlowDns, deed: Deed) -> None:
    """The same upon the model."""
    ill = model.resolvers.setdefault(deed.which % len(model.caches), Server())
    match deed.what:
        case "resolver down":
            ill.up = False
        case "resolver slow":
            ill.extra += SLOW * deed.amount
        case "resolver lossy":
            ill.loss = 1.0 - (1.0 - ill.loss) * (1.0 - deed.amount)


def do(dns: Dns, deed: Deed, end: str) -> None:
    """A deed upon the engine's tier; `end` is the name that holds the address."""
    event = 1 + deed.step
    nodes = dns.nodes
    match deed.what:
        case "change":
            dns.change_record(end, [f"198.51.100.{deed.which}"], event=event)
        case "delete":
            dns.delete_record(end, event)
        case "restore":
            dns.restore(end, event)
        case "ttl":
            dns.set_ttl(end, deed.amount * 10, event)
        case "flush":
            dns.flush_resolvers()
        case "down":
            nodes.up[deed.which] = False
        case "slow":
            nodes.extra_s[deed.which] = deed.amount
        case "lossy":
            nodes.loss[deed.which] = deed.amount
        case "lame":
            nodes.error_rate[deed.which] = 1.0
        case "delegate" | "name" | "serve" | "hijack" | "expire" | "glue":
            delegate(dns, deed, event)
        case "heal":
            nodes.reset_effects()
            dns.registry.reset()
            dns.stubs.reset()
        case _:
            ail(dns, deed, event)


def delegate(dns: Dns, deed: Deed, event: int) -> None:
    """A deed upon the parties: who serves the zone, whom the registry names."""
    if len(dns.providers.names) == 1:
        return
    names = SETS[deed.which]
    match deed.what:
        case "delegate":
            dns.registry.publish(dns.providers.find(names.split(", ")), event)
        case "name":
            dns.zone_ns = names
        case "serve":
            dns.zone_at = names
        case "hijack":
            dns.registry.hijacked = event
        case "expire":
            dns.registry.expired = event
        case "glue":
            dns.registry.glue[deed.which % 2] = event
    dns.registry.refresh(event)


def in_turn(names: str) -> list[str]:
    """The servers of hosts "a, b", one of each in turn."""
    lists = [list(OF_HOST[name]) for name in names.split(", ")]
    found = []
    while any(lists):
        found += [one.pop(0) for one in lists if one]
    return found


def delegate_slow(model: SlowDns, deed: Deed) -> None:
    """The same upon the model. What is wrong with the registry goes before what its owner wants."""
    if "ns1" in model.serving:
        return
    names = SETS[deed.which]
    match deed.what:
        case "delegate":
            model.owners = in_turn(names)
        case "name":
            model.own_ns = in_turn(names)
        case "serve":
            model.serving = {server: host in names.split(", ") for host, servers in OF_HOST.items() for server in servers}
        case _:
            model.wrong.add((deed.what, ("one", "two")[deed.which % 2]))
    model.referral = [
        "" if any(("glue", server.partition("-")[0]) == one for one in model.wrong) else server for server in model.owners
    ]
    if any(what == "hijack" for what, _ in model.wrong):
        model.referral = ["", ""]
    if any(what == "expire" for what, _ in model.wrong):
        model.referral = None


def do_slow(model: SlowDns, deed: Deed, end: str, gone: dict[str, tuple[str, float, str]]) -> None:
    """The same upon the model; `gone` remembers a deleted record."""
    server = list(model.servers.values())[deed.which]
    book = gone if end in gone else model.zone
    match deed.what:
        case "change":
            book[end] = ("A", book[end][1], f"198.51.100.{deed.which}")
        case "delete":
            gone[end] = book.pop(end)
        case "restore":
            model.zone[end] = book.pop(end)
        case "ttl":
            book[end] = ("A", deed.amount * 10, book[end][2])
        case "flush":
            model.flush()
        case "down":
            server.up = False
        case "slow":
            server.extra = deed.amount
        case "lossy":
            server.loss = deed.amount
        case "lame":
            server.lame = True
        case "delegate" | "name" | "serve" | "hijack" | "expire" | "glue":
            delegate_slow(model, deed)
        case "heal":
            model.servers = {name: Server() for name in model.servers}
            model.referral = model.owners
            model.wrong.clear()
            model.resolvers.clear()
        case _:
            ail_slow(model, deed)
