"""A node's desk for the messages that change keys, of a whole batch at once: arrays decide what becomes of them.

A node is left to the loop, message by message, if anything on it hangs on more than the last set or delete of a key: a key on
several nodes, a lease, or an entry that has to go for room while the batch still speaks of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...policies.eviction.stamps import StampedLRU, heap_entries
from .changes import B, Changes, Messages, changes
from .desk import Desk
from .index import NOWHERE, SCRATCH, Entry
from .mail import DELETE, SET, WRITER

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]

STRIDE = 4  # stamps of LRU that a message may use


class AtOnceDesk(Desk):
    """began: LRU's clock at the begin of the present batch."""

    began = 0

    def _at_once(self, messages: Messages, rows: I8, number: I8, turn: int) -> tuple[I8, I8, I8]:
        """Handle what can be handled of messages (n,) with mail rows (n,) and numbers (n,) in the batch, ascending.

        Returns the numbers of those that are left, and verdicts and versions (n,), which are 0 for them.
        """
        SCRATCH.changed[messages.keys] = turn
        done = changes(messages, self.index, self._life())
        token = self.mail.token[rows]
        loop = self._entangled(messages, token)  # nodes that are left to the loop
        self._make_room(done, loop, turn)
        mine = ~loop[done.nodes]
        self._keep(done, mine, messages, rows, number)
        handled = ~loop[messages.nodes]
        self.expired += int(np.count_nonzero(done.threw & handled))
        self.invalidated += int(np.count_nonzero(done.dropped & handled))
        self.filled += int(np.count_nonzero((messages.kinds == SET) & (token != WRITER) & handled))
        if handled.all():
            return number[:0], done.verdict, done.version
        return number[~handled], np.where(handled, done.verdict, 0), np.where(handled, done.version, 0)

    def _entangled(self, messages: Messages, token: I8) -> B:
        """Nodes with a key that others hold or ask for as well, or with a message about a lease; (nodes,) bool."""
        nodes, keys, place = messages.nodes, messages.keys, messages.place
        SCRATCH.home[keys] = nodes
        wrong = SCRATCH.home[keys] != nodes
        if wrong.any():  # both that ask, whichever of them was noted
            SCRATCH.mixed[keys] = 0
            SCRATCH.mixed[keys[wrong]] = 1
            wrong = SCRATCH.mixed[keys] != 0
        wrong |= (place != nodes + 1) & (place != NOWHERE)
        wrong |= messages.kinds > DELETE
        wrong |= (messages.kinds == SET) & (token >= 0)
        loop = np.zeros(len(self.shelves), dtype=np.bool_)
        loop[nodes[wrong]] = True
        return loop

    def _make_room(self, done: Changes, loop: B, turn: int) -> None:
        """Evict what has to go for keys that come; where that hangs on the order of the batch, the node joins `loop`."""
        coming = np.bincount(done.nodes[done.came], minlength=len(self.shelves))
        over = coming + [len(shelf.entries) for shelf in self.shelves]
        over -= [shelf.policy.capacity for shelf in self.shelves]
        tight = (over > 0) & (coming > 0) & ~loop
        if not tight.any():
            return
        unsure = np.zeros_like(loop)
        unsure[done.nodes[done.left]] = True  # what left before, or after, made room as well
        changed, last, base = SCRATCH.changed, SCRATCH.last, turn << 32

        def busy(key: int) -> bool:
            return bool(changed[key] == turn or last[key] >= base)

        for node in tight.nonzero()[0].tolist():
            policy, count = self.shelves[node].policy, int(over[node])
            assert isinstance(policy, StampedLRU)
            victims = policy.evict_idle(count, busy) if not unsure[node] and count <= len(policy) else []
            if not victims:
                loop[node] = True
            for key in victims:
                del self.shelves[node].entries[key]
                self.index.drop(key)
            self.evicted[node] += len(victims)

    def _keep(self, done: Changes, mine: B, messages: Messages, rows: I8, number: I8) -> None:
        """Write down what the keys of the nodes that are not left to the loop have become."""
        index, uses, shelves = self.index, self.index.uses, self.shelves
        gone = mine & done.held & ~done.holds
        for node, key in zip(done.nodes[gone].tolist(), done.keys[gone].tolist(), strict=True):
            shelves[node].forget(key)
        used = mine & done.holds & (done.used >= 0)
        stamp = self.began + STRIDE * number[done.used] + 1
        uses.stamps[done.keys[used]] = stamp[used]
        fresh = (mine & (done.value >= 0)).nonzero()[0]
        if not fresh.size:
            return
        fresh = fresh[np.lexsort((done.used[fresh], done.nodes[fresh], done.held[fresh]))]
        keys, nodes, value = done.keys[fresh], done.nodes[fresh], done.value[fresh]
        version, ends, recompute = messages.version[value], messages.at[value] + self._life(), self.mail.recompute[rows[value]]
        index.place[keys] = nodes + 1
        index.version[keys] = version
        index.ends[keys] = ends
        entries = list(zip(version.tolist(), ends.tolist(), recompute.tolist(), strict=True))
        new = fresh.size - int(np.count_nonzero(done.held[fresh]))
        if new:
            self._admit(keys[:new], nodes[:new], stamp[fresh[:new]], entries)
        for node, key, entry in zip(nodes[new:].tolist(), keys[new:].tolist(), entries[new:], strict=True):
            shelves[node].entries[key] = entry

    def _admit(self, keys: I8, nodes: I8, stamps: I8, entries: list[Entry]) -> None:
        """New keys (n,), n > 0, with their last uses, sorted by (node, use); entries: n or more."""
        cut = np.flatnonzero(np.diff(nodes, prepend=-1))
        names, uses, heaped = keys.tolist(), stamps.tolist(), heap_entries(keys, stamps).tolist()
        begins = cut.tolist()
        for node, begin, end in zip(nodes[cut].tolist(), begins, [*begins[1:], len(names)], strict=True):
            shelf, group = self.shelves[node], names[begin:end]
            shelf.entries.update(zip(group, entries[begin:end], strict=True))
            policy = shelf.policy
            assert isinstance(policy, StampedLRU)
            policy.admit_all(group, uses[begin:end], heaped[begin:end])
