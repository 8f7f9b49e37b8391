"""The sessions part of a snapshot. Units as in engine.snapshot.panes."""

from __future__ import annotations

from .base import NodeState, Struct


class LostSessions(Struct, frozen=True):
    """Sessions lost by one cause: in the last second, and in all."""

    cause: str
    rate: float
    total: int


class SessionHome(Struct, frozen=True):
    """A place that holds sessions: a web server, a store node, the database, the clients. share: of all sessions alive.

    capacity: sessions it has room for, 0 = no limit.
    """

    name: str
    store: str
    state: NodeState
    sessions: int
    share: float
    rate: float = 0.0
    capacity: int = 0
    verdict: str = ""
    share_trend: tuple[float, ...] = ()


class SessionTotals(Struct, frozen=True):
    """Since the start; started = alive + expired + ended + lost, and lost is the sum of those by cause.

    found: requests that found their session. carried: sessions that moved to the store in use. without: requests whose store
    could not be asked. noticed: those that found their session lost. queries: of the database. cookie_bytes: sent by clients.
    unrevoked: users who logged out, while their cookies stay good. kept, moved: requests that went back to their server, and
    those whose server could not be chosen.
    """

    started: int
    alive: int
    expired: int
    ended: int
    lost: int
    found: int
    carried: int
    without: int
    noticed: int
    queries: int
    cookie_bytes: int
    unrevoked: int
    kept: int
    moved: int
    lost_server: int
    lost_store: int
    lost_evicted: int
    lost_emptied: int
    lost_elsewhere: int
    lost_switched: int
    lost_rehomed: int
    lost_rotated: int
    lost_too_big: int


class Sessions(Struct, frozen=True):
    """Where sessions are kept and how they fare. started = alive + expired + ended + lost, in all.

    without: requests a second whose store could not be asked. old: sessions alive in another store than the one in use.
    cookie: bytes of a cookie on the wire.
    """

    verdict: str
    store: str
    sticky: bool
    migrate: bool
    on_loss: str
    life: float
    stay: float
    bytes: int
    alive: int
    old: int
    started_rate: float
    found_rate: float
    lost_rate: float
    expired_rate: float
    ended_rate: float
    carried_rate: float
    without_rate: float
    cookie: int
    cookie_rate: float
    query_rate: float
    homes: tuple[SessionHome, ...]
    totals: SessionTotals
    causes: tuple[LostSessions, ...] = ()
    alive_trend: tuple[float, ...] = ()
    lost_trend: tuple[float, ...] = ()
