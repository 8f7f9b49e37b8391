"""The CDN in a whole world: who is served where, how long, how old; conservation is judged by the checker meanwhile."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from world_rig import EDGE, Rig

from engine.checks import Checked
from engine.commands import Deploy, Heal, Inject, Purge, SetOption
from engine.config import CdnPart, Client, Dns, Route, Scenario, SessionsPart, Traffic, Users
from engine.config_cdn import Provider
from engine.state import copy
from engine.world import World

STATIC = (Route("picture", 1.0, "read", static=True),)
CITIES = ("Seoul", "London", "Washington")


def edge(keys: int = 20, rate: float = 200.0, **cdn: object) -> Scenario:
    """All requests are for static objects; one provider with a PoP in each of the users' cities unless told otherwise."""
    part = CdnPart(**{"providers": (Provider("a", pops=CITIES),), "capacity": 1_000, **cdn})  # type: ignore[arg-type]
    return msgspec.structs.replace(
        EDGE, route=STATIC, cdn=part, users=Users(count=3_000, cities=CITIES),
        traffic=Traffic(requests_per_second=rate, keys=keys), client=Client(timeout=3.0, retries=0),
    )  # fmt: skip


def run(world: World, seconds: float) -> None:
    """On, with its checker; no agents."""
    checked = Checked(world)
    for _ in range(round(seconds / world.dt)):
        checked.step()


def errors(world: World) -> int:
    """User requests that ended badly so far."""
    return int(world.core.ledger.outcomes.sum[2:].sum())


def test_each_object_is_fetched_once_a_pop_and_everybody_gets_it_from_the_nearest() -> None:
    world = World(edge())
    run(world, 8.0)
    part = world.cdn.reading()
    assert part is not None
    assert part.totals.ask_origin == part.totals.misses - part.totals.joined == int(world.cdn.edge.store.count.sum())
    assert part.totals.ask_origin <= 3 * 20
    assert part.totals.look_ups > 1_000
    assert errors(world) == 0
    nearest = [world.cdn.atlas.places[p].name for p in world.cdn.atlas.best[0].tolist()]
    assert tuple(nearest) == CITIES
    assert world.core.ledger.by_route[0, 0] == world.core.ledger.arrived.sum[0]


def test_a_hit_takes_the_way_to_the_pop_and_a_miss_the_way_to_the_site_too() -> None:
    world = World(msgspec.structs.replace(edge(keys=1, rate=50.0), dns=Dns(resolvers=6)))
    run(world, 6.0)
    seen = world.cdn.counts.latency.last_quantile(0.5)
    ways = 2e3 * world.cdn.atlas.city_way[np.arange(3), np.arange(3)]
    names = world.dns.to_resolver_s * 2e3
    assert (seen >= ways).all()
    assert (seen <= ways + names + 3.0).all()  # the browser asks its resolver for the name, or knows it


def test_objects_end_with_their_time_to_live_and_age_counts_from_the_origin() -> None:
    world = World(edge(keys=3, ttl=0.5))
    run(world, 6.0)
    part = world.cdn.reading()
    assert part is not None
    assert 0.3 < part.oldest_s < 0.5
    assert part.totals.expired > 30
    never = World(edge(keys=3, ttl=0.0))
    run(never, 2.0)
    assert never.cdn.reading().totals.hits == 0  # type: ignore[union-attr]


def test_a_full_pop_lets_the_least_recently_used_go() -> None:
    world = World(edge(keys=100, capacity=10))
    run(world, 4.0)
    assert world.cdn.edge.store.count.tolist() == [10, 10, 10]
    assert int(world.cdn.edge.store.evictions.sum()) > 50


@pytest.mark.parametrize("age", [True, False])
def test_behind_a_shield_the_origin_is_asked_once_and_age_is_taken_over_or_not(age: bool) -> None:
    world = World(edge(keys=5, shield="Washington", ttl=1.0, age=age))
    run(world, 12.0)
    part = world.cdn.reading()
    assert part is not None
    assert part.totals.ask_shield > part.totals.ask_origin
    assert (part.oldest_s < 1.0) == age
    assert part.oldest_s < 2.0


