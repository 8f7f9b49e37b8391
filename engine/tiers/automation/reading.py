"""What is shown of the guards: a line each, those that act first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...snapshot import Automation as Reading
from ...snapshot import AutomationTotals, Guard
from ...words import count, percent
from .breaker import State
from .counts import NAMES

if TYPE_CHECKING:
    from . import Automation


def reading(tier: Automation) -> Reading:
    """The snapshot's part."""
    every = (*_scaling(tier), *_threads(tier), *_door(tier), *_codel(tier), *_queries(tier))
    guards = tuple(sorted(every, key=lambda guard: not guard.alarm))
    acting = [f"{guard.name} {guard.state}" for guard in guards if guard.alarm]
    return Reading(
        verdict=", ".join(acting) if acting else f"{count(len(guards), 'guard')}, none acts",
        guards=guards,
        totals=AutomationTotals(**{name: tier.counts.total(name) for name in NAMES}),
        refused_trend=tier.counts.trend.tuple(),
    )


def _guard(tier: Automation, name: str, title: str, setting: str, state: str) -> Guard:
    """A guard by the counter of what it turned away; `state` if it turns nobody away."""
    rate, total = tier.counts.rate(name), tier.counts.total(name)
    acts = rate > 0.0
    return Guard(title, setting, f"turns {rate:,.0f}/s away" if acts else state, rate, total, acts)


def _door(tier: Automation) -> list[Guard]:
    door, found = tier.door, []
    if door.rate_limit > 0.0 or tier.counts.total("limited"):
        setting = f"{door.rate_limit:g}/s a {door.limit_by}, burst {door.burst:g}" if door.rate_limit else "off"
        now = tier.core.now
        empty = 0
        for _, buckets in door.buckets.values():
            empty += int(np.count_nonzero(buckets.level + (now - buckets.at) * buckets.rate < 1.0))
        found.append(_guard(tier, "limited", "rate limit", setting, f"{count(empty, 'bucket')} empty" if empty else "idle"))
    if door.most_open or tier.counts.total("over_open"):
        setting = f"{door.most_open:,} open a balancer" if door.most_open else "off"
        found.append(_guard(tier, "over_open", "open requests", setting, "idle"))
    return found


def _codel(tier: Automation) -> list[Guard]:
    codel = tier.codel
    if not codel.codel and not tier.counts.total("over_wait"):
        return []
    setting = f"wait {codel.codel_target_ms:g} ms, {codel.codel_interval_ms:g} ms at first" if codel.codel else "off"
    return [_guard(tier, "over_wait", "queue delay", setting, "idle")]


def _queries(tier: Automation) -> list[Guard]:
    queries, found = tier.queries, []
    if queries.breaker != "off" or tier.counts.total("circuit_open"):
        cells = queries.cells.values()
        shut = sum(cell.state is not State.CLOSED for cell in cells) + sum(web in queries.stuck for web, _ in queries.cells)
        setting = {
            "off": "off",
            "consecutive": f"{queries.breaker_failures} failures in a row, sleeps {queries.breaker_sleep:g} s",
            "share": f"{percent(queries.breaker_share)} of 10 s fail, sleeps {queries.breaker_sleep:g} s",
        }[queries.breaker]
        rate, total = tier.counts.rate("circuit_open"), tier.counts.total("circuit_open")
        state = f"{min(shut, len(cells))} of {len(cells)} open" if shut else f"{len(cells)} closed"
        found.append(Guard("breakers", setting, state, rate, total, shut > 0))
    if queries.bulkhead or tier.counts.total("bulkhead"):
        setting = f"{queries.bulkhead:,} queries a server" if queries.bulkhead else "off"
        most = max(queries.open.values(), default=0)
        found.append(_guard(tier, "bulkhead", "bulkhead", setting, f"{most:,} open at most"))
    return found


def _threads(tier: Automation) -> list[Guard]:
    threads, nodes = tier.threads, tier.core.fabric.tiers["web"]
    if not threads.on:
        return []
    busy = sum(threads.busy)
    there = threads.threads * int(np.count_nonzero(nodes.member & nodes.up))
    waits = sum(len(queue) for queue in threads.waiting)
    state = f"{busy:,} of {there:,} busy" + (f", {waits:,} wait" if waits else "")
    return [Guard("threads", f"{threads.threads:,} a server", state, 0.0, 0, waits > 0)]


def _scaling(tier: Automation) -> list[Guard]:
    scaling, nodes = tier.scaling, tier.core.fabric.tiers["web"]
    added, removed = tier.counts.total("added"), tier.counts.total("removed")
    if scaling.scale == "off" and not added and not removed:
        return []
    by = {"off": "off", "cpu": f"CPU {percent(scaling.scale_cpu)}", "concurrency": f"{scaling.scale_open:g} open a thread"}
    starts = int(np.count_nonzero(nodes.member & nodes.booting))
    drains = int(np.count_nonzero(nodes.member & nodes.draining & nodes.up))
    state = f"{count(int(nodes.member.sum()) - starts - drains, 'server')}"
    state += f", {starts} start" if starts else ""
    state += f", {drains} drain" if drains else ""
    state += ", stuck" if scaling.stuck else ", no quota" if scaling.no_quota else ""
    setting = f"{by[scaling.scale]}, {scaling.least} to {scaling.most}; +{added} -{removed} so far"
    return [Guard("autoscaler", setting, state, 0.0, added + removed, scaling.stuck or scaling.no_quota)]
