"""What the origin serves: a version of every static object, counted up by deploys; and scopes, which deploys and purges name."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

ALL, TAG, KEY = "all", "tag", "key"
KEPT = 256  # deploys whose time is known; what was replaced before those counts as replaced by the oldest of them


class Scope(NamedTuple):
    """kind: all, tag or key; number: of the tag or object."""

    kind: str
    number: int

    def text(self) -> str:
        """As a person writes it."""
        return self.kind if self.kind == ALL else f"{self.kind}:{self.number}"

    def has(self, obj: int, tags: int) -> bool:
        """Does it cover an object?"""
        return self.kind == ALL or (obj % tags if self.kind == TAG else obj) == self.number

    def which(self, objects: I8, tags: int) -> NDArray[np.bool_]:
        """As `has`, for objects (n,)."""
        if self.kind == ALL:
            return np.ones(objects.size, dtype=np.bool_)
        found: NDArray[np.bool_] = (objects % tags if self.kind == TAG else objects) == self.number
        return found


class Purge(NamedTuple):
    """number: its own; issued: when, s; whole: it is to reach all PoPs, and shields before those behind them."""

    number: int
    issued: float
    scope: Scope
    whole: bool


def scope_of(text: str, objects: int, tags: int) -> Scope:
    """"all", "tag:3" or "key:7"; ValueError in one sentence for anything else."""
    kind, _, number = text.strip().partition(":")
    if kind == ALL and not number:
        return Scope(ALL, 0)
    most = {TAG: tags, KEY: objects}.get(kind, 0)
    if number.isascii() and number.isdigit() and int(number) < most:
        return Scope(kind, int(number))
    raise ValueError(f"write all, tag:0 to tag:{tags - 1} or key:0 to key:{objects - 1}, not {text!r}")


class Origin:
    """version (objects,): of each object now. deploys: (time, scope), the newest last."""

    def __init__(self, objects: int, tags: int) -> None:
        self.tags = tags
        self.objects = objects
        self.version: NDArray[np.int32] = np.zeros(objects, dtype=np.int32)
        self.deploys: list[tuple[float, Scope]] = []
        self.deployed = 0

    def deploy(self, scope: Scope, now: float) -> int:
        """The objects of a scope change; how many they are."""
        changed = scope.which(np.arange(self.objects), self.tags)
        self.version[changed] += 1
        self.deploys = [*self.deploys, (now, scope)][-KEPT:]
        self.deployed += 1
        return int(np.count_nonzero(changed))

    def version_at(self, obj: int, t: float) -> int:
        """The version that an answer which left the origin at t holds."""
        version = int(self.version[obj])
        for when, scope in reversed(self.deploys):
            if when <= t:
                break
            version -= scope.has(obj, self.tags)
        return version

    def replaced(self, obj: int, version: int) -> float:
        """When a version that is not the latest was replaced, s."""
        newer, at = int(self.version[obj]) - version, 0.0
        for when, scope in reversed(self.deploys):
            if newer and scope.has(obj, self.tags):
                newer, at = newer - 1, when
        return at
