"""Zone data as plain values: record sets, the zone that holds them, and the two text formats that they are read from.

A zone is made from the scenario's name and the site's public address, or from a standard zone file (RFC 1035 section 5).
A hosts file is read as systems do it: address, then names, IPv4 only, the first line for a name counts (hosts(5)).
"""

from __future__ import annotations

import ipaddress
import re
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec

from ...config import Dns as DnsConfig
from ...regions import PUBLIC_ADDRESS

MAX_CHAIN = 8  # CNAMEs that a resolver follows before it gives up
MAX_FILE = 65_536
MAX_LINE = 1_000


class ZoneError(ValueError):
    """A zone or hosts file that cannot be used; the message is one sentence, with the line where it is known."""


class Rrset(msgspec.Struct, frozen=True):
    """All records of one name. kind: "A" (values are IPv4 addresses) or "CNAME" (one name); ttl in seconds.

    weights: one per value for weighted answers; empty = all alike.
    """

    name: str
    kind: str
    ttl: float
    values: tuple[str, ...]
    weights: tuple[float, ...] = ()


class Zone(msgspec.Struct, frozen=True):
    """What the authority serves. negative_ttl: min(SOA minimum, SOA TTL) (RFC 2308 section 5)."""

    origin: str
    rrsets: tuple[Rrset, ...]
    negative_ttl: float

    def find(self, name: str) -> Rrset | None:
        """The record set of a name, None if there is none (NXDOMAIN)."""
        for rrset in self.rrsets:
            if rrset.name == name:
                return rrset
        return None

    def with_rrset(self, rrset: Rrset) -> Zone:
        """The zone with this set in place of the one of that name."""
        if self.find(rrset.name) is None:
            return Zone(self.origin, (*self.rrsets, rrset), self.negative_ttl)
        return Zone(self.origin, tuple(rrset if r.name == rrset.name else r for r in self.rrsets), self.negative_ttl)

    def without(self, name: str) -> Zone:
        """The zone without that name."""
        return Zone(self.origin, tuple(r for r in self.rrsets if r.name != name), self.negative_ttl)

    def chain(self, name: str) -> tuple[Rrset, ...]:
        """What the authority puts in an answer: the CNAMEs from `name` on and the addresses at their end, if it knows them."""
        found: list[Rrset] = []
        rrset = self.find(name)
        while rrset is not None and len(found) <= MAX_CHAIN + 1:
            found.append(rrset)
            if rrset.kind != "CNAME":
                break
            rrset = self.find(rrset.values[0])
        return tuple(found)


def canonical(name: str) -> str:
    """Lower case, no dot at the end."""
    return name.strip().rstrip(".").lower()


def check_rrset(rrset: Rrset) -> Rrset:
    """The set itself if it can be served; ZoneError otherwise."""
    if not rrset.values:
        raise ZoneError(f"{rrset.name} has no value")
    if not 0.0 <= rrset.ttl <= 2**31 - 1:
        raise ZoneError(f"the TTL of {rrset.name} is not within 0 .. 2147483647 s (RFC 2181 section 8)")
    if rrset.kind == "CNAME":
        if len(rrset.values) != 1:
            raise ZoneError(f"{rrset.name} has more than one CNAME")
    elif rrset.kind != "A":
        raise ZoneError(f"{rrset.name} is of kind {rrset.kind}, only A and CNAME are emulated")
    else:
        for value in rrset.values:
            check_address(value)
    if rrset.weights and (
        len(rrset.weights) != len(rrset.values) or min(rrset.weights) < 0.0 or not 0.0 < sum(rrset.weights) < float("inf")
    ):
        raise ZoneError(f"{rrset.name} needs one weight of 0 or more a value, not all of them 0")
    return rrset


def check_address(text: str) -> str:
    """The address itself if it is IPv4; ZoneError otherwise."""
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise ZoneError(f"{text!r} is not an IPv4 address") from None


def zone_of(config: DnsConfig, public: tuple[str, ...] = (PUBLIC_ADDRESS,)) -> Zone:
    """The scenario's zone: from its zone file, or the name with the site's public addresses."""
    if config.zone_file:
        text = read_small(config.zone_file)
        try:
            return read_zone(text, "")
        except ZoneError as error:
            raise ZoneError(f"{config.zone_file}: {error}") from None
    name = canonical(config.name)
    origin = name.partition(".")[2] if name.count(".") >= 2 else name
    return Zone(origin, (Rrset(name, "A", config.ttl, public),), config.negative_ttl)


