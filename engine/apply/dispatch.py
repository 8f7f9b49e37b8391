"""The one place where a command becomes a change of the world, an event that tells it, and the values that undo it."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from ..commands import (
    AddNode,
    Announce,
    Climb,
    CopyChunk,
    Demote,
    Deploy,
    Drain,
    Heal,
    HealAll,
    Inject,
    MoveAddress,
    Note,
    Order,
    Promote,
    Purge,
    RemoveNode,
    Resize,
    Restart,
    Separate,
    SetAddress,
    SetAnnounced,
    SetHealth,
    SetMember,
    SetOption,
    Steer,
    Undo,
    Undrain,
    WorldCommand,
)
from ..faults.base import Rejected
from ..ladder import climb
from . import agents, edge, faults, machines, scale, separate
from .giver import Giver, Outcome
from .options import set_option
from .undo import Done, Inverse

if TYPE_CHECKING:
    from ..world import World

UNDONE = "not done: "  # begins what the log says of an order that was refused


def apply(world: World, order: Order) -> None:
    """Carry out an order at the step boundary. What cannot be done changes nothing but the log, which says why."""
    giver = Giver.of(order)
    try:
        done = carry_out(world, giver, order.command)
    except Rejected as no:
        giver.tell(world, f"{UNDONE}{no}", level="warn")
        return
    if giver.person and done.inverse is not None:
        world.undo.push(Done(giver.by, done.event, done.text, done.inverse))


def carry_out(world: World, giver: Giver, command: WorldCommand) -> Outcome:  # noqa: C901, PLR0911, PLR0912 - one case a command
    """Do it. Raises Rejected, having changed nothing."""
    match command:
        case Inject():
            return faults.inject(world, giver, command)
        case Heal():
            return faults.heal(world, giver, command)
        case HealAll():
            return faults.heal_all(world, giver, command)
        case Undo():
            return undo(world, giver)
        case SetOption():
            return set_option(world, giver, command)
        case AddNode():
            return scale.add_node(world, giver, command)
        case RemoveNode():
            return scale.remove_node(world, giver, command)
        case Resize():
            return machines.resize(world, giver, command)
        case Separate():
            return separate.separate(world, giver, command)
        case Restart():
            return faults.restart(world, giver, command)
        case Drain():
            return scale.drain(world, giver, command)
        case Undrain():
            return scale.undrain(world, giver, command)
        case Climb():
            return climb(world, giver, command, carry_out)
        case Deploy():
            return edge.deploy(world, giver, command)
        case Purge():
            return edge.purge(world, giver, command)
        case SetHealth():
            return agents.set_health(world, giver, command)
        case MoveAddress():
            return agents.move_address(world, giver, command)
        case SetAddress():
            return agents.set_address(world, giver, command)
        case SetAnnounced():
            return agents.set_announced(world, giver, command)
        case SetMember():
            return agents.set_member(world, giver, command)
        case Promote():
            return agents.promote(world, giver, command)
        case Demote():
            return agents.demote(world, giver, command)
        case CopyChunk():
            return agents.copy_chunk(world, giver, command)
        case Steer():
            return edge.steer(world, giver, command)
        case Announce():
            return edge.announce(world, giver, command)
        case Note():
            return agents.note(world, giver, command)
        case _:
            assert_never(command)


def undo(world: World, giver: Giver) -> Outcome:
    """Take back the newest deed of any person that still stands. What it began goes its way: caches stay cold."""
    while True:
        done = world.undo.pop()
        if done is None:
            raise Rejected("there is nothing to take back")
        if _stands(world, done.inverse):
            break
    text = f"taken back: {done.text}"
    healing = any(isinstance(command, Heal) for command in done.inverse.commands)
    event = giver.tell(world, text, keys="u", disturbs=not healing)
    because = giver.led_by(event)
    try:
        for command in done.inverse.commands:
            carry_out(world, because, command)
    except Rejected as no:
        because.tell(world, f"cannot be taken back: {no}", level="warn")
        return Outcome(event, text)
    if done.inverse.nodes:
        scale.restore_nodes(world, done.inverse.nodes)
    if done.inverse.faults:
        faults.reinstate(world, event, done.inverse.faults)
    return Outcome(event, text)


def _stands(world: World, inverse: Inverse) -> bool:
    """Is there still something to take back? A fault may have ended by other means (its time, a restart, a removed node)."""
    active = {fault.id for fault in world.faults.active()}
    ended = any(isinstance(c, Heal) and c.fault_id not in active for c in inverse.commands)
    return not ended and not any(fault.id in active for fault in inverse.faults)
