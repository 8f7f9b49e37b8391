"""What waits for its time: a timing wheel of arrays with a few levels (after Varghese and Lauck, 1987).

A message on the wire, a departure, a fill or a time-out is one row (time, row number, and perhaps more columns). Rows due
soon lie in a near pool that is looked through every step; those due later lie in far pools that are looked through every
8th and every 64th step. So a row is touched a handful of times, however long it waits, and a step costs what is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .order import F8, I8, time_order

SPREAD = 8  # steps of one level that one look at the next level covers
LEVELS = 3

Chunk: TypeAlias = tuple[F8, tuple[I8, ...]]  # times (n,), then int64 columns (n,) each

_NO_T: F8 = np.empty(0, dtype=np.float64)
_NO_I: I8 = np.empty(0, dtype=np.int64)


def _pick(chunk: Chunk, which: NDArray[np.bool_] | I8) -> Chunk:
    return chunk[0][which], tuple(c[which] for c in chunk[1])


def _join(chunks: Sequence[Chunk], columns: int) -> Chunk:
    if not chunks:
        return _NO_T, (_NO_I,) * columns
    if len(chunks) == 1:
        return chunks[0]
    times = np.concatenate([c[0] for c in chunks])
    return times, tuple(np.concatenate([c[1][i] for c in chunks]) for i in range(columns))


class _Pool:
    """An unsorted bag of rows, and the time up to which rows belong in it."""

    __slots__ = ("chunks", "columns", "horizon", "size")

    def __init__(self, columns: int) -> None:
        self.chunks: list[Chunk] = []
        self.columns = columns
        self.size = 0
        self.horizon = 0.0

    def add(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self.size += chunk[0].size

    def take(self, end: float) -> Chunk | None:
        """Everything before `end`, as one chunk in order of writing; the rest stays."""
        if not self.size:
            return None
        chunk = _join(self.chunks, self.columns)
        due = chunk[0] < end
        count = int(np.count_nonzero(due))
        if count == self.size:
            self.chunks, self.size = [], 0
            return chunk
        if not count:
            self.chunks = [chunk]
            return None
        self.chunks = [_pick(chunk, ~due)]
        self.size -= count
        return _pick(chunk, due)

    def pull(self, rows: I8) -> list[Chunk]:
        got: list[Chunk] = []
        kept: list[Chunk] = []
        for chunk in self.chunks:
            hit = np.isin(chunk[1][0], rows)
            if hit.any():
                got.append(_pick(chunk, hit))
                chunk = _pick(chunk, ~hit)
            if chunk[0].size:
                kept.append(chunk)
        self.chunks = kept
        self.size = sum(c[0].size for c in kept)
        return got


class Pending:
    """Rows (t, row[, more]) that come out ordered by time.

    columns: how many int64 columns a row has besides its time (1 or more; the first is the row number, usually a slot).
    dt: length of a step in seconds.
    """

    __slots__ = ("columns", "dt", "pools")

    def __init__(self, dt: float, columns: int = 1) -> None:
        self.dt = dt
        self.columns = columns
        self.pools = [_Pool(columns) for _ in range(LEVELS)]

    def __len__(self) -> int:
        return sum(p.size for p in self.pools)

    def push(self, t: F8, *columns: I8) -> None:
        """Add rows: t (n,) seconds, finite, then one (n,) int64 array a column."""
        assert len(columns) == self.columns, f"{len(columns)} columns given, {self.columns} wanted"
        if not t.size:
            return
        chunk: Chunk = (t, columns)
        for pool in self.pools[:-1]:
            far = chunk[0] >= pool.horizon
            count = int(np.count_nonzero(far))
            if not count:
                pool.add(chunk)
                return
            if count < far.size:
                pool.add(_pick(chunk, ~far))
                chunk = _pick(chunk, far)
        self.pools[-1].add(chunk)

    def take(self, end: float, rank: I8 | None = None) -> tuple[F8, I8]:
        """Remove and return (t, row) of all rows with t < end, sorted by (t, rank[row]); rank defaults to the row number."""
        t, columns = self.take_all(end, rank)
        return t, columns[0]

    def take_all(self, end: float, rank: I8 | None = None) -> Chunk:
        """As `take`, with every column."""
        self._refill(end)
        chunk = self.pools[0].take(end)
        if chunk is None:
            return _NO_T, (_NO_I,) * self.columns
        if chunk[0].size == 1:
            return chunk
        rows = chunk[1][0]
        return _pick(chunk, time_order(chunk[0], rows if rank is None else rank[rows]))

    def _refill(self, end: float) -> None:
        """Bring nearer what may be due before `end`, from the farthest level down.

        A level may only reach as far as the one behind it has been emptied, so a refill asks upwards first.
        """
        reach, levels = end, 0
        while levels < LEVELS - 1 and reach > self.pools[levels].horizon:
            reach = end + self.dt * ((SPREAD ** (levels + 1)) - 1)
            levels += 1
        for level in range(levels - 1, -1, -1):
            pool = self.pools[level]
            pool.horizon = end + self.dt * ((SPREAD ** (level + 1)) - 1)
            chunk = self.pools[level + 1].take(pool.horizon)
            if chunk is not None:
                pool.add(chunk)

    def pull(self, rows: I8) -> Chunk:
        """Remove and return the rows whose row number is in `rows` (a revision, a crash), in no certain order."""
        return _join([c for pool in self.pools for c in pool.pull(rows)], self.columns)

    def everything(self) -> Chunk:
        """All rows, sorted by time; nothing is removed."""
        chunk = _join([c for p in self.pools for c in p.chunks], self.columns)
        return _pick(chunk, time_order(chunk[0], chunk[1][0]))
