"""Invariant 19: balancers send to nobody whom they hold for ill or who is long dead, and in the shares that a policy promises."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .flow import expect

if TYPE_CHECKING:
    from ..world import World

B = NDArray[np.bool_]

LEAST = 1_024  # choices of a stretch before its shares are judged; then whenever they have doubled


class Beliefs:
    """sent: requests sent to each web server until the last step."""

    def __init__(self, world: World) -> None:
        self.sent = world.balancer.choice.sent.sum.copy()
        self.detection = Detection()
        self.shares = Shares()

    def judge(self, world: World) -> None:
        """After a step."""
        sent = world.balancer.choice.sent.sum
        new = sent.copy()
        new[: self.sent.size] -= self.sent
        self.sent = sent.copy()
        if not new.size or not world.balancer.choice.beliefs.verdict.size:
            return
        got = new > 0
        if got.any():
            self._sent_to_the_well(world, got)
        self.detection.judge(world, got)
        self.shares.judge(world, new)

    def _sent_to_the_well(self, world: World, got: B) -> None:
        """A balancer that knows of a healthy server sends nothing to one that it holds for ill, drained or gone."""
        servers, beliefs, health = world.web.nodes, world.balancer.choice.beliefs, world.core.config.balancer.health
        wanted = servers.member & ~servers.draining
        allowed = np.zeros(len(servers), dtype=np.bool_)
        for balancer in np.flatnonzero(world.balancer.nodes.member).tolist():
            good = wanted & beliefs.healthy(balancer, servers, world.core.start, health)
            ill = ~beliefs.verdict[balancer] if health.active else np.zeros(len(servers), dtype=np.bool_)
            allowed |= wanted & ~ill if _within(world, balancer, good).any() else wanted
        bad = [servers.names[i] for i in np.flatnonzero(got[: len(servers)] & ~allowed).tolist()]
        expect(not bad, f"requests were sent to {', '.join(bad)}")


def _within(world: World, balancer: int, servers: B) -> B:
    """Of these servers (n,) bool those that a balancer may choose: of its own region, if it may not spill to others."""
    beliefs = world.balancer.choice.beliefs
    own: B = servers if beliefs.near is None or beliefs.spill else servers & beliefs.near[balancer]
    return own


class Detection:
    """ill: (balancer, server) -> since when it has not answered that balancer's checks (s), inf = somebody else said it is well.

    A check begins at most `interval` (or its own time-out) after the failure, `fall` of them fail, the last one is known after
    its time-out; an agent looks at step boundaries.
    """

    def __init__(self) -> None:
        self.ill: dict[tuple[int, int], float] = {}
        self.verdict: B = np.zeros((0, 0), dtype=np.bool_)

    def judge(self, world: World, got: B) -> None:
        """got: (servers,) who was sent something in this step."""
        health, servers, balancers = world.core.config.balancer.health, world.web.nodes, world.balancer.nodes
        beliefs = world.balancer.choice.beliefs
        window = health.fall * max(health.interval, health.timeout) + health.timeout + 3 * world.dt
        up = np.flatnonzero(balancers.member & balancers.up).tolist()
        if health.active and up:
            for server in np.flatnonzero(got[: len(servers)] & servers.member).tolist():
                late = [self._since(b, server, world) + window < world.core.start for b in up]
                good = [beliefs.healthy(b, servers, world.core.start, health) for b in up]
                nobody = [not _within(world, b, one).any() for b, one in zip(up, good, strict=True)]
                excused = any(not a or b for a, b in zip(late, nobody, strict=True))
                name = servers.names[server]
                expect(excused, f"{name} has not answered checks for more than {window:g} s and is sent requests")
        self._look(world, up)

    def _since(self, balancer: int, server: int, world: World) -> float:
        nodes, servers = world.balancer.nodes, world.web.nodes
        return max(self.ill.get((balancer, server), np.inf), float(servers.born[server]), float(nodes.born[balancer]))

    def _look(self, world: World, up: list[int]) -> None:
        servers, view, now = world.web.nodes, world.view(), world.core.now
        timeout, verdict = world.core.config.balancer.health.timeout, world.balancer.choice.beliefs.verdict
        before, self.ill = self.ill, {}
        suspects = range(len(servers)) if world.faults.active() else np.flatnonzero(~servers.up | (servers.speed <= 0.0)).tolist()
        for b in up:
            for s in suspects:
                if view.answers("web", s, ("balancer", b), timeout):
                    continue
                known = b < self.verdict.shape[0] and s < min(self.verdict.shape[1], verdict.shape[1])
                told = known and bool(verdict[b, s]) and not bool(self.verdict[b, s])  # the checkers would not say so
                self.ill[b, s] = np.inf if told else before.get((b, s), now)
        self.verdict = verdict.copy()


class Shares:
    """A stretch: while the same servers with the same weights may be chosen by the same policy of the same balancer."""

    def __init__(self) -> None:
        self.key: tuple[object, ...] = ()
        self.count = np.zeros(0)
        self.next = LEAST

    def judge(self, world: World, new: NDArray[np.int64]) -> None:
        """new: (servers,) what each was sent in this step."""
        choice, servers, core = world.balancer.choice, world.web.nodes, world.core
        holder, health = world.balancer.holders[0], core.config.balancer.health
        sticky = choice.affinity is not None and choice.affinity.on
        even = choice.policy in ("round_robin", "weighted_round_robin", "random")
        promised = even and not sticky and not choice.slow_start
        promised = promised and holder >= 0 and not core.regions.fronts  # with several doors each has its own share of the users'
        eligible = np.zeros(0, np.int64)
        if promised:
            eligible, _ = choice.beliefs.eligible(holder, servers, core.now, health, choice.fail_open)
        weight = np.ones(eligible.size) if choice.policy == "round_robin" else choice.weight[eligible]
        key = (choice.policy, holder, eligible.tobytes(), weight.tobytes(), choice.redispatched, choice.conns.resets,
               float(choice.beliefs.last_aside))  # fmt: skip
        if key != self.key or not eligible.size:
            self.key, self.count, self.next = key, np.zeros(len(servers)), LEAST
            return  # the step that has just been made may have begun with others
        self.count += new
        if self.count.sum() >= self.next:
            self.next *= 2
            names = [servers.names[i] for i in eligible.tolist()]
            self._compare(choice.policy, self.count[eligible], weight / weight.sum(), names)

    def _compare(self, policy: str, got: NDArray[np.float64], share: NDArray[np.float64], names: list[str]) -> None:
        """By lot: five standard deviations, where a normal law holds. In turn: nobody is ever a whole round out (smooth turns:
        a server's credit stays above minus the sum of all weights, and all credits sum to zero)."""
        n = float(got.sum())
        for sent, part, name in zip(got.tolist(), share.tolist(), names, strict=True):
            sigma = math.sqrt(n * part * (1.0 - part))
            most = (5.0 * sigma if sigma >= 5.0 else math.inf) if policy == "random" else float(len(names))
            words = f"{policy}: {name} got {sent:g} of {n:g}, its share is {n * part:.1f} +- {most:.1f}"
            expect(abs(sent - n * part) <= most, words)
