"""Exact order of event times, fast: a 16-bit radix pass does nearly all the work, a stable pass mends the rest.

A float argsort costs 18-70 ns an element; the 16-bit radix sort plus a stable sort of an almost sorted array 7-26 ns.
The result is the order by time, and equal times are ordered by `rank` (a request's id), so that no digest hangs
on the order in which parts of the world happened to write.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

RADIX_FROM = 400  # below this many elements sorting by both keys at once is faster (measured)


def merge_order(t: F8, row: I8, rank: I8 | None) -> I8:
    """As `time_order(t, rank[row])` for t made of a few sorted runs: a merge sort finds them; only ties ask for ranks."""
    order: I8 = t.argsort(kind="stable")
    sorted_t = t[order]
    if np.count_nonzero(sorted_t[1:] == sorted_t[:-1]):
        order = np.lexsort((row if rank is None else rank[row], t))
    return order


def time_order(t: F8, rank: I8) -> I8:
    """Permutation (n,) that sorts by (t, rank). t in seconds, finite."""
    n = t.size
    if n < RADIX_FROM:
        exact: I8 = np.lexsort((rank, t))
        return exact
    low = t.min()
    span = t.max() - low
    order = np.arange(n, dtype=np.int64)
    if span > 0.0:
        coarse = ((t - low) * (65535.0 / span)).astype(np.uint16)
        first = coarse.argsort(kind="stable")
        order = first[t[first].argsort(kind="stable")]
    sorted_t = t[order]
    if np.count_nonzero(sorted_t[1:] == sorted_t[:-1]):
        order = np.lexsort((rank, t))
    return np.asarray(order, dtype=np.int64)
