"""The table of stages, in their order. To add one: a Stage in `ways`, with the commands that lead up and back, and its place.

A row's commands are made from the world as it is when they are given, so that they name the nodes that there are then. A way of
several phases goes on by itself when what its last phase has begun is over; `waits` says what that is (a copy, a boot, a move of
keys), "" when nothing is.
"""

from __future__ import annotations

from .ways import (
    ALONE,
    CACHE,
    CDN,
    LARGER,
    OWN_SERVER,
    QUEUE,
    REGIONS,
    REPLICAS,
    SHARDS,
    STATELESS,
    WEB,
    Stage,
)  # fmt: skip

STAGES: tuple[Stage, ...] = (
    ALONE,
    OWN_SERVER,
    LARGER,
    WEB,
    REPLICAS,
    CACHE,
    CDN,
    STATELESS,
    REGIONS,
    QUEUE,
    SHARDS,
)

__all__ = ["STAGES", "Stage"]
