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
from .index import NOWHERE, Index
from .mail import BURNT, DELETE, FAULTY, LOOK_UP, SET, Mail

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]
B = NDArray[np.bool_]


class Batch(NamedTuple):
    """All messages of a batch, (n,) each, in order of time; a message's number is its place here. rows: in the mail."""

    at: F8
    rows: I8
    nodes: I8
    keys: I8
    kinds: NDArray[np.uint8]


class Messages(NamedTuple):
    """Those about keys that are changed, (n,) each, sorted by (key, number); place: where the index has the key, stored: is that
    on this node. The messages on a key are a run, (k,): where it begins, and where the next one does."""

    number: I8
    keys: I8
    nodes: I8
    kinds: NDArray[np.uint8]
    place: NDArray[np.int16]
    stored: B
    first: I8
    end: I8


class Changes(NamedTuple):
    """(m,), one a message that is no set: its number; verdict and version; threw: found an entry past its end and threw it away;
    dropped: deleted one.

    (k,), one a run, key by key: held, holds: was it there before, and is it after the batch; fresh: by a set of this batch, the
    one at place `final`; used: place of the last message that used the entry, -1 if none did.
    """

    number: I8
    verdict: I8
    version: I8
    threw: B
    dropped: B
    held: B
    holds: B
    fresh: B
    final: I8
    used: I8


class _Asked(NamedTuple):
    """Messages (m,) that are no sets. run: of each; source: place of the last set or delete of the run before it, inner: is there
    one; held: was there an entry when it came, good: one that had not come to its end; version: of that one."""

    run: I8
    source: I8
    inner: B
    held: B
    good: B
    version: I8


def messages_of(batch: Batch, rest: I8, index: Index) -> Messages:
    """The messages with numbers `rest` (n,), one or more."""
    width = batch.keys.size.bit_length()
    packed = batch.keys[rest] << width  # key and number side by side: plain numbers sort faster than anything by its order
    packed |= rest
    packed.sort()
    keys = packed >> width
    packed &= (1 << width) - 1
    begins = np.empty(keys.size + 1, dtype=np.bool_)
    begins[0] = begins[-1] = True
    np.not_equal(keys[1:], keys[:-1], out=begins[1:-1])
    bounds = begins.nonzero()[0]
    nodes, place = batch.nodes[packed], index.place[keys]
    return Messages(packed, keys, nodes, batch.kinds[packed], place, place == nodes + 1, bounds[:-1], bounds[1:])


def changes(messages: Messages, batch: Batch, index: Index, mail: Mail, life: float) -> Changes:
    """What becomes of messages and of their keys; `life`: seconds from a set to the end, inf = none."""
    number, first, kinds = messages.number, messages.first, messages.kinds
    sets, places = kinds == SET, np.arange(number.size)
    last = np.empty(number.size + 1, dtype=np.int64)  # place of the last set or delete before each, and before the end
    last[0] = -1
    np.maximum.accumulate(np.where(kinds >= SET, places, -1), out=last[1:])
    q = (~sets).nonzero()[0]
    told, kind = number[q], kinds[q]
    asked = _asked(messages, batch, (q, told), (sets, last), (index, mail, life))
    asks, deleting = kind == LOOK_UP, kind == DELETE
    hit = asks & asked.good

    verdict = asks * np.int64(LEAD)
    verdict[hit] = HIT
    version = np.where(hit, asked.version, 0)
    uses = hit
    if np.count_nonzero(asks) + np.count_nonzero(deleting) < q.size:
        verdict[kind == FAULTY] = ERROR
        uses = hit | ((kind == BURNT) & asked.good)

    final = last[messages.end]
    changed = final >= first
    held = messages.stored[first]
    fresh = changed & sets[final]
    holds = fresh | (held > changed)
    dropped = deleting & asked.held
    threw = asks & (asked.held > asked.good)
    if np.count_nonzero(threw):  # of those that find an entry past its end the first one throws it away
        since = np.where(asked.inner, asked.source, -1 - asked.run)  # when the entry came to be that they find
        thrown = _seen_before(since, threw)
        ended = since == np.where(changed, final, -1 - np.arange(first.size))[asked.run]
        gone = asked.run[threw & ended]
        holds[gone] = fresh[gone] = False
        threw &= ~thrown
        dropped &= ~thrown
    sets[q[uses]] = True  # from here on: who uses an entry
    used = np.maximum.reduceat(np.where(sets, places, -1), first)
    return Changes(told, verdict, version, threw, dropped, held, holds, fresh, final, used)


def _asked(
    messages: Messages, batch: Batch, those: tuple[I8, I8], every: tuple[B, I8], known: tuple[Index, Mail, float]
) -> _Asked:
    """What messages that are no sets find. those: their places and numbers; every: of all, is it a set, and the last set or
    delete before; known: what is stored, what sets bring, and how long it lives."""
    (q, told), (sets, last), (index, mail, life) = those, every, known
    run = messages.first.searchsorted(q, side="right") - 1
    source = last[q]
    inner = source >= messages.first[run]
    held = np.where(inner, sets[source], messages.stored[q])
    found, keys = messages.number[source], messages.keys[q]
    ends = np.where(inner, batch.at[found] + life, index.ends[keys])
    version = np.where(inner, mail.version[batch.rows[found]], index.version[keys])
    return _Asked(run, source, inner, held, held & (batch.at[told] < ends), version)


def _seen_before(group: I8, mark: B) -> B:
    """Whether one of the same group (n,), which stand together, has a mark (n,) before it, (n,) bool."""
    before = mark.cumsum() - mark
    begins = np.empty(group.size, dtype=np.bool_)
    begins[0] = True
    np.not_equal(group[1:], group[:-1], out=begins[1:])
    since = np.maximum.accumulate(np.where(begins, before, 0))
    seen: B = before > since
    return seen


def came(messages: Messages, done: Changes) -> I8:
    """Nodes (n,), repeats included, at which a key was set though it had not been there before."""
    new = np.logical_or.reduceat(messages.kinds == SET, messages.first) > done.held
    nodes: I8 = messages.nodes[messages.first[new]]
    return nodes


def torn(messages: Messages) -> I8:
    """Nodes (n,), in no order, repeats included, that were told of a key on which another node had a message or has an entry."""
    nodes, keys, stored = messages.nodes, messages.keys, messages.stored
    other = nodes[1:] != nodes[:-1]
    other &= keys[1:] == keys[:-1]
    if not np.count_nonzero(other) and np.count_nonzero(messages.place) == np.count_nonzero(stored):
        return nodes[:0]
    runs = np.add.reduceat(np.append(other, False), messages.first) > 0
    split: I8 = nodes[runs.repeat(messages.end - messages.first) | ((messages.place != NOWHERE) & ~stored)]
    return split
