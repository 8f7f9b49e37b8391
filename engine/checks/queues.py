"""Invariant 15, of the message queue: every message is ready, leased, acknowledged, dead or lost, and in one of them only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..tiers.queue.floor import EXPIRE
from ..tiers.queue.messages import DEAD, LEASED, READY
from ..tiers.queue.workers import ASKS
from .flow import expect

if TYPE_CHECKING:
    from ..world import World


def messages_balance(world: World) -> None:
    """15: enqueued = ready + leased + acknowledged + dead + lost; the table, the brokers' lists and the counters agree."""
    queue, messages = world.queue, world.queue.messages
    for what, state, counted in (
        ("ready", READY, messages.ready), ("leased", LEASED, messages.leased), ("dead", DEAD, messages.dead)
    ):  # fmt: skip
        found = int(np.count_nonzero(messages.state == state))
        expect(found == counted, f"{found} messages are {what}, {counted} counted")
    kept = messages.ready + messages.leased + messages.dead
    ended = messages.acknowledged + messages.lost
    expect(messages.next_id == kept + ended, f"{messages.next_id} enqueued, {kept} kept, {ended} acknowledged or lost")
    ids = messages.id[messages.state > 0]
    expect(np.unique(ids).size == ids.size, "a message is kept twice")
    expect(not messages.lost or not queue.always_persistent, f"{messages.lost} messages lost, and all are written down")
    listed = sorted((number, row, broker) for broker, ready in enumerate(queue.brokers.ready) for number, row in ready)
    rows = np.flatnonzero(messages.state == READY)
    held = sorted(zip(messages.id[rows].tolist(), rows.tolist(), messages.broker[rows].tolist(), strict=True))
    expect(listed == held, f"brokers list {len(listed)} ready messages, {len(held)} are")
    free = messages.free
    expect(len(set(free)) == len(free) == int(np.count_nonzero(messages.state == 0)), "a row is neither used nor free, or both")


def messages_are_delivered_first(world: World) -> None:
    """15: what is acknowledged, leased or dead was delivered; every lease has an end that is not past."""
    messages, now = world.queue.messages, world.core.now
    out = (messages.state == LEASED) | (messages.state == DEAD)
    expect(bool((messages.receives[out] > 0).all()), "a message that was never handed out is leased or dead")
    expect(messages.acknowledged <= messages.delivered, f"{messages.acknowledged} acknowledged, {messages.delivered} delivered")
    leased = np.flatnonzero(messages.state == LEASED)
    over = leased[messages.lease_end[leased] < now - 1e-9]
    expect(not over.size, f"leases of messages {messages.id[over[:5]].tolist()} have ended, and they are not ready")
    ends = {what for _, kind, what in world.queue.events if kind == EXPIRE}
    for row in leased.tolist():
        lease = (row, int(messages.id[row]), int(messages.receives[row]))
        expect(lease in ends, f"the lease of message {lease[1]} will never end")


def queue_is_in_time(world: World) -> None:
    """6: no event of the queue is overdue; nobody waits at a broker that has something for him."""
    queue, now = world.queue, world.core.now
    first = queue.events[0][0] if queue.events else np.inf
    expect(first >= now - 1e-9, f"an event of the queue was due at {first} s, and it is {now} s")
    serving = queue.brokers.nodes.serving
    for broker, (ready, waiting) in enumerate(zip(queue.brokers.ready, queue.brokers.waiting, strict=True)):
        expect(not (ready and waiting and serving[broker]), f"broker {broker} keeps {len(ready)} from {len(waiting)} who wait")
        idle = [thread for thread in waiting if queue.workers.doing[thread] != ASKS]
        expect(not idle, f"threads {idle[:5]} wait at broker {broker}, and have not asked")
