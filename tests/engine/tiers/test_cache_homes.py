"""The table of owners says what the rule of placement says, whether it was filled block by block or all at once."""

import numpy as np
import pytest

from engine.tiers.cache.homes import BLOCK, FEW, Homes

KEYS = 20 * BLOCK + 7  # the last block is not a whole one


def agree(homes: Homes, keys: np.ndarray) -> bool:
    return bool((homes.owners(keys) == homes.placement.owners(keys, homes.copies)).all())


@pytest.mark.parametrize("mode", ["ring", "modulo", "pair"])
def test_owners_are_those_of_the_placement(mode: str) -> None:
    """Few keys, many keys, and both again when a node has been ejected and taken back."""
    homes, rng = Homes(mode, 40, KEYS), np.random.default_rng(3)
    homes.add([f"cache-{i}" for i in range(7)])
    every = np.arange(KEYS)
    for node, member in ((2, True), (2, False), (2, True), (5, False)):
        homes.set_member(node, member)
        assert agree(homes, np.array([KEYS - 1, 0, KEYS - 1]))
        assert agree(homes, rng.integers(0, 2 * BLOCK, FEW))
        assert not homes.complete
        assert agree(homes, rng.permutation(KEYS)[: KEYS // 2])
        assert homes.complete
        assert agree(homes, every)
        assert member or not (homes.owners(every) == node).any()


def test_without_members_nobody_owns_anything() -> None:
    homes = Homes("ring", 40, KEYS)
    homes.add(["cache-1"])
    homes.set_member(0, False)
    assert homes.owners(np.arange(FEW + 1)).shape == (0, FEW + 1)
    assert homes.home(3) == -1
