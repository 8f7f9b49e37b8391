"""The automation part of a snapshot: guards around the web tier. Units as in engine.snapshot.panes."""

from __future__ import annotations

from .base import Struct


class Guard(Struct, frozen=True):
    """One mechanism that is on, or that has acted: its setting in words, how it stands, what it turned away.

    rate: in the last second. alarm: it acts now.
    """

    name: str
    setting: str
    state: str
    rate: float
    total: int
    alarm: bool = False


class AutomationTotals(Struct, frozen=True):
    """Since the start. limited: no token. over_open: too many open at a balancer. over_wait: would have waited too long.

    circuit_open, bulkhead: queries that were not sent, for the breaker or for want of room. opened, closed: moves of breakers.
    added, removed: servers, by the autoscaler.
    """

    limited: int
    over_open: int
    over_wait: int
    circuit_open: int
    bulkhead: int
    opened: int
    closed: int
    added: int
    removed: int


class Automation(Struct, frozen=True):
    """What acts by itself. refused_trend: requests turned away, a second."""

    verdict: str
    guards: tuple[Guard, ...]
    totals: AutomationTotals
    refused_trend: tuple[float, ...] = ()
