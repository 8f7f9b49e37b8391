"""What waits for its time: a calendar of arrays in two widths, and one sorted run where little waits (Brown 1988).

A message on the wire, a departure, a fill or a time-out is one row (time, row number, and perhaps more columns). What is
pushed is only put down. Where few rows wait, a take sorts what is new into one run and cuts the run at the step's end: some
seven numpy calls, however long the rows wait. Where many wait, one radix pass sorts what is new into buckets of one step; what
is due beyond those goes to buckets of FINE steps that are opened once: a row is touched three times, a step costs what is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .order import F8, I8, row_order, time_order

FINE = 64  # buckets of one step; those beyond are as wide as all of them
WIDEST = 255  # wide buckets; what is due later still is dealt anew when the last of them is opened
CROWD = 2_048  # rows that may wait as one sorted run (measured)
LOOSE = 512  # the same while there are buckets

Chunk: TypeAlias = tuple[F8, tuple[I8, ...]]  # times (n,), then int64 columns (n,) each

_NO_T: F8 = np.empty(0, dtype=np.float64)
_NO_I: I8 = np.empty(0, dtype=np.int64)


def _join(chunks: Sequence[Chunk], columns: int) -> Chunk:
    if not chunks:
        return _NO_T, (_NO_I,) * columns
    if len(chunks) == 1:
        return chunks[0]
    times = np.concatenate([c[0] for c in chunks])
    if columns == 1:
        return times, (np.concatenate([c[1][0] for c in chunks]),)
    return times, tuple([np.concatenate([c[1][i] for c in chunks]) for i in range(columns)])


def _pick(chunk: Chunk, which: NDArray[np.bool_] | I8) -> Chunk:
    return chunk[0][which], tuple([c[which] for c in chunk[1]])


def _opened(matrix: I8) -> Chunk:
    """A bucket's rows: the first line of the matrix holds the bits of the times."""
    return matrix[0].view(np.float64), tuple(matrix[1:])


