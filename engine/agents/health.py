"""The health checker: one on each balancer, looking at every web server every `interval` seconds, each at its own phase.

A check is a small request through the server's own queue: it fails when the process is gone (at once), when nothing comes
back within the time-out (frozen, cut off, too long a queue), or when the answer is an error. `fall` failures in a row make a
server unhealthy, `rise` successes healthy again (HAProxy 2.6: inter 2 s, fall 3, rise 2; servers begin healthy).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..commands import SetHealth, WorldCommand
from ..ills import ALWAYS_WELL
from .base import AgentState, Look

if TYPE_CHECKING:
    from ..config import Health
    from ..view import View

TINY = 1e-9  # s: boundaries are quotients of integers, equal times may differ in the last bit
IDLE = 1.0  # s between two looks when checks are switched off or there is nobody to check


def chance(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but `parts`: an agent has no generator of its own."""
    digest = hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") / 2.0**64


@dataclass(frozen=True, slots=True)
class Check:
    """What the checker remembers of one server. Times in s.

    due: the next check. known: when the outcome of the last one will be known (inf = it is). why: what was wrong with that
    one, "" = nothing. contrary: outcomes in a row that speak against `up`. number: checks so far.
    """

    node: str
    up: bool
    due: float
    known: float = math.inf
    why: str = ""
    contrary: int = 0
    number: int = 0


@dataclass(frozen=True, slots=True)
class Checks:
    """Memory: one check per member of the web tier, in the tier's order."""

    each: tuple[Check, ...] = ()


class HealthChecker:
    """A row of AGENTS; its agent lives on a balancer."""

    def begin(self, _name: str, _node: str | None) -> object:
        """Nothing is known."""
        return Checks()

    def look(self, view: View, me: AgentState) -> Look:
        """Start the checks that are due, judge those whose outcome is known."""
        memory, health = me.memory, view.config.balancer.health
        assert isinstance(memory, Checks)
        assert me.node is not None
        if not health.active:
            return Look(memory, (), IDLE)
        balancer, servers, now = view.balancer.nodes.index(me.node), view.web.nodes, view.now
        members = np.flatnonzero(servers.member).tolist()
        each = self._recall(memory.each, [servers.names[server] for server in members])
        orders: list[WorldCommand] = []
        cause, soon, wake = 0, now + TINY, math.inf
        for i, (server, known) in enumerate(zip(members, each, strict=True)):
            if known is not None and known.due > soon and known.known > soon:  # nothing is due, nothing has become known: most
                wake = known.due if known.due < wake else wake
                wake = known.known if known.known < wake else wake
                continue
            check, turned = self._judge(known or self._first(view, me, balancer, server), now, health)
            if check.due <= soon:
                check = self._start(view, me, balancer, server, check)
                if not turned:  # a refusal is known at once; with fall or rise 1 a second turn waits for the next look
                    check, turned = self._judge(check, now, health)
            if turned:
                orders.append(SetHealth(me.node, check.node, check.up, turned))
                cause = cause or int(servers.event[server])
            each[i] = check
            wake = min(wake, check.due, check.known)
        return Look(Checks(tuple(filter(None, each))), tuple(orders), max(0.0, wake - now) if members else IDLE, cause)

    def _recall(self, each: tuple[Check, ...], names: list[str]) -> list[Check | None]:
        """What is remembered of each of these servers (None: nothing)."""
        if [check.node for check in each] == names:
            return list(each)
        remembered = {check.node: check for check in each}
        return [remembered.get(name) for name in names]

    def _first(self, view: View, me: AgentState, balancer: int, server: int) -> Check:
        """A server that is new to the checker: its checks begin at a random phase of the interval."""
        node = view.web.nodes.names[server]
        phase = chance(view.seed, me.name, me.life, node)
        up = view.balancer.thinks_up(balancer, server)
        return Check(node, up, view.now + phase * view.config.balancer.health.interval)

    def _start(self, view: View, me: AgentState, balancer: int, server: int, check: Check) -> Check:
        """Send a check now; what comes of it, and when that is known."""
        health, servers = view.config.balancer.health, view.web.nodes
        took, why = 0.0, ""
        lie = view.ills.lies.get(server)
        if lie is not None:
            why = "" if lie == ALWAYS_WELL else "answers with an error"
        elif not bool(servers.up[server]) and view.reachable("web", server, ("balancer", balancer)):
            why = "connection refused"
        else:
            took = view.web.stations.delay(server, view.now)
            if took >= health.timeout or not view.answers("web", server, ("balancer", balancer), health.timeout - took):
                took, why = health.timeout, f"no answer in {health.timeout:g} s"
            elif chance(view.seed, me.name, check.node, check.number, "answer") < servers.error_rate[server]:
                why = "answers with an error"
        # Checks of one server do not overlap: with a time-out longer than the interval the next one waits for it.
        due = check.due + max(health.interval, took)
        return replace(check, due=due, known=view.now + took, why=why, number=check.number + 1)

    def _judge(self, check: Check, now: float, health: Health) -> tuple[Check, str]:
        """Count the outcome of a check if it is known; the second value says why the verdict turned, "" if it did not."""
        if check.known > now + TINY:
            return check, ""
        good = not check.why
        if good == check.up:
            return replace(check, known=math.inf, contrary=0), ""
        contrary = check.contrary + 1
        if contrary < (health.rise if good else health.fall):
            return replace(check, known=math.inf, contrary=contrary), ""
        words = f"{contrary} checks in a row: {check.why or 'answers again'}"
        return replace(check, known=math.inf, contrary=0, up=good), words
