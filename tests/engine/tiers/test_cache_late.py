"""Look-ups that were decided before a message they should have seen: counted by marks over the keys as by sorting."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.tiers.cache.counts import Counts
from engine.tiers.cache.desk import Verdict
from engine.tiers.cache.index import LOW

KEYS = (0, 1, 2, LOW + 1, LOW + 2, 2 * LOW + 3)  # some share the bits by which they are sieved
places = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 2), st.sampled_from(KEYS), st.sampled_from(Verdict)), max_size=30)


@given(seen=places, came=places)
@settings(max_examples=200, deadline=None)
def test_overtaken_look_ups_are_counted_one_by_one(seen, came) -> None:
    """A look-up counts if a message on its key had reached its node before it; what is no look-up never does."""
    counts = Counts()
    seen, came = sorted(seen), sorted(came)
    t, node, key, verdict = (np.array([row[i] for row in seen], dtype=np.int64) for i in range(4))
    counts.recent = (t.astype(np.float64), node, key, verdict)
    arrived = [np.array([row[i] for row in came], dtype=np.int64) for i in range(3)]
    asked = [(at, n, k) for at, n, k, what in seen if what != Verdict.NOTHING]
    plain = sum(any(late < at and (n, k) == (m, h) for late, m, h, _ in came) for at, n, k in asked)
    assert counts.overtaken(arrived[0].astype(np.float64), arrived[1], arrived[2]) == plain
