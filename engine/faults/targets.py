"""What a command is aimed at: a name from a person, a script or an agent becomes nodes, links, zones, keys, records.

Written as in "web-3", "web" (the whole tier), "web~cache" or "web-1~cache-2" (a link; an end may be a zone or a city too),
"zone:a", "region:eastus", "city:Seoul", "shard:s1", "key:7", "record:www.example.com", "traffic"; the word before the colon
may be left out where only one kind fits.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ..fabric import CITY
from . import load_targets, parties
from .base import Rejected
from .kinds import (
    ALIASES,
    ANY_KIND,
    EVERYTHING,
    KIND_WORDS,
    LINKS,
    NODE_TIERS,
    TIER_WORDS,
    End,
    Target,
)

if TYPE_CHECKING:
    from ..world import World

__all__ = ["ANY_KIND", "NODE_TIERS", "Target", "names", "resolve", "same_target"]


def _nodes_where(
    world: World, keep: Callable[[str, int], bool], tiers: Sequence[str] = NODE_TIERS
) -> tuple[tuple[str, int], ...]:
    """(tier, index) of all members that `keep` says yes to, tier by tier."""
    found: list[tuple[str, int]] = []
    for tier in tiers:
        nodes = world.core.fabric.tiers.get(tier)
        if nodes is not None:
            found += [(tier, i) for i in range(len(nodes)) if nodes.member[i] and keep(tier, i)]
    return tuple(found)


def _node(world: World, name: str, tier: str) -> Target | None:
    nodes = world.core.fabric.tiers.get(tier)
    index = -1 if nodes is None else nodes.index(name)
    if nodes is None or index < 0 or not nodes.member[index]:
        return None
    return Target(tier, name, name, ((tier, index),), (((tier, index, -1), EVERYTHING),))


def _resolvers(_world: World, name: str) -> Target | None:
    return Target("resolvers", "resolvers", "all resolvers") if name in ("resolvers", "resolver") else None


def _resolvers_of(world: World, city: str) -> Target | None:
    """Those that the users of a city ask."""
    found = _city(world, city)
    return None if found is None else Target("resolvers", f"resolvers:{city}", f"resolvers of {city}", number=found.number)


def _tier(world: World, name: str) -> Target | None:
    tier = ALIASES.get(name, name)
    if tier not in world.core.fabric.tiers:
        return None
    nodes = _nodes_where(world, lambda *_: True, (tier,))
    return Target("tier", tier, TIER_WORDS.get(tier, tier), nodes, (((tier, -1, -1), EVERYTHING),))


def _zone_ends(world: World, zones: Sequence[int]) -> tuple[tuple[End, End], ...]:
    """The links between these zones and everything outside of them, the users included."""
    others = [z for z in range(len(world.core.fabric.zones)) if z not in zones]
    ends: list[tuple[End, End]] = []
    for zone in zones:
        ends += [(("*", -1, zone), ("*", -1, other)) for other in others]
        ends.append((("*", -1, zone), (CITY, -1, -1)))
    return tuple(ends)


def _zone(world: World, name: str) -> Target | None:
    fabric = world.core.fabric
    if name not in fabric.zones:
        return None
    zone = fabric.zones.index(name)
    nodes = _nodes_where(world, lambda tier, i: int(fabric.tiers[tier].zone[i]) == zone)
    return Target("zone", f"zone:{name}", f"zone {name}", nodes, _zone_ends(world, [zone]), zone)


def _region(world: World, name: str, kind: str = "zone") -> Target | None:
    fabric = world.core.fabric
    zones = [i for i, zone in enumerate(world.core.config.network.zones) if zone.region == name]
    if not zones:
        return None
    nodes = _nodes_where(world, lambda tier, i: int(fabric.tiers[tier].zone[i]) in zones)
    return Target(kind, f"region:{name}", f"region {name}", nodes, _zone_ends(world, zones))


def _city(world: World, name: str) -> Target | None:
    cities = world.core.fabric.cities
    if name not in cities:
        return None
    index = cities.index(name)
    return Target("city", f"city:{name}", name, (), (((CITY, index, -1), EVERYTHING),), index)


def _shard(world: World, name: str) -> Target | None:
    nodes = world.core.fabric.tiers.get("db")
    if nodes is None or name not in nodes.group:
        return None
    found = _nodes_where(world, lambda _, i: nodes.group[i] == name, ("db",))
    return Target("shard", name, name, found, tuple((("db", i, -1), EVERYTHING) for _, i in found)) if found else None


def _key(world: World, name: str) -> Target | None:
    if not name.isascii() or not name.isdigit() or int(name) >= world.core.config.traffic.keys:
        return None
    return Target("key", f"key:{int(name)}", f"key {int(name)}", number=int(name))


def _record(world: World, name: str) -> Target | None:
    known = name.rstrip(".").lower()
    return Target("record", f"record:{known}", known) if known in _records(world) else None


def _records(world: World) -> list[str]:
    return [rrset.name for rrset in world.dns.authority.configured.rrsets]


def _provider(world: World, name: str) -> Target | None:
    """A CDN, with all its PoPs."""
    known = world.cdn.atlas.provider_names
    if name not in known:
        return None
    nodes = tuple(("pop", p) for p in np.flatnonzero(world.cdn.atlas.provider == known.index(name)).tolist())
    return Target("provider", f"provider:{name}", f"CDN {name}", nodes, tuple((("pop", p, -1), EVERYTHING) for _, p in nodes),
                  known.index(name))  # fmt: skip


def _country(world: World, name: str) -> Target | None:
    """A country that users live in, by its two letters."""
    known = world.cdn.atlas.countries
    return Target("country", f"country:{name}", f"country {name}", number=known.index(name)) if name in known else None


def _queue(world: World, name: str) -> Target | None:
    return Target("queue", "queue", "the queue") if name == "queue" and len(world.queue.brokers.nodes) else None


def _end(world: World, text: str) -> tuple[str, End] | None:
    """(canonical name, end of a rule) of one side of a link."""
    kind, _, rest = text.partition(":")
    if kind == "zone" and rest in world.core.fabric.zones:
        return text, ("*", -1, world.core.fabric.zones.index(rest))
    city = rest if kind == "city" else text
    if city in world.core.fabric.cities:
        return f"city:{city}", (CITY, world.core.fabric.cities.index(city), -1)
    if text in (CITY, "users", "clients"):
        return CITY, (CITY, -1, -1)
    tier = ALIASES.get(text, text)
    if tier in world.core.fabric.tiers:
        return tier, (tier, -1, -1)
    for tier in (*NODE_TIERS, "dns"):
        node = _node(world, text, tier)
        if node is not None:
            return text, (tier, node.nodes[0][1], -1)
    return None


def _link(world: World, name: str) -> Target | None:
    one, tilde, other = name.partition("~")
    if not tilde:
        return None
    a, b = _end(world, one.strip()), _end(world, other.strip())
    if a is None or b is None or (a[1] == b[1] and (a[1][1] >= 0 or a[0] == CITY)):
        return None  # two nodes of one tier have a link ("db~db"), a single node has none to itself
    return Target("link", f"{a[0]}~{b[0]}", f"{a[0]}~{b[0]}", (), ((a[1], b[1]),))


Finder: TypeAlias = "Callable[[World, str], Target | None]"


def _of_tier(tier: str) -> Finder:
    return lambda world, name: _node(world, name, tier)


FINDERS: dict[str, Finder] = {
    **{tier: _of_tier(tier) for tier in NODE_TIERS},
    "dns": parties.servers,
    "resolvers": _resolvers,
    "tier": _tier,
    "link": _link,
    "zone": _zone,
    "city": _city,
    "shard": _shard,
    "key": _key,
    "record": _record,
    "queue": _queue,
    "host": parties.host,
    "registrar": parties.registrar,
    "traffic": load_targets.traffic,
    "route": load_targets.route,
    "provider": _provider,
    "country": _country,
    "region": lambda world, name: _region(world, name, "region"),
}
PREFIXES: dict[str, tuple[str, Finder]] = {
    **{kind: (kind, FINDERS[kind]) for kind in ("zone", "city", "shard", "key", "record", "tier", "dns", "host", "provider",
                                                  "country")},
    "route": ("route", load_targets.route),
    "region": ("zone", _region),
    "resolvers": ("resolvers", _resolvers_of),
}


def _member_names(world: World, tier: str) -> list[str]:
    nodes = world.core.fabric.tiers.get(tier)
    return [] if nodes is None else [nodes.names[i] for i in range(len(nodes)) if nodes.member[i]]


def names(world: World, kind: str) -> list[str]:
    """Canonical names of everything of this kind that exists now; of links and keys those that are worth offering."""
    fabric = world.core.fabric
    if kind in NODE_TIERS:
        return _member_names(world, kind)
    lists: dict[str, Callable[[], Iterable[str]]] = {
        "dns": lambda: [*_member_names(world, "dns"), "authority", *world.dns.providers.names],
        "host": lambda: [f"host:{name}" for name in world.dns.providers.names],
        "registrar": lambda: ["registrar"],
        "resolvers": lambda: ["resolvers", *(f"resolvers:{city}" for city in fabric.cities)],
        "tier": lambda: fabric.tiers,
        "link": lambda: [link for link in LINKS if set(link.split("~")) <= {CITY, *fabric.tiers}],
        "queue": lambda: ["queue"] if len(world.queue.brokers.nodes) else [],
        "zone": lambda: [f"zone:{zone}" for zone in fabric.zones],
        "city": lambda: [f"city:{city}" for city in fabric.cities],
        "shard": lambda: sorted(set(fabric.tiers["db"].group)) if "db" in fabric.tiers else [],
        "key": lambda: ["key:0"],
        "record": lambda: _records(world),
        "traffic": lambda: ["traffic"],
        "route": lambda: [f"route:{name}" for name in load_targets.routes(world)],
        "provider": lambda: [f"provider:{name}" for name in world.cdn.atlas.provider_names],
        "region": lambda: [f"region:{name}" for name in world.core.regions.names],
        "country": lambda: [f"country:{name}" for name in world.cdn.atlas.countries] if world.cdn.present else [],
    }
    return list(lists[kind]())


def resolve(world: World, text: str, kinds: Sequence[str], what: str = "this") -> Target:
    """The thing called `text`, if it is of one of `kinds`. Rejected, with near matches, if there is none. what: for sentences."""
    text = text.strip()
    if not text and kinds == ("traffic",):
        text = "traffic"
    prefix, colon, rest = text.partition(":")
    if colon and prefix in PREFIXES and "~" not in text:
        kind, finder = (prefix, FINDERS[prefix]) if prefix == "region" and prefix in kinds else PREFIXES[prefix]
        found = finder(world, rest)
        if found is not None and kind in kinds:
            return found
    else:
        for kind in kinds:
            found = FINDERS[kind](world, text)
            if found is not None:
                return found
    raise Rejected(_complaint(world, text, kinds, what))


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _complaint(world: World, text: str, kinds: Sequence[str], what: str) -> str:
    fits = [name for kind in kinds for name in names(world, kind)]
    if not text:
        return f"{what} needs a target, such as {', '.join(fits[:3])}"
    for kind, finder in FINDERS.items():
        if kind not in kinds and finder(world, text) is not None:
            return f"{what} does not act on {text}, but on {_either([KIND_WORDS[k] for k in kinds])}"
    short = {name.partition(":")[2] or name: name for name in fits}
    near = difflib.get_close_matches(text, [*fits, *short], n=3, cutoff=0.5)
    close = list(dict.fromkeys(short.get(name, name) for name in near))
    hint = f"did you mean {' or '.join(close)}?" if close else f"there is {', '.join(fits[:5]) or 'nothing of the kind'}"
    return f"{what}: there is no {text!r} here; {hint}"


def same_target(world: World, text: str) -> set[str]:
    """Every canonical name that `text` may stand for, itself included (for heal)."""
    found = {text}
    prefix, colon, rest = text.partition(":")
    prefixed = bool(colon) and prefix in PREFIXES and "~" not in text
    for finder in [PREFIXES[prefix][1]] if prefixed else list(FINDERS.values()):
        target = finder(world, rest if prefixed else text)
        if target is not None:
            found.add(target.name)
    return found
