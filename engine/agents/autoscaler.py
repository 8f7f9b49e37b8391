"""The autoscaler of the web tier: target tracking on the servers' CPU, or on the requests that each of their threads has open.

It looks once a second, decides once an interval on the mean of what it saw (as Amazon EC2 Auto Scaling does: out after 3 minutes
above the target, in after 15 below 90 % of it, then a cooldown), and orders as many servers as the target asks for, to its quota.
A new server boots first and is let in when it is up; meanwhile it counts as there, but not in the mean, and nobody is sent away.
A server that goes is drained, and removed when it has nothing open or has had its time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..commands import AddNode, Drain, Note, RemoveNode, Undrain, WorldCommand
from .base import AgentState, Look

if TYPE_CHECKING:
    from ..view import View

SECOND = 1.0
CALM = 0.9  # below this share of the target there are too many (AWS: AlarmLow at 90 % of the target)


@dataclass(frozen=True, slots=True)
class Seen:
    """Memory. total, looks: of the metric in this interval. above, below: intervals in a row. until: end of the cooldown (s).

    leaving: servers that drain, and since when. fresh: servers that boot. denied: it wants more than its quota, and has said so.
    """

    total: float = 0.0
    looks: int = 0
    above: int = 0
    below: int = 0
    until: float = 0.0
    leaving: tuple[tuple[str, float], ...] = ()
    fresh: tuple[str, ...] = ()
    denied: bool = False


class Autoscaler:
    """A row of AGENTS; one agent, living nowhere. Off unless `automation.scale` says by what."""

    def begin(self, _name: str, _node: str | None) -> Seen:
        """Nothing seen yet."""
        return Seen()

    def look(self, view: View, me: AgentState) -> Look:
        """Take the metric; let in who is up, remove who is empty; once an interval decide."""
        seen, scaling = me.memory, view.automation.scaling
        assert isinstance(seen, Seen)
        if scaling.scale == "off" or scaling.stuck:
            return Look(replace(Seen(), leaving=seen.leaving, fresh=seen.fresh), (), SECOND)
        seen, orders = _housekeeping(view, seen)
        serving = _serving(view)
        if serving:
            seen = replace(seen, total=seen.total + metric(view, serving), looks=seen.looks + 1)
        if seen.looks < round(view.config.automation.scale_interval) or not serving:
            return Look(seen, tuple(orders), SECOND)
        mean, target = seen.total / seen.looks, scaling.target
        seen = replace(
            seen, total=0.0, looks=0, above=seen.above + 1 if mean > target else 0,
            below=seen.below + 1 if mean < CALM * target else 0,
        )  # fmt: skip
        want = max(1, math.ceil(len(serving) * mean / target))
        seen, more = _decide(view, seen, want, serving)
        return Look(seen, (*orders, *more), SECOND)


def metric(view: View, serving: list[int]) -> float:
    """Of the servers that take traffic: busy share of their workers, or open requests for each of their threads (workers)."""
    web = view.web
    if view.automation.scaling.scale == "cpu":
        return float(web.gauge.utilisation[serving].mean())
    threads = sum(web.threads.threads or web.stations.nodes.workers[i] for i in serving)
    return sum(sum(counts[i] for i in serving if i < len(counts)) for counts in view.balancer.choice.conns.counts) / threads


def _serving(view: View) -> list[int]:
    nodes = view.nodes("web")
    found: list[int] = (nodes.member & nodes.up & ~nodes.draining).nonzero()[0].tolist()
    return found


def _housekeeping(view: View, seen: Seen) -> tuple[Seen, list[WorldCommand]]:
    """Servers that are up take traffic; those that drain go when nothing is open there, or when their time is over."""
    nodes, now = view.nodes("web"), view.now
    orders: list[WorldCommand] = []
    fresh: list[str] = []
    for name in seen.fresh:
        index = nodes.index(name)
        if index >= 0 and nodes.member[index] and nodes.draining[index]:
            if nodes.up[index]:
                orders.append(Undrain(name))
            else:
                fresh.append(name)
    staying: list[tuple[str, float]] = []
    for name, since in seen.leaving:
        index = nodes.index(name)
        if index < 0 or not nodes.member[index] or not nodes.draining[index]:
            continue
        left = sum(counts[index] for counts in view.balancer.choice.conns.counts if index < len(counts))
        if left and now < since + view.config.automation.drain:
            staying.append((name, since))
        else:
            orders.append(RemoveNode(name))
    return replace(seen, leaving=tuple(staying), fresh=tuple(fresh)), orders


def _decide(view: View, seen: Seen, want: int, serving: list[int]) -> tuple[Seen, list[WorldCommand]]:
    """More servers or fewer, if it has been so for long enough and the cooldown is over."""
    part, scaling, now, nodes = view.config.automation, view.automation.scaling, view.now, view.nodes("web")
    have = len(serving) + len(seen.fresh)
    if now < seen.until:
        return seen, []
    if seen.above >= part.scale_out_after and want > have:
        back = [name for name, _ in seen.leaving][: want - have]
        room = scaling.quota - int(nodes.member.sum())
        add = max(0, min(want - have - len(back), scaling.at_once, room))
        orders: list[WorldCommand] = [Undrain(name) for name in back]
        orders += [AddNode("web", boot=scaling.boot)] * add
        fresh = tuple(f"web-{len(nodes) + 1 + i}" for i in range(add))  # as the tier will call them
        denied = want - have - len(back) > max(0, room)
        if denied and not seen.denied:
            orders.append(Note(f"the autoscaler wants {want} web servers, its quota is {scaling.quota}"))
        kept = tuple(one for one in seen.leaving if one[0] not in back)
        until = now + scaling.cooldown if orders else seen.until
        return replace(seen, above=0, until=until, denied=denied, leaving=kept, fresh=seen.fresh + fresh), orders
    least = max(scaling.least, want)
    if seen.below >= part.scale_in_after and least < len(serving) and not seen.fresh:
        gone = [nodes.names[i] for i in serving[least:]]
        leaving = seen.leaving + tuple((name, now) for name in gone)
        return replace(seen, below=0, until=now + scaling.cooldown, leaving=leaving, denied=False), [Drain(name) for name in gone]
    return seen, []
