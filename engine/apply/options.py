"""Live settings into the world."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..commands import SetOption
from ..faults.base import Rejected
from ..options import find
from .giver import Giver, Outcome
from .scale import employ
from .undo import Inverse

if TYPE_CHECKING:
    from ..world import World


def set_option(world: World, giver: Giver, command: SetOption) -> Outcome:
    """Change a setting; its old value undoes it. A value that it has already is refused: nothing would happen."""
    option = find(command.option)
    value = option.check(command.value)
    old = option.value(world)
    if value == old:
        raise Rejected(f"{option.info.name} is {option.text(value)} already")
    try:
        option.holder(world).set_option(option.attribute, value)
    except ValueError as no:
        raise Rejected(f"{option.info.name}: {no}") from None
    if command.option == "database.split":
        employ(world)  # those who watch over the new shard
    text = f"{option.info.name}: {option.text(old)} → {option.text(value)}"
    event = giver.tell(world, text, target=option.info.name, keys=" ".join("c" + option.info.keys), disturbs=True)
    return Outcome(event, text, Inverse((SetOption(option.info.name, old),)))
