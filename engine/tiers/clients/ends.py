"""How an attempt's end is explained: the event that a failure leads back to, and the trace of a sampled request."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ...causes import WORDS, Cause, Outcome, outcome_of
from ...core import Core
from ...snapshot import Trace

I8 = NDArray[np.int64]


def blame(core: Core, slots: I8) -> None:
    """Every failure leads to an event: the fault of a node it touched, else the latest disturbance, else overload."""
    flights = core.flights
    open_cases = slots[flights.event[slots] == 0]
    for tier, column in (("web", flights.web), ("db", flights.db), ("cache", flights.cache), ("balancer", flights.balancer)):
        nodes = core.fabric.tiers.get(tier)
        if not open_cases.size or nodes is None or not len(nodes):
            continue
        index = column[open_cases]
        flights.event[open_cases] = np.where(index >= 0, nodes.event[np.maximum(index, 0)], 0)
        open_cases = open_cases[flights.event[open_cases] == 0]
    if open_cases.size:
        if not core.log.latest_disturbance and not core.log.overload:
            core.log.overload = core.log.tell(
                core.now, "world", "more is asked than the servers can do: requests fail", level="bad", disturbs=True
            )
        flights.event[open_cases] = core.log.latest_disturbance or core.log.overload
    for cause in np.unique(flights.cause[slots]).tolist():
        last = slots[flights.cause[slots] == cause][-1]
        core.ledger.cause_event[int(cause)] = int(flights.event[last])


PART = 0.25  # of its time: what took at least so much made a request slow


def slowed_by(core: Core, slot: int, latency: float) -> int:
    """The event that a request answered rightly, but slowly, leads back to; 0 = nothing but its own work and way took long.

    A hop with a great part of its time and a fault on its node; a faulty link on a way that was long; else, of a long wait or
    beyond what was promised, the latest disturbance. Tells nothing to the log: who is sampled must not change the run.
    """
    if not core.log.latest_disturbance and not core.log.overload:
        return 0  # nothing has happened yet: faults and what people change are disturbances
    flights, fabric = core.flights, core.fabric
    spans = sorted(core.tracer.open.get(slot, ()), key=lambda span: -(span[4] + span[5]))
    long = [span for span in spans if span[4] + span[5] >= PART * latency]
    for hop, node, *_ in long:
        nodes = fabric.tiers.get(hop)
        index = -1 if nodes is None else nodes.index(node)
        if nodes is not None and index >= 0 and nodes.event[index]:
            return int(nodes.event[index])
    if not fabric.untroubled and latency - sum(span[4] + span[5] for span in spans) >= PART * latency:
        here = [(tier, getattr(flights, tier).item(slot)) for tier in ("city", "balancer", "web", "cache", "db")]
        ends = [(tier, index) for tier, index in here if index >= 0]
        for a, b in combinations(ends, 2):
            if event := fabric.slowed_by(*a, *b):
                return event
    if any(span[4] >= PART * latency for span in long) or latency > core.config.slo.latency:
        return core.log.latest_disturbance or core.log.overload
    return 0


def close_trace(core: Core, slot: int, latency: float) -> None:
    """The user's request is over: its trace is put together. latency in seconds."""
    flights = core.flights
    cause = Cause(int(flights.cause[slot]))
    outcome = outcome_of(cause) if cause is not Cause.NONE else Outcome.OK
    event = int(flights.event[slot]) if outcome is not Outcome.OK else slowed_by(core, slot, latency)
    why = tuple(e.text for e in map(core.log.find, core.log.chain(event)) if e is not None) if event else ()
    born = float(flights.born[slot])
    core.tracer.close(
        flights,
        slot,
        Trace(
            id=int(flights.root[slot]),
            route=core.config.route[int(flights.route[slot])].name,
            key=int(flights.key[slot]),
            user=int(flights.user[slot]),
            city=core.fabric.cities[int(flights.city[slot])],
            born=born,
            latency_ms=latency * 1e3,
            outcome=outcome.name.lower(),
            cause=WORDS[cause] if outcome is not Outcome.OK else "",
            attempt=int(flights.attempt[slot]),
            spans=(),
            why=why,
            version=int(flights.version[slot]) if outcome is Outcome.OK else -1,
        ),
    )
