"""What the screen, the inspector and the JSON record are told about sessions: nothing here changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...nodes import Nodes
from ...showing.map import node_state
from ...snapshot import LostSessions, NodeState, SessionHome, SessionTotals, Setting
from ...snapshot import Sessions as Reading
from ...words import count, percent
from ..base import machine
from .book import CAUSES, COOKIE, DATABASE, FILES, KINDS, MEMORY, ON_SERVERS, SHARED
from .counts import Counts

if TYPE_CHECKING:
    from . import Sessions

RECENT_S = 60.0  # a loss is told so long in the title
STICKY_WARM = 0.5  # of an even share: a server with less is told to be cold


def reading(tier: Sessions) -> Reading:
    """The pane of the last whole second; places with trouble are the screen's to sort."""
    book, counts = tier.book, tier.counts
    rates = counts.rates
    homes = _homes(tier)
    lost = tuple(
        LostSessions(words, float(counts.by_cause[i]), int(book.lost[i]))
        for i, words in sorted(enumerate(CAUSES.values()), key=lambda item: (-int(book.lost[item[0]]), item[0]))
        if book.lost[i]
    )
    old = book.alive - int(book.held[book.code].sum())
    return Reading(
        verdict=_verdict(tier, lost, old), store=tier.store, sticky=tier.affinity.on, migrate=book.migrate,
        on_loss=tier.lost, life=book.life, stay=book.stay, bytes=tier.bytes, alive=book.alive, old=old,
        started_rate=rates["started"], found_rate=rates["found"], lost_rate=rates["lost"], expired_rate=rates["expired"],
        ended_rate=rates["ended"], carried_rate=rates["carried"], without_rate=rates["without"],
        cookie=tier.cookie_bytes if book.code == COOKIE else Counts.ID_BYTES, cookie_rate=rates["cookie_bytes"],
        query_rate=rates["queries"], homes=homes, causes=lost, totals=SessionTotals(**record(tier)),
        alive_trend=counts.alive.tuple(), lost_trend=counts.lost.tuple(),
    )  # fmt: skip


def record(tier: Sessions) -> dict[str, int]:
    """Every counter since the start, by name; lost_... by cause."""
    book = tier.book
    by_cause = {f"lost_{name}": int(book.lost[i]) for i, name in enumerate(CAUSES)}
    more = {"alive": book.alive, "unrevoked": book.unrevoked, "kept": tier.affinity.kept, "moved": tier.affinity.moved}
    return {**tier.counts.totals(book), **more, **by_cause}


def _verdict(tier: Sessions, lost: tuple[LostSessions, ...], old: int) -> str:
    """The latest great loss with who did it, else what goes wrong now, else where all is well."""
    book, counts = tier.book, tier.counts
    if not tier.on:
        return "no sessions are kept"
    at, many, event = counts.loss
    if tier.core.now - at <= RECENT_S and many:
        return f"{count(many, 'session')} lost: {_blame(tier, event)}"
    now = max(lost, key=lambda cause: cause.rate, default=None)
    if counts.rates["without"]:
        return f"{counts.rates['without']:,.0f}/s find no session: the {tier.store} store does not answer"
    if now is not None and now.rate:
        return f"{now.rate:,.0f}/s lost: {now.cause}"
    if old:
        return f"{count(old, 'session')} still in another store"
    words = f"{count(book.alive, 'session')} in {_place(tier)}"
    return words + (", nobody can take one back" if book.code == COOKIE else "")


def _blame(tier: Sessions, event: int) -> str:
    """What happened and who did it: "web-3 crashed by you"."""
    told = tier.core.log.find(event)
    cause = tier.core.log.find(told.cause) if told is not None and told.cause else None
    if cause is None:
        return told.text if told is not None else "its place is gone"
    return f"{cause.text.partition(':')[0].partition(',')[0]} by {cause.by}"


def _place(tier: Sessions) -> str:
    return {
        MEMORY: "web servers' memory", FILES: "web servers' files", SHARED: count(len(tier.ring.weights), "store node"),
        DATABASE: "the database", COOKIE: "cookies",
    }[tier.book.code]  # fmt: skip