def hosts_of(config: DnsConfig) -> dict[str, str]:
    """Name -> IPv4 address of the scenario's hosts file; empty if it has none."""
    if not config.hosts_file:
        return {}
    text = read_small(config.hosts_file)
    try:
        return read_hosts(text)
    except ZoneError as error:
        raise ZoneError(f"{config.hosts_file}: {error}") from None


def check_question(zone: Zone, name: str, where: str) -> None:
    """ZoneError if the zone (read from the file `where`) has no address for the name, or its CNAMEs go in a circle."""
    chain = zone.chain(name)
    if not chain:
        raise ZoneError(f"{where}: there is no A or CNAME record of {name}, which is what users ask for (dns.name)")
    names = [rrset.name for rrset in chain]
    last = chain[-1]
    if last.kind == "CNAME" and last.values[0] in names:
        way = " -> ".join([*names[: len(set(names))], last.values[0]])
        raise ZoneError(f"{where}: the CNAMEs of {name} go in a circle: {way}")
    if last.kind == "CNAME":
        raise ZoneError(f"{where}: the CNAMEs of {name} end at {last.values[0]}, of which the zone has no address")


def read_zone(text: str, origin: str) -> Zone:
    """A zone from the text of a zone file. origin: where the file itself does not say it ($ORIGIN). $INCLUDE is refused."""
    import dns.exception
    import dns.rdatatype
    import dns.zone

    def made(lines: str) -> dns.zone.Zone:
        return dns.zone.from_text(lines, origin=origin or None, relativize=False, allow_include=False)

    try:
        zone = made(text)
    except AssertionError:  # what the reader says of a file without a single record
        raise ZoneError("the zone file holds no record") from None
    except (dns.exception.DNSException, ValueError) as error:
        words = str(error)
        found = re.match(r"<string>:(\d+): (.*)", words, re.DOTALL)
        if found:  # some mistakes are noticed with the end of their line, and so a line too late
            number = int(found[1])
            lines = ["", *text.split("\n"), ""]
            late = _complaint(made, lines, number) == words
            words = f"line {number - late}: {found[2]}"
        raise ZoneError(words.rstrip(".")) from None
    rrsets: list[Rrset] = []
    for kind in (dns.rdatatype.CNAME, dns.rdatatype.A):
        for name, rdataset in zone.iterate_rdatasets(kind):
            values = tuple(canonical(rdata.to_text()) for rdata in rdataset)
            text_kind = dns.rdatatype.to_text(kind)
            rrsets.append(check_rrset(Rrset(canonical(name.to_text()), text_kind, float(rdataset.ttl), tuple(sorted(values)))))
    if not rrsets:
        raise ZoneError("the zone file holds no A or CNAME record")
    assert zone.origin is not None
    soa = zone.get_soa()
    soa_set = zone.find_rdataset(zone.origin, dns.rdatatype.SOA)
    return Zone(
        canonical(zone.origin.to_text()),
        tuple(sorted(rrsets, key=lambda r: r.name)),
        float(min(soa.minimum, soa_set.ttl)),
    )


def _complaint(made: Callable[[str], object], lines: list[str], number: int) -> str:
    """What is wrong with the file (lines from 1) once that line is blank."""
    import dns.exception

    try:
        made("\n".join([*lines[1:number], "", *lines[number + 1 : -1]]))
    except (dns.exception.DNSException, ValueError, AssertionError) as error:
        return str(error)
    return ""


def read_hosts(text: str) -> dict[str, str]:
    """Name -> IPv4 address of a hosts file; lines of IPv6 are skipped; ZoneError names the line that makes no sense."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > MAX_LINE:
            raise ZoneError(f"line {number} of the hosts file is longer than {MAX_LINE} characters")
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            address = ipaddress.ip_address(words[0].partition("%")[0])
        except ValueError:
            raise ZoneError(f"line {number} of the hosts file does not begin with an address") from None
        if len(words) < 2:
            raise ZoneError(f"line {number} of the hosts file names nobody")
        if address.version == 4:
            for name in words[1:]:
                found.setdefault(canonical(name), str(address))
    return found


def read_small(path: str) -> str:
    """The text of a small regular file; ZoneError if it is not one."""
    try:
        info = Path(path).stat()
        if not stat.S_ISREG(info.st_mode) or info.st_size > MAX_FILE:
            raise ZoneError(f"{path} is not a regular file of at most {MAX_FILE} bytes")
        with Path(path).open("rb") as file:
            return file.read(MAX_FILE).decode()
    except (OSError, UnicodeDecodeError):
        raise ZoneError(f"{path} cannot be read as a text file") from None
