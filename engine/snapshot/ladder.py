"""The part of a snapshot that tells where on the ladder, from one server to ten million users, the system stands."""

from __future__ import annotations

from .base import Struct


class Ladder(Struct, frozen=True):
    """Stage `stage` of `stages` is reached (or, while `under_way` has words, being left for or entered).

    problem: what is used up now and what users feel of it, in one sentence; pressing: it hurts, the next step is due. next,
    solves, costs: name of the next step, what it is good for, dollars an hour that it adds (0 at the top: next is ""). before:
    name of the stage to go back to, "" at the bottom. changed: what the last step cost and changed, "" before the first.
    """

    stage: int
    stages: int
    name: str
    problem: str
    pressing: bool = False
    next: str = ""
    solves: str = ""
    costs: float = 0.0
    before: str = ""
    changed: str = ""
    under_way: str = ""
