"""Jobs that end at one moment leave in the order of their rows' ranks, whatever plan holds them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.queueing import Discipline, Stations


@pytest.mark.parametrize("nodes", [3, 60])  # few nodes, and so many that arrays plan them
@pytest.mark.parametrize("discipline", list(Discipline))
def test_jobs_of_one_moment_leave_by_rank(nodes: int, discipline: Discipline) -> None:
    """Rows are slots, which are used again and again; ranks are numbers that only grow."""
    each, draw = 20, np.random.default_rng(4)
    stations = Stations([each] * nodes, discipline=discipline)
    n = nodes * each
    rows = draw.permutation(n)
    rank = draw.permutation(n)
    t, node = np.full(n, 1.0), np.repeat(np.arange(nodes), each)
    work = draw.integers(1, 4, n) / 8.0
    stations.admit(t, node, work, rows)
    gone = stations.departures(2.0, rank)
    assert gone.row.size == n
    assert gone.row.tolist() == rows[np.lexsort((rank[rows], work))].tolist()
    assert (gone.finish == t[0] + work[np.argsort(rows)][gone.row]).all()
    assert (gone.node == node[np.argsort(rows)][gone.row]).all()


def test_jobs_that_are_no_requests_have_no_rank() -> None:
    """They leave before the requests of the same moment, the last made first."""
    stations = Stations([5])
    rows = np.array([-1, 2, -2, 0, 1])
    stations.admit(np.zeros(5), np.zeros(5, dtype=np.int64), np.full(5, 0.5), rows)
    assert stations.departures(1.0, np.array([7, 9, 8])).row.tolist() == [-2, -1, 0, 2, 1]
