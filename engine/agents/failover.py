"""The failover manager of one shard: notices that the primary is gone, has a replica promoted, takes the old one back.

It probes every `detect_interval`; after `detect_fall` misses in a row the failure is certain; `promote_time` later the most
advanced replica that answers is promoted (in sync mode only the standby, which has every commit). A primary that answers again
before that stays what it is. A former primary that is back is demoted, and so follows. It lives nowhere, as a quorum does: a
node counts as gone when most zones' monitors miss it.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..commands import Demote, Note, Promote, WorldCommand
from .base import AgentState, Look

if TYPE_CHECKING:
    from ..tiers.database import Database
    from ..tiers.database.shard import Shard
    from ..view import View

EARLY_S = 1e-9  # a look at the due moment may be a rounding error early


@dataclass(frozen=True)
class Watch:
    """misses: probes missed in a row. probe_at: when to probe next, seconds. detected: when the failure was certain, inf = it is
    not. cause: event that the failure leads back to."""

    misses: int = 0
    probe_at: float = -1.0  # before the first look: a random phase is still to be chosen
    detected: float = math.inf
    cause: int = 0


class Failover:
    """Agents are named "failover <shard>"."""

    def begin(self, name: str, node: str | None) -> Watch:  # noqa: ARG002
        """Nothing is known yet."""
        return Watch()

    def look(self, view: View, me: AgentState) -> Look:
        """One probe, or the promotion that is due."""
        watch, db, now = me.memory, view.database, view.now
        assert isinstance(watch, Watch)
        shard = next((s for s in db.shards if s.name == me.name.rpartition(" ")[2]), None)
        if shard is None or shard.primary < 0:
            return Look(watch, wake_after=math.inf)
        if watch.probe_at < 0.0:
            phase = phase_of(me.name) * db.detect_interval
            return Look(replace(watch, probe_at=now + phase), wake_after=phase)
        commands: list[WorldCommand] = []
        if db.multi or db.answers(shard.primary):  # equals: nobody is promoted
            watch, commands = self._well(db, shard, watch)
        elif not db.automatic:
            watch = Watch(probe_at=watch.probe_at)
        else:
            watch, commands = self._missed(db, shard, watch, now)
        if now >= watch.probe_at - EARLY_S:
            watch = replace(watch, probe_at=now + db.detect_interval)
        wake = watch.probe_at
        if now < watch.detected + db.promote_time - EARLY_S:
            wake = min(wake, watch.detected + db.promote_time)
        return Look(watch, tuple(commands), wake - now, watch.cause if commands else 0)

    def _well(self, db: Database, shard: Shard, watch: Watch) -> tuple[Watch, list[WorldCommand]]:
        """The primary answers: forget misses, take former primaries back."""
        commands: list[WorldCommand] = []
        names = db.nodes.names
        if math.isfinite(watch.detected):
            commands.append(Note(f"{names[shard.primary]} answers again: no failover of {shard.name}", watch.cause))
        if db.automatic:
            commands += [Demote(shard.name, names[node]) for node in db.returned(shard)]
        return Watch(probe_at=watch.probe_at, cause=watch.cause), commands

    def _missed(self, db: Database, shard: Shard, watch: Watch, now: float) -> tuple[Watch, list[WorldCommand]]:
        """The primary does not answer: count, be certain, promote."""
        commands: list[WorldCommand] = []
        if now >= watch.probe_at - EARLY_S:
            watch = replace(watch, misses=watch.misses + 1)
        if watch.misses >= db.detect_fall and not math.isfinite(watch.detected):
            watch = replace(watch, detected=now, cause=db.blame(shard))
            text = f"{db.nodes.names[shard.primary]}, primary of {shard.name}, has missed {watch.misses} looks"
            commands.append(Note(text, watch.cause))
        if now >= watch.detected + db.promote_time - EARLY_S:
            node = db.candidate(shard)
            if node >= 0:
                reason = f"{db.nodes.names[shard.primary]} does not answer"
                commands.append(Promote(shard.name, db.nodes.names[node], db.fencing, reason, watch.detected))
                watch = Watch(probe_at=watch.probe_at, cause=watch.cause)
        return watch, commands


def phase_of(name: str) -> float:
    """A phase in [0, 1) that hangs on nothing but the name, so that timers of many agents do not tick together."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=6).digest(), "big") / float(1 << 48)
