"""From the world to a snapshot: the header, the map, totals. Tiers make their own panes' parts.

Nothing here changes the world, and nothing is computed that was not counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..causes import WORDS, Cause, Outcome
from ..ladder.reading import reading as ladder_reading
from ..snapshot import (
    SNAPSHOT_VERSION,
    Headline,
    Pace,
    Snapshot,
    Totals,
    Trace,
)
from ..snapshot import (
    Cause as CauseLine,
)
from .map import map_of

if TYPE_CHECKING:
    from ..world import World

EVENTS_SHOWN = 60
TRACES_SHOWN = 16
FAILED_AGE_S = 60.0  # a failed request born longer ago tells nothing of how things are


def headline(world: World) -> Headline:
    """The header's figures: of the last whole second, budget over the SLO's window."""
    ledger, config = world.core.ledger, world.core.config
    ended = int(ledger.outcomes.last[1:].sum())
    right = int(ledger.outcomes.last[Outcome.OK])
    causes = tuple(
        CauseLine(WORDS[c], float(ledger.causes.last[c]), int(ledger.causes.sum[c]), ledger.cause_event.get(int(c), 0))
        for c in sorted(Cause, key=lambda c: (-int(ledger.causes.last[c]), -int(ledger.causes.sum[c]), int(c)))
        if ledger.causes.sum[c]
    )
    trend = {name: t.tuple() for name, t in ledger.trends.items()}
    last = {name: (values[-1] if values else 0.0) for name, values in trend.items()}
    return Headline(
        users=world.traffic.users,
        users_most=config.users.most,
        offered=last["offered"],
        goodput=last["goodput"],
        p50_ms=last["p50"],
        p95_ms=last["p95"],
        p99_ms=last["p99"],
        error_share=(ended - right) / ended if ended else 0.0,
        slo_target=config.slo.target,
        budget_left=ledger.budget_left(config.slo.target),
        cost_per_hour=world.core.fabric.price() + world.cdn.price(),
        causes=causes,
        offered_trend=trend["offered"],
        goodput_trend=trend["goodput"],
        p50_trend=trend["p50"],
        p95_trend=trend["p95"],
        p99_trend=trend["p99"],
        error_trend=trend["error"],
    )


def totals(world: World) -> Totals:
    """Since the start; arrived = ok + failed + shed + in_flight."""
    ledger = world.core.ledger
    outcome = ledger.outcomes.sum
    return Totals(
        arrived=int(ledger.arrived.sum[0]),
        ok=int(outcome[Outcome.OK]),
        failed=int(outcome[Outcome.FAILED]),
        shed=int(outcome[Outcome.SHED]),
        in_flight=ledger.in_flight,
        attempts=int(ledger.attempts.sum[0]),
        retries=int(ledger.retries.sum[0]),
        timed_out=int(ledger.timed_out.sum[0]),
        wasted=int(ledger.wasted.sum[0]),
        late=int(ledger.late.sum[0]),
    )


def traces(world: World) -> tuple[Trace, ...]:
    """The newest sampled requests; the newest that failed or were asked for are among them, the oldest others give way."""
    core = world.core
    kept = core.tracer.kept()
    first = {t.id for t in (*core.tracer.failed, *core.tracer.asked) if t.born >= core.now - FAILED_AGE_S}
    others = [t.id for t in kept if t.id not in first and not (t.cause and t.born < core.now - FAILED_AGE_S)]
    shown = first | set(others[max(0, len(others) + len(first) - TRACES_SHOWN) :])
    return tuple(t for t in kept if t.id in shown)


def snapshot(world: World) -> Snapshot:
    """Everything, at the last step boundary; `pace` is the runtime's to fill in."""
    core = world.core
    return Snapshot(
        version=SNAPSHOT_VERSION,
        scenario=core.config.name,
        seed=core.seed,
        step=core.step_no,
        now=core.now,
        dt=core.dt,
        pace=Pace(),
        headline=headline(world),
        totals=totals(world),
        clients=world.clients.reading(),
        map=map_of(world),
        dns=world.dns.reading(),
        balancer=world.balancer.reading(),
        cache=world.cache.reading(),
        replication=world.database.reading(),
        shards=world.database.shards_reading(),
        cdn=world.cdn.reading(),
        events=tuple(core.log.events)[-EVENTS_SHOWN:],
        faults=world.faults.active(),
        traces=traces(world),
        digest=world.digest(),
        ladder=ladder_reading(world),
        sessions=world.sessions.reading(),
        queue=world.queue.reading(),
        automation=world.automation.reading(),
        regions=world.regions.reading(),
    )
