"""Sessions under any order of commands, in any store; and the book of sessions beside one that is kept user by user."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from test_commands_machine import CommandsMachine
from world_rig import QUICK, Rig

from engine.commands import SetOption
from engine.config import SessionsPart
from engine.tiers.sessions.book import CARRIED as MOVED
from engine.tiers.sessions.book import CAUSES, COOKIE, DATABASE, FILES, FOUND, LOST, MEMORY, NEW, SHARED, Book


class SessionsMachine(CommandsMachine):
    """The same people and faults; sessions are short, so that they end in every way."""

    config = msgspec.structs.replace(QUICK, sessions=SessionsPart(store="memory", nodes=2, life=1.0, stay=1.5, migrate=True))


TestSessionsMachine = SessionsMachine.TestCase
TestSessionsMachine.settings = settings(
    phases=(Phase.generate,), max_examples=6, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck),
    derandomize=True,
)  # fmt: skip


@dataclass
class Kept:
    """One user's session as a plain record; kind 0 = none, lost = he does not know yet. Times in ms."""

    kind: int = 0
    node: int = 0
    seen: int = 0
    leaves: float = math.inf
    lost: bool = False


class SlowBook:
    """What `Book` is meant to do, one request after the other. `stay` is fixed (a draw of 1)."""

    def __init__(self, users: int, life: float, stay: float) -> None:
        self.kept = [Kept() for _ in range(users)]
        self.life, self.stay = int(life * 1e3), stay * 1e3
        self.code, self.migrate = MEMORY, False
        self.counts = dict.fromkeys(("started", "expired", "ended", "found", "carried"), 0)
        self.lost = dict.fromkeys(CAUSES, 0)

    def visit(self, ms: int, user: int, here: int, web: int, away: bool) -> int:
        s = self.kept[user]
        self.close(s, ms)
        if s.kind and (s.kind, s.node) == (self.code, here):
            self.counts["found"] += 1
            s.seen = ms
            return FOUND
        verdict = LOST if s.lost and min(s.leaves, s.seen + self.life) > ms else NEW
        if s.kind:
            near = s.kind in (MEMORY, FILES) and s.node == web and s.kind != self.code
            if self.migrate and (near or s.kind == COOKIE or (away and s.kind in (SHARED, DATABASE))):
                self.counts["carried"] += 1
                s.kind, s.node, s.seen = self.code, here, ms
                return MOVED
            cause = "switched" if s.kind != self.code else "elsewhere" if s.kind in (MEMORY, FILES) else "rehomed"
            self.lost[cause] += 1
            verdict = LOST
        self.counts["started"] += 1
        self.kept[user] = Kept(self.code, here, ms, ms + int(self.stay))
        return verdict

    def close(self, s: Kept, ms: int) -> bool:
        """Is it over? Then it is gone."""
        if not s.kind or min(s.leaves, s.seen + self.life) > ms:
            return False
        self.counts["ended" if s.leaves <= s.seen + self.life else "expired"] += 1
        s.kind = 0
        return True

    def lose_all(self, kind: int, node: int, cause: str, ms: int) -> None:
        for s in self.kept:
            if s.kind == kind and s.node == node and not self.close(s, ms):
                self.lost[cause] += 1
                s.kind, s.lost = 0, True


class OneDraw:
    """A generator whose exponentials are all 1: the stay is as it says."""

    def standard_exponential(self, n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.ones(n)


@pytest.mark.parametrize("seed", range(6))
def test_the_book_is_the_one_that_is_kept_user_by_user(seed: int) -> None:
    """Requests in batches with several of one user, deaths, sweeps, switches of the store and of migration."""
    rng = np.random.default_rng(seed)
    users, life, stay = 40, 2.0, 5.0
    book = Book(users, life, stay, OneDraw())  # type: ignore[arg-type]
    slow = SlowBook(users, life, stay)
    book.grow(4)
    book.code = MEMORY
    now = 0.0
    for _ in range(400):
        n = int(rng.integers(0, 12))
        t = np.round(now + np.sort(rng.random(n)) * 0.2, 3) + 1e-5  # well within a millisecond
        who, here, web = rng.integers(0, users, n), rng.integers(0, 3, n), rng.integers(0, 3, n)
        if book.code in (MEMORY, FILES):
            here = np.where(rng.random(n) < 0.8, who % 3, here)
            web = here
        elif book.code == SHARED:
            here = who % 2
        else:
            here = np.zeros(n, dtype=np.int64)
        away = rng.random(n) < 0.5
        verdicts = book.visit(t, who, here, web, away)
        for i in range(n):
            assert verdicts[i] == slow.visit(int(t[i] * 1e3), int(who[i]), int(here[i]), int(web[i]), bool(away[i]))
        now = round(now + 0.2, 3)
        deed = int(rng.integers(0, 30))
        if deed == 0:
            places = (MEMORY, int(rng.integers(3)), "server"), (SHARED, int(rng.integers(2)), "store")
            kind, node, cause = places[int(rng.integers(2))]
            book.lose_all(kind, node, cause, now)
            slow.lose_all(kind, node, cause, int(now * 1e3))
        elif deed == 1:
            book.code = slow.code = int(rng.integers(MEMORY, COOKIE + 1))
        elif deed == 2:
            book.migrate = slow.migrate = not book.migrate
        elif deed < 6:
            book.sweep(now)
            for s in slow.kept:
                slow.close(s, int(now * 1e3))
        assert {name: getattr(book, name) for name in slow.counts} == slow.counts
        assert book.lost.tolist() == list(slow.lost.values())
        assert book.alive == sum(s.kind > 0 for s in slow.kept)
    assert min(slow.counts.values()) > 10
    assert slow.lost["switched"] > 5


def test_switching_back_finds_what_nobody_has_asked_for() -> None:
    rig = Rig(msgspec.structs.replace(QUICK, sessions=SessionsPart(store="shared", nodes=2)))
    rig.run(500)
    for store in ("memory", "shared"):
        rig.give(SetOption("sessions.store", store))
        rig.run(1)
    rig.run(300)
    assert int(rig.world.sessions.book.lost.sum()) < 8
