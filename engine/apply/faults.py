"""Faults into the world and out of it: inject, heal, heal all, restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..agents import AGENTS
from ..agents.base import restart as restart_agents
from ..commands import Heal, HealAll, Inject, Restart
from ..faults import FAULTS, resolve
from ..faults.base import FaultRow, Rejected, near
from ..faults.targets import NODE_TIERS, Target, same_target
from ..snapshot import ActiveFault
from .effects import housed, rebuild, target_of
from .giver import Giver, Outcome, follow_up
from .undo import Inverse

if TYPE_CHECKING:
    from ..world import World

ENDED_BY_RESTART = ("crash", "kill_primary", "freeze", "dns_down", "memory_leak")


def inject(world: World, giver: Giver, command: Inject) -> Outcome:
    """Put a fault on a target; a one-shot acts at once and leaves nothing to heal."""
    row = FAULTS.get(command.fault)
    if row is None:
        raise Rejected(f"there is no fault called {command.fault!r}{near(command.fault, FAULTS)}")
    asked = resolve(world, command.target, row.info.targets, row.info.title)
    amount = row.amount(command.amount)
    target = row.aim(world, asked) if row.aim else asked
    if not row.info.unit and not row.info.one_shot:
        _refuse_twice(world, row, target)
    text = row.text(target, amount)
    event = giver.tell(world, text, level="bad", target=target.name, keys=" ".join("f" + row.info.keys), disturbs=True)
    if row.info.one_shot:
        row.act(world, target, amount, event)
        _consequence(world, row, target, event)
        return Outcome(event, text)
    fault = world.faults.add(ActiveFault(0, row.name, target.name, amount, world.core.now, giver.by, event, text, asked.name))
    rebuild(world)
    _consequence(world, row, target, event)
    return Outcome(event, text, Inverse((Heal(fault_id=fault.id),)))


def _refuse_twice(world: World, row: FaultRow, target: Target) -> None:
    """A thing that is dead cannot die again; what has an amount may be piled up."""
    for fault in world.faults.active():
        if fault.fault == row.name and fault.target == target.name:
            raise Rejected(f"{fault.text} already: fault {fault.id}")


def _consequence(world: World, row: FaultRow, target: Target, event: int) -> None:
    text = row.then(world, target) if row.then else ""
    if text:
        follow_up(world, event, text, "info" if row.info.family == "traffic" else "bad", target.name)


def heal(world: World, giver: Giver, command: Heal) -> Outcome:
    """Take away one fault by its id, or every fault on a target."""
    if command.fault_id:
        found = tuple(f for f in world.faults.active() if f.id == command.fault_id)
        if not found:
            raise Rejected(f"there is no fault {command.fault_id} now")
    else:
        found = world.faults.on(same_target(world, command.target))
        if not found:
            raise Rejected(f"nothing is wrong with {command.target or 'that'}: no fault to heal there")
    return _take_off(world, giver, found, "h")


def heal_all(world: World, giver: Giver, _command: HealAll) -> Outcome:
    """Take every fault away."""
    found = world.faults.active()
    if not found:
        raise Rejected("there is no fault to heal")
    return _take_off(world, giver, found, "H")


def _take_off(world: World, giver: Giver, faults: tuple[ActiveFault, ...], keys: str) -> Outcome:
    text = f"healed: {faults[0].text}" if len(faults) == 1 else f"healed {len(faults)} faults"
    # a healed fault goes on explaining what it left behind, so healing is not a disturbance of its own
    cause = giver.cause or faults[0].event
    event = giver.led_by(cause).tell(world, text, level="good", target=faults[0].target if len(faults) == 1 else "", keys=keys)
    if len(faults) > 1:
        for fault in faults:
            follow_up(world, event, f"healed: {fault.text}", "good", fault.target)
    world.faults.remove(f.id for f in faults)
    rebuild(world)
    return Outcome(event, text, Inverse(faults=faults))


def reinstate(world: World, event: int, faults: tuple[ActiveFault, ...]) -> None:
    """Faults that were healed by mistake act again from now on, under their old ids, because of `event`."""
    for old in faults:
        if target_of(world, old) is None:
            follow_up(world, event, f"nothing is left for it to act on: {old.text}", "info", old.target)
            continue
        world.faults.add(
            ActiveFault(old.id, old.fault, old.target, old.amount, world.core.now, old.by, event, old.text, old.asked)
        )
    rebuild(world)


def restart(world: World, giver: Giver, command: Restart) -> Outcome:
    """The process ends and begins anew: its memory is lost; crash and freeze faults on it end."""
    target = resolve(world, command.node, (*NODE_TIERS, "dns"), "restart")
    if not target.nodes or len(target.nodes) > 1:
        raise Rejected(f"restart takes one node, not {target.label}")
    tier, index = target.nodes[0]
    nodes = world.core.fabric.tiers[tier]
    if nodes.booting[index]:
        raise Rejected(f"{target.name} boots already")
    text = f"{target.name} restarted: its memory is lost"
    event = giver.tell(world, text, target=target.name, keys="r", disturbs=True)
    ended = tuple(f for f in world.faults.on((target.name,)) if f.fault in ENDED_BY_RESTART and f.target == target.name)
    world.faults.remove(f.id for f in ended)
    for other, i in housed(world, target).nodes:  # a machine restarts with all that lives there
        of = world.core.fabric.tiers[other]
        of.up[i], of.event[i], of.born[i] = False, event, world.core.now
    for part in world.tiers:
        part.effects_changed()
    restart_agents(world.agents, AGENTS, target.name, world.core.step_no)
    rebuild(world)
    if not nodes.up[index]:
        others = [f.text for f in world.faults.active() if f.event == int(nodes.event[index])]
        follow_up(world, event, f"{target.name} does not come up: {', '.join(others)}", "warn", target.name)
    return Outcome(event, text)
