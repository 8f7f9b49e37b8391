"""Names of targets: every form leads to one canonical name, which leads back; what is not there is refused helpfully."""

from __future__ import annotations

import pytest
from apply_rig import make

from engine.fabric import CITY
from engine.faults import Rejected, names, resolve
from engine.faults.targets import ANY_KIND, NODE_TIERS, same_target

WORLD = make()


@pytest.mark.parametrize("kind", ANY_KIND)
def test_canonical_names_lead_back_to_themselves(kind: str) -> None:
    """A saved fault is put on the very thing that it was ordered for, whatever else bears a similar name."""
    offered = names(WORLD, kind)
    assert offered
    for name in offered:
        found = resolve(WORLD, name, (kind,))
        assert resolve(WORLD, found.name, ANY_KIND) == found
        assert found.label


@pytest.mark.parametrize(
    ("written", "kind", "name"),
    [
        ("web-2", "web", "web-2"),
        (" web-2 ", "web", "web-2"),
        ("web", "tier", "web"),
        ("database", "tier", "db"),
        ("a", "zone", "zone:a"),
        ("zone:a", "zone", "zone:a"),
        ("region:westeurope", "zone", "region:westeurope"),
        ("Seoul", "city", "city:Seoul"),
        ("7", "key", "key:7"),
        ("key:007", "key", "key:7"),
        ("s1", "shard", "s1"),
        ("www.example.com.", "record", "record:www.example.com"),
        ("", "traffic", "traffic"),
        ("web~cache", "link", "web~cache"),
        ("web-1 ~ cache-2", "link", "web-1~cache-2"),
        ("zone:a~zone:b", "link", "zone:a~zone:b"),
        ("city:Seoul~lb-1", "link", "city:Seoul~lb-1"),
        ("db~db", "link", "db~db"),
        ("authority", "dns", "authority"),
        ("root", "dns", "root"),
    ],
)
def test_ways_of_writing(written: str, kind: str, name: str) -> None:
    assert resolve(WORLD, written, (kind,)).name == name


def test_a_zone_means_its_nodes_and_all_ways_out() -> None:
    zone = resolve(WORLD, "zone:b", ("zone",))
    fabric = WORLD.core.fabric
    here = [(tier, i) for tier in NODE_TIERS for i in range(len(fabric.tiers[tier]))
            if fabric.tiers[tier].zone[i] == 1]  # fmt: skip
    assert list(zone.nodes) == here
    assert (("*", -1, 1), (CITY, -1, -1)) in zone.ends
    assert {b[2] for _, b in zone.ends if b[0] == "*"} == {0, 2}


def test_a_region_means_all_its_zones_and_no_way_within() -> None:
    region = resolve(WORLD, "region:eastus", ("zone",))
    assert {a[2] for a, _ in region.ends} == {0, 1}
    assert {b[2] for _, b in region.ends if b[0] == "*"} == {2}


@pytest.mark.parametrize(
    ("written", "kinds", "says"),
    [
        ("web-22", ("web",), "did you mean web-2"),
        ("Soul", ("city",), "city:Seoul"),
        ("web-9", ("cache",), "there is no 'web-9' here"),
        ("web-1", ("cache",), "does not act on web-1, but on a cache node"),
        ("key:500", ("key",), "there is no 'key:500'"),
        ("key:²", ("key",), "there is no"),
        ("web-1~web-1", ("link",), "there is no"),
        ("web~nothing", ("link",), "there is no"),
        ("", ("web", "cache"), "needs a target"),
        ("zone:z", ("zone",), "there is no 'zone:z'"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(written: str, kinds: tuple[str, ...], says: str) -> None:
    with pytest.raises(Rejected, match=says.replace("²", ".")):
        resolve(WORLD, written, kinds, "crash")


def test_a_removed_node_is_not_there() -> None:
    world = make()
    world.web.remove_node(1)
    with pytest.raises(Rejected, match="no 'web-2'"):
        resolve(world, "web-2", ("web",))
    assert "web-2" not in names(world, "web")


def test_heal_understands_every_way_of_writing() -> None:
    assert "zone:a" in same_target(WORLD, "a")
    assert "city:Seoul" in same_target(WORLD, "Seoul")
    assert "record:www.example.com" in same_target(WORLD, "www.example.com")
