"""Invariant 12: what a new shard moves is what the ring's and modulo's laws say, and on the ring it all moves to the new one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .flow import expect

if TYPE_CHECKING:
    from ..world import World


def _living(world: World) -> frozenset[int]:
    return frozenset(s.index for s in world.database.shards if s.primary >= 0 and not s.leaving and not s.alone)


class Moves:
    """Remembers both placements of the last step. shards: those that are there to stay."""

    def __init__(self, world: World) -> None:
        self._note(world)

    def _note(self, world: World) -> None:
        self.shards = _living(world)
        self.held = dict(world.database.places.held)  # a new plan makes new arrays

    def judge(self, world: World) -> None:
        """After a step: if one shard has come and none has gone, what does each rule move?"""
        places, shards = world.database.places, _living(world)
        expect(places.moving or bool((places.owner == places.target).all()), "keys are not where the plan wants them, and rest")
        came = shards - self.shards
        if len(came) == 1 and self.shards < shards:
            for rule, owner in places.held.items():
                moved = np.flatnonzero(owner != self.held[rule])
                self._share(world, rule, moved.size, len(shards))
                if rule == "ring":
                    strangers = int(np.count_nonzero(owner[moved] != next(iter(came))))
                    expect(not strangers, f"{strangers} keys move between shards that were there before")
        self._note(world)

    def _share(self, world: World, rule: str, moved: int, shards: int) -> None:
        """[.5, 2] / n on the ring, 1 - 1 / n by modulo; and five standard deviations, as few keys are a sample of the circle.

        On a ring with few virtual nodes the arcs themselves vary by sqrt((n - 1) / (n V + 1)) of their mean (row H1): below
        some 100 of them that is more than [.5, 2] allows.
        """
        keys, virtual = world.database.places.owner.size, world.core.config.database.virtual_nodes
        mean = 1.0 / shards if rule == "ring" else 1.0 - 1.0 / shards
        chance = 5.0 * math.sqrt(mean * (1.0 - mean) / keys)
        if rule == "ring":
            arcs = 5.0 * math.sqrt((shards - 1.0) / (shards * virtual + 1.0))
            low, high = min(0.5, 1.0 - arcs) * mean - chance, max(2.0, 1.0 + arcs) * mean + chance
        else:
            low, high = mean - chance, mean + chance
        share = moved / keys
        expect(low <= share <= high, f"shard {shards} moves {share:.3f} of the keys by {rule}, not [{low:.3f}, {high:.3f}]")
