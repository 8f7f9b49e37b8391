"""A node's desk for the messages that change keys, of a whole batch at once: arrays decide what becomes of them.

A node is left to the loop, message by message, if anything on it hangs on more than the last set or delete of a key: a key on
several nodes, a lease, or an entry that has to go for room while the batch still speaks of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .changes import B, Changes, Messages, changes
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

    def _at_once(self, messages: Messages, rows: I8, number: I8, hits: Hits, said: tuple[I8, I8], torn: I8) -> I8:
        """Handle what can be handled of messages (n,) with mail rows (n,) and numbers (n,) in the batch, ascending.

        Returns the numbers of those that are left. said: verdicts and versions of the batch, filled in for those handled; torn:
        nodes that were told of keys which other nodes hold.
        """
        done = changes(messages, self.index, self._life())
        token = self.mail.token[rows]
        loop = self._entangled(messages, token)  # nodes that are left to the loop
        loop[torn] = loop[done.torn] = True
        self._make_room(done, loop, messages, hits)
        sets = (messages.kinds == SET) & (token != WRITER)
        told, threw, dropped = done.number, done.threw, done.dropped
        left = number[:0]
        if np.count_nonzero(loop):
            mine = ~loop[messages.nodes]
            left = number[~mine]
            sets &= mine
            mine = mine[told]
            threw, dropped = threw & mine, dropped & mine
            which = number[told[mine]]
            said[0][which], said[1][which] = done.verdict[mine], done.version[mine]
            self._keep(done, ~loop[done.nodes], messages, rows, number)
        else:
            which = number[told]
            said[0][which], said[1][which] = done.verdict, done.version
            self._keep(done, None, messages, rows, number)
        self.expired += int(np.count_nonzero(threw))
        self.invalidated += int(np.count_nonzero(dropped))
        self.filled += int(np.count_nonzero(sets))
        return left

    def _entangled(self, messages: Messages, token: I8) -> B:
        """Nodes with a message about a lease; (nodes,) bool."""
        kinds = messages.kinds
        wrong = (kinds > DELETE) | ((kinds == SET) & (token >= 0))
        loop = np.zeros(len(self.shelves), dtype=np.bool_)
        if np.count_nonzero(wrong):
            loop[messages.nodes[wrong]] = True
        return loop

    def _make_room(self, done: Changes, loop: B, messages: Messages, hits: Hits) -> None:
        """Evict what has to go for keys that come; where that hangs on the order of the batch, the node joins `loop`."""
        coming = np.bincount(done.nodes[done.came], minlength=len(self.shelves))
        over = coming + self.index.excess()
        if int(over.max()) <= 0:
            return
        tight = (over > 0) & (coming > 0) & ~loop
        if not tight.any():
            return
        unsure = np.zeros_like(loop)
        unsure[messages.nodes[done.number[done.threw | done.dropped]]] = True  # what left before, or after, made room as well
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

    def _keep(self, done: Changes, mine: B | None, messages: Messages, rows: I8, number: I8) -> None:
        """Write down what the keys of the nodes that are not left to the loop have become. mine: whose they are, None = all."""
        index, n = self.index, len(self.shelves)
        gone, used, fresh = done.held & ~done.holds, done.holds & (done.used >= 0), done.value >= 0
        if mine is not None:
            gone, used, fresh = gone & mine, used & mine, fresh & mine
        if np.count_nonzero(gone):
            index.place[done.keys[gone]] = NOWHERE
            index.stamp[done.keys[gone]] = 0
            index.held -= np.bincount(done.nodes[gone], minlength=n)
        which = used.nonzero()[0]
        index.stamp[done.keys[which]] = self.began + 1 + STRIDE * number[done.used[which]]
        which = fresh.nonzero()[0]
        keys, nodes, value = done.keys[which], done.nodes[which], done.value[which]
        index.place[keys] = nodes + 1
        index.version[keys] = messages.version[value]
        index.ends[keys] = messages.at[value] + self._life()
        index.recompute[keys] = self.mail.recompute[rows[value]]
        index.held += np.bincount(nodes[~done.held[which]], minlength=n)
