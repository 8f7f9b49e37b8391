"""Joins across shards as scatter-gather: a query to every shard (or to n keys' shards), an answer when the last one is there.

Each part is a row of its own that no client waits for: it is routed, queued, served and may fail like any other; its request
waits at the web server. So a join takes as long as its slowest part (of n alike, exponential ones: H_n times one), and fails as
often as any of them, unless half an answer is an answer (`partial_joins`). Denormalised, the joined data lie with the key: one
read, and every write is done again on the shards that have a copy.
"""

from __future__ import annotations

import numpy as np

from ...causes import Cause, Outcome
from ...core import Core, generator
from ...draws import demands
from ...fabric import Fate
from ...flights import CLIENT, FILLS, SERVER
from ...policies.hashing import mix
from ...replies import Replies
from .celebrities import DatabaseCelebrities
from .nodes import F8, I8
from .path import READ
from .placement import Job

NO_PART, NOBODY = -1, -2  # of a row: it is no part; it is one, and its request has its answer already
ALL = 1 << 30  # fan: one part a shard
AGAIN = "denormal"
COUNTED = ("joins", "parts", "joined", "failed", "partial", "parts_back", "rewritten", "rewrites_lost")


class Join:
    """A request that waits for its parts. last: when the latest answer so far came; spans: its wire, wait and service, s."""

    __slots__ = ("bad", "began", "cause", "event", "last", "left", "node", "parts", "spans")

    def __init__(self, began: float, parts: int) -> None:
        self.began = began
        self.parts = self.left = parts
        self.bad = 0
        self.cause, self.event = int(Cause.NONE), 0
        self.last = began
        self.spans = (0.0, 0.0, 0.0)
        self.node = -1


