"""What the messages of one batch do to keys that they change, all at once: every look-up sees the last set or delete before it.

Sorted by (key, order of arrival), the messages on a key are a run; the last set or delete before a message is a running maximum
over the run, and decides what it finds. That is exact as long as a key lives on one node, its life is fixed when it is set,
nobody holds a lease on it, and its entry is not evicted in between; `engine.tiers.cache.at_once` sees to that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .desk import ERROR, HIT, LEAD
from .index import Index
from .mail import BURNT, DELETE, FAULTY, LOOK_UP, SET

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]
B = NDArray[np.bool_]


class Messages(NamedTuple):
    """(n,) each, in order of time. version: what a set brings; stored: does the index have the key on this node?"""

    at: F8
    nodes: I8
    keys: I8
    kinds: NDArray[np.uint8]
    version: NDArray[np.int32]
    stored: B


class Changes(NamedTuple):
    """(m,), one a message that is no set: its number; verdict and version; threw: found an entry past its end and threw it away;
    dropped: deleted one.

    (k,), one a key, ascending: held, holds: was it there before, and is it after the batch; came: was it set though it had not
    been there before; value: the message whose set holds, -1 if none does; used: the last message that used the entry, -1 if
    none did.

    torn: nodes, in no order, repeats included, that were told of a key on which another node had a message as well.
    """

    number: I8
    verdict: I8
    version: I8
    threw: B
    dropped: B
    keys: I8
    nodes: I8
    held: B
    holds: B
    came: B
    value: I8
    used: I8
    torn: I8


class _Runs(NamedTuple):
    """Messages sorted by key: a run a key. number: of each in order of time, (n,); key: of each run; first and end: where it
    begins, and where the next one does."""

    number: I8
    key: I8
    first: I8
    end: I8


class _Asked(NamedTuple):
    """Messages (m,) that are no sets. run: of each; source: place of the last set or delete of the run before it, inner: is there
    one; held: was there an entry when it came, good: one that had not come to its end; version: of that one."""

    run: I8
    source: I8
    inner: B
    held: B
    good: B
    version: I8


def _runs(keys: I8) -> _Runs:
    width = keys.size.bit_length()
    packed = keys << width  # key and number side by side: plain numbers sort faster than anything by its order
    packed |= np.arange(keys.size)
    packed.sort()
    ordered = packed >> width
    begins = np.empty(keys.size + 1, dtype=np.bool_)
    begins[0] = begins[-1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:-1])
    bounds = begins.nonzero()[0]
    first = bounds[:-1]
    packed &= (1 << width) - 1
    return _Runs(packed, ordered[first], first, bounds[1:])


def changes(messages: Messages, index: Index, life: float) -> Changes:
    """What becomes of messages (one or more) and of their keys; `life`: seconds from a set to the end, inf = none."""
    runs = _runs(messages.keys)
    number, first, places = runs.number, runs.first, np.arange(messages.keys.size)
    kinds, stored = messages.kinds[number], messages.stored[number]
    sets, deletes = kinds == SET, kinds == DELETE
    last = np.empty(number.size + 1, dtype=np.int64)  # place of the last set or delete before each, and before the end
    last[0] = -1
    np.maximum.accumulate(np.where(sets | deletes, places, -1), out=last[1:])
    q = (~sets).nonzero()[0]
    told = number[q]
    asked = _asked(messages, index, life, runs, (q, told), (sets, stored, last))
    kind, deleting = kinds[q], deletes[q]
    asks = kind == LOOK_UP
    hit = asks & asked.good

    verdict = asks * np.int64(LEAD)
    verdict[hit] = HIT
    version = np.where(hit, asked.version, 0)
    uses = hit
    if np.count_nonzero(asks) + np.count_nonzero(deleting) < q.size:
        verdict[kind == FAULTY] = ERROR
        uses = hit | ((kind == BURNT) & asked.good)

    final = last[runs.end]
    changed = final >= first
    made = np.where(changed, final, first)
    held = stored[first]
    holds = np.where(changed, sets[made], held)
    dropped = deleting & asked.held
    threw = asks & (asked.held > asked.good)
    if np.count_nonzero(threw):  # of those that find an entry past its end the first one throws it away
        since = np.where(asked.inner, asked.source, -1 - asked.run)  # when the entry came to be that they find
        thrown = _seen_before(since, threw)
        ended = since == np.where(changed, final, -1 - np.arange(first.size))[asked.run]
        holds[asked.run[threw & ended]] = False
        threw &= ~thrown
        dropped &= ~thrown
    came = np.logical_or.reduceat(sets, first) > held
    sets[q[uses]] = True  # from here on: who uses an entry
    used = np.maximum.reduceat(np.where(sets, places, -1), first)
    nodes = messages.nodes[number]
    return Changes(
        number=told, verdict=verdict, version=version, threw=threw, dropped=dropped,
        keys=runs.key, nodes=nodes[first], held=held, holds=holds,
        came=came, value=np.where(changed & holds, number[made], -1), used=np.where(used >= 0, number[used], -1),
        torn=_torn(nodes, runs),
    )  # fmt: skip


def _asked(
    messages: Messages, index: Index, life: float, runs: _Runs, those: tuple[I8, I8], every: tuple[B, B, I8]
) -> _Asked:
    """What messages that are no sets find. those: their places and numbers; every: of all, is it a set, was the entry stored, and
    the last set or delete before."""
    (q, told), (sets, stored, last) = those, every
    run = runs.first.searchsorted(q, side="right") - 1
    source = last[q]
    inner = source >= runs.first[run]
    held = np.where(inner, sets[source], stored[q])
    found, keys = runs.number[source], messages.keys[told]
    ends = np.where(inner, messages.at[found] + life, index.ends[keys])
    version = np.where(inner, messages.version[found], index.version[keys])
    return _Asked(run, source, inner, held, held & (messages.at[told] < ends), version)


def _seen_before(group: I8, mark: B) -> B:
    """Whether one of the same group (n,), which stand together, has a mark (n,) before it, (n,) bool."""
    before = mark.cumsum() - mark
    begins = np.empty(group.size, dtype=np.bool_)
    begins[0] = True
    np.not_equal(group[1:], group[:-1], out=begins[1:])
    since = np.maximum.accumulate(np.where(begins, before, 0))
    seen: B = before > since
    return seen


def _torn(nodes: I8, runs: _Runs) -> I8:
    """Nodes (n,), sorted as the runs are, of those runs in which not all are the same."""
    other = nodes[1:] != nodes[:-1]
    other[runs.first[1:] - 1] = False
    if not np.count_nonzero(other):
        return nodes[:0]
    torn = np.add.reduceat(np.append(other, False), runs.first) > 0
    return nodes[torn.repeat(runs.end - runs.first)]
