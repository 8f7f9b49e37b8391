"""Laws of a tier of stations: exact recursion, undone changes, freezes, conservation, Little, utilisation (rows Q1, Q2)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_kernels import recursion, scripted

from engine.queueing import Discipline, Stations
from engine.queueing.jobs import Departures, in_order

N = 20_000


def one_node(workers=1, **options):
    return Stations([workers], **options)


def admit_one(tier, t, work, row):
    return tier.admit(np.array([t]), np.array([0]), np.array([work]), np.array([row]))


def play(tier, t, service, step, nodes=1, seed=0):
    """All jobs through the tier, step by step; departures in one table (finish, row, node, start, arrival, work)."""
    node = np.random.default_rng(seed).integers(0, nodes, len(t))
    out, low, end = [], 0, 0.0
    while low < len(t) or tier.totals.present.sum():
        end += step
        high = int(np.searchsorted(t, end))
        tier.admit(t[low:high], node[low:high], service[low:high], np.arange(low, high))
        low = high
        out.append(tier.departures(end))
    return [np.concatenate(column) for column in zip(*out, strict=True)]


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("step", [0.01, 5.0], ids=["small batches", "big batches"])
def test_stations_equal_the_recursion_per_request(workers, step):
    """Row Q1 through the whole machinery, in steps of one to two or of hundreds of arrivals."""
    t, service = scripted(11, N, workers, 0.95)
    start, finish = recursion(t, service, workers)
    got = play(one_node(workers), t, service, step)
    order = np.argsort(got[1])
    assert got[1][order].tolist() == list(range(N)), "every job leaves once"
    assert np.abs(got[3][order] - start).max() < 1e-9
    assert np.abs(got[0][order] - finish).max() < 1e-9


@pytest.mark.parametrize("discipline", list(Discipline))
@pytest.mark.parametrize("nodes", [3, 60])
@pytest.mark.parametrize("bound", [None, 5])
def test_operational_laws_hold_on_the_sample_path(discipline, nodes, bound):
    """Row Q2: Little (integral of N = sum of times inside), busy = sum of service, conservation, to 1e-9 relative."""
    rng = np.random.default_rng(12)
    tier = Stations([2] * nodes, discipline=discipline, bound=bound)
    rows, work_of, end = 0, {}, 0.0
    done_work = np.zeros(nodes)
    for step in range(60):
        size = int(rng.integers(0, 30 * nodes))
        t = np.sort(rng.random(size)) * 0.1 + end
        work = rng.standard_exponential(size) * 0.01
        tier.admit(t, rng.integers(0, nodes, size), work, np.arange(rows, rows + size))
        work_of.update(zip(range(rows, rows + size), work.tolist(), strict=True))
        rows, end = rows + size, end + 0.1
        gone = tier.departures(end)
        np.add.at(done_work, gone.node, gone.work)
        assert [work_of[row] for row in gone.row.tolist()] == gone.work.tolist()
        if step % 20 == 19:
            tier.crash(step % nodes, end)
    totals = tier.totals
    inside = np.zeros(nodes)
    for _, _, node, _, arrival, *_ in tier.core.jobs():
        inside[node] += end - arrival
    assert totals.presence == pytest.approx(totals.sojourn + totals.aborted + inside, rel=1e-9)
    assert totals.served == pytest.approx(done_work, rel=1e-9)
    present = np.bincount([job[2] for job in tier.core.jobs()], minlength=nodes)
    assert totals.present.tolist() == present.tolist()
    assert (totals.arrivals - totals.rejected - totals.departures - totals.lost == present).all()
    assert totals.arrivals.sum() == rows
    assert (totals.rejected.sum() > 0) == (bound is not None)
    assert totals.lost.sum() > 0


@given(
    speeds=st.lists(st.floats(0.0, 4.0), min_size=1, max_size=4),
    now=st.floats(0.5, 2.0),
    workers=st.integers(1, 3),
    discipline=st.sampled_from(list(Discipline)),
)
@settings(max_examples=60, deadline=None)
def test_a_change_undone_at_the_same_instant_is_the_identity(speeds, now, workers, discipline):
    """Slow, freeze, hasten, restore, all at one moment: every later departure is the same to the bit."""

    def run(changes):
        rng = np.random.default_rng(4)
        tier = one_node(workers, discipline=discipline)
        t = np.sort(rng.random(60)) * now
        tier.admit(t, np.zeros(60, np.int64), rng.standard_exponential(60) * 0.1, np.arange(60))
        first = tier.departures(now)
        for speed in changes:
            tier.set_speed(0, now, speed)
        tier.set_workers(0, now, workers)
        return [column.tolist() for part in (first, tier.departures(1e9)) for column in part]

    assert run([*speeds, 1.0]) == run([])


@given(
    freeze=st.floats(1e-3, 50.0),
    at=st.floats(0.1, 0.9),
    discipline=st.sampled_from(list(Discipline)),
)
@settings(max_examples=60, deadline=None)
def test_a_freeze_delays_a_busy_worker_by_its_length(freeze, at, discipline):
    """A single busy worker frozen for d seconds finishes everything exactly d later, and works on from where it stopped."""
    tier = one_node(discipline=discipline)
    tier.admit(np.array([0.0, 0.05]), np.array([0, 0]), np.array([1.0, 0.5]), np.array([0, 1]))
    tier.departures(at)
    tier.set_speed(0, at, 0.0)
    assert len(tier.departures(at + freeze).row) == 0
    assert tier.in_system(0) == 2
    assert tier.waiting(0, at + freeze) == 1
    tier.set_speed(0, at + freeze, 1.0)
    assert tier.departures(1e9).finish.tolist() == pytest.approx([1.0 + freeze, 1.5 + freeze], abs=1e-12 * (1 + freeze))


def test_half_speed_doubles_what_is_left():
    tier = one_node()
    admit_one(tier, 0.0, 1.0, 0)
    tier.departures(0.4)
    tier.set_speed(0, 0.4, 0.5)
    assert tier.departures(10.0).finish.tolist() == pytest.approx([1.6])


def test_arrivals_at_a_frozen_node_wait_and_then_go_in_order():
    tier = one_node()
    tier.set_speed(0, 0.0, 0.0)
    admission = tier.admit(np.array([1.0, 2.0]), np.array([0, 0]), np.array([0.25, 0.5]), np.array([0, 1]))
    assert admission.finish.tolist() == [np.inf, np.inf]
    tier.departures(5.0)
    tier.set_speed(0, 5.0, 1.0)
    gone = tier.departures(10.0)
    assert gone.finish.tolist() == [5.25, 5.75]
    assert gone.arrival.tolist() == [1.0, 2.0]


def test_a_crash_takes_what_waits_and_what_is_served_and_frees_the_node():
    tier = one_node()
    tier.admit(np.array([0.0, 0.1, 0.2]), np.zeros(3, np.int64), np.array([0.05, 1.0, 1.0]), np.array([5, 9, 7]))
    tier.departures(0.5)
    assert tier.crash(0, 0.5).tolist() == [7, 9]
    assert tier.in_system(0) == 0
    assert admit_one(tier, 0.6, 0.1, 3).finish.tolist() == pytest.approx([0.7])


def test_lifo_takes_the_newest_first():
    tier = one_node(discipline=Discipline.LIFO)
    tier.admit(np.array([0.0, 0.1, 0.2, 0.3]), np.zeros(4, np.int64), np.full(4, 1.0), np.arange(4))
    assert tier.departures(10.0).row.tolist() == [0, 3, 2, 1]


@pytest.mark.parametrize(
    "change",
    [
        lambda tier: tier.set_speed(0, 0.5, 0.5),
        lambda tier: tier.set_workers(0, 0.5, 2),
        lambda tier: tier.crash(0, 0.5),
        lambda tier: tier.set_speed(0, 2.0, -1.0),
        lambda tier: tier.set_speed(0, 2.0, float("nan")),
        lambda tier: tier.set_workers(0, 2.0, 0),
        lambda tier: tier.add_node(0),
    ],
)
def test_changes_of_the_past_and_impossible_figures_are_refused(change):
    tier = one_node()
    admit_one(tier, 0.0, 5.0, 0)
    tier.departures(1.0)
    with pytest.raises(ValueError, match=r"departures up to|speed|workers"):
        change(tier)


@pytest.mark.parametrize("discipline", list(Discipline))
def test_little_holds_when_jobs_end_between_two_looks(discipline):
    """A crash and a cancellation later than the last departures: what was there until then counts, to the second."""
    tier = Stations([1, 1], discipline=discipline)
    tier.admit(np.array([0.0, 0.0, 0.5, 0.5]), np.array([0, 1, 0, 1]), np.full(4, 10.0), np.arange(4))
    tier.departures(1.0)
    assert tier.crash(0, 3.0).tolist() == [0, 2]
    assert tier.cancel([1], 4.0).tolist() == [1]
    tier.departures(6.0)
    assert tier.totals.presence.tolist() == pytest.approx([3.0 + 2.5, 4.0 + 5.5])
    assert tier.totals.aborted.tolist() == pytest.approx([3.0 + 2.5, 4.0])
    assert tier.busy_seconds(6.0).tolist() == pytest.approx([3.0, 6.0])


def test_jobs_of_one_moment_are_ordered_whatever_the_numbers_of_their_rows():
    rank = np.array([7, 3, 5])
    rows = np.array([2, -40, 0, -5, 1])
    same = np.full(5, 1.5)
    gone = in_order(Departures(same, rows, np.zeros(5, np.int64), same, same, same), rank)
    assert gone.row.tolist() == [-40, -5, 1, 2, 0], "jobs that are no requests first, by number, then requests by rank"
