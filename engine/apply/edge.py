"""Deeds at the CDN: deploys and purges of people, the steering of providers and PoPs by agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..commands import Announce, Deploy, Purge, Steer
from ..faults import Rejected, resolve
from ..words import count, percent
from .agents import because, because_of
from .giver import Giver, Outcome

if TYPE_CHECKING:
    from ..world import World


def deploy(world: World, giver: Giver, command: Deploy) -> Outcome:
    """Static objects change at the origin; what PoPs keep of them is old from now on."""
    try:
        changed = world.cdn.deploy(command.scope)
    except ValueError as no:
        raise Rejected(f"deploy: {no}") from None
    text = f"deployed: {count(changed, 'static object')} changed ({command.scope})"
    return Outcome(giver.tell(world, text, keys="c e d", disturbs=True), text)


def purge(world: World, giver: Giver, command: Purge) -> Outcome:
    """PoPs forget, each when the purge has come to it."""
    try:
        last = world.cdn.purge(command.scope)
    except ValueError as no:
        raise Rejected(f"purge: {no}") from None
    text = f"purge of {command.scope} sent to {count(len(world.cdn.nodes), 'PoP')}: to be everywhere in {last * 1e3:.0f} ms"
    return Outcome(giver.tell(world, text, keys="c e p", disturbs=True), text)


def steer(world: World, giver: Giver, command: Steer) -> Outcome:
    """Resolvers that ask from now on are told the CDN's providers by other weights."""
    if not world.cdn.steer(command.weights):
        return Outcome(0, "")
    shares = zip(world.cdn.atlas.provider_names, world.cdn.steering.shares().tolist(), strict=True)
    text = f"CDN answers: {', '.join(f'{name} {percent(share)}' for name, share in shares)}{because(command.reason)}"
    return Outcome(giver.tell(world, text, level="warn"), text)


def announce(world: World, giver: Giver, command: Announce) -> Outcome:
    """Users are led to a point of presence again, or past it."""
    index = resolve(world, command.pop, ("pop",), "announcement").nodes[0][1]
    if not world.cdn.announce(index, command.there):
        return Outcome(0, "")
    giver = because_of(world, giver, "pop", index, good=command.there)
    text = f"{command.pop} {'announced again' if command.there else 'withdrawn: users go to the next'}{because(command.reason)}"
    return Outcome(giver.tell(world, text, level="good" if command.there else "warn", target=command.pop), text)
