"""Faults of sessions: a store emptied, the key of the cookies changed, the balancers' memory of who goes where gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import FaultRow, Rejected, row
from .targets import Target

if TYPE_CHECKING:
    from ..world import World


def flush_store(world: World, target: Target, _amount: float, event: int) -> None:
    """All sessions of these store nodes are gone; the nodes go on."""
    for _, index in target.nodes:
        world.sessions.empty(index, event)


def only_stores(_world: World, target: Target) -> Target:
    """The store nodes among those meant."""
    nodes = tuple((tier, index) for tier, index in target.nodes if tier == "store")
    if not nodes:
        raise Rejected(f"empty the session store: there is no store node in {target.label}")
    return Target(target.kind, target.name, target.label, nodes, (), target.number)


def rotate_key(world: World, _target: Target, _amount: float, event: int) -> None:
    """What was signed with the old key is worth nothing."""
    world.sessions.rotate(event)


def signs(world: World, target: Target) -> Target:
    """Nothing is signed where no session is in a cookie."""
    if not world.sessions.in_cookies:
        raise Rejected("change the cookie key: no session is kept in a cookie (option sessions.store)")
    return target


def forget_affinity(world: World, _target: Target, _amount: float, _event: int) -> None:
    """The balancers' table of users and servers is empty."""
    world.sessions.affinity.empty()


def sticks(world: World, target: Target) -> Target:
    """Without stickiness there is no table."""
    if not world.sessions.affinity.on:
        raise Rejected("forget who sticks where: users do not stick to servers (sessions are not on them, or sticky is off)")
    return target


ROWS: tuple[FaultRow, ...] = (
    row(
        "flush_store",
        "of",
        "sessions",
        ("store", "tier", "zone"),
        "empty the session store",
        "A store node forgets all its sessions: their users must log in again. Cannot be taken back.",
        "{target} emptied: its sessions are gone",
        flush_store,
        one_shot=True,
        aim=only_stores,
    ),
    row(
        "rotate_key",
        "ok",
        "sessions",
        ("traffic",),
        "change the cookie key",
        "The key that signs cookies leaked and is changed: no cookie is good any more. Cannot be taken back.",
        "the key that signs cookies is changed: no old cookie is good",
        rotate_key,
        one_shot=True,
        aim=signs,
    ),
    row(
        "forget_affinity",
        "oa",
        "sessions",
        ("traffic",),
        "forget who sticks where",
        "The balancers lose their table of users and servers: all are sent anew. Cannot be taken back.",
        "the balancers have forgotten which user sticks to which server",
        forget_affinity,
        one_shot=True,
        aim=sticks,
    ),
)
