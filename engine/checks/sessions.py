"""Invariants of sessions: none appears or vanishes uncounted, and a death costs exactly what the dead node had (20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..tiers.sessions.book import FILES, GONE, KINDS, MEMORY, NONE, NUMBER, SHARED
from .flow import expect

if TYPE_CHECKING:
    from ..nodes import Nodes
    from ..world import World

F8 = NDArray[np.float64]


def sessions_add_up(world: World) -> None:
    """20: started = alive + expired + ended + lost, and those alive are where the books say, place by place."""
    book = world.sessions.book
    over = book.expired + book.ended + int(book.lost.sum())
    expect(book.started == book.alive + over, f"{book.started} sessions started, {book.alive} alive, {over} over")
    held = np.zeros_like(book.held)
    live = np.flatnonzero((book.kind != NONE) & (book.kind != GONE))
    np.add.at(held, (book.kind[live], book.node[live]), 1)
    bad = np.flatnonzero((held != book.held).any(axis=1))
    expect(not bad.size, f"sessions in {', '.join(KINDS[kind] for kind in bad.tolist())} are not as counted")
    servers = world.web.nodes.member
    for kind, members in ((MEMORY, servers), (FILES, servers), (SHARED, world.sessions.nodes.member)):
        there = np.zeros(held.shape[1], dtype=np.bool_)
        there[: members.size] = members[: there.size]
        expect(not held[kind, ~there].any(), f"{KINDS[kind]} of nodes that are gone hold sessions")


class Survivors:
    """Follows deaths of web servers and store nodes. kind, node, until: of every user's session after the last step."""

    def __init__(self, world: World) -> None:
        self._remember(world)

    def _remember(self, world: World) -> None:
        book = world.sessions.book
        self.kind, self.node = book.kind.copy(), book.node.copy()
        self.until = np.minimum(book.leaves.astype(np.int64), book.seen + np.int64(book.life * 1e3))
        self.lost = book.lost.copy()
        self.alive = [self._life(nodes) for nodes in (world.web.nodes, world.sessions.nodes)]
        self.settings = (book.life, book.code)

    @staticmethod
    def _life(nodes: Nodes) -> tuple[NDArray[np.bool_], F8]:
        return nodes.up & nodes.member, nodes.born.copy()

    def judge(self, world: World) -> None:
        """After a step: what it has lost with servers and store nodes is what those who died in it had, to the session."""
        if not world.sessions.on and not self.lost.any():
            return
        book, now = world.sessions.book, int(world.core.start * 1e3)
        if book.life == self.settings[0] and self.kind.size == book.users:
            for name, kind, (up, born), nodes in (
                ("server", MEMORY, self.alive[0], world.web.nodes), ("store", SHARED, self.alive[1], world.sessions.nodes),
            ):  # fmt: skip
                n = up.size
                here = nodes.up[:n] & nodes.member[:n] & (nodes.born[:n] == born)
                died = np.flatnonzero(up & ~here)
                theirs = (self.kind == kind) & np.isin(self.node, died)
                if kind == MEMORY:  # a machine that is taken away takes its disk along, whether its process ran or not
                    theirs |= (self.kind == FILES) & np.isin(self.node, np.flatnonzero(~nodes.member))
                want = int(np.count_nonzero(theirs & (self.until > now)))
                lost = int(book.lost[NUMBER[name]] - self.lost[NUMBER[name]])
                what = ", ".join(nodes.names[i] for i in died.tolist()) or "nobody"
                expect(lost == want, f"{what} died with {want} sessions, {lost} were lost")
        self._remember(world)

