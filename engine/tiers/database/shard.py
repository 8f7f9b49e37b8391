"""A shard: its nodes and their roles, its log, who waits for a commit, what became of former primaries."""

from __future__ import annotations

from collections import deque
from enum import StrEnum

from .log import INF, Log

SAMPLE = 10_000  # lost writes that a failover lists one by one (memory has an end); all of them are counted
FAILOVERS_KEPT = 8


class Role(StrEnum):
    """What a database node is to its shard."""

    PRIMARY = "primary"
    REPLICA = "replica"
    SEEDING = "seeding"  # a new replica that still copies its data
    FENCED = "fenced"  # a former primary, shut out
    STRAY = "old primary"  # a former primary that nobody shut out: it takes writes from whoever still believes in it
    GONE = "removed"


class FailoverNote:
    """A failover as it goes: the timeline, and the acknowledged writes that are gone.

    failed: when the old primary stopped answering, seconds. lost: acknowledged writes after the promoted position; sample: the
    last of them as (lsn, key, user, when written).
    """

    def __init__(self, shard: str, failed: float) -> None:
        self.shard = shard
        self.failed = failed
        self.steps: list[tuple[float, str]] = []
        self.lost = 0
        self.unacknowledged = 0
        self.sample: deque[tuple[int, int, int, float]] = deque(maxlen=SAMPLE)
        self.promoted = INF
        self.rto = INF

    def step(self, t: float, text: str) -> None:
        """One line of the timeline, at t seconds."""
        self.steps.append((t, text))


class Stray:
    """What a former primary has on its own: a branch of the log that starts at `fork`.

    heads: key -> [(commit, version)] of the branch, the newest last. `left_over`: records of the old epoch that the promoted
    node did not have; `accepted`: writes acknowledged since.
    """

    def __init__(self, node: int, fork: int, epoch: int) -> None:
        self.node = node
        self.fork = fork
        self.epoch = epoch
        self.heads: dict[int, list[tuple[float, int]]] = {}
        self.left_over = 0
        self.accepted = 0
        self.unacknowledged = 0
        self.fallback_at = INF

    def commit(self, t: float, mode: str, timeout: float) -> float:
        """When a write at t is committed with no replica left: at once, after one semi-sync time-out, or never."""
        if mode == "sync":
            return INF
        if mode == "semi_sync":
            self.fallback_at = min(self.fallback_at, t + timeout)
            return max(t, self.fallback_at)
        return t

    def put(self, key: int, version: int, commit: float) -> None:
        """A write of the branch; only the newest few of a key are ever asked for."""
        versions = self.heads.setdefault(key, [])
        versions.append((commit, version))
        if len(versions) > 8:
            del versions[0]

    def inherit(self, older: list[tuple[int, int]], fork: int) -> None:
        """The branch starts earlier than it did: it has these (key, version) too, the newest first."""
        for key, version in older:
            self.heads.setdefault(key, []).insert(0, (-INF, version))
        self.left_over += len(older)
        self.fork = fork

    def version(self, key: int, t: float) -> int | None:
        """Version of `key` that the branch shows at t, None if the branch has none."""
        for commit, version in reversed(self.heads.get(key, ())):
            if commit <= t:
                return version
        return None


class Shard:
    """One shard. `nodes`: indexes of its nodes in the tier, removed ones included; `waiting`: (lsn, slot, id) of writes that
    are written and not yet committed, by LSN."""

    def __init__(self, name: str, index: int, letters: str) -> None:
        self.name = name
        self.index = index
        self.letters = letters
        self.nodes: list[int] = []
        self.primary = -1
        self.standby = -1  # whose word counts in sync mode
        self.epoch = 1
        self.log = Log()
        self.waiting: deque[tuple[int, int, int]] = deque()
        self.fallback_at = INF  # semi_sync: since when commits do not wait
        self.fallback_told = False
        self.writable_at = 0.0
        self.strays: dict[int, Stray] = {}
        self.failed_at = INF  # since when the primary does not answer
        self.failovers: deque[FailoverNote] = deque(maxlen=FAILOVERS_KEPT)
        self.repoint_at = INF
        self.unaware: list[int] = []  # zones whose drivers still believe in a former primary
        self.leaving = False
        self.alone = False  # for one key, split off: the placement rule does not know it
        self.rewound = 0  # records that former primaries had to throw away
        self.diverged = 0  # writes acknowledged by former primaries after they were replaced


def letters_of(index: int) -> str:
    """a, b, ... z, aa, ab, ... for shard 0, 1, ..."""
    out = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        out = chr(ord("a") + rest) + out
    return out
