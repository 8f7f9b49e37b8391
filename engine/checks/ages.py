"""Invariant 16: nothing is served that is older than its time to live, or that an invalidation has reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ..tiers.cache.desk import HIT
from ..tiers.cache.index import Entry
from ..tiers.cache.mail import DELETE, SET, WRITER
from .flow import expect

if TYPE_CHECKING:
    from ..world import World

Place: TypeAlias = tuple[int, int]  # node, key


class Ages:
    """Keeps books of its own, from the messages that go in and the answers that come out.

    since: (node, key) -> (when it was last set there at the latest, s, and its time to live then). coming: sets and deletes on
    the wire or in a queue, by (row, serial): where to, does it end what is there, and what is there.
    """

    def __init__(self, world: World) -> None:
        self.since: dict[Place, tuple[float, float]] = {}
        self.coming: dict[tuple[int, int], tuple[Place, bool, Entry | None]] = {}
        self._look_ahead(world)

    def _look_ahead(self, world: World) -> None:
        mail, shelves = world.cache.mail, world.cache.desk.shelves
        self.coming = {}
        for row in np.flatnonzero((mail.kind == SET) | (mail.kind == DELETE)).tolist():
            place = int(mail.node[row]), int(mail.key[row])
            ends = int(mail.kind[row]) == DELETE or int(mail.token[row]) == WRITER
            self.coming[row, int(mail.serial[row])] = place, ends, shelves[place[0]].get(place[1])

    def judge(self, world: World) -> None:
        """After a step: what arrived in it, and what was served."""
        mail, desk, end = world.cache.mail, world.cache.desk, world.core.end
        life = desk.ttl if desk.ttl > 0.0 else np.inf
        touched: set[Place] = set()
        was = dict(self.since)
        for (row, serial), (place, ends, entry) in self.coming.items():
            if int(mail.serial[row]) == serial and int(mail.kind[row]) in (SET, DELETE):
                continue  # has not arrived yet
            touched.add(place)
            if ends and entry is not None:
                still = desk.shelves[place[0]].get(place[1]) == entry
                expect(not still, f"{world.cache.nodes.names[place[0]]} keeps key {place[1]} though a write has reached it")
            self.since[place] = end, life
        self._served(world, was, touched, life)
        self._look_ahead(world)

    def _served(self, world: World, was: dict[Place, tuple[float, float]], touched: set[Place], life: float) -> None:
        counts, desk, core = world.cache.counts, world.cache.desk, world.core
        at, node, key = counts.recent
        if not at.size or at[-1] < core.start:
            return
        verdict, version = counts.said
        for t, n, k, v in zip(*(c[verdict == HIT].tolist() for c in (at, node, key, version)), strict=True):
            name, place = world.cache.nodes.names[n], (n, k)
            since, lives = self.since.get(place, (np.inf, np.inf)) if place in touched else was.get(place, (np.inf, np.inf))
            most = lives + desk.stale_while_revalidate
            expect(t - since <= most + 1e-9, f"{name} serves key {k}, {t - since:.3f} s after it was set; {most:g} s are allowed")
            held = desk.shelves[n].get(k)
            if place not in touched and held is not None:
                expect(held[0] == v, f"{name} serves version {v} of key {k}, and holds version {held[0]}")
            if desk.sliding and place in self.since:
                self.since[place] = core.end, life
