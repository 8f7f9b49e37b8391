"""The ground of all parts of a snapshot: the base struct and the states of a node."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class NodeState(StrEnum):
    """How a node is, in the order in which trouble should rise to the top of a list."""

    DOWN = "down"
    FROZEN = "frozen"
    UNREACHABLE = "unreachable"
    FENCED = "fenced"
    SLOW = "slow"
    STARTING = "starting"
    DRAINING = "draining"
    STANDBY = "standby"
    UP = "up"


class Struct(msgspec.Struct, frozen=True, array_like=False, omit_defaults=True):
    """Base of all snapshot parts."""
