"""What acts by itself around the web tier. It has no nodes: it sits at the balancers' and web servers' doors.

    door, buckets  at a balancer: token buckets, a bound of open requests
    codel, webdoor at a web server: who would wait too long is turned away
    threads        at a web server: requests it has at hand at once, and who waits for a thread
    queries, breaker  between web servers and database: circuit breakers, bulkheads
    scaling        what the autoscaler (engine.agents) is told
    counts, reading  what is counted, and what is shown of it all

Everything is off unless the table `automation` or a live setting asks for it; then nothing here is asked.
"""

from __future__ import annotations

from ...core import Core
from ...replies import Replies
from ...snapshot import Automation as Reading
from ..base import OptionValue, Tier
from .codel import Codel
from .counts import Counts
from .door import DoorGuard
from .queries import QueryGuard
from .reading import reading
from .scaling import Scaling
from .threads import Threads

SCALING = ("scale", "scale_cpu", "scale_open", "warm_up", "cooldown", "least", "most", "at_once")


class Automation(Tier):
    """The guards, and their settings by name."""

    name = "automation"

    def __init__(self, core: Core, replies: Replies) -> None:
        super().__init__(core)
        self.counts = Counts()
        self.door = DoorGuard(core, replies, self.counts)
        self.codel = Codel(core)
        self.queries = QueryGuard(core, self.counts)
        self.threads: Threads  # the web tier's
        self.scaling = Scaling(core)

    def step(self) -> None:
        """Whoever is guarded asks when it is its turn."""

    def reset_effects(self) -> None:
        """No fault acts on what is automatic."""
        self.queries.stuck = set()
        self.scaling.reset()

    def effects_changed(self) -> None:
        """A server may be slower: those who wait there wait longer than was planned."""
        if self.codel.codel:
            self.codel.bent = self.core.now

    @property
    def present(self) -> bool:
        """Is anything on, or has it ever done anything?"""
        on = self.door.on or self.codel.codel or self.queries.on or self.threads.on or self.scaling.scale != "off"
        return on or bool(self.counts.meter.sum.any())

    def _holder(self, name: str) -> DoorGuard | Codel | QueryGuard | Threads | Scaling:
        if name in SCALING:
            return self.scaling
        if name == "threads":
            return self.threads
        if name.startswith(("breaker", "bulkhead")):
            return self.queries
        return self.codel if name.startswith("codel") else self.door

    def option(self, name: str) -> OptionValue:
        """A row of the options table that begins with "automation."."""
        value: OptionValue = getattr(self._holder(name), name)
        return value

    def set_option(self, name: str, value: OptionValue) -> None:
        """Acts on the next request."""
        holder = self._holder(name)
        setattr(holder, name, type(getattr(holder, name))(value))
        if isinstance(holder, Codel):
            holder.bent = self.core.now
        elif isinstance(holder, QueryGuard):
            holder.changed()
        elif isinstance(holder, DoorGuard):
            holder.changed(name)

    def second(self) -> None:
        """A virtual second ended."""
        if self.present:
            self.counts.second()
        if self.queries.on:
            self.queries.sweep()
        if self.threads.on:
            self.threads.sweep()

    def reading(self) -> Reading | None:
        """What the snapshot and the record show; None where there is nothing."""
        return reading(self) if self.present else None
