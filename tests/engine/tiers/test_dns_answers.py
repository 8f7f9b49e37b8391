"""What the name says and to whom: weighted, geographic, rotated answers; hosts files; faults on records; what is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dns_rig import NEW, OLD, WWW, Asked, said, world

from engine.config import Dns as DnsConfig
from engine.config import Network, Scenario, Users, Zone
from engine.tiers.dns.checks import alone, step
from engine.tiers.dns.counts import BROWSER, HOSTS
from engine.tiers.dns.zone import ZoneError


def test_weighted_answers_follow_the_weights() -> None:
    dns, _ = world(users=3_000, resolvers=3_000, answers="weighted")
    dns.change_record(WWW, ["198.51.100.1", "198.51.100.2"], weights=(3.0, 1.0))
    Asked([(0.001 + i * 3e-4, i) for i in range(3_000)]).run(dns, 3.0)
    held = dict(dns.reading().records[0].answers)
    assert held["198.51.100.1"] + held["198.51.100.2"] == 3_000
    assert held["198.51.100.2"] / 3_000 == pytest.approx(0.25, abs=0.03)
    assert dns.stale_resolvers(dns.core.now) == 0


def test_geographic_answers_are_the_nearest() -> None:
    config = Scenario(
        step_ms=100.0,
        users=Users(count=2, cities=("Seoul", "London")),
        network=Network(zones=(Zone("asia", "koreacentral"), Zone("europe", "uksouth"))),
        dns=DnsConfig(resolvers=2, warm=False, answers="geo"),
    )
    dns, sink = alone(config)
    dns.change_record(WWW, ["198.51.100.1", "198.51.100.2"])
    dns.place("198.51.100.1", 0)
    dns.place("198.51.100.2", 1)
    step(dns, np.array([0.01, 0.02]), np.array([0, 1]), np.array([0, 1]))
    Asked([]).run(dns, 2.0)
    assert said(sink) == ["198.51.100.1", "198.51.100.2"]


def test_several_addresses_rotate() -> None:
    dns, sink = world(users=400, ttl=300.0)
    dns.change_record(WWW, ["198.51.100.1", "198.51.100.2", "198.51.100.3"])
    Asked([(0.01 + i * 2e-3, i) for i in range(400)]).run(dns, 2.0)
    counts = [said(sink).count(f"198.51.100.{i}") for i in (1, 2, 3)]
    assert sum(counts) == 400
    assert min(counts) > 100


def test_a_hosts_file_goes_before_everything_but_the_browsers_cache() -> None:
    dns, sink = world(users=1_000, browser_cap=60.0)
    Asked([(0.01, 0)]).run(dns, 1.0)
    dns.override_hosts("10.1.2.3")
    Asked([(1.01, 0), (1.02, 1)]).run(dns, 2.0)
    assert said(sink) == [OLD, OLD, "10.1.2.3"]
    assert dns.counts.answered.sum[[BROWSER, HOSTS]].tolist() == [1, 1]
    dns.override_hosts("10.1.2.3", 0.3)
    Asked([(2.0 + i * 1e-3, i) for i in range(1, 1_000)]).run(dns, 4.0)
    assert said(sink).count("10.1.2.3") / 1_000 == pytest.approx(0.3, abs=0.05)
    dns.reset_effects()
    assert dns.hosts == -1


def test_a_scenario_brings_its_hosts_file(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text(f"10.1.2.3 {WWW} other\n")
    dns, sink = world(hosts_file=str(path))
    dns.reset_effects()  # a fault's reset leaves the scenario's own line
    Asked([(0.01, 0)]).run(dns, 1.0)
    assert said(sink) == ["10.1.2.3"]
    assert sink.seen[0].took == 0.0


def test_effects_of_faults_lie_over_the_record_and_come_off() -> None:
    dns, _ = world()
    before = dns.authority.served
    dns.delete_record(WWW)
    dns.override_ttl(WWW, 86_400.0)
    dns.reset_effects()
    assert dns.authority.served == before
    dns.override_record(WWW, ["203.0.113.99"], 3)
    dns.override_ttl(WWW, 7.0, 4)
    dns.ttl = 20.0  # the owner's own change meanwhile stays
    found = dns.authority.served.find(WWW)
    assert found is not None
    assert (found.values, found.ttl) == (("203.0.113.99",), 7.0)
    dns.reset_effects()
    assert (dns.option("record"), dns.ttl) == (OLD, 20.0)
    for value in ("nonsense", "10.0.0.300", "", "a.b, c.d"):
        with pytest.raises(ZoneError):
            dns.set_option("record", value)
    dns.set_option("record", f"{NEW}, 198.51.100.2")
    assert dns.option("record") == f"{NEW}, 198.51.100.2"


def test_flushed_resolvers_walk_again() -> None:
    dns, sink = world(users=600, resolvers=600, ttl=300.0, os_cap=0.0)
    Asked([(0.001 + i * 1e-3, i) for i in range(600)]).run(dns, 2.0)
    assert dns.flush_resolvers(0.25) == 150
    Asked([(2.001 + i * 1e-3, i) for i in range(600)]).run(dns, 4.0)
    assert int(dns.counts.walks.sum[0]) == 750
    assert said(sink) == [OLD] * 1_200


def test_the_reading_tells_the_story() -> None:
    dns, _ = world(users=50, resolvers=50, ttl=300.0)
    Asked([(0.001 + i * 1e-3, i) for i in range(50)]).run(dns, 1.0)
    dns.second()
    dns.change_record(WWW, [NEW])
    read = dns.reading()
    assert read.stale_resolvers == 50
    assert read.verdict == "50 of 50 resolvers still on the old address"
    assert read.records[0].was == OLD
    assert read.records[0].value == NEW
    assert read.records[0].answers == ((OLD, 50),)
    assert read.lookups == 50.0
    assert sum(level.hit_share for level in read.levels) == pytest.approx(1.0)
    assert sum(read.ttl_left) == 50
    assert [name for name, _ in read.walks[0].steps] == ["root", "root", "tld", "ns1"] or read.walks[0].steps[-1][0] == "ns2"
    assert read.cold_p99_ms > read.walks[0].total_ms * 0.9
    record = dns.record()
    assert record["walks"] == 50
    for node in range(4):
        state_lines, lines = dns.inspect(node)
        assert state_lines
        assert all(line.source for line in lines)


def test_users_beyond_the_scenarios_number_are_known_too() -> None:
    dns, sink = world(users=2)
    Asked([(0.01, 70)]).run(dns, 1.0)
    assert said(sink) == [OLD]


def test_fewer_resolvers_than_cities() -> None:
    dns, sink = world(users=3, cities=("Seoul", "London", "Tokyo"), resolvers=2)
    step(dns, np.array([0.01, 0.02, 0.03]), np.arange(3), np.arange(3))
    Asked([]).run(dns, 2.0)
    assert said(sink) == [OLD] * 3
    assert int(dns.counts.walks.sum[0]) == 2
