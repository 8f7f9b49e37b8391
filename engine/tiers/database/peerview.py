"""What multi-primary shows of itself, in figures and in a few words. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...snapshot import MultiPrimary
from .replication import MULTI_SHARED

if TYPE_CHECKING:
    from . import Database
    from .shard import Shard


def multi(db: Database) -> MultiPrimary | None:
    """What writers who are equals do to each other; None where one leads."""
    if not db.multi:
        return None
    counted = db.counted
    return MultiPrimary(
        rule="rows wait" if db.mode == MULTI_SHARED else db.conflicts,
        writers=sum(int(db.nodes.up[n]) for shard in db.shards for n in db.writers(shard)),
        writes=counted["peer_writes"],
        conflicts=counted["conflicts"],
        conflict_rate=float(db.conflicts_last),
        overwritten=counted["overwritten"],
        rejected=counted["rejected"],
        row_waits=counted["row_waits"],
        row_wait_s=db.row_wait,
        under_way=sum(map(len, db.merge.shipped.values())),
        last=db.last_conflict,
    )


def multi_words(db: Database) -> str:
    """Of writers who are equals: what matters most."""
    counted = db.counted
    writers = [node for shard in db.shards if shard.primary >= 0 for node in db.writers(shard)]
    down = [db.nodes.names[n] for n in writers if not db.nodes.up[n] or not db.nodes.speed[n] > 0.0]
    words = f"{', '.join(down[:2])} down, the others take its writes · " if down else ""
    if db.mode == MULTI_SHARED:
        waits = counted["row_waits"]
        return f"{words}one volume: {waits:,} writes waited for a row, {1e3 * db.row_wait / max(1, waits):.1f} ms each"
    lost = f"{counted['rejected']:,} writes refused" if db.conflicts == "reject" else f"{counted['overwritten']:,} overwritten"
    return f"{words}{db.conflicts_last:,} write conflicts/s, {lost} so far"


def first_lag(db: Database, shard: Shard) -> tuple[int, int, float]:
    """(position, records, seconds) that the first of equal writers is behind: it follows nobody, and lacks what others ship."""
    log, now = shard.log, db.core.now
    lacks = [lsn for lsn, record in db.merge.book(shard.index).items() if record.arrives.get(shard.primary, 0.0) > now]
    oldest = min((float(log.written[lsn - log.base]) for lsn in lacks if lsn >= log.base), default=now)
    return log.head - len(lacks), len(lacks), now - oldest
