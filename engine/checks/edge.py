"""Invariants of the CDN's edge: conservation (5), what is kept (17), and that nothing is served too old (16)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..flights import CLIENT
from .flow import expect, undisturbed

if TYPE_CHECKING:
    from ..tiers.cdn.origin import Scope
    from ..world import World


def edges_balance(world: World) -> None:
    """5: look-ups = hits + misses; those that join nobody are fetches, which are answered, failed or under way; and requests to
    the origin are rows whose clients are PoPs."""
    cdn, flights = world.cdn, world.core.flights
    counts, fetches = cdn.counts, cdn.edge.fetches
    looked, found = counts.look_ups.sum, counts.hits.sum + counts.misses.sum
    expect((looked == found).all(), f"PoPs: look-ups {looked.tolist()}, hits + misses {found.tolist()}")
    total = {name: counts.total(name) for name in counts.tier}
    begun = int(counts.misses.sum.sum()) - total["joined"]
    begun += total["shield_look_ups"] - total["shield_hits"] - total["shield_joined"]
    over = total["filled"] + total["fetch_failed"]
    expect(begun == over + len(fetches.all), f"PoPs: {begun} fetches begun, {over} over, {len(fetches.all)} under way")
    if undisturbed(world):
        asked = total["ask_shield"] + total["ask_origin"]
        expect(begun == asked, f"PoPs: {begun} fetches, {asked} asked of shields and the origin")
    ours = int(np.count_nonzero((flights.sides & CLIENT != 0) & (flights.city >= len(world.core.fabric.cities))))
    expect(ours == cdn.rows, f"PoPs wait for {cdn.rows} answers of the origin, and {ours} rows are theirs")
    expect(all(fetches.all[n].row == slot for slot, n in fetches.by_row.items()), "a fetch and its request have lost each other")


def edges_hold_what_fits(world: World) -> None:
    """17: occupancy <= capacity, every entry is where its PoP looks for it, one open fetch for each object at a PoP."""
    store, fetches = world.cdn.edge.store, world.cdn.edge.fetches
    here = (store.place >= 0).sum(axis=1)
    expect((here == store.count).all(), f"PoPs count {store.count.tolist()} entries, and find {here.tolist()}")
    expect(bool((store.count <= store.room).all()), f"PoPs keep {store.count.tolist()} entries of {store.room}")
    for pop in range(store.count.size):
        held = store.held(pop)
        expect(bool((store.place[pop, store.obj[held]] == held).all()), f"PoP {pop}: an entry is not where it is looked for")
    expect(all(n in fetches.all for n in fetches.open.values()), "an open fetch is over")


class EdgeAges:
    """16: served age <= TTL; Age exact; nothing made before a purge is served where that purge has arrived.

    Keeps books of its own from the edge's journal. kept: (PoP, object) -> (made, version, until). purged: by PoP, purges that
    have arrived: (issued, scope); those that did not reach all PoPs prove nothing of what a shield gives.
    """

    def __init__(self, world: World) -> None:
        self.kept: dict[tuple[int, int], tuple[float, int, float]] = {}
        self.purged: dict[int, list[tuple[float, Scope]]] = {}
        if world.cdn.present:
            world.cdn.edge.journal = []
            store = world.cdn.edge.store
            for pop in range(store.count.size):
                for e in store.held(pop).tolist():
                    self.kept[pop, int(store.obj[e])] = float(store.made[e]), int(store.version[e]), float(store.until[e])

    def judge(self, world: World) -> None:
        """After a step."""
        edge = world.cdn.edge
        if not edge.journal:
            return
        for columns in edge.journal:
            for at, pop, obj, made, version, until in zip(*(c.tolist() for c in columns), strict=True):
                if obj < 0:
                    self._purge(world, pop, -1 - obj)
                elif np.isnan(until):
                    self._served(world, at, pop, obj, made, version)
                else:
                    self.kept[pop, obj] = made, version, until
        edge.journal.clear()

    def _purge(self, world: World, pop: int, number: int) -> None:
        for purge in world.cdn.edge.recent:
            if purge.number == number and purge.whole:
                self.purged.setdefault(pop, []).append((purge.issued, purge.scope))

    def _served(self, world: World, at: float, pop: int, obj: int, made: float, version: int) -> None:
        name, tags = world.cdn.nodes.names[pop], world.cdn.origin.tags
        kept, known, until = self.kept.get((pop, obj), (np.inf, -1, -np.inf))
        expect((made, version) == (kept, known),
               f"{name} serves object {obj}, version {version} of {made} s; kept was {known} of {kept} s")  # fmt: skip
        expect(at < until, f"{name} serves object {obj} at {at} s, and its time to live ended at {until} s")
        for issued, scope in self.purged.get(pop, ()):
            expect(made >= issued or not scope.has(obj, tags),
                   f"{name} serves object {obj} of {made} s after the purge of {issued} s has arrived")  # fmt: skip
