"""Laws every row of the eviction table obeys, whatever its rule."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.policies.eviction import EVICTION, EvictionPolicy

KEYS = st.integers(0, 15)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("access"), KEYS),
        st.tuples(st.just("insert"), KEYS),
        st.tuples(st.just("remove"), KEYS),
        st.tuples(st.just("resize"), st.integers(1, 12)),
    ),
    max_size=150,
)
every_policy = pytest.mark.parametrize("policy", EVICTION)


def build(policy: str, capacity: int) -> EvictionPolicy:
    return EVICTION[policy](capacity, np.random.default_rng(11))


def apply(cache: EvictionPolicy, step: tuple[str, int]) -> object:
    return getattr(cache, step[0])(step[1])


@every_policy
@settings(max_examples=50, deadline=None)
@given(capacity=st.integers(1, 12), steps=STEPS)
def test_what_is_resident_is_exactly_what_came_and_did_not_go(policy: str, capacity: int, steps: list[tuple[str, int]]) -> None:
    """A set kept from the answers alone agrees with the policy: no key appears, vanishes or is evicted twice unsaid."""
    cache, resident = build(policy, capacity), set[int]()
    for what, argument in steps:
        full = len(cache) >= cache.capacity
        if what == "resize":
            evicted = cache.resize(argument)
            assert len(evicted) == max(0, len(resident) - argument)
            resident -= set(evicted)
        elif what == "remove":
            assert cache.remove(argument) == (argument in resident)
            assert argument not in cache
            resident.discard(argument)
        elif what == "insert":
            victim = cache.insert(argument)
            assert (victim is not None) == (full and argument not in resident)
            assert victim != argument
            resident.discard(-1 if victim is None else victim)
            resident.add(argument)
        elif argument in resident:
            assert cache.access(argument) is True
        else:
            assert cache.access(argument) is False
            gone = resident - set(cache.keys())
            assert len(gone) == int(full)
            resident = (resident - gone) | {argument}
        assert len(cache) == len(resident) <= cache.capacity
        assert sorted(cache.keys()) == sorted(resident)
        assert all((key in cache) == (key in resident) for key in range(16))


@every_policy
@settings(max_examples=50, deadline=None)
@given(capacity=st.integers(1, 12), steps=STEPS)
def test_same_calls_same_answers_also_from_a_copy_taken_midway(policy: str, capacity: int, steps: list[tuple[str, int]]) -> None:
    first = build(policy, capacity)
    half = len(steps) // 2
    answers = [apply(first, step) for step in steps[:half]]
    second = build(policy, capacity)
    assert [apply(second, step) for step in steps[:half]] == answers
    third = copy.deepcopy(first)
    rest = [apply(first, step) for step in steps[half:]]
    assert [apply(second, step) for step in steps[half:]] == rest
    assert [apply(third, step) for step in steps[half:]] == rest


@every_policy
def test_a_hit_can_be_taken_apart_into_the_finer_calls(policy: str) -> None:
    """The cache tier uses touch and insert where a trace uses access; both must leave the same state."""
    whole, parts = build(policy, 50), build(policy, 50)
    for key in np.random.default_rng(3).zipf(1.3, 5000).tolist():
        hit = key in parts
        if hit:
            parts.touch(key)
        else:
            parts.insert(key)
        assert whole.access(key) == hit


@every_policy
def test_touch_of_an_absent_key_and_evicting_nothing_are_errors(policy: str) -> None:
    cache = build(policy, 3)
    with pytest.raises(KeyError):
        cache.touch(1)
    with pytest.raises(KeyError):
        cache.evict()
    assert len(cache) == 0


@every_policy
def test_a_cache_of_no_entries_is_refused(policy: str) -> None:
    with pytest.raises(ValueError, match="at least one entry"):
        EVICTION[policy](0)
    with pytest.raises(ValueError, match="at least one entry"):
        build(policy, 2).resize(0)


def test_random_draws_from_the_generator_it_was_given() -> None:
    def survivors(seed: int) -> list[int]:
        cache = EVICTION["random"](100, np.random.default_rng(seed))
        for key in range(1000):
            cache.access(key)
        return sorted(cache.keys())

    assert survivors(1) == survivors(1)
    assert survivors(1) != survivors(2)
