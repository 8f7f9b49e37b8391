"""Zone files and hosts files as real systems write them, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.config import Dns as DnsConfig
from engine.tiers.dns.zone import MAX_FILE, Rrset, Zone, ZoneError, check_rrset, read_hosts, read_small, read_zone, zone_of

ZONE = """
$ORIGIN example.com.
$TTL 3600
@     IN SOA ns1 hostmaster ( 2024010101 7200 900 1209600 120 )
      IN NS  ns1
      IN NS  ns2
ns1   IN A   203.0.113.2
ns2   IN A   203.0.113.3
www   300 IN CNAME web
web   60  IN A 203.0.113.11
          IN A 203.0.113.10
mail  IN MX 10 mail.example.com.
"""


def test_a_zone_file_becomes_record_sets() -> None:
    zone = read_zone(ZONE, "")
    assert zone.origin == "example.com"
    assert zone.negative_ttl == 120.0  # SOA minimum, below the SOA's own TTL
    assert zone.find("www.example.com") == Rrset("www.example.com", "CNAME", 300.0, ("web.example.com",))
    assert zone.find("web.example.com") == Rrset("web.example.com", "A", 60.0, ("203.0.113.10", "203.0.113.11"))
    assert [r.name for r in zone.chain("www.example.com")] == ["www.example.com", "web.example.com"]
    assert zone.find("mail.example.com") is None


def test_negative_ttl_is_the_lesser_of_soa_minimum_and_soa_ttl() -> None:
    assert read_zone(ZONE.replace("$TTL 3600", "$TTL 30"), "").negative_ttl == 30.0


@pytest.mark.parametrize(
    "text",
    [
        "this is no zone",
        ZONE.replace("203.0.113.11", "203.0.113.300"),
        ZONE.replace("@     IN SOA", ";"),
        "$ORIGIN example.com.\n$INCLUDE /etc/passwd\n" + ZONE,
        "$TTL 60\n@ IN SOA ns1 host 1 1 1 1 1\n@ IN NS ns1\n",
    ],
)
def test_zone_files_that_are_none_are_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ZoneError):
        read_zone(text, "")


def test_the_scenario_alone_makes_a_zone() -> None:
    zone = zone_of(DnsConfig(name="WWW.Example.com.", ttl=77.0, negative_ttl=5.0))
    assert zone == Zone("example.com", (Rrset("www.example.com", "A", 77.0, ("203.0.113.10",)),), 5.0)


def test_the_scenario_names_a_zone_file(tmp_path: Path) -> None:
    (tmp_path / "example.zone").write_text(ZONE)
    zone = zone_of(DnsConfig(zone_file=str(tmp_path / "example.zone")))
    assert zone.find("web.example.com") is not None


def test_chains_stop_growing() -> None:
    loop = Zone("x", (Rrset("a.x", "CNAME", 1.0, ("b.x",)), Rrset("b.x", "CNAME", 1.0, ("a.x",))), 1.0)
    assert 9 <= len(loop.chain("a.x")) <= 10


@pytest.mark.parametrize(
    "rrset",
    [
        Rrset("w", "A", 1.0, ()),
        Rrset("w", "A", -1.0, ("10.0.0.1",)),
        Rrset("w", "A", 2.0**31, ("10.0.0.1",)),
        Rrset("w", "A", 1.0, ("fe80::1",)),
        Rrset("w", "CNAME", 1.0, ("a", "b")),
        Rrset("w", "MX", 1.0, ("a",)),
        Rrset("w", "A", 1.0, ("10.0.0.1", "10.0.0.2"), (1.0,)),
        Rrset("w", "A", 1.0, ("10.0.0.1", "10.0.0.2"), (0.0, 0.0)),
        Rrset("w", "A", 1.0, ("10.0.0.1", "10.0.0.2"), (float("nan"), 1.0)),
    ],
)
def test_record_sets_that_cannot_be_served(rrset: Rrset) -> None:
    with pytest.raises(ZoneError):
        check_rrset(rrset)


def test_a_hosts_file_is_read_as_systems_do() -> None:
    text = """
    127.0.0.1   localhost   # the loopback
    ::1         localhost ip6-localhost
    10.1.2.3\twww.example.com  WWW2.Example.com.
    10.9.9.9    www.example.com
    fe80::1%lo0 www3.example.com
    """
    assert read_hosts(text) == {"localhost": "127.0.0.1", "www.example.com": "10.1.2.3", "www2.example.com": "10.1.2.3"}


@pytest.mark.parametrize(
    ("text", "word"), [("www 10.0.0.1", "line 1"), ("\n10.0.0.1 # nobody", "line 2"), ("#" * 1_001, "longer")]
)
def test_a_hosts_file_that_makes_no_sense_names_the_line(text: str, word: str) -> None:
    with pytest.raises(ZoneError, match=word):
        read_hosts(text)


def test_only_small_regular_text_files_are_read(tmp_path: Path) -> None:
    big, binary, pipe = tmp_path / "big", tmp_path / "binary", tmp_path / "pipe"
    big.write_bytes(b"#" * (MAX_FILE + 1))
    binary.write_bytes(b"\xff\xfe\x00")
    os.mkfifo(pipe)
    for path in (big, binary, pipe, tmp_path, tmp_path / "missing", Path("/dev/zero")):
        with pytest.raises(ZoneError):
            read_small(str(path))
