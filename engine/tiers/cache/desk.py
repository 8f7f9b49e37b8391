"""What a cache node does with each message, in exact order of time: the one loop in which entries live and die.

Time-to-live fixed or sliding; single flight by leases (Nishtala et al., Scaling Memcache at Facebook, NSDI 2013: a delete
voids the lease, so a fill that was read before a write is not stored after it); probabilistic early expiry (XFetch, Vattani
et al., VLDB 2015); stale-while-revalidate in the manner of nginx's `proxy_cache_use_stale updating`: past its end of life an
entry sends one request to the database and serves the others meanwhile.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ...config import CachePart
from ...flights import Flights
from .index import Entry, Index
from .mail import BURNT, DELETE, FAULTY, FILL, LEASE_END, LOOK_UP, RELEASE, SET, WRITER, Mail
from .shelf import Shelf

I8 = NDArray[np.int64]
F8 = NDArray[np.float64]

INF = float("inf")
DRAWS = 256  # exponential draws taken at once
COUNTERS = ("expired", "invalidated", "filled", "refused_fills", "early", "served_expired")


class Verdict(IntEnum):
    """What the node answers to a look-up."""

    NOTHING = 0  # it was no look-up, or nobody listens any more
    HIT = 1
    LEAD = 2  # a miss: the asker reads the database and fills
    WAIT = 3  # a miss: another one's fill will answer
    ERROR = 4


NOTHING, HIT, LEAD, WAIT, ERROR = (int(verdict) for verdict in Verdict)
NOBODY: I8 = np.zeros(0, dtype=np.int64)


class Served:
    """Answers of one step. verdict, version: one per message, and its key if it was at hand. The lists concern requests that
    waited for a fill."""

    def __init__(self) -> None:
        self.verdict: I8 = NOBODY
        self.version: I8 = NOBODY
        self.keys: I8 | None = None
        self.answered: list[tuple[float, int, int, int, float]] = []  # t, slot, node, version, since
        self.failed: list[tuple[float, int, int, int, int, float]] = []  # t, slot, node, cause, event, since
        self.leading: list[tuple[float, int, int, float]] = []  # t, slot, node, since: their lease's holder was too slow
        self.leased: list[tuple[float, int, int, int, int]] = []  # t, node, key, token, slot: leases granted


class Desk:
    """The rules in force and the shelves they act on. Counters count until somebody takes them with `tally`."""

    def __init__(self, part: CachePart, mail: Mail, flights: Flights, rng: np.random.Generator, keys: int = 0) -> None:
        """keys: size of the key space, 0 = no index is kept."""
        self.mail = mail
        self.flights = flights
        self.rng = rng
        self.draws: list[float] = []
        self.index = Index(keys)
        self.shelves: list[Shelf] = []
        self.gone = -1  # the key that the last set evicted
        self.lent = False  # may any shelf have leases out
        self.wrong_ttl = 0.0  # effect of a fault, s
        self.ttl = part.ttl  # 0 = entries never expire, as in memcached
        self.sliding = part.sliding
        self.single_flight = part.single_flight
        self.early_expiry_beta = part.early_expiry_beta
        self.stale_while_revalidate = part.stale_while_revalidate
        self.expired = self.invalidated = self.filled = self.refused_fills = self.early = self.served_expired = 0
        self.evicted: list[int] = []  # per node

    def tally(self) -> dict[str, int]:
        """What was counted since the last tally, by name, zeros left out; the counters (but not `evicted`) are zero again."""
        counted = {name: int(count) for name in COUNTERS if (count := getattr(self, name))}
        for name in counted:
            setattr(self, name, 0)
        return counted

    def serve(self, at: F8, rows: I8, nodes: I8) -> Served:
        """Handle messages `rows` (n,) in order at times `at` (n,) on nodes (n,)."""
        mail, served = self.mail, Served()
        verdict: list[int] = []
        version: list[int] = []
        columns = (at, mail.kind[rows], nodes, mail.key[rows], rows)
        for t, kind, node, key, row in zip(*(column.tolist() for column in columns), strict=True):
            answer, value = self._one(served, kind, t, node, key, row)
            verdict.append(answer)
            version.append(value)
        served.verdict, served.version = np.array(verdict, dtype=np.int64), np.array(version, dtype=np.int64)
        return served

    def _one(self, served: Served, kind: int, t: float, node: int, key: int, row: int) -> tuple[int, int]:
        """Handle one message; verdict and version."""
        if kind != LOOK_UP:
            return self._other(served, kind, t, node, key, row), 0
        shelf = self.shelves[node]
        entry = shelf.get(key)
        if entry is not None and t < entry[1] and (self.early_expiry_beta == 0.0 or not self._early(t, entry)):
            shelf.policy.touch(key)
            if self.sliding:
                shelf.prolong(key, (entry[0], t + self._life(), entry[2]))
            return HIT, entry[0]
        return self._missed(served, t, node, key, entry, self.mail.slot.item(row))

    def _life(self) -> float:
        if self.wrong_ttl:
            return self.wrong_ttl
        return self.ttl if self.ttl > 0.0 else INF

    def _early(self, t: float, entry: Entry) -> bool:
        """XFetch: expire before the end with a chance that grows towards it and with the time it takes to read again."""
        if entry[1] == INF:
            return False
        if not self.draws:
            self.draws = self.rng.standard_exponential(DRAWS).tolist()
        return t + entry[2] * self.early_expiry_beta * self.draws.pop() >= entry[1]

    def _missed(
        self, served: Served, t: float, node: int, key: int, entry: Entry | None, slot: int
    ) -> tuple[Verdict, int]:
        """A look-up that finds nothing good: absent, expired, or chosen to read anew early."""
        shelf = self.shelves[node]
        lease = shelf.leases.get(key)
        exclusive = self.single_flight
        if entry is not None:
            good = t < entry[1]
            if good or t < entry[1] + self.stale_while_revalidate:
                if lease is not None:  # somebody reads it already
                    shelf.policy.touch(key)
                    self.served_expired += not good
                    return Verdict.HIT, entry[0]
                self.early += good
                exclusive = exclusive or not good
            else:
                shelf.forget(key)
                self.expired += 1
        if exclusive:
            if lease is not None:
                shelf.waiting.setdefault(lease, []).append((slot, t))
                return Verdict.WAIT, 0
            self._grant(served, t, node, key, slot)
        return Verdict.LEAD, 0

    def _grant(self, served: Served, t: float, node: int, key: int, slot: int) -> None:
        token = int(self.flights.id[slot])
        self.lent = True
        self.shelves[node].leases[key] = token
        served.leased.append((t, node, key, token, slot))

    def _other(self, served: Served, kind: int, t: float, node: int, key: int, row: int) -> Verdict:
        """Everything but a look-up that somebody waits for."""
        if kind == SET:
            self._set(served, t, node, key, row)
        elif kind == DELETE:
            shelf = self.shelves[node]
            self.invalidated += shelf.forget(key)
            shelf.leases.pop(key, None)
        elif kind == RELEASE:
            self._release(served, t, node, key, row)
        elif kind == LEASE_END:
            self._lease_end(served, t, node, key, int(self.mail.token[row]))
        elif kind == BURNT:
            entry = self.shelves[node].get(key)
            if entry is not None and t < entry[1]:
                self.shelves[node].policy.touch(key)
        elif kind == FAULTY:
            return Verdict.ERROR
        return Verdict.NOTHING

    def _set(self, served: Served, t: float, node: int, key: int, row: int) -> None:
        mail, shelf = self.mail, self.shelves[node]
        token, version = int(mail.token[row]), int(mail.version[row])
        if token == WRITER:
            shelf.leases.pop(key, None)
        elif token != FILL:
            for slot, since in shelf.waiting.pop(token, ()):
                served.answered.append((t, slot, node, version, since))
            if shelf.leases.get(key) != token:
                self.refused_fills += 1
                return
            del shelf.leases[key]
        self.filled += token != WRITER
        self.gone = shelf.store(key, (version, t + self._life(), float(mail.recompute[row])))
        self.evicted[node] += self.gone >= 0

    def _release(self, served: Served, t: float, node: int, key: int, row: int) -> None:
        """Whoever waits for a fill shares the failure of the one who was to bring it; without a cause the next one reads."""
        mail, shelf = self.mail, self.shelves[node]
        token = int(mail.token[row])
        if not mail.cause[row]:
            self._lease_end(served, t, node, key, token)
            return
        if shelf.leases.get(key) == token:
            del shelf.leases[key]
        for slot, since in shelf.waiting.pop(token, ()):
            served.failed.append((t, slot, node, int(mail.cause[row]), int(mail.event[row]), since))

    def _lease_end(self, served: Served, t: float, node: int, key: int, token: int) -> None:
        """The holder never came back: the first of those who wait takes over, the others wait for that one."""
        shelf = self.shelves[node]
        if shelf.leases.get(key) == token:
            del shelf.leases[key]
        for slot, since in shelf.waiting.pop(token, ()):
            lease = shelf.leases.get(key)
            if lease is not None:
                shelf.waiting.setdefault(lease, []).append((slot, since))
            else:
                self._grant(served, t, node, key, slot)
                served.leading.append((t, slot, node, since))
