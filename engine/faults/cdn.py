"""Faults of the CDN: a provider that answers errors, caches emptied, purges that do not come through, policies that drift,
borders, and an edge configuration that breaks pages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .base import FaultRow, Rejected, row
from .network import by_halves
from .targets import Target, resolve

if TYPE_CHECKING:
    from ..world import World

PLACES = ("pop", "provider", "tier")


def pops_of(world: World, target: Target) -> Target:
    """The PoPs among what is meant; Rejected if there is none."""
    nodes = tuple((tier, index) for tier, index in target.nodes if tier == "pop")
    if not nodes:
        raise Rejected(f"there is no PoP in {target.label}" if world.cdn.present else "there is no CDN")
    return replace(target, nodes=nodes)


def outage(world: World, target: Target, amount: float, event: int) -> None:
    """`amount` per cent of the PoPs answer every request with 503; those that are spared lie spread around the world."""
    nodes, places = world.cdn.nodes, world.cdn.atlas.places
    mine = sorted((i for tier, i in target.nodes if tier == "pop"), key=lambda i: (places[i].longitude, i))
    spared = len(mine) - round(len(mine) * amount / 100.0)
    well = {mine[(2 * n + 1) * len(mine) // (2 * spared)] for n in range(spared)}
    for index in mine:
        if index not in well:
            nodes.error_rate[index] = 1.0
            nodes.event[index] = event


def bad_config(world: World, target: Target, amount: float, event: int) -> None:
    """`amount` per cent of what each PoP is asked meets the broken rule and is answered 503."""
    nodes = world.cdn.nodes
    for tier, index in target.nodes:
        if tier == "pop":
            nodes.error_rate[index] = 1.0 - (1.0 - nodes.error_rate[index]) * (1.0 - amount / 100.0)
            nodes.event[index] = event


def config_flaps(world: World, target: Target, bad: float, event: int) -> None:
    """The configuration that the PoPs have at present is bad, or good."""
    bad_config(world, target, 100.0 * bad, event)


def flush(world: World, target: Target, _amount: float, _event: int) -> None:
    """What these PoPs keep is gone; they go on."""
    for tier, index in target.nodes:
        if tier == "pop":
            world.cdn.flush(index)


def purge_lost(world: World, target: Target, amount: float, event: int) -> None:
    """A purge does not reach these PoPs with a chance of `amount` per cent: they serve what they have until its TTL ends."""
    for tier, index in target.nodes:
        if tier == "pop":
            world.cdn.purge_loss[index] = 1.0 - (1.0 - world.cdn.purge_loss[index]) * (1.0 - amount / 100.0)
            world.cdn.nodes.event[index] = event


def policy_drift(world: World, target: Target, amount: float, event: int) -> None:
    """A provider keeps objects for `amount` seconds, whatever the owner's policy says."""
    for provider in {int(world.cdn.atlas.provider[index]) for tier, index in target.nodes if tier == "pop"}:
        world.cdn.edge.drift[provider] = amount
    for tier, index in target.nodes:
        if tier == "pop":
            world.cdn.nodes.event[index] = event


def country_blocks(world: World, target: Target, amount: float, event: int) -> None:
    """A country's networks drop all packets to one of the providers."""
    atlas = world.cdn.atlas
    provider = min(int(amount), len(atlas.provider_names)) - 1
    cities = np.array([country == atlas.countries[target.number] for country in atlas.city_country])
    atlas.blocked[provider, cities] = True
    atlas.block_event[provider, cities] = event


def serve_at_home(world: World, target: Target, _amount: float, event: int) -> None:
    """Users of a country may be served by PoPs that stand in it only."""
    atlas = world.cdn.atlas
    country = atlas.countries[target.number]
    cities = np.array([one == country for one in atlas.city_country])
    for index, place in enumerate(atlas.places):
        if place.country != country:
            atlas.closed[index, cities] = True
    atlas.close_event[cities] = event


