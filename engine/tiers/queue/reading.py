"""What the screen shows of the queue: depth, ages, who does the work, and in a line what is wrong and what began it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ...meter import quantile
from ...showing.map import node_state
from ...snapshot import NodeState, QueueNode, Setting
from ...snapshot import Queue as Reading
from ...words import count, percent
from .workers import WORKS

if TYPE_CHECKING:
    from . import Queue

PACE_S = 5  # seconds over which the pace of draining is taken
FEW = 2.0  # jobs a thread that may wait without being called a backlog


def reading(tier: Queue) -> Reading:
    """The pane's part, of the last whole second and of now."""
    messages, rates = tier.messages, tier.rates
    busy = sum(doing == WORKS for doing in tier.workers.doing)
    members = np.flatnonzero(tier.workers.nodes.member).tolist()
    threads = sum(tier.workers.threads_of[i] for i in members)
    drains = drains_s(tier)
    took = tier.ready_ms.last[0]
    return Reading(
        verdict=verdict(tier, busy, threads, drains),
        mode=tier.mode if tier.brokers.members else "inline",
        ready=messages.ready, leased=messages.leased, enqueued=messages.next_id, acknowledged=messages.acknowledged,
        dead=messages.dead, lost=messages.lost, redelivered=messages.redelivered, duplicates=messages.duplicates,
        late_acks=messages.late_acks, refused=tier.refused, unsent=tier.unsent, processed=messages.processed,
        failed=messages.failed, inline=tier.inline, jobs_lost=tier.jobs_lost, acks_lost=tier.acks_lost,
        most_ready=tier.most_ready, oldest_s=messages.oldest(tier.core.now),
        in_rate=rates["enqueued"], out_rate=rates["acknowledged"], inline_rate=rates["inline"],
        redelivered_rate=rates["redelivered"], duplicate_rate=rates["duplicates"],
        drains_s=drains, ready_p50_ms=quantile(took, 0.5), ready_p99_ms=quantile(took, 0.99),
        busy=busy, threads=threads, workers=len(members), stopped=bool(tier.stopped[1]),
        visibility=tier.visibility, max_receives=tier.max_receives, capacity=tier.capacity, persistent=tier.persistent,
        autoscale=tier.autoscale, nodes=_nodes(tier),
        depth_trend=tier.trends["depth"].tuple(), age_trend=tier.trends["age"].tuple(),
        in_trend=tier.trends["in"].tuple(), out_trend=tier.trends["out"].tuple(),
    )  # fmt: skip


def drains_s(tier: Queue) -> float:
    """Seconds until nothing is ready, at the pace of the last few; 0 = nothing is, -1 = it does not get less."""
    if not tier.messages.ready:
        return 0.0
    came, went = tier.trends["in"].tuple()[-PACE_S:], tier.trends["out"].tuple()[-PACE_S:]
    pace = (sum(went) - sum(came)) / max(1, len(came))
    return tier.messages.ready / pace if pace > 0.0 else -1.0


def verdict(tier: Queue, busy: int, threads: int, drains: float) -> str:
    """The worst first: nobody keeps, nobody works, it grows, it drains, jobs fail."""
    return next(_verdicts(tier, busy, threads, drains))


def _verdicts(tier: Queue, busy: int, threads: int, drains: float) -> Iterator[str]:
    messages, itself = tier.messages, f"web servers do {tier.rates['inline']:,.0f} jobs/s themselves, pages wait"
    kept = messages.ready + messages.leased
    if not tier.brokers.members:
        yield f"no queue: {itself}"
    if not tier.brokers.nodes.serving.any():
        yield f"no broker answers: {count(kept, 'message')} kept, pages with jobs fail"
    if tier.full[1] or 0 < tier.capacity <= kept:
        yield f"full at {kept:,} messages: pages with jobs are turned away"
    if tier.mode == "inline":
        yield f"not used: {itself}"
    members, working = tier.workers.members, int(np.count_nonzero(tier.workers.nodes.serving))
    if tier.stopped[1]:
        yield f"{messages.ready:,} behind: consumers are stopped"
    if not working:
        yield f"{messages.ready:,} behind: no worker runs"
    if messages.ready > FEW * threads:
        pace = f"drains in {drains:,.0f} s" if drains > 0 else "grows: workers are too few" if busy >= threads else "grows"
        down = f", {members - working} of {members} workers down" if working < members else ""
        yield f"{messages.ready:,} behind, {pace}{down}"
    if tier.rates["duplicates"]:
        yield f"{tier.rates['duplicates']:,.0f} jobs/s done twice"
    if messages.dead:
        yield f"{count(messages.dead, 'dead letter')}; {_pace(tier)}"
    yield _pace(tier)


