"""A row is held by two sides and freed when both let go; slots are never handed out twice."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.flights import CLIENT, COLUMNS, SERVER, Flights
from engine.rows import LINE


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 2**32 - 1)), max_size=30))
def test_slots_are_unique_and_ids_count_up(script: list[tuple[int, int]]) -> None:
    flights = Flights(capacity=8)
    held: dict[int, int] = {}
    born = 0
    for n, seed in script:
        slots = flights.take(n)
        assert not set(slots.tolist()) & set(held)
        assert flights.id[slots].tolist() == list(range(born, born + n))
        born += n
        held |= dict.fromkeys(slots.tolist(), CLIENT | SERVER)
        rng = np.random.default_rng(seed)
        for side in (CLIENT, SERVER):
            some = np.array([s for s in held if held[s] & side and rng.random() < 0.5], dtype=np.int64)
            flights.close(some, side)
            for s in some.tolist():
                held[s] &= ~side
        held = {s: sides for s, sides in held.items() if sides}
        assert flights.used == len(held)
        assert sorted(flights.live().tolist()) == sorted(held)


def test_a_row_is_two_lines_of_memory_and_the_way_through_the_tiers_lies_in_the_second() -> None:
    """A column too many, or a wider one, and every row that a tier looks up costs a third line."""
    flights = Flights(capacity=8)
    begin = flights.whole.__array_interface__["data"][0]
    assert flights.whole.itemsize == 2 * LINE
    assert begin % LINE == 0
    for name in ("wire", "wait", "service", "version", "key", "web", "cache", "db", "balancer", "flags", "sides"):
        assert (getattr(flights, name).__array_interface__["data"][0] - begin) // LINE == 1, name


def test_a_used_slot_comes_back_fresh() -> None:
    """What a tier reads before it writes is reset, also in a slot that was used before."""
    flights = Flights(capacity=2)
    slots = flights.take(2)
    for name in ("flags", "outcome", "cause", "wire", "wait", "service"):
        getattr(flights, name)[slots] = 9
    flights.close(slots, CLIENT)
    flights.close(slots, SERVER)
    again = flights.take(2)
    for name in ("flags", "outcome", "cause", "wire", "wait", "service", "web"):
        assert (getattr(flights, name)[again] == COLUMNS[name][1]).all()
