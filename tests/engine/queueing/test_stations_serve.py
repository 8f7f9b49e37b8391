"""`serve` is `admit` and `departures` in one: the same rows leave at the same times, and the same books are kept."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.queueing import Discipline, Stations
from engine.queueing.totals import COUNTS, SECONDS

STEP = 0.02
SIZES = st.integers(1, 60) | st.integers(250, 400)
BATCHES = st.lists(st.tuples(SIZES, st.sampled_from(["alike", "ticks", "mixed"])), min_size=1, max_size=12)


@given(
    workers=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    bound=st.none() | st.integers(0, 5),
    discipline=st.sampled_from(list(Discipline)),
    batches=BATCHES,
    slow=st.integers(0, 12),
    mean=st.sampled_from([0.0002, 0.001, 0.03]),
    seed=st.integers(0, 2**32 - 1),
)
def test_serve_is_admit_and_departures(
    workers: list[int],
    bound: int | None,
    discipline: Discipline,
    batches: list[tuple[int, str]],
    slow: int,
    mean: float,
    seed: int,
) -> None:
    """Jobs alike (they end in order), on a grid of times (ties), or mixed; a node slows down on the way; dead jobs agree too."""
    one, two = (Stations(workers, bound=bound, discipline=discipline) for _ in range(2))
    rng = np.random.default_rng(seed)
    for number, (size, kind) in enumerate(batches):
        if number == slow:
            one.set_speed(0, number * STEP, 0.3)
            two.set_speed(0, number * STEP, 0.3)
        t = np.sort(rng.integers(0, 20, size) / 20 if kind == "ticks" else rng.random(size)) * STEP + number * STEP
        node = rng.integers(0, len(workers), size)
        work = rng.exponential(mean, size) if kind == "mixed" else np.full(size, mean)
        row = rng.permutation(size).astype(np.int64) + 1_000 * number
        end = (number + 1) * STEP
        accepted = one.admit(t, node, work, row).accepted
        want = one.departures(end)
        plan, got = two.serve(t, node, work, row, end)
        assert (accepted == plan.accepted).all()
        for a, b in zip(want, got, strict=True):
            assert (a == b).all()
            assert a.dtype == b.dtype
    for name in (*COUNTS, *SECONDS):
        assert (getattr(one.totals.now, name) == getattr(two.totals.now, name)).all(), name
    for node in range(len(workers)):
        assert (one.crash(node, len(batches) * STEP) == two.crash(node, len(batches) * STEP)).all()
