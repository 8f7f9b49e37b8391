"""What each fault does, and that healing gives back exactly what was there (invariant 22)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from apply_rig import Person, effects, make
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.apply.effects import rebuild
from engine.commands import Heal, HealAll, Inject, Undo, WorldCommand
from engine.fabric import CITY, Fate
from engine.faults import FAULTS
from engine.tiers.dns.levels import ANSWERED
from engine.tiers.dns.providers import NO_DOMAIN, NOBODY
from engine.world import World


def index(world: World, tier: str, name: str) -> int:
    return world.core.fabric.tiers[tier].index(name)


def fates(world: World, a: str, ai: int, b: str, bi: int) -> int:
    hop = world.core.fabric.hop(a, np.array([ai]), b, np.array([bi]))
    return int(Fate.PASS if hop.fate is None else hop.fate[0])


def delay(world: World, a: str, ai: int, b: str, bi: int) -> float:
    return float(world.core.fabric.hop(a, np.array([ai]), b, np.array([bi])).delay[0])


def pop_fates(world: World, city: int) -> list[int]:
    """What becomes of packets from a city to each PoP."""
    pops = np.arange(len(world.cdn.nodes))
    hop = world.core.fabric.way(CITY, np.full(pops.size, city), "pop", pops, world.cdn.atlas.city_way[city])
    return [int(Fate.PASS)] * pops.size if hop.fate is None else hop.fate.tolist()


def base(world: World, city: int) -> float:
    """Seconds from a city (beyond the second: a PoP) to the first balancer, without faults."""
    fabric = world.core.fabric
    return float(fabric.city_flat[city * len(fabric.zones) + int(world.balancer.nodes.zone[0])])


# fault, target, amount, and what must be so while it acts
CASES: list[tuple[str, str, float | None, Callable[[World], bool]]] = [
    ("crash", "web-2", None, lambda w: not w.web.nodes.up[1] and w.web.nodes.up.sum() == 2),
    ("crash", "zone:a", None, lambda w: not any(n.up[n.zone == 0].any() for t, n in w.core.fabric.tiers.items() if t != "dns")),
    ("crash", "s2", None, lambda w: not w.database.nodes.up[np.array(w.database.nodes.group) == "s2"].any()),
    ("slow", "web", 4.0, lambda w: (w.web.nodes.speed == 0.25).all()),
    ("freeze", "cache-3", None, lambda w: w.cache.nodes.speed[2] == 0.0 and w.cache.nodes.up[2]),
    ("error_rate", "web-1", 30.0, lambda w: w.web.nodes.error_rate.tolist() == pytest.approx([0.3, 0.0, 0.0])),
    ("error_rate", "zone:a", 30.0, lambda w: w.web.nodes.error_rate[0] > 0 and not w.balancer.nodes.event.any()),
    ("packet_loss", "cache-1", 10.0, lambda w: w.cache.nodes.loss[0] == pytest.approx(0.1)),
    ("packet_loss", "web~cache", 100.0, lambda w: fates(w, "web", 0, "cache", 1) == Fate.DROPPED),
    ("latency", "web-1~cache-2", 70.0, lambda w: delay(w, "web", 0, "cache", 1) - delay(w, "web", 0, "cache", 0) > 0.07),
    ("latency", "db-a1", 20.0, lambda w: w.database.nodes.extra_s[0] == 0.02),
    ("cut_copies", "s2", None, lambda w: w.database.copies_cut == {1}),
    ("partition", "web-1~cache-2", None, lambda w: fates(w, "web", 0, "cache", 1) == Fate.DROPPED),
    ("partition", "web-1~cache-2", None, lambda w: fates(w, "cache", 1, "web", 0) == Fate.DROPPED),
    ("partition", "web-1~cache-2", None, lambda w: fates(w, "web", 1, "cache", 1) == Fate.PASS),
    ("partition", "web-3", None, lambda w: fates(w, "balancer", 0, "web", 2) == Fate.DROPPED),
    ("partition_zone", "zone:b", None, lambda w: fates(w, "web", 0, "cache", 1) == Fate.DROPPED),
    ("partition_zone", "b", None, lambda w: fates(w, "web", 1, "cache", 1) == Fate.PASS),
    ("partition_zone", "region:eastus", None, lambda w: fates(w, "web", 0, "cache", 1) == Fate.PASS),
    ("partition_zone", "region:eastus", None, lambda w: fates(w, "web", 0, "cache", 2) == Fate.DROPPED),
    ("partition_city", "Seoul", None, lambda w: fates(w, CITY, 0, "balancer", 0) == Fate.DROPPED),
    ("partition_city", "Seoul", None, lambda w: fates(w, CITY, 1, "balancer", 0) == Fate.PASS),
    ("region_lost", "region:eastus", None, lambda w: w.web.nodes.up.tolist() == [False, False, True]),
    ("region_cut", "region:eastus", None, lambda w: fates(w, "web", 0, "cache", 2) == Fate.DROPPED),
    ("region_cut", "region:eastus", None, lambda w: fates(w, "web", 0, "cache", 1) == Fate.PASS),
    ("region_cut", "region:eastus", None, lambda w: fates(w, CITY, 0, "balancer", 0) == Fate.PASS),
    ("region_slow", "region:eastus", 90.0, lambda w: delay(w, "web", 0, "cache", 2) - delay(w, "web", 1, "cache", 0) > 0.09),
    ("dns_blind", "traffic", None, lambda w: w.dns.blind),
    ("crash", "a-icn", None, lambda w: w.cdn.nodes.up.tolist() == [False, True, True, True]),
    ("partition", "city:Seoul~a-icn", None, lambda w: pop_fates(w, 0) == [Fate.DROPPED, Fate.PASS, Fate.PASS, Fate.PASS]),
    ("packet_loss", "city~pop", 100.0, lambda w: pop_fates(w, 1) == [Fate.DROPPED] * 4),
    ("latency", "pop~balancer", 80.0, lambda w: delay(w, CITY, 2, "balancer", 0) - base(w, 2) == pytest.approx(0.08)),
    ("latency", "pop~balancer", 80.0, lambda w: delay(w, CITY, 1, "balancer", 0) == base(w, 1)),
    ("latency", "b-cdg", 30.0, lambda w: delay(w, CITY, 5, "balancer", 0) - base(w, 5) == pytest.approx(0.03)),
    ("cdn_outage", "b", 50.0, lambda w: sorted(w.cdn.nodes.error_rate.tolist()) == [0.0, 0.0, 0.0, 1.0]),
    ("cdn_outage", "provider:a", 100.0, lambda w: w.cdn.nodes.error_rate.tolist() == [1.0, 1.0, 0.0, 0.0]),
    ("cdn_config", "pop", 40.0, lambda w: w.cdn.nodes.error_rate.tolist() == pytest.approx([0.4] * 4)),
    ("cdn_config", "a-lhr", 40.0, lambda w: w.cdn.nodes.error_rate.tolist() == pytest.approx([0.0, 0.4, 0.0, 0.0])),
    ("purge_lost", "a", 60.0, lambda w: w.cdn.purge_loss.tolist() == pytest.approx([0.6, 0.6, 0.0, 0.0])),
    ("policy_drift", "b", 10.0, lambda w: [w.cdn.edge.ttl_of(v) for v in (0, 1)] == [86_400.0, 10.0]),
    ("country_blocks", "country:KR", 2.0, lambda w: w.cdn.atlas.blocked.tolist() == [[False, False], [True, False]]),
    ("serve_at_home", "KR", None, lambda w: w.cdn.atlas.best.tolist() == [[0, 1], [-1, 3]]),
    ("closed_abroad", "a-icn", None, lambda w: w.cdn.atlas.closed.tolist() == [[False, True], *[[False, False]] * 3]),
    ("shield_down", "a", None, lambda w: w.cdn.nodes.up.tolist() == [True, False, True, True]),
    ("kill_primary", "s1", None, lambda w: not w.database.nodes.up[index(w, "db", "db-a1")]),
    ("cut_replication", "db-a2", None, lambda w: w.database.replication_cut.tolist() == [False, True] + [False] * 4),
    ("cut_replication", "s1", None, lambda w: w.database.replication_cut.tolist() == [False, True, True] + [False] * 3),
    ("cut_replication", "db-b1", None, lambda w: w.database.replication_cut.tolist() == [False] * 4 + [True] * 2),
    ("throttle_applier", "db-a2", 25.0, lambda w: w.database.applier_speed[1] == 0.25),
    ("throttle_applier", "s2", 0.0, lambda w: (w.database.applier_speed == [1, 1, 1, 0, 0, 0]).all()),
    ("dns_down", "root", None, lambda w: not w.dns.nodes.up[0]),
    ("dns_down", "authority", None, lambda w: w.dns.nodes.up.tolist() == [True, True, False, False]),
    ("dns_slow", "tld", 300.0, lambda w: w.dns.nodes.extra_s[1] == 0.3),
    ("dns_lossy", "ns1", 40.0, lambda w: w.dns.nodes.loss[2] == pytest.approx(0.4)),
    ("dns_down", "resolvers", None, lambda w: not w.dns.stubs.up.any()),
    ("dns_down", "resolvers:Seoul", None, lambda w: (w.dns.stubs.up == (w.dns.resolvers.city != 0)).all()),
    ("dns_slow", "resolvers:Frankfurt", 300.0, lambda w: (w.dns.stubs.extra_s == 0.3 * (w.dns.resolvers.city == 1)).all()),
    ("dns_lossy", "resolvers", 40.0, lambda w: (w.dns.stubs.loss == pytest.approx(0.4)) and w.dns.stubs.ill),
    ("dns_lame", "ns2", 100.0, lambda w: w.dns.nodes.error_rate[3] == 1.0),
    ("delete_record", "www.example.com", None, lambda w: w.dns.authority.served.find("www.example.com") is None),
    ("change_record", "www.example.com", None, lambda w: served(w).values == ("203.0.113.99",)),
    ("long_ttl", "www.example.com", 7_200.0, lambda w: served(w).ttl == 7_200.0),
    ("hosts_file", "traffic", 25.0, lambda w: w.dns.addresses[w.dns.hosts] == "10.0.1.10" and w.dns.hosts_share == 0.25),
    ("crash", "broker-1", None, lambda w: w.queue.brokers.nodes.up.tolist() == [False, True]),
    ("slow", "worker-2", 4.0, lambda w: w.queue.workers.speed_of == [1.0, 0.25, 1.0]),
    ("freeze", "worker", None, lambda w: w.queue.workers.speed_of == [0.0] * 3),
    ("latency", "broker~worker", 70.0, lambda w: delay(w, "broker", 0, "worker", 0) > 0.07 and not w.queue.calm),
    ("partition", "web~broker", None, lambda w: fates(w, "web", 0, "broker", 1) == Fate.DROPPED),
    ("poison_messages", "queue", 30.0, lambda w: w.queue.poison[0] == pytest.approx(0.3)),
    ("stop_consumers", "queue", None, lambda w: bool(w.queue.stopped[1])),
    ("lost_acks", "queue", 40.0, lambda w: w.queue.lost_acks[0] == pytest.approx(0.4)),
    ("queue_full", "queue", None, lambda w: bool(w.queue.full[1])),
    ("host_flooded", "own", 80.0, lambda w: w.dns.levels.flooded.tolist() == pytest.approx([0.0, 0.0, 0.8, 0.8])),
    ("host_flooded", "ns2", 100.0, lambda w: w.dns.levels.flooded.tolist() == [0.0, 0.0, 0.0, 1.0]),
    ("host_drops_zone", "own", None, lambda w: not w.dns.providers.has_zone(0)),
    ("registrar_hijacked", "registrar", None, lambda w: w.dns.registry.sets[w.dns.registry.at_tld].servers == (NOBODY, NOBODY)),
    ("backbone_cut", "own", None, lambda w: not w.core.fabric.reachable("dns", 2, "balancer", 0)),
    ("backbone_cut", "own", None, lambda w: w.dns.levels.judge(0, 2).fate == ANSWERED),
    ("backbone_cut", "own", None, lambda w: fates(w, CITY, 0, "balancer", 0) == Fate.PASS),
    ("domain_expired", "registrar", None, lambda w: w.dns.registry.at_tld == NO_DOMAIN),
    ("glue_wrong", "own", None, lambda w: w.dns.registry.sets[w.dns.registry.at_tld] == ((0,), (NOBODY, NOBODY))),
    ("traffic_x2", "traffic", None, lambda w: w.traffic.multiplier == 2.0),
    ("traffic_x10", "traffic", None, lambda w: w.traffic.multiplier == 10.0),
    ("flash_crowd", "key:42", 300.0, lambda w: w.traffic.flash == {42: 3.0}),
    ("retry_storm", "traffic", None, lambda w: w.clients.storm),
    ("scaler_stuck", "traffic", None, lambda w: w.automation.scaling.stuck),
    ("quota_exhausted", "traffic", None, lambda w: w.automation.scaling.quota == 0),
    ("slow_provisioning", "traffic", 5.0, lambda w: w.automation.scaling.boot == pytest.approx(5.0 * 96.9)),
    ("breaker_stuck", "web-2", None, lambda w: w.automation.queries.stuck == {1}),
    ("breaker_stuck", "web", None, lambda w: w.automation.queries.stuck == {0, 1, 2}),
    ("one_way_cut", "web~cache", None, lambda w: fates(w, "web", 0, "cache", 1) == Fate.DROPPED),
    ("one_way_cut", "web~cache", None, lambda w: fates(w, "cache", 1, "web", 0) == Fate.PASS),
    ("one_way_latency", "web-1~cache-2", 70.0, lambda w: delay(w, "web", 0, "cache", 1) > 0.07),
    ("one_way_latency", "web-1~cache-2", 70.0, lambda w: delay(w, "cache", 1, "web", 0) < 0.07),
    ("jitter", "web~cache", 70.0, lambda w: len({delay(w, "web", 0, "cache", 0) for _ in range(9)}) == 9),
    ("narrow_link", "web~cache", 100.0, lambda w: [delay(w, "web", 0, "cache", 0) > i * 0.01 for i in range(1, 9)] == [True] * 8),
    ("flapping_link", "web~cache", 4.0, lambda w: fates(w, "web", 0, "cache", 1) == Fate.DROPPED),
    ("gc_pauses", "web-1", 500.0, lambda w: w.web.nodes.speed.tolist() == [0.0, 1.0, 1.0]),
    ("memory_leak", "web-1", 60.0, lambda w: w.web.nodes.event.astype(bool).tolist() == [True, False, False]),
    ("oom_kills", "cache-2", 30.0, lambda w: w.cache.nodes.up.tolist() == [True, False, True]),
    ("connection_limit", "web-1", 3.0, lambda w: w.web.stations.nodes.bound[0] == 3),
    ("connection_limit", "s1", 3.0, lambda w: list(w.database.stations.nodes.bound)[:3] == [3] * 3),
    ("bad_deploy", "item", 34.0, lambda w: w.core.ills.bad_routes[0][:2] == (0, (0,))),
    ("slow_query", "item", 20.0, lambda w: w.core.ills.db_work == {0: 20.0}),
    ("slow_code", "item", 20.0, lambda w: w.core.ills.web_work == {0: 20.0}),
    ("checks_say_well", "web-1", None, lambda w: w.core.ills.lies == {0: "well"}),
    ("checks_say_ill", "web", None, lambda w: w.core.ills.lies == {0: "ill", 1: "ill", 2: "ill"}),
    ("wrong_weight", "web-2", 10.0, lambda w: w.core.ills.weights == {1: 10.0} and not w.balancer.choice.weight.size),
    ("certificate_expired", "traffic", None, lambda w: w.core.ills.certificate > 0),
    ("short_timeout", "traffic", 0.05, lambda w: w.core.ills.patience == 0.05),
    ("wrong_ttl", "traffic", 0.5, lambda w: w.cache.desk.wrong_ttl == 0.5),
    ("less_memory", "cache-1", 90.0, lambda w: w.cache.desk.shelves[0].policy.capacity == 10),
    ("poisoned_key", "key:7", None, lambda w: list(w.core.ills.poisoned) == [7]),
    ("split_view", "web-2", None, lambda w: w.core.ills.strangers == (1,)),
    ("cache_timeout", "traffic", 0.2, lambda w: w.core.ills.library == pytest.approx(0.0002)),
    ("disk_full", "db-a1", None, lambda w: list(w.core.ills.full_disks) == [0] and w.database.erring),
    ("disk_slow", "db-a2", 20.0, lambda w: w.database.applier_speed[1] == 0.05),
    ("locked_row", "key:7", None, lambda w: list(w.core.ills.locked) == [7]),
    ("corrupt_row", "key:7", None, lambda w: list(w.core.ills.corrupt) == [7] and w.database.erring),
    ("city_surge", "Seoul", 10.0, lambda w: w.traffic.rate(0.0)[0] == pytest.approx(10 * 300.0 * w.traffic.population.share[0])),
    ("write_storm", "key:42", 300.0, lambda w: w.core.ills.write_floods == {42: 3.0}),
    ("scrapers", "traffic", 50.0, lambda w: w.core.ills.scrapers == 0.5),
    ("cdn_config_flaps", "a", 600.0, lambda w: w.cdn.nodes.error_rate.tolist() == [1.0, 1.0, 0.0, 0.0]),
]


def served(world: World):  # type: ignore[no-untyped-def]
    return world.dns.authority.served.find("www.example.com")


@pytest.mark.parametrize(("fault", "target", "amount", "holds"), [pytest.param(*c, id=f"{c[0]} {c[1]}") for c in CASES])
def test_a_fault_does_what_it_says_and_healing_gives_back_what_was(
    fault: str, target: str, amount: float | None, holds: Callable[[World], bool]
) -> None:
    world = make()
    you = Person(world)
    pristine = effects(world)
    you(Inject(fault, target, amount))
    assert len(world.faults.active()) == 1, [e.text for e in world.core.log.events]
    assert holds(world)
    assert effects(world) != pristine
    you(Heal(target))
    assert world.faults.active() == ()
    assert effects(world) == pristine


def test_every_lasting_fault_has_a_case() -> None:
    assert {case[0] for case in CASES} == {name for name, row in FAULTS.items() if not row.info.one_shot}


def test_faults_on_one_thing_pile_up_and_leave_one_by_one() -> None:
    world = make()
    you = Person(world)
    for amount in (2.0, 5.0):
        you(Inject("slow", "web-1", amount))
    you(Inject("error_rate", "web", 50.0))
    you(Inject("error_rate", "web-1", 50.0))
    assert world.web.nodes.speed[0] == pytest.approx(0.1)
    assert world.web.nodes.error_rate.tolist() == [0.75, 0.5, 0.5]
    you(Heal(fault_id=1))
    assert world.web.nodes.speed[0] == 0.2
    assert world.web.nodes.error_rate.tolist() == [0.75, 0.5, 0.5]


LASTING = st.sampled_from([Inject(fault, target, amount) for fault, target, amount, _ in CASES])
DEED = st.one_of(
    LASTING,
    LASTING,
    st.builds(Heal, fault_id=st.integers(1, 8)),
    st.sampled_from([Heal("web-1"), Heal("zone:b"), Heal("web"), Heal("s1")]),
    st.just(Undo()),
    st.just(HealAll()),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(DEED, max_size=12))
def test_any_order_of_injecting_healing_and_undoing_ends_where_the_remaining_faults_alone_lead(deeds: list[WorldCommand]) -> None:
    """Effects depend on the list of active faults and on nothing else; without faults they are the pristine ones."""
    world, fresh = make(), make()
    pristine = effects(world)
    you = Person(world)
    for deed in deeds:
        you(deed)
    for fault in world.faults.active():
        fresh.faults.add(fault)
    rebuild(fresh)
    assert effects(world) == effects(fresh)
    you(HealAll())
    assert effects(world) == pristine
    assert world.faults.active() == ()


def test_one_shots_act_once_and_leave_no_fault() -> None:
    world = make(steps=150)
    you = Person(world)
    assert sum(len(shelf.entries) for shelf in world.cache.desk.shelves) > 0
    you(Inject("flush_cache", "cache-1"))
    assert len(world.cache.desk.shelves[0].entries) == 0
    assert len(world.cache.desk.shelves[1].entries) > 0
    hottest = world.cache.counts.hot[0][0]
    told = you(Inject("expire_hottest", "cache"))
    assert told.text == f"key {hottest}, the hottest, expired"
    assert not any(hottest in shelf.entries for shelf in world.cache.desk.shelves)
    you(Inject("flush_cache", "cache"))
    assert sum(len(shelf.entries) for shelf in world.cache.desk.shelves) == 0
    assert world.dns.resolvers.ready_until.max() > world.core.now
    you(Inject("flush_resolvers", "traffic"))
    assert world.dns.resolvers.ready_until.max() <= world.core.now
    assert world.faults.active() == ()
