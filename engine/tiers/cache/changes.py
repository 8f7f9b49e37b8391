"""What the messages of one batch do to keys that they change, all at once: every look-up sees the last set or delete before it.

Sorted by (key, order of arrival), the messages on a key are a run; the last set or delete before a message is a running maximum
over the run, and decides what it finds. That is exact as long as a key lives on one node, its life is fixed when it is set,
nobody holds a lease on it, and its entry is not evicted in between; `engine.tiers.cache.at_once` sees to that.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .desk import ERROR, HIT, LEAD
from .index import Index
from .mail import BURNT, DELETE, FAULTY, LOOK_UP, SET

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]
B = NDArray[np.bool_]
_T = TypeVar("_T", bound=np.generic)


class Messages(NamedTuple):
    """(n,) each, in order of time. version: what a set brings; place: where the index has the key."""

    at: F8
    nodes: I8
    keys: I8
    kinds: NDArray[np.uint8]
    version: I8
    place: NDArray[np.int16]

    def pick(self, which: I8 | B) -> Messages:
        """Some of them, in the same order."""
        return Messages(
            self.at[which], self.nodes[which], self.keys[which], self.kinds[which], self.version[which], self.place[which]
        )


class Changes(NamedTuple):
    """(n,), one a message: verdict and version; threw: found an entry past its end and threw it away; dropped: deleted one.

    (k,), one a key, ascending: held, holds: was it there before, and is it after the batch; came, left: was it set though it had
    not been there before, was it thrown away or deleted at any time; value: the message whose set holds, -1 if none does; used:
    the last message that used the entry, -1 if none did.
    """

    verdict: I8
    version: I8
    threw: B
    dropped: B
    keys: I8
    nodes: I8
    held: B
    holds: B
    came: B
    left: B
    value: I8
    used: I8


class _Runs(NamedTuple):
    """Messages sorted by key: number in the run of its first and its last, per message and per key."""

    order: I8
    number: I8
    begin: I8  # per message
    first: I8  # per key
    last: I8


def _runs(keys: I8) -> _Runs:
    order = keys.argsort(kind="stable")
    ordered = keys[order]
    number = np.arange(keys.size)
    new = np.empty(keys.size, dtype=np.bool_)
    new[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    first = new.nonzero()[0]
    last = np.append(first[1:], keys.size) - 1
    return _Runs(order, number, first.repeat(last - first + 1), first, last)


def changes(messages: Messages, index: Index, life: float) -> Changes:
    """What becomes of messages (one or more) and of their keys; `life`: seconds from a set to the end, inf = none."""
    runs = _runs(messages.keys)
    begin, number, first, last = runs.begin, runs.number, runs.first, runs.last
    at, nodes, keys, kinds, brought, place = messages.pick(runs.order)
    sets = kinds == SET
    turns = np.maximum.accumulate(np.where(sets | (kinds == DELETE), number, -1))  # the last set or delete so far
    before = np.empty_like(turns)
    before[0] = -1
    before[1:] = turns[:-1]
    inner = before >= begin
    source = np.where(inner, before, 0)
    stored = place == nodes + 1
    held = np.where(inner, sets[source], stored)
    ends = np.where(inner, at[source] + life, index.ends[keys])
    good = held & (at < ends)
    asks = kinds == LOOK_UP
    hit = asks & good
    over = asks & held & ~good  # finds an entry past its end: the first one that does throws it away
    overs = np.cumsum(over)
    since = np.where(inner, overs[source], (overs - over)[begin])  # of those, before the entry came to be
    thrown = overs - over > since

    verdict = np.zeros(kinds.size, dtype=np.int64)
    verdict[asks] = LEAD
    verdict[hit] = HIT
    verdict[kinds == FAULTY] = ERROR
    found = np.where(hit, np.where(inner, brought[source], index.version[keys]), 0)

    threw, dropped = over & ~thrown, (kinds == DELETE) & held & ~thrown
    final = turns[last]
    changed = final >= first
    made = np.where(changed, final, 0)
    holds = np.where(changed, sets[made], stored[first])
    holds &= overs[last] == np.where(changed, overs[made], (overs - over)[first])
    used = np.maximum.accumulate(np.where(hit | sets | ((kinds == BURNT) & good), number, -1))[last]
    return Changes(
        verdict=_back(runs.order, verdict),
        version=_back(runs.order, found),
        threw=_back(runs.order, threw),
        dropped=_back(runs.order, dropped),
        keys=keys[first],
        nodes=nodes[first],
        held=stored[first],
        holds=holds,
        came=np.logical_or.reduceat(sets, first) & ~stored[first],
        left=np.logical_or.reduceat(threw | dropped, first),
        value=np.where(changed & holds, runs.order[made], -1),
        used=np.where(used >= first, runs.order[used], -1),
    )


def _back(order: I8, column: NDArray[_T]) -> NDArray[_T]:
    """From sorted order to the order of time."""
    out = np.empty_like(column)
    out[order] = column
    return out
