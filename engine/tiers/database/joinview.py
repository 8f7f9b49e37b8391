"""What joins show of themselves. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...snapshot import Joins

if TYPE_CHECKING:
    from . import Database


def joins(db: Database) -> Joins | None:
    """Since the start; None where no route is a join."""
    if not db.joins_there:
        return None
    counted = db.joined
    return Joins(
        denormalised=db.denormalised,
        joins=counted["joins"],
        parts=counted["parts"],
        joined=counted["joined"],
        failed=counted["failed"],
        partial=counted["partial"],
        waiting=len(db.gathering),
        mean_ms=1e3 * db.join_seconds / max(1, counted["joined"]),
        part_ms=1e3 * db.part_seconds / max(1, counted["parts_back"]),
        rewritten=counted["rewritten"],
        rewrites_lost=counted["rewrites_lost"],
    )
