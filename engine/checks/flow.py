"""Invariants of the flow of requests (1 to 6) and of the rows that carry them: every one is somewhere, and in one place only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..causes import Cause, Outcome
from ..flights import CLIENT, SERVER
from ..pending import Pending
from ..queueing import Stations
from ..tiers.cache.mail import FAULTY, LOOK_UP, UNDELIVERED

if TYPE_CHECKING:
    from ..world import World

I8 = NDArray[np.int64]


def expect(holds: bool | np.bool_, text: str) -> None:
    """AssertionError with `text` unless it holds (also where Python runs without asserts)."""
    if not holds:
        raise AssertionError(text)


def clients_of(world: World) -> I8:
    """Rows whose clients are users that still wait, (n,): not those that PoPs ask the origin by."""
    flights = world.core.flights
    return np.flatnonzero(((flights.sides & CLIENT) != 0) & (flights.city < len(world.core.fabric.cities)))


def undisturbed(world: World) -> bool:
    """Has nobody ever injected, changed, added, removed or restarted anything?"""
    return world.core.log.latest_disturbance == 0


def stations_of(world: World) -> Iterator[tuple[str, Stations]]:
    """The queues of all tiers, by the tier's name in the fabric."""
    yield "balancer", world.balancer.stations
    yield "web", world.web.stations
    yield "cache", world.cache.stations
    yield "db", world.database.stations
    if len(world.sessions.nodes):
        yield "store", world.sessions.stations


def requests_balance(world: World) -> None:
    """1: arrived = ok + failed + shed + in flight, and in flight are the rows whose clients wait: in all, by route, by source."""
    ledger, flights = world.core.ledger, world.core.flights
    waiting = clients_of(world)
    ended = int(ledger.outcomes.sum[1:].sum())
    arrived = int(ledger.arrived.sum[0])
    expect(arrived == ended + waiting.size, f"{arrived} arrived, {ended} ended, {waiting.size} wait")
    for what, table, column in (("route", ledger.by_route, flights.route), ("source", ledger.by_source, flights.source)):
        here = np.bincount(column[waiting], minlength=table.shape[0])
        left = table[:, 0] - table[:, 1 + Outcome.OK :].sum(axis=1)
        expect((here == left).all(), f"by {what}: {left.tolist()} should be in flight, {here.tolist()} are")
        expect(int(table[:, 0].sum()) == arrived, f"by {what}: not all arrivals are counted")
        for outcome in (Outcome.OK, Outcome.FAILED, Outcome.SHED):
            split, whole = int(table[:, 1 + outcome].sum()), int(ledger.outcomes.sum[outcome])
            expect(split == whole, f"by {what}: {split} {outcome.name}, in all {whole}")


def causes_explain(world: World) -> None:
    """2: failures by cause sum to failures, and each cause leads to an event that happened before."""
    ledger, log = world.core.ledger, world.core.log
    bad = int(ledger.outcomes.sum[Outcome.FAILED] + ledger.outcomes.sum[Outcome.SHED])
    counted = ledger.causes.sum
    expect(int(counted.sum()) == bad, f"{bad} failures, {int(counted.sum())} causes")
    expect(int(counted[Cause.NONE]) == 0, f"{int(counted[Cause.NONE])} failures without a cause")
    for cause in np.flatnonzero(counted).tolist():
        event = ledger.cause_event.get(cause, 0)
        expect(0 < event < log.next_id, f"failures by {Cause(cause).name} lead to event {event}, which never was")
    for told in log.events:
        expect(0 <= told.cause < told.id, f"event {told.id} is caused by {told.cause}, which is not before it")


def regions_add_up(world: World) -> None:
    """1: where regions have front doors, every request that ended did so in one of them or nowhere; failures likewise."""
    tier, outcomes = world.regions, world.core.ledger.outcomes.sum
    if not tier.there:
        return
    told = (int(tier.ended.sum.sum()), int((tier.ended.sum - tier.failed.sum).sum()))
    books = (int(outcomes[1:].sum()), int(outcomes[Outcome.OK]))
    expect(told == books, f"regions ended (and answered rightly) {told} requests, the books {books}")
    expect(bool((tier.spilled.sum <= tier.ended.sum).all()), "a region has spilt more than it had")


def nodes_balance(world: World) -> None:
    """3: at every node, in = out + turned away + lost + cancelled + inside; what is inside is what its queue holds."""
    for tier, stations in stations_of(world):
        t, n = stations.totals.now, len(stations)
        accounted = t.departures + t.rejected + t.lost + t.cancelled + t.present
        expect((t.arrivals == accounted).all(), f"{tier}: {t.arrivals.tolist()} came, {accounted.tolist()} accounted for")
        held = np.bincount(np.array([job[2] for job in stations.core.jobs()], dtype=np.int64), minlength=n)
        expect((held == t.present).all(), f"{tier}: {t.present.tolist()} inside, {held.tolist()} held")


