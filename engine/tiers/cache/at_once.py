"""A node's desk for the messages that change keys, of a whole batch at once: arrays decide what becomes of them.

A node is left to the loop, message by message, if anything on it hangs on more than the last set or delete of a key: a key on
several nodes, a lease, or an entry that has to go for room while the batch still speaks of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .changes import B, Batch, Changes, Messages, came, changes, messages_of, torn
from .few import FewDesk
from .index import NOWHERE, SCRATCH
from .mail import DELETE, SET, WRITER
from .stamped import StampedLRU

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]

STRIDE = 4  # stamps of LRU that a message may use


class Hits:
    """Hits that the policies do not know of yet: keys and places in the batch, in order of time; turn: the batch's number.

    at: so many have been told; list: the places once more, for whom goes through them one by one.
    """

    __slots__ = ("at", "keys", "list", "marked", "place", "turn")

    def __init__(self, keys: I8, place: I8, turn: int) -> None:
        self.keys = keys
        self.place = place
        self.turn = turn
        self.at = 0
        self.list: list[int] = []
        self.marked = False

    def mark(self) -> None:
        """Note of every key where its last hit is: few batches ask, and the marks lie far from each other."""
        if not self.marked:
            SCRATCH.last[self.keys] = (self.turn << 32) + self.place
            self.marked = True


class AtOnceDesk(FewDesk):
    """began: LRU's clock at the begin of the present batch."""

    began = 0

    def _at_once(self, batch: Batch, rest: I8, hits: Hits, said: tuple[I8, I8]) -> I8:
        """Handle what can be handled of the messages with numbers `rest` (n,), ascending; the numbers of those that are left.

        said: verdicts and versions of the batch, filled in for those handled.
        """
        messages = messages_of(batch, rest, self.index)
        done = changes(messages, batch, self.index, self.mail, self._life())
        sets = (messages.kinds == SET).nonzero()[0]
        token = self.mail.token[batch.rows[messages.number[sets]]]
        loop = np.zeros(len(self.shelves), dtype=np.bool_)  # nodes that are left to the loop
        loop[torn(messages)] = True
        if np.count_nonzero(token >= 0) or messages.kinds.max() > DELETE:  # a lease
            loop[messages.nodes[sets[token >= 0]]] = True
            loop[messages.nodes[messages.kinds > DELETE]] = True
        self._make_room(done, loop, messages, hits)
        filled, threw, dropped = token != WRITER, done.threw, done.dropped
        left = rest[:0]
        if np.count_nonzero(loop):
            alone = ~loop
            left = rest[loop[batch.nodes[rest]]]
            filled &= alone[messages.nodes[sets]]
            mine = alone[batch.nodes[done.number]]
            threw, dropped, which = threw & mine, dropped & mine, done.number[mine]
            said[0][which], said[1][which] = done.verdict[mine], done.version[mine]
            self._keep(done, alone[messages.nodes[messages.first]], messages, batch)
        else:
            said[0][done.number], said[1][done.number] = done.verdict, done.version
            self._keep(done, None, messages, batch)
        self.expired += int(np.count_nonzero(threw))
        self.invalidated += int(np.count_nonzero(dropped))
        self.filled += int(np.count_nonzero(filled))
        return left

    def _make_room(self, done: Changes, loop: B, messages: Messages, hits: Hits) -> None:
        """Evict what has to go for keys that come; where that hangs on the order of the batch, the node joins `loop`."""
        excess = self.index.excess()
        if int(excess.max()) + done.held.size <= 0:
            return
        coming = np.bincount(came(messages, done), minlength=len(self.shelves))
        over = coming + excess
        tight = (over > 0) & (coming > 0) & ~loop
        if not tight.any():
            return
        unsure = np.zeros_like(loop)
        left = (done.threw | done.dropped).nonzero()[0]
        unsure[messages.nodes[(messages.kinds != SET).nonzero()[0][left]]] = True  # what left before, or after, made room as well
        changed, last, turn = SCRATCH.changed, SCRATCH.last, hits.turn
        base = turn << 32
        changed[messages.keys] = turn
        hits.mark()

        def busy(key: int) -> bool:
            return bool(changed[key] == turn or last[key] >= base)

        for node in tight.nonzero()[0].tolist():
            policy, count = self.shelves[node].policy, int(over[node])
            assert isinstance(policy, StampedLRU)
            victims = policy.evict_idle(count, busy) if not unsure[node] and count <= len(policy) else []
            if not victims:
                loop[node] = True
            self.evicted[node] += len(victims)

    def _keep(self, done: Changes, mine: B | None, messages: Messages, batch: Batch) -> None:
        """Write down what the keys of the nodes that are not left to the loop have become. mine: whose they are, None = all."""
        index, first, number, n = self.index, messages.first, messages.number, len(self.shelves)
        gone, used, fresh = done.held > done.holds, done.holds & (done.used >= 0), done.fresh
        if mine is not None:
            gone, used, fresh = gone & mine, used & mine, fresh & mine
        if np.count_nonzero(gone):
            where = first[gone]
            index.place[messages.keys[where]] = NOWHERE
            index.stamp[messages.keys[where]] = 0
            index.held -= np.bincount(messages.nodes[where], minlength=n)
        where = done.used[used.nonzero()[0]]
        index.stamp[messages.keys[where]] = self.began + 1 + STRIDE * number[where]
        which = fresh.nonzero()[0]
        where = done.final[which]
        keys, nodes, value = messages.keys[where], messages.nodes[where], number[where]
        rows = batch.rows[value]
        index.place[keys] = nodes + 1
        index.version[keys] = self.mail.version[rows]
        index.ends[keys] = batch.at[value] + self._life()
        index.recompute[keys] = self.mail.recompute[rows]
        index.held += np.bincount(nodes[~done.held[which]], minlength=n)