class DatabaseJoins(DatabaseCelebrities):
    """gathering: by slot of the request; part_of: by slot, the request that a row is a part of."""

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core, replies)
        routes = core.config.route
        self.fan_of: I8 = np.array([ALL if r.fan == "all" else int(r.fan) for r in routes], dtype=np.int64)
        self.joins_there = bool((self.fan_of > 1).any())
        self.denormalised = core.config.database.denormalised
        self.partial_joins = core.config.database.partial_joins
        self.rng_joins = generator(core.seed, "joins")
        self.gathering: dict[int, Join] = {}
        self.part_of: I8 = np.zeros(0, dtype=np.int64)
        self.joined: dict[str, int] = dict.fromkeys(COUNTED, 0)
        self.join_seconds = self.part_seconds = 0.0  # of joins that succeeded, of parts that came back
        self.homes: list[I8] = []  # keys of each shard, while `homes_at` is so
        self.homes_at = (-1, -1, -1)
        if self.joins_there:
            replies.joins = self

    # ---- scatter

    def arrive(self, t: F8, slots: I8) -> None:
        if self.joins_there and not self.denormalised:
            flights = self.core.flights
            wide = (self.fan_of[flights.route[slots]] > 1) & (flights.kind[slots] == READ)
            wide &= ((flights.flags[slots] & FILLS) == 0) & np.isfinite(flights.deadline[slots])
            if wide.any():
                self._scatter(t[wide], slots[wide])
                t, slots = t[~wide], slots[~wide]
        super().arrive(t, slots)

    def _scatter(self, t: F8, slots: I8) -> None:
        """The parts of these requests leave their web servers at t (n,), all at once."""
        flights = self.core.flights
        keys = [self._keys(int(flights.key[slot]), int(self.fan_of[flights.route[slot]])) for slot in slots.tolist()]
        count = np.array([len(k) for k in keys], dtype=np.int64)
        asker, at = slots.repeat(count), t.repeat(count)
        rows = flights.take(asker.size)
        flights.close(rows, CLIENT)
        more = flights.capacity - self.part_of.size
        if more > 0:
            self.part_of = np.concatenate([self.part_of, np.full(more, NO_PART, dtype=np.int64)])
        for column in ("user", "route", "source", "city", "web"):
            values = getattr(flights, column)
            values[rows] = values[asker]
        flights.key[rows] = np.concatenate(keys)
        flights.born[rows] = flights.sent[rows] = at
        flights.deadline[rows] = np.inf
        flights.db_work[rows] = demands(self.rng_joins, self.core.config.database.read, rows.size)
        self.part_of[rows] = asker
        for slot, began, n in zip(slots.tolist(), t.tolist(), count.tolist(), strict=True):
            self.gathering[slot] = Join(began, n)
        self.joined["joins"] += slots.size
        self.joined["parts"] += rows.size
        super().arrive(at, rows)

    def _keys(self, key: int, fan: int) -> I8:
        """What the join of a key reads: one key of each shard, or `fan` keys wherever they are; the key itself the first."""
        every = self.places.owner.size
        if fan < ALL:
            others = [int(mix(np.array([key]), seed=2 + j)[0] % np.uint64(every)) for j in range(fan - 1)]
            return np.array([key, *others], dtype=np.int64)
        places = self.places
        now = (places.next_chunk, places.moved, len(self.shards))
        if now != self.homes_at:
            self.homes_at = now
            self.homes = [np.flatnonzero(places.owner == s.index) for s in self.shards]
        own = int(places.owner[key])
        picked = [int(h[key % h.size]) for i, h in enumerate(self.homes) if h.size and i != own and not self.shards[i].alone]
        return np.array([key, *picked], dtype=np.int64)

    # ---- gather

    def part_answered(self, t: F8, slots: I8, node: I8) -> tuple[F8, I8, I8]:
        """Answers leave database nodes at t (n,): parts go to their web servers, the others are returned."""
        mine = self._parts(slots)
        if mine.any():
            rows = slots[mine]
            self._gather(self.replies.heard(t[mine], rows, node[mine], self.due[rows]), rows)
        return t[~mine], slots[~mine], node[~mine]

    def part_at_web(self, t: F8, slots: I8) -> tuple[F8, I8]:
        """Failures are known at web servers at t (n,): those of parts end here, the others are returned."""
        mine = self._parts(slots)
        if mine.any():
            self._gather(t[mine], slots[mine])
        return t[~mine], slots[~mine]

    def _parts(self, slots: I8) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        if not self.part_of.size:
            return np.zeros(slots.size, dtype=np.bool_)
        found = (slots < self.part_of.size) & (self.part_of[np.minimum(slots, self.part_of.size - 1)] != NO_PART)
        return np.asarray(found)

    def _gather(self, t: F8, rows: I8) -> None:
        """Parts are back, right or wrong, at t (n,)."""
        flights = self.core.flights
        order = np.lexsort((flights.id[rows], t))
        t, rows = t[order], rows[order]
        ended: list[tuple[float, int]] = []
        for at, row in zip(t.tolist(), rows.tolist(), strict=True):
            slot = int(self.part_of[row])
            self.part_of[row] = NO_PART
            join = self.gathering.get(slot)
            if slot == NOBODY or join is None:
                continue
            good = int(flights.outcome[row]) == Outcome.IN_FLIGHT
            self._note(join, at, row, good=good)
            if join.left == 0 or (not good and not self.partial_joins):
                ended.append((at if not good else join.last, slot))
                self._end(slot, join)
        flights.close(rows, SERVER)
        if ended:
            ended.sort()
            self.replies.from_web(np.array([at for at, _ in ended]), np.array([slot for _, slot in ended], dtype=np.int64))

    def _note(self, join: Join, at: float, row: int, *, good: bool) -> None:
        flights = self.core.flights
        join.left -= 1
        self.joined["parts_back"] += 1
        self.part_seconds += at - join.began
        if not good:
            join.bad += 1
            join.cause, join.event = int(flights.cause[row]), int(flights.event[row])
        if at >= join.last or not good:
            join.last, join.node = at, int(flights.db[row])
            join.spans = (float(flights.wire[row]), float(flights.wait[row]), float(flights.service[row]))

    def _end(self, slot: int, join: Join) -> None:
        """The request has what it waited for: an answer, part of one, or a failure."""
        flights, one = self.core.flights, np.array([slot])
        del self.gathering[slot]
        for value, name in zip(join.spans, ("wire", "wait", "service"), strict=True):
            getattr(flights, name)[slot] += value
        flights.db[slot] = join.node
        if join.left:  # the others come back to nobody
            self.part_of[self.part_of == slot] = NOBODY
        if join.bad and not (self.partial_joins and join.bad < join.parts):
            self.joined["failed"] += 1
            self.replies.fail(one, Cause(join.cause), np.array([join.event]))
            return
        self.joined["partial"] += bool(join.bad)
        self.joined["joined"] += 1
        self.join_seconds += join.last - join.began

    def web_died(self, web: int) -> None:
        """A web server's process is gone: parts that had not left it never will, and their requests wait for nobody."""
        flights = self.core.flights
        _, (slots,) = self.outbox.everything()
        rows = slots[self._parts(slots)]
        rows = rows[flights.web[rows] == web]
        askers = self.part_of[rows].tolist()
        self.part_of[rows] = NO_PART
        super().web_died(web)
        for slot in askers:
            join = self.gathering.get(slot)
            if join is None:
                continue
            join.left, join.bad = join.left - 1, join.bad + 1
            join.cause = int(Cause.RESET)
            if join.left == 0:
                self._end(slot, join)
                self.replies.from_web(np.array([self.core.now]), np.array([slot]))

    # ---- denormalised

    def _answer_writes(self, t: F8, slots: I8, key: I8) -> None:
        if self.joins_there and self.denormalised:
            self._rewrite(t, slots, key)
        super()._answer_writes(t, slots, key)

    def _rewrite(self, t: F8, slots: I8, key: I8) -> None:
        """Committed writes (n,) are done again wherever the joined data lie too."""
        flights, most = self.core.flights, int(self.fan_of.max())
        for at, slot, k in zip(t.tolist(), slots.tolist(), key.tolist(), strict=True):
            owner = int(self.places.owner[k])
            others = [s.index for s in self.shards if s.primary >= 0 and s.index != owner and not s.alone and not s.leaving]
            first = k % max(1, len(others))
            for to in (others[first:] + others[:first])[: most - 1]:
                source, node = self.shards[owner].primary, self.shards[to].primary
                hop = self.core.fabric.hop("db", np.array([source]), "db", np.array([node]))
                if not self._works(node) or to in self.copies_cut or (hop.fate is not None and hop.fate[0] != Fate.PASS):
                    self.joined["rewrites_lost"] += 1
                    continue
                job = Job(AGAIN, float(flights.db_work[slot]), -2 - to, k, int(flights.version[slot]))
                self._send_job(job, node, at + float(hop.delay[0]))

    def job_done(self, row: int, t: float, node: int) -> None:
        job = self.places.jobs[row]
        super().job_done(row, t, node)
        if job.kind == AGAIN:
            self.joined["rewritten"] += 1
            if self.shards[-2 - job.chunk].primary >= 0:
                self._append_copies(-2 - job.chunk, np.array([job.key]), np.array([job.version]), t)

    def job_lost(self, row: int) -> None:
        job = self.places.jobs.get(row)
        super().job_lost(row)
        if job is not None and job.kind == AGAIN:
            self.joined["rewrites_lost"] += 1
