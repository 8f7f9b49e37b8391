"""Where the clients' library looks for a key: ring, modulo or replicated pair over the nodes that it believes in.

Whom to believe in is the clients' view (an agent ejects nodes and takes them back), not the truth. Owners of keys are looked
up in a table that is filled as keys are asked for (all at once where many are) and forgotten when the view changes: a gather
instead of a search a key.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...policies.placement import PLACEMENT, Placement

I8 = NDArray[np.int64]

BLOCK = 512  # keys next to each other that are looked up together: a look-up of few is mostly fixed cost
FEW = 64  # missing keys in one batch up to which only their blocks are looked up; where more are asked for, all keys soon will be

RULE = {"ring": "ring", "modulo": "modulo", "pair": "ring"}  # a pair is a ring on which every key has two owners


class Homes:
    """mode: a key of RULE. keys: size of the key space. Nodes are named by index, in the order in which they were added."""

    def __init__(self, mode: str, virtual_nodes: int, keys: int) -> None:
        self.mode = mode
        self.virtual_nodes = virtual_nodes
        self.keys = keys
        self.names: list[str] = []
        self.members: list[bool] = []
        self.rehomed = 0  # changes of the view so far
        self.rebuild(mode, virtual_nodes)

    def rebuild(self, mode: str, virtual_nodes: int) -> None:
        """Another rule of placement, live; nobody's contents move."""
        self.mode = mode
        self.virtual_nodes = virtual_nodes
        self.placement: Placement = PLACEMENT[RULE[mode]](self.names, virtual_nodes)
        for name, member in zip(self.names, self.members, strict=True):
            if not member:
                self.placement.remove(name)
        self._forget()

    def _forget(self) -> None:
        self.copies = min(2 if self.mode == "pair" else 1, sum(self.members))
        self.table: NDArray[np.int16] = np.full((self.copies, self.keys), -1, dtype=np.int16)
        self.complete = False  # are the owners of all keys in the table
        self.known_shares: list[float] = []

    def add(self, names: Sequence[str]) -> None:
        """Nodes that the clients believe in from now on."""
        for name in names:
            self.names.append(name)
            self.members.append(True)
            self.placement.add(name)
        self._forget()

    def set_member(self, node: int, member: bool) -> bool:
        """The clients eject a node or take it back; False if they had done so already."""
        if self.members[node] == member:
            return False
        self.members[node] = member
        if member:
            self.placement.add(self.names[node])
        else:
            self.placement.remove(self.names[node])
        self.rehomed += 1
        self._forget()
        return True

    def owners(self, keys: I8) -> I8:
        """(copies, n): nodes that hold these keys (n,), the first owner first; no rows when there is no member."""
        if not self.copies:
            return np.empty((0, keys.size), dtype=np.int64)
        if not self.complete:
            self._learn(keys)
        return self.table.take(keys, axis=1).astype(np.int64)

    def near(self, keys: I8, region: I8) -> I8:  # noqa: ARG002
        """As `owners`, for web servers in these regions (n,): one ring for all of them."""
        return self.owners(keys)

    def elsewhere(self, keys: I8, region: I8) -> list[I8]:  # noqa: ARG002
        """Nodes that hold these keys besides, for other regions: none."""
        return []

    def _learn(self, keys: I8) -> None:
        """See to it that the owners of these keys (n,) are in the table."""
        missing = keys[self.table[0, keys] < 0]
        parts = [slice(block * BLOCK, min((block + 1) * BLOCK, self.keys)) for block in sorted(set((missing // BLOCK).tolist()))]
        if missing.size > FEW:
            parts, self.complete = [slice(0, self.keys)], True  # 80 ns a key
        for part in parts:
            self.table[:, part] = self.placement.owners(np.arange(part.start, part.stop), self.copies)

    def home(self, key: int) -> int:
        """The node that owns this key first; -1 if there is no member."""
        owners = self.owners(np.array([key], dtype=np.int64))
        return int(owners[0, 0]) if self.copies else -1

    def shares(self) -> list[float]:
        """Share of the key space that each node is home to (as first owner), 0..1."""
        if not self.copies:
            return [0.0] * len(self.names)
        if not self.known_shares:
            by_name = self.placement.share()
            self.known_shares = [by_name.get(name, 0.0) for name in self.names]
        return self.known_shares