def sent_is_received(world: World) -> None:
    """3: what balancers send reaches a web server, or is lost on the way; undisturbed, nothing is lost."""
    sent = int(world.balancer.choice.sent.sum.sum()) + world.balancer.passed_by
    web = world.web
    came = int(web.stations.totals.arrivals.sum()) - web.begun_chores + len(web.inbox) + web.turned_away
    came += web.threads.rows().size
    expect(came <= sent, f"balancers sent {sent}, web servers got {came}")
    expect(came == sent or not undisturbed(world), f"{sent - came} of {sent} sent requests vanished without a fault")


def attempts_add_up(world: World) -> None:
    """4: one client row a request; attempts = requests + retries that have set out."""
    ledger, flights = world.core.ledger, world.core.flights
    waiting = clients_of(world)
    roots = flights.root[waiting]
    expect(np.unique(roots).size == roots.size, "a user request is tried twice at once")
    arrived, again = int(ledger.arrived.sum[0]), int(ledger.retries.sum[0])
    begun = arrived + again - len(world.clients.waiting)
    expect(int(ledger.attempts.sum[0]) == begun, f"{int(ledger.attempts.sum[0])} attempts, {begun} expected")


def look_ups_balance(world: World) -> None:
    """5: look-ups = hits + misses; undisturbed, misses that were not coalesced are the reads behind the cache."""
    counts = world.cache.counts
    looked, found = counts.look_ups.sum, counts.hits.sum + counts.misses.sum
    expect((looked == found).all(), f"look-ups {looked.tolist()}, hits + misses {found.tolist()}")
    misses, coalesced, behind = int(counts.misses.sum.sum()), counts.total("coalesced"), counts.total("reads_behind")
    expect(coalesced <= misses, f"{coalesced} of {misses} misses coalesced")
    if undisturbed(world) and not counts.total("unanswered") and not world.core.ledger.wasted.sum[0] and len(world.cache.nodes):
        expect(misses - coalesced <= behind <= misses, f"{misses} misses, {coalesced} coalesced, {behind} reads behind")


def earliest(pending: Pending) -> float:
    """Time of the first row that waits, s; inf if none does."""
    t, _ = pending.everything()
    return float(t[0]) if t.size else np.inf


def nothing_overdue(world: World) -> None:
    """6: all that was due has happened; what a later tier tells an earlier one may be late by a step (look-ahead rule)."""
    now, dt = world.core.now, world.core.dt
    clients, cache, db, balancer, flights = world.clients, world.cache, world.database, world.balancer, world.core.flights
    begun = np.setdiff1d(np.flatnonzero(flights.sides & CLIENT), _rows(clients.waiting))
    patient = begun[flights.deadline[begun] < now - 1e-9]
    expect(not patient.size, f"clients of rows {patient[:5].tolist()} wait beyond their time-out")
    for what, pending, slack in (
        ("answer", clients.inbox, 0.0), ("reset", clients.resets, 0.0), ("retry", clients.waiting, dt),
        ("look-up of a name", world.dns.later, 0.0), ("query", world.dns.outward, 0.0),
        ("packet for a web server", world.web.inbox, 0.0), ("packet for a balancer", balancer.inbox, 0.0),
        ("answer to be tried elsewhere", balancer.choice.again.held, 2 * dt),  # of what came to a cache or set out a step late
        ("message to a cache", cache.inbox, dt), ("packet for a database", db.inbox, dt), ("query to a database", db.outbox, dt),
        ("failure that a driver hears of", db.failed, dt), ("session from a disk", world.sessions.disks, 0.0),
        ("message to a store", world.sessions.inbox, 0.0), ("session from a store", world.sessions.outward, 0.0),
        ("look-up at a PoP", world.cdn.inbox, 0.0),
        ("fallback to the site", world.cdn.direct, dt), ("answer to a PoP", world.cdn.homeward, dt),
    ):  # fmt: skip
        first = earliest(pending)
        expect(first >= now - slack - 1e-9, f"a {what} was due at {first} s, and it is {now} s")
    for tier, stations in stations_of(world):
        late = [job for job in stations.core.jobs() if job[0] < now - 1e-9]
        expect(not late, f"{tier}: {len(late)} jobs are done and still inside")


