"""Exact order of event times, fast: of many, the times' own bits, with the places behind them, sorted as whole numbers.

Times of a batch lie close together, so their bits less the lowest ones leave room for the place of each: plain numbers, all
different, which numpy sorts faster than it finds the order of many times. The result is the order by time, and equal times are
ordered by `rank` (a request's id), so that no digest hangs on the order in which parts of the world happened to write.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

BITS_FROM = 900  # below this many elements numpy's own argsort is faster (measured; of random times, by AVX2 or AVX-512)
WORD = 63  # bits of a number that is not negative


def row_order(t: F8, row: I8, rank: I8 | None) -> tuple[I8, F8]:
    """As `time_order(t, rank[row])`, and t in that order; only ties ask for ranks. rank None: the rows themselves."""
    order: I8 = t.argsort() if t.size < BITS_FROM else by_bits(t)
    sorted_t = t[order]
    same = sorted_t[1:] == sorted_t[:-1]
    if np.count_nonzero(same):
        tied = ties(same)
        places = order[tied]
        rows = row[places]
        order[tied] = places[np.lexsort((places, rows if rank is None else rank[rows], sorted_t[tied]))]
    return order, sorted_t


def time_order(t: F8, rank: I8 | F8) -> I8:
    """Permutation (n,) that sorts by (t, rank). t in seconds, finite."""
    order: I8 = t.argsort() if t.size < BITS_FROM else by_bits(t)
    sorted_t = t[order]
    same = sorted_t[1:] == sorted_t[:-1]
    if np.count_nonzero(same):
        tied = ties(same)
        places = order[tied]
        order[tied] = places[np.lexsort((places, rank[places], sorted_t[tied]))]
    return order


def ties(same: NDArray[np.bool_]) -> I8:
    """Places in a sorted batch of those who are as late as a neighbour; same (n - 1,): is each as late as the next?

    As a rule they are few, so that sorting them by rank costs a tenth of sorting all by both keys.
    """
    tied = np.zeros(same.size + 1, dtype=np.bool_)
    tied[:-1] = same
    tied[1:] |= same
    return tied.nonzero()[0]


def by_bits(t: F8) -> I8:
    """A permutation (n,) that sorts by t, equal times by place."""
    if not t.size:
        return np.empty(0, dtype=np.int64)
    bits = t.view(np.int64)  # floats that are not negative are ordered as their bits
    low = bits.min()
    keys: I8 = bits - low
    width = t.size.bit_length()
    if low < 0 or int(keys.max()).bit_length() + width > WORD:
        found: I8 = t.argsort(kind="stable")
        return found
    keys <<= width
    keys |= np.arange(t.size, dtype=np.int64)
    keys.sort()
    keys &= (1 << width) - 1
    return keys