def _pace(tier: Queue) -> str:
    return f"{tier.rates['acknowledged']:,.0f} jobs/s done, {tier.messages.ready:,} wait"


def _nodes(tier: Queue) -> tuple[QueueNode, ...]:
    """Brokers, then workers; members alone."""
    loads, out = tier.loads(), []
    for side in (tier.brokers, tier.workers):
        nodes = side.nodes
        load = loads[nodes.tier]
        for i in np.flatnonzero(nodes.member).tolist():
            state = state_of(tier, nodes.tier, i)
            holds = load.waiting[i] if nodes.tier == "broker" else load.in_service[i]
            out.append(
                QueueNode(
                    name=nodes.names[i], kind=nodes.tier, state=state, utilisation=float(load.utilisation[i]),
                    rate=float(load.rate[i]), holds=int(holds), threads=int(load.workers[i]), p99_ms=float(load.p99_ms[i]),
                    verdict="starts up" if state is NodeState.STARTING else "",
                )
            )  # fmt: skip
    return tuple(out)


def state_of(tier: Queue, kind: str, index: int) -> NodeState:
    """A node's state; a worker that has yet to start up is starting."""
    nodes = tier.core.fabric.tiers[kind]
    state = node_state(nodes, index)
    if state is NodeState.UP and nodes.born[index] > tier.core.now:
        return NodeState.STARTING
    return state


def inspect(tier: Queue, kind: str, index: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    """State and settings of one broker or worker."""
    return _broker(tier, index) if kind == "broker" else _worker(tier, index)


def _broker(tier: Queue, index: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    config, messages, brokers = tier.core.config.queue, tier.messages, tier.brokers
    here = messages.broker == index
    state = tuple(
        Setting(word, f"{int(np.count_nonzero(here & (messages.state == value))):,}", why)
        for word, value, why in (
            ("ready", 1, "messages that wait for a worker"),
            ("leased", 2, "handed out, not acknowledged yet"),
            ("dead letters", 3, f"received {tier.max_receives} times in vain"),
        )
    )
    state += (
        Setting("polls that wait", f"{len(brokers.waiting[index]):,}", "threads that asked and found nothing"),
        Setting("operations", f"{float(brokers.served.last[index]):,.0f}/s", "stored, handed out, acknowledged"),
        Setting("utilisation", percent(brokers.utilisation[index], 1), "busy thread seconds of the last second"),
    )
    capacity = f"{tier.capacity:,} messages" if tier.capacity else "unbounded"
    settings = (
        Setting("threads", str(config.broker_threads), "scenario queue.broker_threads; memcached has 4 too"),
        Setting("operation", f"{config.service.mean_ms:g} ms", "a durable write: random access of an SSD (Dean, Norvig)"),
        Setting("visibility", f"{tier.visibility:g} s", "Amazon SQS: 30 s"),
        Setting("receives before dead", str(tier.max_receives), "Amazon SQS, maxReceiveCount: 10"),
        Setting("capacity", capacity, "scenario queue.capacity"),
        Setting("persistent", "yes" if tier.persistent else "no", "whether messages outlive a crash"),
        Setting("price", f"${config.broker_price:g}/h", "m5.large, EC2 us-east-1 price tables"),
    )
    return state, settings


def _worker(tier: Queue, index: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    config, workers = tier.core.config.queue, tier.workers
    doing = sum(workers.doing[n] == WORKS for n in workers.crew[index])
    state = (
        Setting("jobs in hand", f"{doing} of {workers.threads_of[index]}", "threads at work now"),
        Setting("jobs done", f"{int(workers.served.sum[index]):,}", "since the start, those that failed too"),
        Setting("utilisation", percent(workers.utilisation[index], 1), "busy thread seconds of the last second"),
    )
    settings = (
        Setting("threads", str(workers.threads_of[index]), "scenario queue.threads; a c5.large has 2 virtual CPUs"),
        Setting("job", f"{config.job.mean_ms:g} ms, cv2 {config.job.cv2:g}", "scenario queue.job"),
        Setting("start-up", f"{config.warm_up:g} s", "scenario queue.warm_up"),
        Setting("long polling", f"{config.poll_wait:g} s", "Amazon SQS: at most 20 s"),
        Setting("price", f"${config.worker_price:g}/h", "c5.large, EC2 us-east-1 price tables"),
    )
    return state, settings
