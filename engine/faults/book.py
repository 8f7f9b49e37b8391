"""The active faults as plain values: the one record of what is wrong, from which all effects are derived."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..snapshot import ActiveFault


class FaultBook:
    """Faults in order of id; ids count up from 1 and are never used for another fault."""

    def __init__(self) -> None:
        self.faults: dict[int, ActiveFault] = {}
        self.next_id = 1
        self.turn_at = math.inf  # when the next of those that come and go will turn, seconds

    def active(self) -> tuple[ActiveFault, ...]:
        """All that act now, oldest first."""
        return tuple(self.faults.values())

    def add(self, fault: ActiveFault) -> ActiveFault:
        """A new fault, or one that comes back under the id that it had; the record with its id."""
        if not fault.id:
            fault = ActiveFault(
                self.next_id, fault.fault, fault.target, fault.amount, fault.since, fault.by, fault.event, fault.text, fault.asked
            )
            self.next_id += 1
        assert fault.id not in self.faults, f"fault {fault.id} acts already"
        self.faults[fault.id] = fault
        self.faults = dict(sorted(self.faults.items()))
        return fault

    def remove(self, ids: Iterable[int]) -> tuple[ActiveFault, ...]:
        """Take these out; the records that were there."""
        return tuple(self.faults.pop(i) for i in sorted(set(ids)) if i in self.faults)

    def on(self, names: Iterable[str]) -> tuple[ActiveFault, ...]:
        """Faults whose target, as it is or as it was ordered, is one of `names`."""
        wanted = set(names)
        return tuple(f for f in self.faults.values() if f.target in wanted or f.asked in wanted)
