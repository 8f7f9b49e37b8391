"""A web server dies: what has left it arrives, what has not never leaves, and nobody waits on its behalf."""

from __future__ import annotations

import msgspec
import numpy as np
from world_rig import QUICK, Rig

from engine.commands import Inject, Restart
from engine.tiers.cache.mail import DELETE, SET
from engine.world import World

CROWD = msgspec.structs.replace(QUICK, traffic=msgspec.structs.replace(QUICK.traffic, requests_per_second=250.0))


def _messages(world: World, web: int) -> dict[int, tuple[bool, int, int]]:
    """Sets and deletes of a web server that are on their way, by serial: have they left it, to which node, about which key?"""
    mail = world.cache.mail
    rows = np.flatnonzero(((mail.kind == SET) | (mail.kind == DELETE)) & (mail.slot == web))
    return {int(mail.serial[r]): (bool(mail.asked[r] <= world.now), int(mail.node[r]), int(mail.key[r])) for r in rows}


def test_on_the_wire_arrives_and_what_had_not_left_does_not() -> None:
    """Many deaths at many moments: after each, exactly those messages are under way that had left before."""
    kept = lost = 0
    for steps in range(40, 160):
        rig = Rig(CROWD, seed=steps, every=10**9)
        rig.run(steps)
        world = rig.world
        before = _messages(world, 0)
        gone = world.cache.counts.total("lost_messages")
        world.web.restart(0)
        after = _messages(world, 0)
        assert after == {serial: what for serial, what in before.items() if what[0]}
        assert world.cache.counts.total("lost_messages") - gone == len(before) - len(after)
        kept, lost = kept + len(after), lost + len(before) - len(after)
    assert kept > 0
    assert lost > 0


def test_nobody_waits_for_a_fill_on_behalf_of_the_dead() -> None:
    """Reads that wait at the cache for others' fills end with their web server, also those whose clients have given up."""
    rig = Rig(CROWD)
    rig.run(40)
    rig.give(Inject("freeze", "db-a1", None))
    rig.give(Inject("freeze", "db-b1", None))
    for name in ("db-a2", "db-a3", "db-b2", "db-b3"):
        rig.give(Inject("freeze", name, None))
    rig.run(160)  # longer than the clients' patience
    world = rig.world
    waiting = [slot for shelf in world.cache.desk.shelves for some in shelf.waiting.values() for slot, _ in some]
    mine = [slot for slot in waiting if world.core.flights.web[slot] == 0]
    assert mine
    rig.give(Inject("crash", "web-1"))
    rig.run(1)
    left = [slot for shelf in world.cache.desk.shelves for some in shelf.waiting.values() for slot, _ in some]
    assert not [slot for slot in left if world.core.flights.web[slot] == 0]
    rig.checked.checker.check()


def test_queries_that_had_not_left_are_never_sent() -> None:
    """A library's back-off ends with the process that would have asked again."""
    config = msgspec.structs.replace(CROWD, database=msgspec.structs.replace(QUICK.database, retries=3, retry_backoff=0.2))
    rig = Rig(config)
    rig.give(Inject("error_rate", "db", 100.0))
    rig.run(120)
    world = rig.world
    _, (slots,) = world.database.outbox.everything()
    assert (world.core.flights.web[slots] == 0).any()
    world.web.restart(0)
    _, (slots,) = world.database.outbox.everything()
    assert slots.size
    assert not (world.core.flights.web[slots] == 0).any()
    rig.run(1)
    rig.checked.checker.check()


def test_the_short_way_back_opens_again_when_the_last_orphan_is_gone() -> None:
    """Connections that were reset are looked for while there are any, and a world that never stops looking is the same world."""
    rig, wary = Rig(CROWD), Rig(CROWD)
    for each in (rig, wary):
        each.run(150)
        each.give(Inject("freeze", "web-1"))
        each.run(10)
        each.give(Restart("web-1"))
        each.run(1)
        assert each.world.replies.orphans
    rig.run(400)
    for _ in range(400):
        wary.world.replies.orphans = True
        wary.run(1)
    assert not rig.world.replies.orphans
    assert rig.world.core.fabric.untroubled
    assert rig.world.core.ledger.retries.sum[0] > 0
    assert rig.world.digest() == wary.world.digest()