def deadlines_in_order(world: World) -> None:
    """6: the queue of deadlines is what it trusts to be: batches in order, each ascending, none before what it says."""
    before = -np.inf
    for least, t, slots, ids in world.clients.deadlines.queue:
        expect(least >= before, f"deadlines from {least} s on stand behind those from {before} s on")
        expect(bool((t[1:] >= t[:-1]).all()) and float(t[0]) >= least - 1e-9, f"deadlines from {least} s on are out of order")
        expect(t.size == slots.size == ids.size, "deadlines, rows and attempts differ in number")
        before = least


def free_lists(world: World) -> None:
    """27: rows of requests and messages are used or free, never both, and each is free once."""
    flights, mail, store = world.core.flights, world.cache.mail, world.sessions.mail
    for what, used, free in (
        ("requests", flights.sides != 0, flights.free[: flights.n_free]),
        ("messages to stores", store.kind != 0, store.unused[: store.n_unused]),
        ("messages", mail.kind != 0, mail.unused[: mail.n_unused]),
    ):
        expect(np.unique(free).size == free.size, f"{what}: a row is free twice")
        expect(not used[free].any(), f"{what}: a free row is in use")
        expect(int(np.count_nonzero(used)) + free.size == used.size, f"{what}: a row is neither used nor free")


def _rows(pending: Pending) -> I8:
    return pending.everything()[1][0]


def _jobs(stations: Stations) -> I8:
    return np.array([job[1] for job in stations.core.jobs()], dtype=np.int64)


def rows_of(world: World) -> list[tuple[str, I8]]:
    """Where the server sides of rows behind the name servers are: (place, slots)."""
    cache, db, mail = world.cache, world.database, world.cache.mail
    asking = np.flatnonzero((mail.kind == LOOK_UP) | (mail.kind == UNDELIVERED) | (mail.kind == FAULTY))
    waiters = [slot for shelf in cache.desk.shelves for waiting in shelf.waiting.values() for slot, _ in waiting]
    inside = [j[1] for j in db.stations.core.jobs() if j[1] >= 0 and (j[1], j[2], j[4]) not in db.abandoned]
    written = np.flatnonzero(db.phase == 2)
    return [
        ("on the way to a balancer", _rows(world.balancer.inbox)),
        ("in a balancer", _jobs(world.balancer.stations)),
        ("between balancer and web", _rows(world.balancer.choice.failed)),
        ("for another web server", _rows(world.balancer.choice.again.held)),
        ("on the way to a web server", _rows(world.web.inbox)),
        ("in a web server", _jobs(world.web.stations)),
        ("waiting for a thread", world.automation.threads.rows()),
        ("asking the cache", mail.slot[asking]),
        ("waiting for a fill", np.array(waiters, dtype=np.int64)),
        ("leaving for the database", _rows(db.outbox)),
        ("on the way to the database", _rows(db.inbox)),
        ("in the database", np.array(inside, dtype=np.int64)),
        ("waiting for a commit", written),
        ("turned away by the database", _rows(db.failed)),
        ("waiting for its parts", np.array(sorted(db.gathering), dtype=np.int64)),
        ("with a broker", np.array(list(world.queue.sending), dtype=np.int64)),
        ("on the way to a PoP", _rows(world.cdn.inbox)),
        ("waiting at a PoP", world.cdn.edge.waiting()),
        ("about to ask the site itself", _rows(world.cdn.direct)),
        ("on the way back to a PoP", _rows(world.cdn.homeward)),
        ("on the way to the client", _rows(world.clients.inbox)),
        ("waiting for a retry", _rows(world.clients.waiting)),
        *world.sessions.rows(),
    ]


def rows_are_somewhere(world: World) -> None:
    """3, 14: the server side of every request is in exactly one place, so that nothing stays in flight for ever."""
    flights = world.core.flights
    places = rows_of(world)
    found = np.zeros(flights.capacity, dtype=np.int64)
    for place, slots in places:
        ghosts = slots[(flights.sides[slots] & SERVER) == 0]
        expect(not ghosts.size, f"rows {ghosts[:5].tolist()} are {place}, but no server holds them")
        np.add.at(found, slots, 1)
    held = np.flatnonzero(flights.sides & SERVER)
    for slot in held[found[held] > 1][:1].tolist():
        expect(False, f"row {slot} is in several places: {[p for p, s in places if slot in s]}")
    # those who are not through to a balancer yet are the name servers' business
    through = (flights.balancer[held] >= 0) | (flights.web[held] >= 0)
    lost = held[(found[held] == 0) & through]
    expect(not lost.size, f"rows {lost[:5].tolist()} (ids {flights.id[lost[:5]].tolist()}) are held by servers, but nowhere")
