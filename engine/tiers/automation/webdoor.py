"""What the web tier does at its servers' doors for controlled delay: who is turned away there is answered at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...causes import Cause
from ...queueing import Departures
from .buckets import F8, I8

if TYPE_CHECKING:
    from ..web import Web


def serve(web: Web, t: F8, node: I8, work: F8, slots: I8) -> tuple[F8, I8, NDArray[np.bool_], Departures]:
    """Let in what comes at t (n,): times and rows of those that need not wait too long, which of these found a place; and
    what leaves before the step's end."""
    end, flights = web.core.end, web.core.flights
    if web.codel is None or not web.codel.codel:
        plan, gone = web.stations.serve(t, node, work, slots, end, flights.id)
        return t, slots, plan.accepted, gone
    may, placed = web.codel.admit(web.stations, t, node, work, slots)
    if not may.all():
        out = ~may
        turned = int(np.count_nonzero(out))
        web.turned_away += turned
        web.counts.add("over_wait", turned)
        web.replies.fail(slots[out], Cause.OVERLOADED)
        web.replies.from_web(t[out], slots[out])
        t, slots, placed = t[may], slots[may], placed[may]
    return t, slots, placed, web.stations.departures(end, flights.id)


def take_threads(web: Web, t: F8, slots: I8, node: I8) -> tuple[F8, I8, I8]:
    """At the doors at t (n,), sorted: who begins in this step since there is a thread for him, and when."""
    if not web.threads.on:
        return t, slots, node
    done = web.stations.departures(web.core.end, web.core.flights.id)  # first who is done: threads free in this step
    if done.finish.size:
        web.finish(done)
    newest = web.discipline == "lifo"
    begin, rows, full = web.threads.let_in(t, slots, len(web.nodes), web.queue, newest=newest)
    if full.any():
        turned = int(np.count_nonzero(full))
        web.turned_away += turned
        web.shed += turned
        web.replies.fail(slots[full], Cause.QUEUE_FULL)
        web.replies.from_web(t[full], slots[full])
    return begin, rows, web.core.flights.web[rows].astype(np.int64)


def tell_overdue(web: Web) -> None:
    """Whoever has waited too long, since he came before the rule did or the server got slower, is turned away."""
    codel, now = web.codel, web.core.start
    if codel is None or not codel.codel or codel.bent < 0.0:
        return
    rows, came = codel.overdue(web.stations, now)
    if rows.size:
        web.counts.add("over_wait", rows.size)
        web.core.flights.wait[rows] += now - came
        web.replies.fail(rows, Cause.OVERLOADED)
        web.replies.from_web(np.full(rows.size, now), rows)