class Pending:
    """Rows (t, row[, more]) that come out ordered by time.

    columns: how many int64 columns a row has besides its time (1 or more; the first is the row number, usually a slot).
    dt: length of a step in seconds.
    """

    __slots__ = ("columns", "dt", "far", "fine", "near", "per_step", "run")

    def __init__(self, dt: float, columns: int = 1) -> None:
        self.dt = dt
        self.per_step = 1.0 / dt
        self.columns = columns
        self.near: list[Chunk] = []
        self.run = False  # `near` is one sorted chunk
        self.fine: dict[int, list[I8]] = {}  # step -> matrices (1 + columns, n); all of a step below the present one is due
        self.far: dict[int, list[I8]] = {}  # step // FINE -> the same

    def __len__(self) -> int:
        buckets = [int(m.shape[1]) for book in (self.fine, self.far) for one in book.values() for m in one]
        return sum([c[0].size for c in self.near]) + sum(buckets)

    def __bool__(self) -> bool:
        return bool(self.near or self.fine or self.far)

    def push(self, t: F8, *columns: I8) -> None:
        """Add rows: t (n,) seconds, finite, then one (n,) int64 array a column. The arrays must not be changed after."""
        assert len(columns) == self.columns, f"{len(columns)} columns given, {self.columns} wanted"
        if t.size:
            self.near.append((t, columns))
            self.run = False

    def take(self, end: float, rank: I8 | None = None) -> tuple[F8, I8]:
        """Remove and return (t, row) of all rows with t < end, sorted by (t, rank[row]); rank defaults to the row number."""
        t, columns = self.take_all(end, rank)
        return t, columns[0]

    def take_all(self, end: float, rank: I8 | None = None, *, ordered: bool = True) -> Chunk:
        """As `take`, with every column; not `ordered`: whoever takes them does not mind in which order they come."""
        if self.fine or self.far:
            self._turn(end)
        near = self.near
        if not near:
            return _NO_T, (_NO_I,) * self.columns
        if self.run:
            t, columns = near[0]
        else:
            chunk = _join(near, self.columns)
            if chunk[0].size > CROWD:
                return self._of_many(chunk, end, rank, ordered)
            t, columns = self._sorted(chunk, rank)
        if t.item(-1) < end:
            self.near = []
            return t, columns
        cut = int(t.searchsorted(end)) if t.item(0) < end else 0
        self.near = [(t[cut:], tuple([c[cut:] for c in columns]))]
        self.run = True
        return t[:cut], tuple([c[:cut] for c in columns])

    def _of_many(self, chunk: Chunk, end: float, rank: I8 | None, ordered: bool) -> Chunk:
        """What is due of all that is near: the rest stays as it is if it is the smaller part, or goes into the calendar."""
        due = chunk[0] < end
        count = int(np.count_nonzero(due))
        self.near = []
        if count < due.size:
            rest = _pick(chunk, (~due).nonzero()[0]) if count else chunk
            chunk = _pick(chunk, due.nonzero()[0])
            if due.size - count <= count:
                self.near = [rest]
            else:
                self._spread(rest, int(end * self.per_step))
        return self._sorted(chunk, rank) if ordered else chunk

    def _sorted(self, chunk: Chunk, rank: I8 | None) -> Chunk:
        t, columns = chunk
        if t.size < 2:
            return t, columns
        order, t = row_order(t, columns[0], rank)
        return t, (columns[0][order],) if self.columns == 1 else tuple([c[order] for c in columns])

    def _turn(self, end: float) -> None:
        """Put away what is new if it is much, and bring near what the calendar has due before `end`."""
        step = int(end * self.per_step)  # the product grows with the time: what falls into an earlier bucket is due
        if sum([c[0].size for c in self.near]) > LOOSE:
            chunk = _join(self.near, self.columns)
            self.near, self.run = [chunk], False
            if 2 * int(np.count_nonzero(chunk[0] >= end)) > chunk[0].size:
                self.near = []
                self._spread(chunk, step - 1)
        for wide in sorted([w for w in self.far if w * FINE <= step]):
            self._spread(_opened(np.concatenate(self.far.pop(wide), axis=1)), step - 1)
        for key in sorted([k for k in self.fine if k <= step]):
            matrices = self.fine.pop(key)
            if key == step:  # the end falls within this one, as a rule on its very first moment
                matrices = self._cut(key, matrices, end)
            if matrices:
                self.near += [_opened(m) for m in matrices]
                self.run = False

    def _cut(self, key: int, matrices: list[I8], end: float) -> list[I8]:
        """Of the rows of a bucket those that are due before `end`; the others go back to it."""
        if len(matrices) > 2:  # of as many steps: once for the question, and for their turn in the next step
            matrices = [np.concatenate(matrices, axis=1)]
        if min([float(m[0].view(np.float64).min()) for m in matrices]) >= end:
            self.fine[key] = matrices
            return []
        matrix = np.concatenate(matrices, axis=1)
        due = matrix[0].view(np.float64) < end
        if not due.all():
            self.fine[key] = [matrix[:, ~due]]
        return [matrix[:, due]]

    def _spread(self, chunk: Chunk, first: int) -> None:
        """Sort rows into buckets, none of them below step `first`."""
        steps = (chunk[0] * self.per_step).astype(np.int64)
        rest = self._deal(chunk, steps - first, self.fine, first, FINE)
        if rest is not None:
            wide = (rest[0] * self.per_step).astype(np.int64) // FINE
            least = int(wide.min())
            self._deal(rest, wide - least, self.far, least, WIDEST)

    def _deal(self, chunk: Chunk, key: I8, book: dict[int, list[I8]], first: int, most: int) -> Chunk | None:
        """Rows into `book` by key (n,), counted from `first`. From `most` on they are returned, or (WIDEST) go to the last."""
        late = np.minimum(np.maximum(key, 0), most).astype(np.uint8)
        order = late.argsort(kind="stable")
        matrix = np.empty((1 + self.columns, order.size), dtype=np.int64)
        chunk[0].view(np.int64).take(order, out=matrix[0], mode="clip")
        for line, column in zip(matrix[1:], chunk[1], strict=True):
            column.take(order, out=line, mode="clip")
        at = 0
        for number, count in enumerate(np.bincount(late).tolist()):
            if count:
                if number == FINE == most:
                    return _opened(matrix[:, at:])
                book.setdefault(first + number, []).append(matrix[:, at : at + count])
                at += count
        return None

    def pull(self, rows: I8) -> Chunk:
        """Remove and return the rows whose row number is in `rows` (a revision, a crash), in no certain order."""
        got: list[Chunk] = []
        kept: list[Chunk] = []
        for chunk in self.near:
            hit = np.isin(chunk[1][0], rows)
            got.append(_pick(chunk, hit))
            kept.append(_pick(chunk, ~hit))
        self.near = [chunk for chunk in kept if chunk[0].size]
        for book in (self.fine, self.far):
            for key, matrices in list(book.items()):
                matrix = np.concatenate(matrices, axis=1)
                hit = np.isin(matrix[1], rows)
                if hit.any():
                    got.append(_opened(matrix[:, hit]))
                    book[key] = [matrix[:, ~hit]]
                    if hit.all():
                        del book[key]
        return _join([chunk for chunk in got if chunk[0].size], self.columns)

    def everything(self) -> Chunk:
        """All rows, sorted by time; nothing is removed."""
        stored = [_opened(m) for book in (self.fine, self.far) for one in book.values() for m in one]
        chunk = _join(self.near + stored, self.columns)
        return _pick(chunk, time_order(chunk[0], chunk[1][0]))
