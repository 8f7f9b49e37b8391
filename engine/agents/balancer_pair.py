"""The pair's keeper: one on each balancer; who hears nothing from the holder of the address for too long takes it over.

As VRRP does it (RFC 5798, keepalived): the master advertises every `advert` seconds; a backup that has heard none for three
of them and its skew, (256 - priority) / 256 of one, becomes master. Without preemption: the address stays where it is when
the former holder comes back, since every move breaks the connections that are open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..commands import MoveAddress
from .base import AgentState, Look
from .health import TINY, chance

if TYPE_CHECKING:
    from ..view import View

MISSED = 3  # advertisements, before the skew
PRIORITY = 100  # keepalived's default; the first balancer has more
STEP = 50


@dataclass(frozen=True, slots=True)
class Heard:
    """Memory: when the next advertisement is due and when the last one was heard, s; NaN before the first look."""

    due: float = math.nan
    last: float = math.nan


def down_after(advert: float, index: int) -> float:
    """Seconds without an advertisement after which balancer `index` takes over: master_down_interval of RFC 5798."""
    priority = PRIORITY + (STEP if index == 0 else 0)
    return MISSED * advert + (256 - priority) / 256 * advert


class PairKeeper:
    """A row of AGENTS; its agent lives on a balancer."""

    def begin(self, _name: str, _node: str | None) -> object:
        """Nothing heard yet."""
        return Heard()

    def look(self, view: View, me: AgentState) -> Look:
        """Listen for the holder; take the address when it has been silent for too long."""
        memory, now, advert = me.memory, view.now, view.config.balancer.advert
        assert isinstance(memory, Heard)
        assert me.node is not None
        tier = view.balancer
        mine = tier.nodes.index(me.node)
        due, last = memory.due, memory.last
        if math.isnan(due):  # a life begins as a backup that has just heard something, somewhere between two advertisements
            due, last = now + chance(view.seed, me.name, me.life) * advert, now
        holder = tier.holder_of(mine)
        if holder == mine:
            return Look(Heard(now + advert, now), (), advert)
        if due <= now + TINY:
            due += advert
            if holder >= 0 and view.answers("balancer", holder, ("balancer", mine), advert):
                last = now
        limit = last + down_after(advert, mine)
        if now + TINY < limit or not bool(tier.nodes.member[mine]) or tier.bare:
            return Look(Heard(due, last), (), max(0.0, min(due, limit) - now) if now < limit else due - now)
        silent = tier.nodes.names[holder] if holder >= 0 else "anybody"
        reason = f"no advertisement from {silent} for {now - last:.1f} s"
        cause = int(tier.nodes.event[holder]) if holder >= 0 else 0
        address = tier.door.addresses[tier.door_of(mine)]
        return Look(Heard(now + advert, now), (MoveAddress(address, me.node, reason),), advert, cause)
