"""Anycast name servers that do not reach the site leave the net by their own rule, or stay, as the rule is."""

from __future__ import annotations

import msgspec
import pytest
from world_rig import QUICK, Rig

from engine.agents import AGENTS
from engine.commands import Heal, HealAll, Inject, SetOption
from engine.config import DnsHost, Scenario
from engine.runtime import run_headless
from engine.state import dumps, loads
from engine.world import World

HOSTS = (DnsHost("edge"), DnsHost("site", anycast=False))
EDGE = ["edge-ns1", "edge-ns2"]


def scenario(rule: str = "always", **changes: object) -> Scenario:
    own: dict[str, object] = {"withdraw_interval": 0.1, "withdraw_after": 2, "publish": 0.5, "delegation_ttl": 1.0, **changes}
    dns = msgspec.structs.replace(QUICK.dns, hosts=HOSTS, delegation=("edge",), withdraw=rule, **own)
    return msgspec.structs.replace(QUICK, dns=dns)


def gone(rig: Rig) -> list[str]:
    levels = rig.world.dns.levels
    return [name for name, there in zip(rig.world.dns.nodes.names, levels.announced.tolist(), strict=True) if not there]


@pytest.mark.parametrize(("rule", "out"), [("never", []), ("always", EDGE), ("fail_open", [])])
def test_a_host_that_is_cut_off_as_a_whole(rule: str, out: list[str]) -> None:
    rig = Rig(scenario(rule))
    rig.run(100)
    assert gone(rig) == []
    rig.give(Inject("backbone_cut", "host:edge"))
    rig.run(20)
    assert gone(rig) == [], "one look is none"
    rig.run(60)
    assert gone(rig) == out
    rig.give(HealAll())
    rig.run(80)
    assert gone(rig) == []
    told = [event for event in rig.world.core.log.events if event.by == "agent:dns withdraw"]
    assert len(told) == 2 * len(out)
    assert all(event.cause for event in told), "each leads back to what began it"


@pytest.mark.parametrize("rule", ["always", "fail_open"])
def test_a_single_server_that_is_cut_off_leaves_under_either_rule(rule: str) -> None:
    rig = Rig(scenario(rule))
    rig.run(60)
    rig.give(Inject("partition", "edge-ns1~balancer"))
    rig.run(100)
    assert gone(rig) == ["edge-ns1"]


def test_the_rule_is_switched_live_and_all_servers_down_is_no_way_to_the_site() -> None:
    rig = Rig(scenario("always"))
    rig.run(60)
    rig.give(Inject("crash", "balancer"))
    rig.run(100)
    assert gone(rig) == EDGE
    rig.give(SetOption("dns.withdraw", "fail_open"))
    rig.run(60)
    assert gone(rig) == []
    rig.give(SetOption("dns.withdraw", "always"))
    rig.run(60)
    assert gone(rig) == EDGE
    rig.give(SetOption("dns.withdraw", "never"))
    rig.run(60)
    assert gone(rig) == []


def test_whoever_is_not_found_leads_back_to_the_cut() -> None:
    rig = Rig(scenario("always", ttl=0.2, browser_cap=0.0))
    rig.run(60)
    rig.give(Inject("backbone_cut", "host:edge"))
    rig.run(500)
    world = rig.world
    assert world.dns.counts.servfail.sum[0] > 0
    events = [world.core.log.find(i) for i in world.core.log.chain(int(world.dns.resolvers.fail_event.max()))]
    assert any(event is not None and "cut off from all data centres" in event.text for event in events)
    assert all(world.web.nodes.up)


def test_a_move_under_way_is_saved_and_goes_on_to_the_same_digest() -> None:
    rig = Rig(scenario("always", ttl=0.2, browser_cap=0.0, zone_ns_ttl=0.7))
    rig.run(60)
    for command in (
        SetOption("dns.delegation", "site, edge"), SetOption("dns.zone_at", "site"), SetOption("dns.zone_ns", "site"),
        Inject("glue_wrong", "host:edge"),
    ):  # fmt: skip
        rig.give(command)
    rig.run(40)
    assert rig.world.dns.registry.pending
    other, _ = loads(dumps(rig.world), World)
    for world in (rig.world, other):
        run_headless(world, AGENTS, 4.0)
    assert rig.world.digest() == other.digest()
    assert not other.dns.registry.pending
    assert other.dns.delegation == "site, edge"


def test_moves_and_faults_of_the_registry_keep_all_invariants() -> None:
    rig = Rig(scenario("fail_open", ttl=0.2, browser_cap=0.0, zone_ns_ttl=0.3), every=1)
    plan = (
        SetOption("dns.delegation", "site"), Inject("registrar_hijacked", "registrar"), Inject("host_drops_zone", "site"),
        SetOption("dns.zone_at", "edge"), Heal("registrar"), Inject("domain_expired", "registrar"), HealAll(),
        SetOption("dns.zone_at", "edge, site"), Inject("host_flooded", "edge", 70.0), SetOption("dns.delegation", "edge, site"),
        Inject("glue_wrong", "host:site"), HealAll(),
    )  # fmt: skip
    for command in plan:
        rig.give(command)
        rig.give(Inject("flush_resolvers", "traffic"))  # who has failed remembers that for 5 s
        rig.run(120)
    counts = rig.world.dns.counts.servers
    assert counts.useless.sum.any()
    assert counts.silent.sum[-1] > 0, "nobody's servers were asked"
