"""The pacer, to the step, on a wall clock of our own."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.pace import FLAT_OUT, MAX_DEBT, Pacer

DT = 0.005


def run(pacer: Pacer, wall: float) -> int:
    """Run what is due at `wall`, in no time at all; the number of steps."""
    steps = 0
    while pacer.due(wall):
        pacer.ran()
        steps += 1
    return steps


@given(st.sampled_from([0.25, 0.5, 1.0, 3.0, 20.0, 100.0]), st.lists(st.floats(0.0, MAX_DEBT * 0.9), min_size=1, max_size=60))
def test_steps_are_due_at_absolute_times(speed: float, waits: list[float]) -> None:
    """However the machine is interrupted (within the debt), floor(t * speed / dt) steps have run after t seconds: no drift."""
    pacer = Pacer(DT, 50.0, 0.0, speed=speed)
    wall, steps = 50.0, 0
    for wait in waits:
        wall += wait
        steps += run(pacer, wall)
    assert abs(steps - math.floor((wall - 50.0) * speed / DT + 1e-6)) <= 1
    assert pacer.next_at() > wall - 1e-9


@given(st.floats(MAX_DEBT * 1.1, 1e6), st.sampled_from([0.25, 1.0, 100.0]))
def test_a_long_standstill_is_forgiven_not_made_up_for(away: float, speed: float) -> None:
    """A laptop that slept: no burst; and the next step is due one step later."""
    pacer = Pacer(DT, 0.0, 0.0, speed=speed)
    assert run(pacer, away) == 1
    assert pacer.next_at() == pytest.approx(away + DT / speed)


def test_slower_than_asked_is_measured_as_it_was() -> None:
    """Each step of 5 ms virtual takes 10 ms wall: achieved is .5 of x1 and no step was dropped; busy is the CPU's share."""
    pacer = Pacer(DT, 0.0, 0.0)
    wall = 0.0
    for _ in range(500):
        assert pacer.due(wall) > 0 or wall == 0.0
        pacer.ran()
        wall += 0.010
        pacer.measure(wall, wall * 0.8)
    pace = pacer.pace(2)
    assert pace.achieved == pytest.approx(0.5, rel=0.02)
    assert pace.busy == pytest.approx(0.8)
    assert (pace.asked, pace.paused, pace.viewers) == (1.0, False, 2)


def test_flat_out_is_always_due_and_pause_never() -> None:
    pacer = Pacer(DT, 0.0, 0.0, speed=FLAT_OUT)
    assert pacer.due(0.0) > 1_000
    pacer.pause()
    assert (pacer.due(1e9), pacer.next_at()) == (0, math.inf)
    pacer.step_once(3)
    assert run(pacer, 0.0) == 3
    pacer.step_once(5)
    pacer.resume(2.0)
    pacer.set_speed(1.0, 2.0)
    assert run(pacer, 2.0) == 0
    assert run(pacer, 2.0 + 2.5 * DT) == 2


def test_a_change_of_speed_loses_and_gains_no_step() -> None:
    """One second at x1, one at x4, one at x.25."""
    pacer = Pacer(DT, 0.0, 0.0)
    steps = sum(run(pacer, t / 100) for t in range(101))
    pacer.set_speed(4.0, 1.0)
    steps += sum(run(pacer, 1 + t / 100) for t in range(101))
    pacer.set_speed(0.25, 2.0)
    steps += sum(run(pacer, 2 + t / 100) for t in range(101))
    assert steps == 200 + 800 + 50


@pytest.mark.parametrize("speed", [math.nan, math.inf, -math.inf, -1.0, 0.2, 101.0, 1e-300])
def test_a_speed_out_of_range_is_refused_and_changes_nothing(speed: float) -> None:
    pacer = Pacer(DT, 0.0, 0.0)
    with pytest.raises(ValueError, match="speed must be"):
        pacer.set_speed(speed, 0.0)
    assert pacer.speed == 1.0
