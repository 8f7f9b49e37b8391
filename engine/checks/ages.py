"""Invariant 16: nothing is served that is older than its time to live, or that an invalidation has reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ..tiers.cache.desk import HIT
from ..tiers.cache.mail import DELETE, FILL, SET, WRITER
from .flow import expect

if TYPE_CHECKING:
    from ..world import World

Place: TypeAlias = tuple[int, int]  # node, key


class Ages:
    """Keeps books of its own, from the cache's journal: the messages in the order in which the nodes handled them.

    since: (node, key) -> (when it was last set there, s, and its time to live then). values: (node, key) -> versions that may be
    there: what was set last, or, where a set may have been refused for want of its lease, what was there before as well.
    """

    def __init__(self, world: World) -> None:
        self.since: dict[Place, tuple[float, float]] = {}
        self.values: dict[Place, set[int]] = {}
        for node, shelf in enumerate(world.cache.desk.shelves):
            for key, entry in shelf.entries.items():
                self.values[node, key] = {entry[0]}
        world.cache.journal = []

    def judge(self, world: World) -> None:
        """After a step: what arrived in it, what was served, and what is there now."""
        cache = world.cache
        life = cache.desk.ttl if cache.desk.ttl > 0.0 else np.inf
        touched: set[Place] = set()
        for columns in cache.journal or ():
            for at, node, key, kind, token, brought, verdict, version in zip(*(c.tolist() for c in columns), strict=True):
                place = node, key
                if kind == DELETE or (kind == SET and token == WRITER):
                    self.values[place] = set()
                if kind == SET:
                    kept = self.values.get(place, set()) if token != FILL else set()
                    self.values[place] = kept | {brought}
                    self.since[place] = at, life
                if kind in (SET, DELETE):
                    touched.add(place)
                elif verdict == HIT:
                    self._served(world, at, place, version, life)
        for place in sorted(touched):
            self._held(world, place)

    def _served(self, world: World, at: float, place: Place, version: int, life: float) -> None:
        desk, name = world.cache.desk, world.cache.nodes.names[place[0]]
        since, lives = self.since.get(place, (np.inf, np.inf))
        most = lives + desk.stale_while_revalidate
        age = at - since
        expect(age <= most + 1e-9, f"{name} serves key {place[1]}, {age:.3f} s after it was set; {most:g} s are allowed")
        may = self.values.get(place, set())
        expect(version in may, f"{name} serves version {version} of key {place[1]}; set were {sorted(may)}")
        if desk.sliding and place in self.since:
            self.since[place] = at, life

    def _held(self, world: World, place: Place) -> None:
        name, held, may = world.cache.nodes.names[place[0]], world.cache.desk.shelves[place[0]].get(place[1]), self.values[place]
        if held is not None:
            expect(bool(may), f"{name} keeps key {place[1]} though a write has reached it")
            expect(held[0] in may, f"{name} holds version {held[0]} of key {place[1]}; set were {sorted(may)}")
