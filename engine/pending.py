"""What waits for its time: a timing wheel of arrays with a few levels (after Varghese and Lauck, 1987).

A message on the wire, a departure, a fill or a time-out is one row (time, row number, and perhaps more columns). What is
pushed is only put down; the next take looks through what is new or near. Where many rows wait, those due later are moved to
far pools that are looked through every 8th and every 64th step: a row is touched a handful of times, however long it waits,
and a step costs what is due. Where few wait they all stay near, and a step costs a dozen numpy calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .order import F8, I8, time_order

SPREAD = 8  # steps of one level that one look at the next level covers
LEVELS = 3
CROWD = 2_048  # rows that may wait in the near pool before the later ones are moved away (measured)

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


class _Far:
    """An unsorted bag of rows, all due at `horizon` or later."""

    __slots__ = ("chunks", "horizon", "size")

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.size = 0
        self.horizon = 0.0

    def add(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self.size += chunk[0].size

    def take(self, end: float, columns: int) -> Chunk | None:
        """Everything before `end`, as one chunk in order of writing; the rest stays."""
        if not self.size:
            return None
        chunk = _join(self.chunks, columns)
        due = chunk[0] < end
        count = int(np.count_nonzero(due))
        if not count:
            self.chunks = [chunk]
            return None
        self.size -= count
        self.chunks = [_pick(chunk, ~due)] if self.size else []
        return _pick(chunk, due) if self.size else chunk


class Pending:
    """Rows (t, row[, more]) that come out ordered by time.

    columns: how many int64 columns a row has besides its time (1 or more; the first is the row number, usually a slot).
    dt: length of a step in seconds.
    """

    __slots__ = ("columns", "dt", "far", "near")

    def __init__(self, dt: float, columns: int = 1) -> None:
        self.dt = dt
        self.columns = columns
        self.near: list[Chunk] = []
        self.far = [_Far() for _ in range(LEVELS - 1)]

    def __len__(self) -> int:
        return sum(c[0].size for c in self.near) + sum(f.size for f in self.far)

    def push(self, t: F8, *columns: I8) -> None:
        """Add rows: t (n,) seconds, finite, then one (n,) int64 array a column. The arrays must not be changed after."""
        assert len(columns) == self.columns, f"{len(columns)} columns given, {self.columns} wanted"
        if t.size:
            self.near.append((t, columns))

    def take(self, end: float, rank: I8 | None = None) -> tuple[F8, I8]:
        """Remove and return (t, row) of all rows with t < end, sorted by (t, rank[row]); rank defaults to the row number."""
        t, columns = self.take_all(end, rank)
        return t, columns[0]

    def take_all(self, end: float, rank: I8 | None = None) -> Chunk:
        """As `take`, with every column."""
        if end > self.far[0].horizon:
            self._refill(end)
        if not self.near:
            return _NO_T, (_NO_I,) * self.columns
        chunk = _join(self.near, self.columns)
        due = chunk[0] < end
        count = int(np.count_nonzero(due))
        if not count:
            self._keep(chunk)
            return _NO_T, (_NO_I,) * self.columns
        if count < due.size:
            self._keep(_pick(chunk, ~due))
            chunk = _pick(chunk, due)
        else:
            self.near = []
        if count == 1:
            return chunk
        rows = chunk[1][0]
        return _pick(chunk, time_order(chunk[0], rows if rank is None else rank[rows]))

    def _keep(self, chunk: Chunk) -> None:
        """What is not due stays near if it is little, else what is due late goes far."""
        for far in self.far:
            if chunk[0].size <= CROWD:
                break
            late = chunk[0] >= far.horizon
            count = int(np.count_nonzero(late))
            if count < late.size:
                self.near = [_pick(chunk, ~late)]
                if count:
                    self._put_far(_pick(chunk, late))
                return
        self.near = [chunk]

    def _put_far(self, chunk: Chunk) -> None:
        """Rows due at the first level's horizon or later, to the level that they belong to."""
        for far, beyond in zip(self.far, self.far[1:], strict=False):
            late = chunk[0] >= beyond.horizon
            count = int(np.count_nonzero(late))
            if count < late.size:
                far.add(_pick(chunk, ~late) if count else chunk)
            if not count:
                return
            chunk = _pick(chunk, late)
        self.far[-1].add(chunk)

    def _refill(self, end: float) -> None:
        """Bring nearer what may be due soon. A level may only reach as far as the one behind it has been emptied."""
        reach, levels = end, 0
        while levels < LEVELS - 1 and reach > self.far[levels].horizon:
            reach = end + self.dt * ((SPREAD ** (levels + 1)) - 1)
            levels += 1
        for level in range(levels - 1, -1, -1):
            far = self.far[level]
            far.horizon = end + self.dt * ((SPREAD ** (level + 1)) - 1)
            chunk = far.take(far.horizon, self.columns)
            if chunk is not None:
                if level:
                    self.far[level - 1].add(chunk)
                else:
                    self.near.append(chunk)

    def pull(self, rows: I8) -> Chunk:
        """Remove and return the rows whose row number is in `rows` (a revision, a crash), in no certain order."""
        got: list[Chunk] = []
        self.near = _pull(self.near, rows, got)
        for far in self.far:
            far.chunks = _pull(far.chunks, rows, got)
            far.size = sum(c[0].size for c in far.chunks)
        return _join(got, self.columns)

    def everything(self) -> Chunk:
        """All rows, sorted by time; nothing is removed."""
        chunk = _join(self.near + [c for far in self.far for c in far.chunks], self.columns)
        return _pick(chunk, time_order(chunk[0], chunk[1][0]))


def _pull(chunks: list[Chunk], rows: I8, got: list[Chunk]) -> list[Chunk]:
    kept: list[Chunk] = []
    for chunk in chunks:
        hit = np.isin(chunk[1][0], rows)
        if hit.any():
            got.append(_pick(chunk, hit))
            chunk = _pick(chunk, ~hit)
        if chunk[0].size:
            kept.append(chunk)
    return kept