def _homes(tier: Sessions) -> tuple[SessionHome, ...]:
    """Every place of the store in use, and every other that still holds sessions."""
    book, found = tier.book, []
    web = tier.core.fabric.tiers["web"]
    alive = max(1, book.alive)
    for kind, nodes in ((MEMORY, web), (FILES, web), (SHARED, tier.nodes)):
        here = [
            i for i in np.flatnonzero(nodes.member).tolist()
            if kind == book.code or (i < book.held.shape[1] and book.held[kind, i])
        ]  # fmt: skip
        even = int(book.held[kind].sum()) / max(1, len(here))
        found += [_home(tier, kind, nodes, i, even, alive) for i in here]
    for kind, name in ((DATABASE, "database"), (COOKIE, "clients")):
        n = int(book.held[kind].sum())
        if n or kind == book.code:
            found.append(SessionHome(name, KINDS[kind], NodeState.UP, n, n / alive))
    return tuple(found)


def _home(tier: Sessions, kind: int, nodes: Nodes, index: int, even: float, alive: int) -> SessionHome:
    book = tier.book
    sessions = int(book.held[kind, index]) if index < book.held.shape[1] else 0
    state = node_state(nodes, index)
    store = kind == SHARED
    capacity = book.capacity_of(index) if store else 0
    words = ""
    if state in (NodeState.DOWN, NodeState.FROZEN):
        words = "its users seem logged out" if store else "its files wait for it" if kind == FILES and sessions else ""
    elif capacity and sessions >= capacity:
        words = "full: evicts"
    elif kind in ON_SERVERS and tier.affinity.on and sessions < STICKY_WARM * even:
        words = "cold: users stick to the others"
    trends = tier.counts.node_trends if store else tier.counts.web_trends
    return SessionHome(
        name=nodes.names[index], store=KINDS[kind], state=state, sessions=sessions, share=sessions / alive,
        rate=float(tier.gauge.served[index]) if store else 0.0, capacity=capacity, verdict=words,
        share_trend=trends[index].tuple() if index < len(trends) else (),
    )  # fmt: skip


def inspect(tier: Sessions, node: int) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    """State and settings of one store node."""
    totals, config, held = tier.stations.totals, tier.core.config.sessions, int(tier.book.held[SHARED, node])
    served = max(1, int(totals.departures[node]))
    room = f"{tier.book.capacity_of(node):,} sessions" if tier.book.capacity else "no limit"
    state = (
        Setting("sessions", f"{held:,}", "alive here, counted"),
        Setting("memory", f"{held * tier.bytes / 1e6:,.1f} MB", "sessions x bytes of one"),
        Setting("look-ups", f"{int(totals.departures[node]):,}", "answered since the start"),
        Setting("mean wait", f"{totals.wait[node] / served * 1e3:.3f} ms", "queueing time / look-ups"),
        Setting("queue", f"{tier.stations.in_system(node):,}", "look-ups in its queue and in service"),
        Setting("home of", f"{percent(tier.ring.share().get(tier.nodes.names[node], 0.0), 1)} of all users", "arcs of the ring"),
    )
    settings = (
        Setting("service", f"{config.service_us:g} us", "Redis 7.0 GET: 46 k/s, measured"),
        Setting("patience of the web servers", f"{tier.timeout * 1e3:g} ms", "scenario sessions.timeout"),
        Setting("room", room, "scenario sessions.capacity"),
        Setting("eviction", "longest unseen of 5", "Redis: allkeys-lru, maxmemory-samples 5"),
        *machine(tier.nodes, node),
    )
    return state, settings


def held_by(tier: Sessions, web: int) -> tuple[Setting, ...]:
    """What the inspector says of a web server's sessions."""
    if not tier.on or web >= tier.book.held.shape[1]:
        return ()
    kinds = [kind for kind in ON_SERVERS if kind == tier.book.code or tier.book.held[kind, web]]
    return tuple(
        Setting("sessions", f"{int(tier.book.held[kind, web]):,} in its {KINDS[kind]}",
                "lost when it dies" if kind == MEMORY else "on its disk: a restart keeps them") for kind in kinds
    )  # fmt: skip