def closed_abroad(world: World, target: Target, _amount: float, event: int) -> None:
    """A PoP may serve users of its own country only."""
    atlas = world.cdn.atlas
    for tier, index in target.nodes:
        if tier == "pop":
            abroad = np.array([country != atlas.places[index].country for country in atlas.city_country])
            atlas.closed[index] |= abroad
            atlas.close_event[abroad] = event
            world.cdn.nodes.event[index] = event


def shields_of(world: World, target: Target) -> Target:
    """The shields of the providers meant; Rejected if they have none."""
    meant = pops_of(world, target)
    providers = {int(world.cdn.atlas.provider[index]) for _, index in meant.nodes}
    shields = sorted({int(world.cdn.atlas.shield[v]) for v in providers} - {-1})
    if not shields:
        raise Rejected(f"there is no shield in {target.label}; set cdn.shield to a city with a PoP")
    return resolve(world, world.cdn.nodes.names[shields[0]], ("pop",))


def crash(world: World, target: Target, _amount: float, event: int) -> None:
    """The shield's processes are gone: edges ask the origin themselves."""
    for tier, index in target.nodes:
        if tier == "pop":
            world.cdn.nodes.up[index] = False
            world.cdn.nodes.event[index] = event


ROWS: tuple[FaultRow, ...] = (
    row(
        "cdn_outage", "wo", "cdn", ("provider", "tier"), "CDN outage",
        "So many of its PoPs answer every request with 503 (Fastly, 8 June 2021: 85 %).",
        "{target}: {amount} % of the PoPs answer 503", outage, amount=(85.0, 0.0, 100.0, "%"), aim=pops_of,
    ),
    row(
        "cdn_config", "wc", "cdn", PLACES, "bad edge config",
        "A broken rule at every PoP: so many of all requests are answered 503 (Cloudflare, 18 November 2025).",
        "{target}: a bad configuration fails {amount} % of requests", bad_config, amount=(100.0, 0.0, 100.0, "%"), aim=pops_of,
    ),
    row(
        "cdn_config_flaps", "wg", "cdn", PLACES, "edge config good and bad",
        "Good and bad configurations in turn, half of so many seconds each: all requests fail, then none.",
        "{target}: good and bad configurations in turn, every {amount} s", config_flaps, amount=(600.0, 1.0, 86_400.0, "s"),
        aim=pops_of, phase=by_halves,
    ),
    row(
        "flush_pops", "wf", "cdn", PLACES, "flush PoPs",
        "Their caches are emptied: everything is asked of the origin again. Cannot be taken back.",
        "{target} flushed: empty", flush, one_shot=True, aim=pops_of,
    ),
    row(
        "purge_lost", "wp", "cdn", PLACES, "purges lost",
        "Purges do not reach it: it goes on serving what it has until the TTL ends.",
        "{target}: {amount} % of purges do not come through", purge_lost, amount=(100.0, 0.0, 100.0, "%"), aim=pops_of,
    ),
    row(
        "policy_drift", "wd", "cdn", ("provider", "tier"), "cache policy drift",
        "One provider keeps objects for another time than the others do.",
        "{target} keeps objects for {amount} s", policy_drift, amount=(604_800.0, 0.0, 2_592_000.0, "s"), aim=pops_of,
    ),
    row(
        "country_blocks", "wb", "cdn", ("country",), "country blocks a CDN",
        "Packets between a country and the provider of this number vanish at its border.",
        "{target} blocks CDN number {amount}", country_blocks, amount=(1.0, 1.0, 64.0, "th provider"),
    ),
    row(
        "serve_at_home", "wh", "cdn", ("country",), "PoPs closed to a country",
        "By regulation its users may be served by PoPs within it only.",
        "{target}: only PoPs within it may serve its users", serve_at_home,
    ),
    row(
        "closed_abroad", "wa", "cdn", ("pop",), "PoP closed abroad",
        "By regulation this PoP serves users of its own country only; others go to the next.",
        "{target} closed to other countries", closed_abroad, aim=pops_of,
    ),
    row(
        "shield_down", "ws", "cdn", ("provider", "tier"), "shield down",
        "The PoP through which the others fetch dies: each of them asks the origin itself.",
        "{target}, the shield, crashed", crash, aim=shields_of,
    ),
)  # fmt: skip
