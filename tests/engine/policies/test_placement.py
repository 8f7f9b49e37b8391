"""Placement: how even it is, what moves when nodes come and go (rows H1, H2, H4), and the laws of every rule."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.policies.placement import PLACEMENT, BoundedRing, Modulo, Placement, Ring

KEYS = np.arange(100_000)
NAMES = st.lists(st.text("abcdefgh0123", min_size=1, max_size=6), min_size=2, max_size=6, unique=True)
every_rule = pytest.mark.parametrize("rule", PLACEMENT)


def names_of(placement: Placement, keys: np.ndarray) -> list[str]:
    by_number = {number: name for name, number in placement.numbers.items()}
    return [by_number[number] for number in placement.owner(keys).tolist()]


@pytest.mark.parametrize(("virtual_nodes", "published"), [(1, 0.905), (100, 0.0948), (200, 0.0671)])
def test_h1_spread_of_the_shares(virtual_nodes: int, published: float) -> None:
    """Root mean square over 50 rings of the coefficient of variation: sqrt((N - 1) / (N V + 1)) for points at random."""
    theory = math.sqrt(9 / (10 * virtual_nodes + 1))
    assert theory == pytest.approx(published, abs=5e-4)
    squares = []
    for ring_number in range(50):
        ring = Ring([f"ring-{ring_number}-cache-{i}" for i in range(10)], virtual_nodes)
        shares = np.array(list(ring.share().values()))
        assert shares.sum() == pytest.approx(1.0)
        squares.append((shares.std() / shares.mean()) ** 2)
    assert math.sqrt(np.mean(squares)) == pytest.approx(theory, rel=0.15)


def test_share_is_what_keys_find() -> None:
    """The exact arcs against 100,000 keys: a count of n p keys has a standard deviation below sqrt(n p)."""
    ring = Ring([f"cache-{i}" for i in range(10)], weights=[1, 1, 1, 1, 1, 1, 1, 1, 1, 3])
    counts = np.bincount(ring.owner(KEYS), minlength=10)
    for node, share in ring.share().items():
        assert abs(counts[ring.numbers[node]] - share * KEYS.size) < 4 * math.sqrt(share * KEYS.size)
    assert ring.share()["cache-9"] == pytest.approx(3 / 12, abs=0.05)


def test_h2_a_fifth_node() -> None:
    """Ring: about a fifth of the keys move, all to the new node. Modulo: four fifths move."""
    for rule, expected, tolerance in ((Ring, 0.200, 0.054), (Modulo, 0.800, 0.054)):
        placement = rule([f"shard-{i}" for i in range(4)])
        before = placement.owner(KEYS)
        placement.add("shard-4")
        after = placement.owner(KEYS)
        moved = before != after
        assert moved.mean() == pytest.approx(expected, abs=tolerance)
        to_old = int((moved & (after != 4)).sum())
        assert (to_old == 0) == (rule is Ring)


@pytest.mark.parametrize("c", [1.25, 1.05, 2.0])
def test_h4_bounded_loads_always(c: float) -> None:
    ring = BoundedRing([f"web-{i}" for i in range(10)])
    loads = [0] * 10
    for item, key in enumerate(np.random.default_rng(1).zipf(1.5, 4000).tolist(), start=1):  # hot keys pile up on one node
        loads[ring.assign(key, loads, c)] += 1
        assert sum(loads) == item
        if item >= 10 / (c - 1):  # from here on c times the mean has room for one more than the mean
            assert max(loads) <= c * item / 10 + 1e-9
        else:
            assert max(loads) <= max(c * item / 10, math.ceil(item / 10))


def test_bounded_ring_with_room_is_the_plain_ring() -> None:
    nodes = [f"web-{i}" for i in range(10)]
    ring, plain = BoundedRing(nodes), Ring(nodes)
    empty = [1000] * 10
    assert [ring.assign(key, empty) for key in range(500)] == plain.owner(np.arange(500)).tolist()
    with pytest.raises(ValueError, match="c > 1"):
        ring.assign(1, empty, 1.0)


def test_overflow_goes_to_the_next_distinct_node() -> None:
    ring = BoundedRing(["a", "b", "c", "d"])
    first, second, third = ring.owners(np.array([42]), 3)[:, 0].tolist()
    loads = [5] * 4
    loads[first] = 50
    assert ring.assign(42, loads) == second
    loads[second] = 50
    assert ring.assign(42, loads) == third


@every_rule
@settings(max_examples=40, deadline=None)
@given(names=NAMES, data=st.data())
def test_one_owner_whatever_the_order_of_coming(rule: str, names: list[str], data: st.DataObject) -> None:
    """On a ring the owner's name depends on the set of names alone; under every rule it is one of those present."""
    keys = np.arange(300)
    placement = PLACEMENT[rule](names, 8)
    owned = names_of(placement, keys)
    assert set(owned) <= set(names)
    if rule != "modulo":
        shuffled = data.draw(st.permutations(names))
        assert names_of(PLACEMENT[rule](shuffled, 8), keys) == owned


@every_rule
@settings(max_examples=40, deadline=None)
@given(names=NAMES, data=st.data())
def test_coming_and_going(rule: str, names: list[str], data: st.DataObject) -> None:
    keys = np.arange(300)
    placement = PLACEMENT[rule](names, 8)
    before = placement.owner(keys)
    gone = data.draw(st.sampled_from(names))
    number = placement.numbers[gone]
    placement.remove(gone)
    without = placement.owner(keys)
    assert number not in without
    if rule != "modulo":  # only the removed node's keys find another owner
        assert (without == before)[before != number].all()
    placement.add(gone)
    assert (placement.owner(keys) == before).all()


@every_rule
@settings(max_examples=40, deadline=None)
@given(names=NAMES, data=st.data())
def test_owners_are_distinct_begin_with_the_owner_and_take_over_from_it(rule: str, names: list[str], data: st.DataObject) -> None:
    keys = np.arange(200)
    placement = PLACEMENT[rule](names, 8)
    n = data.draw(st.integers(1, len(names)))
    chosen = placement.owners(keys, n)
    assert chosen.shape == (n, 200)
    assert (chosen[0] == placement.owner(keys)).all()
    assert all(len(set(column)) == n for column in chosen.T.tolist())
    if rule != "modulo" and n > 1:  # when the owner goes, the second in line is the owner
        number = int(chosen[0, 0])
        placement.remove(placement.nodes[number])
        mine = chosen[0] == number
        assert (placement.owner(keys)[mine] == chosen[1][mine]).all()


@every_rule
def test_mistakes_are_refused(rule: str) -> None:
    placement = PLACEMENT[rule](["a"])
    with pytest.raises(ValueError, match="there already"):
        placement.add("a")
    with pytest.raises(ValueError, match="no node 'b'"):
        placement.remove("b")
    with pytest.raises(ValueError, match="positive weight"):
        placement.add("b", 0.0)
    with pytest.raises(ValueError, match="2 different owners"):
        placement.owners(np.array([1]), 2)
    with pytest.raises(ValueError, match="virtual node"):
        PLACEMENT[rule](["a"], 0)
    placement.remove("a")
    with pytest.raises(ValueError, match="of 0 nodes"):
        placement.owner(np.array([1]))
