"""Whatever happens to a tier, its stations do what the slow event-by-event model does, with every implementation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_stations import SlowNode

from engine.queueing import Discipline, Stations, stations
from engine.state import copy

NODES = 3
STEP = 0.25

# One step of a script: arrivals (offset in the step, node, work), then changes at its end (kind, node, figure).
arrivals = st.lists(st.tuples(st.integers(0, 15), st.integers(0, NODES - 1), st.integers(0, 40)), max_size=14)
changes = st.lists(
    st.one_of(
        st.tuples(st.just("speed"), st.integers(0, NODES - 1), st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0])),
        st.tuples(st.just("workers"), st.integers(0, NODES - 1), st.integers(1, 4)),
        st.tuples(st.just("crash"), st.integers(0, NODES - 1), st.just(0)),
        st.tuples(st.just("cancel"), st.just(0), st.integers(0, 60)),
    ),
    max_size=2,
)
scripts = st.lists(st.tuples(arrivals, changes), min_size=1, max_size=12)


def apply(tier, slow, kind, node, figure, now):
    """One change on both sides; what was lost must be the same."""
    if kind == "speed":
        tier.set_speed(node, now, figure)
        slow[node].change(now, speed=figure)
    elif kind == "workers":
        tier.set_workers(node, now, figure)
        slow[node].change(now, workers=figure)
    elif kind == "crash":
        assert tier.crash(node, now).tolist() == slow[node].remove(now)
    else:
        rows = {figure, figure + 1, figure + 7}
        assert tier.cancel(sorted(rows), now).tolist() == sorted(row for n in slow for row in n.remove(now, rows))


def run(script, workers, bound, discipline):
    """Play a script on both; returns (tier, slow nodes, departures of the tier)."""
    tier = Stations([workers] * NODES, bound=bound, discipline=discipline)
    slow = [SlowNode(workers, bound=bound, lifo=discipline is Discipline.LIFO) for _ in range(NODES)]
    rng = np.random.default_rng(7)
    row, gone = 0, []
    for step, (batch, after) in enumerate(script):
        begin, end = step * STEP, (step + 1) * STEP
        batch = sorted(batch, key=lambda a: a[0])
        # A tiny random part keeps two events from falling together, where both orders would be right.
        t = np.sort(np.array([begin + a[0] / 64 for a in batch]) + rng.random(len(batch)) * 1e-4)
        work = np.array([a[2] / 64 for a in batch]) + rng.random(len(batch)) * 1e-4
        node, rows = np.array([a[1] for a in batch], dtype=np.int64), np.arange(row, row + len(batch))
        row += len(batch)
        admission = tier.admit(t, node, work, rows)
        taken = [slow[n].arrive(at, r, w) for at, n, w, r in zip(t, node, work, rows, strict=True)]
        assert admission.accepted.tolist() == taken
        gone.append(tier.departures(end))
        for s in slow:
            s.advance(end)
        for kind, where, figure in after:
            apply(tier, slow, kind, where, figure, end)
        check_presence(tier, slow, end)
    return tier, slow, gone


def check_presence(tier, slow, now):
    for n, s in enumerate(slow):
        assert tier.in_system(n) == len(s.serving) + len(s.queue)
        assert tier.waiting(n, now) == len(s.queue)
        assert tier.totals.presence[n] == pytest.approx(s.presence, abs=1e-9)
    assert tier.in_service(now).tolist() == [len(s.serving) for s in slow]
    assert tier.busy_seconds(now) == pytest.approx([s.busy for s in slow], abs=1e-9)


def compare(tier, slow, gone):
    """Every request that left did so at the same time, on the same node, after the same wait."""
    got = {int(r): (f, s, a, n) for d in gone for f, r, n, s, a, _ in zip(*d, strict=True)}
    expected = {row: (f, s, a, n) for n, node in enumerate(slow) for f, row, s, a in node.done}
    last = tier.totals.horizon
    assert {r for r in expected if expected[r][0] < last - 1e-9} <= set(got) <= set(expected)
    for row, values in got.items():
        assert values == pytest.approx(expected[row], abs=1e-9)
    keys = [(f, r) for d in gone for f, r in zip(d.finish, d.row, strict=True)]
    assert keys == sorted(keys), "departures must come in order of (finish, row)"


@pytest.mark.parametrize("arrays", [False, True], ids=["heap", "arrays"])
@given(script=scripts, workers=st.integers(1, 3))
@settings(max_examples=120, deadline=None)
def test_fifo_equals_the_event_by_event_model(arrays, script, workers):
    with pytest.MonkeyPatch.context() as patch:
        if arrays:
            for name in ("ARRAYS_FROM", "ARRAYS_UNTIL", "ARRAYS_NODES", "ARRAYS_EACH"):
                patch.setattr(stations, name, 0)
        tier, slow, gone = run(script, workers, None, Discipline.FIFO)
        assert tier.kind == ("arrays" if arrays else "heap")
        compare(tier, slow, gone)


@pytest.mark.parametrize("arrays", [False, True], ids=["heap", "arrays"])
@given(script=scripts, workers=st.integers(1, 3), bound=st.integers(0, 30))
@settings(max_examples=150, deadline=None)
def test_bounded_fifo_equals_the_event_by_event_model(arrays, script, workers, bound):
    """Bounds out of reach, within reach and reached, with plans that move to and fro between heaps and arrays for it."""
    with pytest.MonkeyPatch.context() as patch:
        if arrays:
            for name in ("ARRAYS_FROM", "ARRAYS_UNTIL", "ARRAYS_NODES", "ARRAYS_EACH"):
                patch.setattr(stations, name, 0)
        compare(*run(script, workers, bound, Discipline.FIFO))


@given(script=scripts, workers=st.integers(1, 3), bound=st.one_of(st.none(), st.integers(0, 3)))
@settings(max_examples=120, deadline=None)
def test_lifo_equals_the_event_by_event_model(script, workers, bound):
    compare(*run(script, workers, bound, Discipline.LIFO))


@given(script=scripts, switches=st.lists(st.booleans(), min_size=12, max_size=12))
@settings(max_examples=60, deadline=None)
def test_moving_between_implementations_changes_nothing(script, switches):
    """The plan goes from heaps to arrays and back at random: the same departures, bit for bit."""

    def play(flags):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stations, "ARRAYS_NODES", 0)
            patch.setattr(stations, "ARRAYS_EACH", 0)
            tier, row, out = Stations([2] * NODES), 0, []
            for step, (batch, after) in enumerate(script):
                for name in ("ARRAYS_FROM", "ARRAYS_UNTIL"):
                    patch.setattr(stations, name, 0 if flags[step] else 10**9)
                batch = sorted(batch)
                t = np.array([step * STEP + a[0] / 64 for a in batch])
                node = np.array([a[1] for a in batch], dtype=np.int64)
                tier.admit(t, node, np.array([a[2] / 64 for a in batch]), np.arange(row, row + len(batch)))
                row += len(batch)
                out += [tuple(d) for d in zip(*tier.departures((step + 1) * STEP), strict=True)]
                for kind, where, figure in after:
                    if kind in ("speed", "workers"):
                        getattr(tier, f"set_{kind}")(where, (step + 1) * STEP, figure)
            return out

    assert play(switches) == play([False] * len(switches))


@given(script=scripts, at=st.integers(0, 11))
@settings(max_examples=40, deadline=None)
def test_discipline_can_change_under_load(script, at):
    """FIFO, then LIFO, then FIFO again: nothing is lost and each phase follows its own order."""
    tier, slow = Stations([1] * NODES), [SlowNode(1) for _ in range(NODES)]
    row, gone = 0, []
    for step, (batch, _) in enumerate(script):
        batch = sorted(batch, key=lambda a: a[0])
        t = np.array([step * STEP + a[0] / 64 + i * 1e-5 for i, a in enumerate(batch)])
        work = np.array([a[2] / 64 + (row + i) * 1.3e-6 for i, a in enumerate(batch)])
        node, rows = np.array([a[1] for a in batch], dtype=np.int64), np.arange(row, row + len(batch))
        row += len(batch)
        tier.admit(t, node, work, rows)
        for values in zip(t, node, rows, work, strict=True):
            slow[values[1]].arrive(values[0], values[2], values[3])
        end = (step + 1) * STEP
        gone.append(tier.departures(end))
        if step in (at, at + 3):
            discipline = Discipline.LIFO if step == at else Discipline.FIFO
            tier.set_discipline(end, discipline)
            for s in slow:
                s.change(end, lifo=step == at)
    for s in slow:
        s.advance(len(script) * STEP)
    compare(tier, slow, gone)


@pytest.mark.parametrize("discipline", list(Discipline))
def test_state_is_a_value(discipline):
    """A copy through the state format goes on exactly as the original."""
    rng = np.random.default_rng(5)
    tier = Stations([2, 1, 3], discipline=discipline)

    def step(tier, k, rng):
        t = np.sort(rng.random(40)) * STEP + k * STEP
        tier.admit(t, rng.integers(0, 3, 40), rng.standard_exponential(40) * 0.05, np.arange(40 * k, 40 * k + 40))
        return [column.tolist() for column in tier.departures((k + 1) * STEP)]

    for k in range(5):
        step(tier, k, rng)
    twin = copy(tier)
    one, two = np.random.default_rng(6), np.random.default_rng(6)
    for k in range(5, 10):
        assert step(tier, k, one) == step(twin, k, two)
