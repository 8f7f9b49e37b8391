"""From a balancer to a web server: the policy chooses, the connection is made or fails, failures go to another server once.

Health and slow start are looked at once a step (they change at step boundaries only); open connections are exact to the
instant, as far as their ends are known when the step begins. An end that becomes known too late is counted in the ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...core import Core, generator
from ...fabric import Fate
from ...flights import REDISPATCHED, SERVER
from ...meter import Histogram, Meter, Trend
from ...pending import Pending
from ...policies.balancing import BALANCING, Backends, Closes, Policy, no_closes
from ...policies.balancing.feedback import FeedbackPolicy
from ...queueing import Departures
from ...replies import ORPHAN, Replies
from ...words import count
from ..base import OptionValue
from .again import Again
from .beliefs import Beliefs, too_late
from .conns import Connections

if TYPE_CHECKING:
    from ..sessions.affinity import Affinity
    from ..web import Web

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class Choice:
    """Policies, beliefs and connections of all balancers; `sent`, `latency`, `share` are per web server."""

    def __init__(self, core: Core, replies: Replies) -> None:
        config = core.config.balancer
        self.core, self.replies = core, replies
        self.policy = config.policy
        self.fail_open = config.fail_open
        self.slow_start = config.slow_start
        self.load_bound = config.load_bound
        self.redispatch = config.redispatch
        self.connect_timeout = config.connect_timeout
        self.names: list[str] = []
        self.policies: list[Policy] = []
        self.beliefs = Beliefs()
        self.conns = Connections(core.flights, core.dt)
        self.weight: F8 = np.empty(0)
        self.failed = Pending(core.dt, columns=3)  # connections that failed at t: slot, server, times tried
        self.closes: list[Closes] = []  # of this step, per balancer; empty between steps
        self.backends: list[Backends | None] = []  # likewise
        self.standing: list[tuple[tuple[bytes, ...], Backends] | None] = []  # who may be chosen, and what that hung on
        self.decided: list[F8] = []  # times of this step's choices by policies that look at connections
        self.late_from = np.inf  # earliest end that those should have seen
        self.sent = Meter(0)
        self.latency = Histogram(0)  # response time of a web server as a balancer sees it, ms
        self.share: list[Trend] = []
        self.redispatched = 0
        self.again = Again(core)
        self.web: Web
        self.affinity: Affinity | None = None  # where users stick to servers

    # ---- membership and settings

    def add_balancer(self, name: str) -> None:
        """One more, with a policy of its own."""
        self.names.append(name)
        self.policies.append(self._new_policy(name))
        self.standing.append(None)

    def _new_policy(self, name: str) -> Policy:
        if self.policy not in BALANCING:
            raise ValueError(f"no balancing policy is called {self.policy!r}; there are {', '.join(BALANCING)}")
        return BALANCING[self.policy](generator(self.core.seed, f"{name} policy"), self.load_bound)

    def grow(self, web: Web) -> None:
        """Room for all web servers and rows."""
        self.web = web
        servers, balancers = len(web.nodes), len(self.names)
        self.conns.grow(balancers, servers)
        self.beliefs.grow(balancers, servers)
        if self.core.regions.fronts:
            self.beliefs.look_near(self.core, web.nodes)
        if self.weight.size < servers:
            given, wrong = self.core.config.balancer.weights, self.core.ills.weights
            self.weight = np.array([(given[i] if i < len(given) else 1.0) * wrong.get(i, 1.0) for i in range(servers)])
            self.standing = [None] * balancers
            self.sent.grow(servers)
            self.latency.grow(servers)
            self.share += [Trend() for _ in range(servers - len(self.share))]

    def set_option(self, name: str, value: OptionValue) -> None:
        """A new policy starts anew, the others act at once. ValueError for a policy that does not exist."""
        before = getattr(self, name)
        setattr(self, name, type(before)(value))
        if name not in ("policy", "load_bound"):
            return
        try:
            self.policies = [self._new_policy(node) for node in self.names]
        except ValueError:
            setattr(self, name, before)
            raise

    # ---- a step

    def begin(self) -> None:
        """A step begins: connections that end in it, and who may be chosen."""
        self.closes = self.conns.take(self.core.end, ordered=any(isinstance(one, FeedbackPolicy) for one in self.policies))
        for closes in self.closes:
            if not closes.time.size:
                continue
            answered = closes.seconds >= 0.0
            if np.count_nonzero(answered) == closes.time.size:
                self.latency.add(closes.seconds * 1e3, closes.node)
            else:
                self.latency.add(closes.seconds[answered] * 1e3, closes.node[answered])
        self.beliefs.watch_draining(self.web.nodes, self.core.start)
        self.backends = [None] * len(self.names)
        self.decided, self.late_from = [], np.inf

    def _candidates(self, balancer: int) -> Backends:
        known = self.backends[balancer]
        if known is None:
            nodes, now = self.web.nodes, self.core.start
            health = self.core.config.balancer.health
            seen = self.beliefs.seen(balancer, nodes, self.fail_open)
            same = self.standing[balancer]
            if same is not None and same[0] == seen and not self.slow_start and self.beliefs.last_aside <= now:
                known = same[1]
            else:
                eligible, _ = self.beliefs.eligible(balancer, nodes, now, health, self.fail_open)
                ramp = self.beliefs.ramp(balancer, nodes, now, self.slow_start)
                known = Backends(eligible, self.weight, ramp, not self.slow_start)
                self.standing[balancer] = (seen, known) if self.beliefs.last_aside <= now else None
            self.backends[balancer] = known
        return known

    def dispatch(self, gone: Departures) -> None:
        """Rows that leave their balancers at gone.finish, in order of (time, slot), and connections that failed meanwhile."""
        t, slots = gone.finish, gone.row
        if self.replies.orphans:
            t, slots = self._drop_orphans(t, slots)
        node = gone.node if slots is gone.row else self.core.flights.balancer[slots]
        for balancer, closes in enumerate(self.closes):
            mine = (node == balancer).nonzero()[0]
            if mine.size == t.size and t.size:
                self._choose(balancer, t, slots, self._candidates(balancer), closes)
            elif mine.size or closes.time.size:
                self._choose(balancer, t[mine], slots[mine], self._candidates(balancer), closes)
        if self.again.held:
            self.again.send(self)
        # A refusal comes back within a millisecond: its second try may fall into the same step, and fail again.
        for _ in range(self.redispatch + 1):
            if not self.failed or not self._retry():
                break
        self.closes, self.backends = [], []

    def _choose(self, balancer: int, t: F8, slots: I8, backends: Backends, closes: Closes, tried: I8 | None = None) -> None:
        policy = self.policies[balancer]
        user = self.core.flights.user[slots].astype(np.int64) if policy.asks_who else slots
        if self.affinity is not None and self.affinity.on:
            who = self.affinity.people(self.core, slots)
            server = self.affinity.choose(policy, t, user, who, backends, self.conns.counts[balancer], closes)
        else:
            server = policy.choose(t, user, backends, self.conns.counts[balancer], closes)
        if not t.size:
            return
        if not backends.eligible.size:
            self.replies.fail(slots, Cause.NO_BACKEND)
            self.replies.from_balancer(t, slots)
            return
        if isinstance(policy, FeedbackPolicy):
            self.decided.append(t)
        self.sent.add(server)
        self.conns.open(t, slots, balancer, server)
        self._connect(balancer, t, slots, server, tried)

    def choose_among(self, balancer: int, t: F8, slots: I8, eligible: I8) -> None:
        """Choose anew, among these only (ascending indexes of servers)."""
        self._choose(balancer, t, slots, self._candidates(balancer)._replace(eligible=eligible), no_closes())

    def _connect(self, balancer: int, t: F8, slots: I8, server: I8, tried: I8 | None) -> None:
        """Ask the network. A refusal is known after a round trip, silence after the connect time-out."""
        flights = self.core.flights
        hop = self.core.fabric.hop("balancer", balancer, "web", server)
        if hop.fate is not None and hop.fate.any():
            bad = hop.fate != Fate.PASS
            refused = hop.fate[bad] == Fate.REFUSED
            spent = np.where(refused, 2.0 * hop.delay[bad], self.connect_timeout)
            over = t[bad] + spent
            flights.wire[slots[bad]] += spent
            flights.cause[slots[bad]] = np.where(refused, np.uint8(Cause.REFUSED), np.uint8(Cause.UNREACHABLE))
            self.conns.close_at(over, slots[bad], served=False)
            self.failed.push(over, slots[bad], server[bad], np.zeros(over.size, dtype=np.int64) if tried is None else tried[bad])
            self.core.ledger.late.add_one(0, too_late(t, server, over, server[bad], self.core.config.balancer.health))
            t, slots, server = t[~bad], slots[~bad], server[~bad]
            delay = hop.delay[~bad]
        else:
            delay = hop.delay
        flights.web[slots] = server
        flights.wire[slots] += delay
        self.web.arrive(t + delay, slots)

    def _retry(self) -> bool:
        """Connections that failed before the step's end: believe it, and try another server; whether there were any."""
        core, flights = self.core, self.core.flights
        t, (slots, server, tried) = self.failed.take_all(core.end, flights.id)
        if not t.size:
            return False
        health = core.config.balancer.health
        balancer = flights.balancer[slots].astype(np.int64)
        for b, w, at in zip(balancer.tolist(), server.tolist(), t.tolist(), strict=True):
            self.believe(b, w, at)
        keep = self.alive(slots)
        flights.close(slots[~keep], SERVER)
        again = keep & (tried < self.redispatch)
        self._give_up(t[keep & ~again], slots[keep & ~again], server[keep & ~again])
        for b in range(len(self.names)):
            for w in np.unique(server[again & (balancer == b)]).tolist():
                mine = again & (balancer == b) & (server == w)
                eligible, _ = self.beliefs.eligible(b, self.web.nodes, core.end, health, self.fail_open)
                others = eligible[eligible != w]
                backends = self._candidates(b)._replace(eligible=others if others.size else eligible)
                self.redispatched += int(np.count_nonzero(mine))
                flights.flags[slots[mine]] |= REDISPATCHED
                flights.cause[slots[mine]] = Cause.NONE
                self._choose(b, t[mine], slots[mine], backends, no_closes(), tried[mine] + 1)
        return True

    def _give_up(self, t: F8, slots: I8, server: I8) -> None:
        """Tries are used up: the client gets a 503 with the last failure's cause."""
        flights = self.core.flights
        flights.web[slots] = server  # whom to blame
        event = self.web.nodes.event[server].astype(np.int64)
        for cause in (Cause.REFUSED, Cause.UNREACHABLE):
            mine = flights.cause[slots] == cause
            if mine.any():
                self.replies.fail(slots[mine], cause, event[mine])
        self.replies.from_balancer(t, slots)

    def believe(self, balancer: int, server: int, t: float) -> None:
        health = self.core.config.balancer.health
        if not health.passive or not self.beliefs.failed(balancer, server, t, health):
            return
        name, node = self.names[balancer], self.web.nodes.names[server]
        self.core.log.tell(
            t, name, f"{node} put aside for {health.fail_timeout:g} s: {count(health.max_fails, 'failed connection')}",
            cause=int(self.web.nodes.event[server]), level="warn", target=node,
        )  # fmt: skip

    def alive(self, slots: I8) -> NDArray[np.bool_]:
        """Rows whose balancer still holds them."""
        nodes = self.core.fabric.tiers["balancer"]
        up = nodes.up & nodes.member
        flights = self.core.flights
        alive: NDArray[np.bool_] = ((flights.flags[slots] & ORPHAN) == 0) & up[flights.balancer[slots]]
        return alive

    def _drop_orphans(self, t: F8, slots: I8) -> tuple[F8, I8]:
        """Rows whose connection to the client was reset while they stood in the balancer's queue."""
        orphan = (self.core.flights.flags[slots] & ORPHAN) != 0
        if not orphan.any():
            return t, slots
        self.core.flights.close(slots[orphan], SERVER)
        return t[~orphan], slots[~orphan]

    # ---- ends

    def close_at(self, t: F8, slots: I8) -> None:
        """Connections end at t (n,). Choices of this step that were made without knowing it are late, each counted once."""
        self.conns.grow(len(self.names), len(self.web.nodes))
        if not self.conns.close_at(t, slots) or not self.decided:
            return
        first = float(t.min())
        if first < self.late_from:
            missed = sum(int(np.count_nonzero((first < at) & (at <= self.late_from))) for at in self.decided)
            self.core.ledger.late.add_one(0, missed)
            self.late_from = first

    def reset_server(self, server: int) -> None:
        """A web server died: its connections broke, which is a failure for every balancer that had some."""
        for balancer, counts in enumerate(self.conns.counts):
            if counts[server]:
                self.believe(balancer, server, self.core.now)
        self.conns.reset_server(server)

    def second(self) -> None:
        """A virtual second ended."""
        self.sent.roll()
        self.latency.roll()
        self.conns.sweep(self.core.now)
        total = max(1, int(self.sent.last.sum()))
        for server, trend in enumerate(self.share):
            trend.push(float(self.sent.last[server]) / total)
