"""The network: one place that is asked about every hop, one place that answers.

A hop is judged by where both ends stand (zone or city), by the effects on both nodes, and by the link rules of active
faults. The answer is a one-way delay for each packet, and for some of them a fate: dropped (nobody will ever answer) or
refused (the host is there, the process is not). A lost packet is sent again after the retransmission time-out.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .links import LinkQueues
from .nodes import Nodes

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
B = NDArray[np.bool_]

RTO_S = 0.2  # TCP's least retransmission time-out on Linux (TCP_RTO_MIN, 200 ms), doubled at each try
TRIES = 6  # retransmissions before a packet counts as dropped
CITY = "city"  # tier name of the users' side


class Fate(IntEnum):
    """What becomes of a packet."""

    PASS = 0
    DROPPED = 1
    REFUSED = 2


class Hop(NamedTuple):
    """delay (n,) seconds one way; fate (n,) of Fate, or None when all pass; event (n,) id of the fault that judged, or None."""

    delay: F8
    fate: NDArray[np.uint8] | None
    event: NDArray[np.int32] | None


class Rule(NamedTuple):
    """A fault on a link. `a`, `b`: (tier, node index or -1 for all, zone index or -1 for all); it acts both ways.

    one_way: only from a to b. jitter_s: up to so many seconds more, drawn packet by packet. per_second: packets that the link
    carries, 0 = any number; room: packets that its buffer holds.
    """

    a: tuple[str, int, int]
    b: tuple[str, int, int]
    extra_s: float
    loss: float
    cut: bool
    event: int
    one_way: bool = False
    jitter_s: float = 0.0
    per_second: float = 0.0
    room: float = 0.0


class Fabric:
    """All nodes by tier, the distances between zones and from cities, the rules of active link faults.

    zone_one_way: (z, z) seconds. city_one_way: (c, z) seconds from each city to each zone. rng: the fabric's own.
    """

    def __init__(self, zone_one_way: F8, city_one_way: F8, cities: list[str], zones: list[str], rng: np.random.Generator) -> None:
        self.zone_one_way = zone_one_way
        self.city_one_way = city_one_way
        self.cities = cities
        self.zones = zones
        self.tiers: dict[str, Nodes] = {}
        self.rules: list[Rule] = []
        self.lossy: dict[str, bool] = {}  # by tier: does any node delay or lose packets
        self.all_up: dict[str, bool] = {}  # by tier: do all processes run
        self.zone_flat: F8 = np.ascontiguousarray(zone_one_way).reshape(-1)  # one gather by a * zones + b
        self.city_flat: F8 = np.ascontiguousarray(city_one_way).reshape(-1)
        self.points = 0  # points of presence that hops know as cities beyond the last
        self.calm = True  # no node delays or loses packets, all processes run (rules are asked for apart)
        self.rng = rng
        self.now = 0.0  # when the present window began, seconds
        self.queues = LinkQueues()
        self.packets = 0
        self.lost = 0

    def add_tier(self, nodes: Nodes) -> None:
        """Make a tier known by its name."""
        self.tiers[nodes.tier] = nodes
        nodes.lay_flat(len(self.zones))
        self.lossy[nodes.tier] = False
        self.all_up[nodes.tier] = True

    def refresh(self) -> None:
        """After effects changed: which tiers need the slow path."""
        for tier, nodes in self.tiers.items():
            self.lossy[tier] = bool((nodes.extra_s > 0).any() or (nodes.loss > 0).any())
            self.all_up[tier] = bool(nodes.up.all())
        self.calm = all(self.all_up.values()) and not any(self.lossy.values())
        if self.queues.backlog:
            self.queues.keep({rule.event for rule in self.rules if rule.per_second})

    def price(self) -> float:
        """Dollars an hour of all machines (sizes, prices and their source: engine.machines)."""
        return sum(nodes.price(i) for nodes in self.tiers.values() for i in nodes.member.nonzero()[0].tolist())

    @property
    def untroubled(self) -> bool:
        """Do all packets pass at present, whatever their way?"""
        return self.calm and not self.rules

    def hop(self, a: str, ai: I8 | int, b: str, bi: I8 | int, *, back: bool = False) -> Hop:
        """Packets from nodes (or cities) `ai` of tier `a` to nodes `bi` of tier `b`: (n,) indexes, or one index for all packets.

        back: an answer on an open connection: the receiver's process is not asked whether it listens.
        """
        base = self._distance(a, ai, b, bi)
        if self.calm and not self.rules:
            return Hop(base, None, None)
        if self.points and CITY in (a, b):
            return self._from_points(a, ai, b, bi, base, back)
        return self.way(a, ai, b, bi, base, back)

    def way(self, a: str, ai: I8 | int, b: str, bi: I8 | int, base: F8, back: bool = False) -> Hop:
        """As `hop`, of packets whose way takes `base` (n,) seconds if nothing is wrong."""
        if self.calm and not self.rules:
            return Hop(base, None, None)
        ai = np.full(base.size, ai) if isinstance(ai, int) else ai
        bi = np.full(base.size, bi) if isinstance(bi, int) else bi
        to = self.tiers.get(b)
        fate: NDArray[np.uint8] | None = None
        event: NDArray[np.int32] | None = None
        if to is not None and not back and not self.all_up[b]:
            down = ~to.up[bi]
            if down.any():
                fate = np.where(down, np.uint8(Fate.REFUSED), np.uint8(0))
                event = np.where(down, to.event[bi], np.int32(0))
        if not self.rules and not self.lossy.get(a, False) and not self.lossy.get(b, False):
            return Hop(base, fate, event)
        return self._judge(a, ai, b, bi, base, fate, event)

    def add_points(self, seconds: F8) -> None:
        """Points of presence, (p, z) seconds one way to each zone: as ends of a hop they are cities beyond the last one."""
        self.points = len(seconds)
        table = np.concatenate([self.city_one_way[: len(self.cities)], seconds])
        self.city_flat = np.ascontiguousarray(table).reshape(-1)

    def _from_points(self, a: str, ai: I8 | int, b: str, bi: I8 | int, base: F8, back: bool) -> Hop:
        """A hop between cities, some of them points of presence, and a tier: each is judged as what it is."""
        ai, bi = np.broadcast_to(np.asarray(ai), base.shape), np.broadcast_to(np.asarray(bi), base.shape)
        cities = len(self.cities)
        point = (ai if a == CITY else bi) >= cities
        if not point.any():
            return self.way(a, ai, b, bi, base, back)
        fate, event, delay = np.zeros(base.size, dtype=np.uint8), np.zeros(base.size, dtype=np.int32), base.copy()
        for mine, name, less in ((~point, CITY, 0), (point, "pop", cities)):
            if mine.any():
                x, xi = (name, ai[mine] - less) if a == CITY else (a, ai[mine])
                y, yi = (name, bi[mine] - less) if b == CITY else (b, bi[mine])
                hop = self.way(x, xi, y, yi, base[mine], back)
                delay[mine] = hop.delay
                if hop.fate is not None and hop.event is not None:
                    fate[mine], event[mine] = hop.fate, hop.event
        return Hop(delay, fate, event)

    def _distance(self, a: str, ai: I8 | int, b: str, bi: I8 | int) -> F8:
        tiers = self.tiers
        delay: F8
        if a == CITY:
            delay = self.city_flat[ai * len(self.zones) + tiers[b].column[bi]]
        elif b == CITY:
            delay = self.city_flat[bi * len(self.zones) + tiers[a].column[ai]]
        else:
            delay = self.zone_flat[tiers[a].row[ai] + tiers[b].column[bi]]
        return delay

    def _judge(
        self, a: str, ai: I8, b: str, bi: I8, delay: F8, fate: NDArray[np.uint8] | None, event: NDArray[np.int32] | None
    ) -> Hop:
        """The slow path: effects on both nodes and link rules; losses are drawn packet by packet."""
        n = delay.size
        fate = np.zeros(n, dtype=np.uint8) if fate is None else fate
        event = np.zeros(n, dtype=np.int32) if event is None else event
        extra = np.zeros(n)
        keep = np.ones(n)  # share of packets that survive
        for tier, index in ((a, ai), (b, bi)):
            nodes = self.tiers.get(tier)
            if nodes is not None:
                extra += nodes.extra_s[index]
                keep *= 1.0 - nodes.loss[index]
                hit = (event == 0) & ((nodes.extra_s[index] > 0) | (nodes.loss[index] > 0))
                event[hit] = nodes.event[index][hit]
        for rule in self.rules:
            mask = self._speaks_of(rule, a, ai, b, bi)
            if not mask.any():
                continue
            extra[mask] += rule.extra_s
            if rule.jitter_s:
                extra[mask] += rule.jitter_s * self.rng.random(int(np.count_nonzero(mask)))
            if rule.per_second:
                waits, lost = self.queues.enter(rule.event, self.now, int(np.count_nonzero(mask)), rule.per_second, rule.room)
                extra[mask] += waits
                keep[mask] *= 1.0 - lost
            keep[mask] *= 1.0 - rule.loss
            event[mask] = rule.event
            if rule.cut:
                fate[mask] = Fate.DROPPED
        delay = delay + extra
        risky = ((keep < 1.0) & (fate == Fate.PASS)).nonzero()[0]
        if risky.size:
            delay, fate = self._lose(delay, fate, risky, keep[risky])
        self.packets += n
        return Hop(delay, fate, event)

    def _lose(self, delay: F8, fate: NDArray[np.uint8], rows: I8, keep: F8) -> tuple[F8, NDArray[np.uint8]]:
        """Each packet is lost or not; what is lost is sent again RTO_S, 2 RTO_S, 4 RTO_S ... later, TRIES times."""
        rto = RTO_S
        for _ in range(TRIES):
            lost = self.rng.random(rows.size) >= keep
            rows, keep = rows[lost], keep[lost]
            self.lost += rows.size
            if not rows.size:
                return delay, fate
            delay[rows] += rto
            rto *= 2.0
        fate[rows] = Fate.DROPPED
        return delay, fate

    def _speaks_of(self, rule: Rule, a: str, ai: I8, b: str, bi: I8) -> B:
        """Which of the packets from a to b (n,) a rule acts on."""
        there = self._match(rule.a, a, ai) & self._match(rule.b, b, bi)
        return there if rule.one_way else there | (self._match(rule.b, a, ai) & self._match(rule.a, b, bi))

    def _match(self, end: tuple[str, int, int], tier: str, index: I8) -> B:
        """Which of these nodes one end of a rule speaks of."""
        want, node, zone = end
        n = index.size
        if want not in ("*", tier):
            return np.zeros(n, dtype=np.bool_)
        if node >= 0:
            this: B = index == node
            return this
        if zone >= 0:
            nodes = self.tiers.get(tier)
            same: B = np.zeros(n, dtype=np.bool_) if nodes is None else nodes.zone[index] == zone
            return same
        return np.ones(n, dtype=np.bool_)

    def distance(self, a: str, ai: I8, b: str, bi: I8) -> float:
        """One-way seconds between two nodes as of now, effects and rules included, losses not."""
        total = float(self._distance(a, ai, b, bi)[0])
        for tier, index in ((a, ai), (b, bi)):
            if tier in self.tiers:
                total += float(self.tiers[tier].extra_s[index][0])
        for rule in self.rules:
            if self._speaks_of(rule, a, ai, b, bi).any():
                total += rule.extra_s
        return total

    def slowed_by(self, a: str, ai: int, b: str, bi: int) -> int:
        """The event of the newest fault that makes packets between these two late (or lost and sent again); 0 if none does."""
        one, two = np.array([ai]), np.array([bi])
        events = [0]
        for tier, index in ((a, ai), (b, bi)):
            nodes = self.tiers.get(tier)
            if nodes is not None and (nodes.extra_s[index] > 0 or nodes.loss[index] > 0):
                events.append(int(nodes.event[index]))
        for rule in self.rules:
            if (rule.extra_s or rule.loss) and (
                (self._match(rule.a, a, one) & self._match(rule.b, b, two)).any()
                or (self._match(rule.b, a, one) & self._match(rule.a, b, two)).any()
            ):
                events.append(rule.event)
        return max(events)

    def reachable(self, a: str, ai: int, b: str, bi: int) -> bool:
        """Would a packet between these two arrive at all (agents' probes)? Losses are not drawn, refusals do not count."""
        one, two = np.array([ai]), np.array([bi])
        for rule in self.rules:
            if rule.cut and (
                (self._match(rule.a, a, one) & self._match(rule.b, b, two)).any()
                or (self._match(rule.b, a, one) & self._match(rule.a, b, two)).any()
            ):
                return False
        return True
