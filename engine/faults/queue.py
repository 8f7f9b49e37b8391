"""Faults of the message queue: jobs that cannot be done, consumers that stop, acknowledgements that vanish, no room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import FaultRow, row
from .targets import Target

if TYPE_CHECKING:
    from ..world import World


def poison(world: World, _target: Target, amount: float, event: int) -> None:
    """`amount` per cent of the messages that are stored from now on carry a job that fails whenever it is tried."""
    world.queue.poison = (1.0 - (1.0 - world.queue.poison[0]) * (1.0 - amount / 100.0), event)


def stop_consumers(world: World, _target: Target, _amount: float, event: int) -> None:
    """Workers end the jobs that they have and ask for no more."""
    world.queue.stopped = (1.0, event)


def lose_acks(world: World, _target: Target, amount: float, event: int) -> None:
    """`amount` per cent of the acknowledgements never come to a broker."""
    world.queue.lost_acks = (1.0 - (1.0 - world.queue.lost_acks[0]) * (1.0 - amount / 100.0), event)


def fill(world: World, _target: Target, _amount: float, event: int) -> None:
    """Brokers store nothing more: their disks are full."""
    world.queue.full = (1.0, event)


def behind(world: World, _target: Target) -> str:
    """How many messages wait already."""
    return f"{world.queue.messages.ready:,} messages wait, {world.queue.rates['enqueued']:,.0f}/s come"


ROWS: tuple[FaultRow, ...] = (
    row(
        "poison_messages",
        "qp",
        "queue",
        ("queue",),
        "poison messages",
        "This share of new jobs fails whenever it is tried, until it is a dead letter.",
        "{amount} % of new messages are poison",
        poison,
        amount=(5.0, 0.0, 100.0, "%"),
    ),
    row(
        "stop_consumers",
        "qs",
        "queue",
        ("queue",),
        "stop consumers",
        "Workers end what they do and ask for no more messages: the backlog grows.",
        "consumers of {target} stopped",
        stop_consumers,
        then=behind,
    ),
    row(
        "lost_acks",
        "qa",
        "queue",
        ("queue",),
        "lose acknowledgements",
        "This share of acknowledgements vanishes: the jobs are done, and done again.",
        "{amount} % of acknowledgements lost",
        lose_acks,
        amount=(20.0, 0.0, 100.0, "%"),
    ),
    row(
        "queue_full",
        "qf",
        "queue",
        ("queue",),
        "queue full",
        "The brokers' disks are full: nothing more is stored, pages that make jobs fail.",
        "{target} is full: nothing more is stored",
        fill,
    ),
)