def test_a_deploy_is_seen_after_a_purge_or_at_once_with_versioned_urls() -> None:
    plain, versioned = World(edge(keys=5)), World(edge(keys=5, versioned=True))
    for world in (plain, versioned):
        run(world, 3.0)
        world.cdn.deploy("all")
        run(world, 2.0)
    assert plain.cdn.counts.total("stale") > 200
    assert versioned.cdn.counts.total("stale") == 0
    plain.cdn.purge("all")
    run(plain, 2.0)
    before = plain.cdn.counts.total("stale")
    run(plain, 2.0)
    assert plain.cdn.counts.total("stale") == before
    assert 2.0 < plain.cdn.counts.longest_stale < 4.0


def test_a_purge_by_key_or_tag_takes_only_those_and_a_lost_one_leaves_its_pop_stale() -> None:
    rig = Rig(edge(keys=8, tags=4), every=100)
    rig.run(600)
    assert rig.world.cdn.edge.store.count.tolist() == [8, 8, 8]
    rig.give(SetOption("traffic.requests_per_second", 0.0))
    rig.give(Purge("key:3"))
    rig.run(400)
    assert rig.world.cdn.edge.store.count.tolist() == [7, 7, 7]
    rig.give(Inject("purge_lost", "a-lhr"))
    rig.run(1)
    rig.give(Purge("tag:1"))
    rig.run(400)
    assert rig.world.cdn.edge.store.count.tolist() == [5, 7, 5]
    assert rig.world.cdn.counts.total("purges_lost") == 1


def test_a_dead_pop_is_withdrawn_and_its_users_go_to_the_next() -> None:
    rig = Rig(edge(withdraw_after=1.0), every=100)
    rig.run(200)
    rig.give(Inject("crash", "a-icn"))
    rig.run(500)
    assert not rig.world.cdn.atlas.announced[0]
    assert rig.world.cdn.atlas.best[0, 0] in (1, 2)
    bad = errors(rig.world)
    rig.run(200)
    assert 0 < bad == errors(rig.world)
    rig.give(Heal("a-icn"))
    rig.run(500)
    assert rig.world.cdn.atlas.announced.all()


def test_a_provider_that_fails_its_checks_gets_nobody_once_ttls_have_ended() -> None:
    two = (Provider("a", pops=CITIES), Provider("b", pops=CITIES))
    rig = Rig(edge(providers=two, steering="failover", dns_ttl=0.5, probe_interval=0.5, probe_fall=3), every=100)
    rig.run(400)
    rig.give(Inject("cdn_outage", "a", 100.0))
    rig.run(800)
    assert rig.world.cdn.steering.shares().tolist() == [0.0, 1.0]
    bad = errors(rig.world)
    rig.run(200)
    assert 20 < bad == errors(rig.world)


def test_clients_with_a_fallback_reach_the_site_past_a_broken_cdn() -> None:
    world = World(edge(fallback=True))
    run(world, 2.0)
    for p in range(3):
        world.cdn.nodes.error_rate[p] = 1.0
    world.cdn.calm = False
    run(world, 3.0)
    assert world.cdn.counts.total("direct") > 400
    assert errors(world) == 0


@pytest.mark.parametrize(
    ("fault", "target", "kind"),
    [("country_blocks", "KR", "blocked"), ("serve_at_home", "GB", ""), ("closed_abroad", "a-icn", "")],
)
def test_borders(fault: str, target: str, kind: str) -> None:
    """A blocked provider is silence; where a PoP of one's own is left, nothing is felt."""
    rig = Rig(edge(), every=100)
    rig.give(Inject(fault, target))
    rig.run(400)
    assert (rig.world.cdn.counts.total("blocked") > 0) == (kind == "blocked")
    assert rig.world.cdn.counts.total("unserved") == 0


@pytest.mark.parametrize("store", ["shared", "memory", "cookie"])
def test_files_want_no_session_and_pops_have_none(store: str) -> None:
    rig = Rig(msgspec.structs.replace(EDGE, sessions=SessionsPart(store=store, nodes=2)))
    rig.run(400)
    rig.give(Inject("crash", "web-2"))
    rig.run(200)
    assert rig.world.cdn.counts.total("filled") > 20
    assert 0 < rig.world.sessions.book.started <= EDGE.users.count * 2


def test_a_world_with_a_cdn_goes_on_from_a_copy_as_it_would_have() -> None:
    rig = Rig(EDGE)
    rig.run(300)
    rig.give(Deploy("all"))
    rig.run(40)
    fork = copy(rig.world)
    for world in (rig.world, fork):
        for _ in range(200):
            world.step()
    assert fork.digest() == rig.world.digest()
