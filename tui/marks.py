"""How states are told: a glyph, a word and a role, always together, so that colour never carries a meaning alone."""

from __future__ import annotations

from dataclasses import dataclass

from engine.snapshot import NodeState

from .charts import Glyphs
from .draw import Code, Role

__all__ = ["EVENT_ROLE", "STATE_MARK", "TREND_MARK", "Mark", "attention_of", "mark"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One cell of glyph, its plain form, the word that says the same and the role that colours it."""

    glyph: str
    ascii: str
    word: str
    role: Code

    def show(self, glyphs: Glyphs) -> str:
        """The glyph in this glyph set."""
        return self.ascii if glyphs is Glyphs.ASCII else self.glyph


STATE_MARK: dict[NodeState, Mark] = {
    NodeState.UP: Mark("●", "o", "up", Role.OK),
    NodeState.STANDBY: Mark("○", ".", "standby", Role.DIM),
    NodeState.STARTING: Mark("◌", ":", "starting", Role.ACCENT),
    NodeState.DRAINING: Mark("◑", ")", "draining", Role.FENCED),
    NodeState.SLOW: Mark("◐", "~", "slow", Role.SLOW),
    NodeState.FENCED: Mark("▣", "#", "fenced", Role.FENCED),
    NodeState.UNREACHABLE: Mark("◇", "?", "unreachable", Role.DOWN),
    NodeState.FROZEN: Mark("◆", "=", "frozen", Role.DOWN),
    NodeState.DOWN: Mark("✕", "x", "down", Role.DOWN),
}

TREND_MARK: dict[int, Mark] = {
    1: Mark("▲", "^", "rising", Role.DIM),
    0: Mark(" ", " ", "steady", Role.DIM),
    -1: Mark("▼", "v", "falling", Role.DIM),
}

EVENT_ROLE: dict[str, Code] = {
    "info": Role.TEXT,
    "good": Role.OK,
    "warn": Role.SLOW,
    "bad": Role.DOWN,
    "you": Role.YOU,
}

_ATTENTION: dict[NodeState, int] = {
    NodeState.DOWN: 3,
    NodeState.FROZEN: 3,
    NodeState.UNREACHABLE: 3,
    NodeState.FENCED: 2,
    NodeState.SLOW: 2,
    NodeState.STARTING: 1,
    NodeState.DRAINING: 1,
}


def mark(state: NodeState) -> Mark:
    """The mark of a node's state."""
    return STATE_MARK[state]


def attention_of(*states: NodeState) -> int:
    """How much attention the worst of these states asks for: 0 calm .. 3 broken (see `frame.Verdict`)."""
    return max((_ATTENTION.get(state, 0) for state in states), default=0)
