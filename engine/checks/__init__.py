"""The engine's own checker: invariants that hold at every step of every run, faults or not.

`check(world)` judges a world as it stands, by the table CHECKS. A `Checker` follows one world and judges also what it does
from step to step: time, replicas' positions, retry budgets, whom the balancers send to. `Checked` is a world with its
checker on, for `scaletop run --headless --check` and for tests. Nothing here changes the world.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ..agents.base import AgentState
from ..commands import Order
from ..meter import quantile
from ..snapshot import Inspection, Snapshot
from ..tiers.database.log import Follower
from . import data, edge, flow, names, queues
from .ages import Ages
from .automation import Breakers, Tokens, buckets_hold, queries_are_open, refusals_are_shed, threads_are_held
from .balancing import Beliefs
from .calm import Calm
from .edge import EdgeAges
from .flow import expect
from .moves import Moves
from .sessions import Survivors, sessions_add_up

if TYPE_CHECKING:
    from ..view import View
    from ..world import World


class InvariantError(AssertionError):
    """An invariant does not hold: which one, in what, and where to see it again."""


class Check(NamedTuple):
    """An invariant: its numbers in the list of invariants, and what raises AssertionError if it is broken."""

    numbers: str
    judge: Callable[[World], None]


def spans_are_times(world: World) -> None:
    """23: no span is negative; p50 <= p95 <= p99 <= max."""
    flights, ledger = world.core.flights, world.core.ledger
    live = flights.live()
    for name in ("wire", "wait", "service"):
        least = float(getattr(flights, name)[live].min(initial=0.0))
        expect(least >= -1e-9, f"a request has {least} s of {name}")
    counts = ledger.latency.whole()[0]
    shown = [quantile(counts, q) for q in (0.5, 0.95, 0.99)]
    expect(shown == sorted(shown), f"quantiles {shown}")
    # a bucket is at most 3.2 % wide, and the quantile lies in it
    expect(shown[-1] <= ledger.latency.max_ms * 1.04 + 1e-3, f"p99 {shown[-1]} is above the greatest")


def screen_is_counted(world: World) -> None:
    """26: what the screen is told are the counters of this very step, all of them finite."""
    snap, ledger = world.snapshot(), world.core.ledger
    expect(snap.step == world.step_no and snap.digest == world.digest(), "a snapshot of another step")
    told = (snap.totals.arrived, snap.totals.in_flight, snap.totals.attempts, snap.totals.late)
    sums = (ledger.arrived.sum[0], ledger.in_flight, ledger.attempts.sum[0], ledger.late.sum[0])
    expect(told == tuple(int(n) for n in sums), f"totals {told}, counted {sums}")
    members = {n for nodes in world.core.fabric.tiers.values() for n, m in zip(nodes.names, nodes.member, strict=True) if m}
    expect({n.name for n in snap.map.nodes if n.tier != "city"} <= members | {"users"} | set(world.core.fabric.cities),
           "the map shows nodes that are not there")  # fmt: skip
    _finite(msgspec.to_builtins(snap), "snapshot")


def _finite(value: object, where: str) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _finite(inner, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for inner in value:
            _finite(inner, where)
    elif isinstance(value, float):
        expect(not math.isnan(value), f"{where} is no number")


def memory_is_bounded(world: World) -> None:
    """27: rings are rings; what is remembered of abandoned jobs are jobs."""
    log, core, db = world.core.log, world.core, world.database
    tracer = core.tracer
    bounded = (
        log.events, tracer.done, tracer.failed, tracer.asked, world.clients.firsts, core.ledger.slo_window, world.undo.deeds,
    )  # fmt: skip
    expect(all(ring.maxlen is not None for ring in bounded), "a history without an end")
    expect(len(log.causes) <= 5 * (log.events.maxlen or 0), f"{len(log.causes)} causes kept")
    jobs = {(job[1], job[2], job[4]) for job in db.stations.core.jobs()} if db.abandoned else set()
    ghosts = [job for job in db.abandoned if job not in jobs]
    expect(not ghosts, f"{len(ghosts)} abandoned jobs of the database are no jobs")


CHECKS: tuple[Check, ...] = (
    Check("1", flow.requests_balance),
    Check("1", flow.regions_add_up),
    Check("2", flow.causes_explain),
    Check("3", flow.nodes_balance),
    Check("3", flow.sent_is_received),
    Check("3", data.joins_balance),
    Check("3, 14", flow.rows_are_somewhere),
    Check("4", flow.attempts_add_up),
    Check("5", flow.look_ups_balance),
    Check("5", edge.edges_balance),
    Check("6", flow.nothing_overdue),
    Check("6", flow.deadlines_in_order),
    Check("8", data.losses_are_told),
    Check("9", data.logs_are_prefixes),
    Check("9", data.writers_share_one_history),
    Check("10", data.one_primary),
    Check("11", data.one_owner),
    Check("11", data.versions_exist),
    Check("15", queues.messages_balance),
    Check("15", queues.messages_are_delivered_first),
    Check("6", queues.queue_is_in_time),
    Check("17", data.caches_hold_what_fits),
    Check("17", edge.edges_hold_what_fits),
    Check("18", data.names_are_cached),
    Check("18", names.delegations_were_said),
    Check("18", names.queries_have_ends),
    Check("20", sessions_add_up),
    Check("6", threads_are_held),
    Check("21", buckets_hold),
    Check("21", refusals_are_shed),
    Check("21", queries_are_open),
    Check("23", spans_are_times),
    Check("26", screen_is_counted),
    Check("27", flow.free_lists),
    Check("27", memory_is_bounded),
)


def _judge(world: World, numbers: str, what: str, judge: Callable[[], None]) -> None:
    try:
        judge()
    except AssertionError as broken:
        core = world.core
        where = f"scenario {core.config.name}, seed {core.seed}, step {core.step_no} ({core.now:.3f} s)"
        raise InvariantError(f"invariant {numbers} ({what}) is broken: {broken}; {where}") from broken


def check(world: World) -> None:
    """Judge a world at a step boundary. InvariantError names the invariant, scenario, seed and step."""
    for numbers, judge in CHECKS:
        _judge(world, numbers, judge.__name__, lambda judge=judge: judge(world))  # type: ignore[misc]


class Checker:
    """Follows one world from now on. Call `step` after every step, `check` as often as may be (it costs some milliseconds)."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.step_no = world.step_no
        self.positions: dict[int, tuple[Follower, int, int]] = {}  # node -> (its place in the log, epoch, position)
        self.retried = int(world.core.ledger.retries.sum[0])
        self.most_retries = world.clients.retries
        self.most_waiting = {"web": world.web.queue, "db": world.database.queue}
        self.always_sync = self._sync()
        self.calm, self.moves, self.ages, self.beliefs = Calm(world), Moves(world), Ages(world), Beliefs(world)
        self.survivors, self.tokens, self.breakers = Survivors(world), Tokens(world), Breakers(world)
        self.edges = EdgeAges(world)

    def check(self) -> None:
        """All of CHECKS, and what needs memory."""
        check(self.world)

    def step(self) -> None:
        """Judge the step that has just been made."""
        for numbers, judge in (
            ("24", self._time), ("4", self._budget), ("6", self._bounds), ("7", self._no_sync_loss), ("9", self._positions),
        ):  # fmt: skip
            _judge(self.world, numbers, judge.__name__.strip("_"), judge)
        for numbers, follower in (
            ("2", self.calm), ("12", self.moves), ("16", self.ages), ("16", self.edges), ("19", self.beliefs),
            ("20", self.survivors), ("21", self.tokens), ("21", self.breakers),
        ):  # fmt: skip
            what = type(follower).__name__.lower()
            _judge(self.world, numbers, what, lambda follower=follower: follower.judge(self.world))  # type: ignore[misc]

    def _time(self) -> None:
        core = self.world.core
        expect(core.step_no == self.step_no + 1, f"from step {self.step_no} to {core.step_no}")
        expect(core.start < core.end == core.now, f"a step from {core.start} to {core.end}, and it is {core.now}")
        self.step_no = core.step_no

    def _budget(self) -> None:
        """Retries are granted within the budget of the window (unless a storm is on)."""
        clients, flights = self.world.clients, self.world.core.flights
        retried = int(self.world.core.ledger.retries.sum[0])
        rolled = self.world.core.now == self.world.whole_second  # the window has moved on since
        if retried > self.retried and clients.budget and not clients.storm and not rolled:
            allowed = int(clients.budget * sum(clients.firsts))
            expect(sum(clients.agains) <= allowed, f"{sum(clients.agains)} retries in the window, {allowed} allowed")
        self.retried = retried
        self.most_retries = max(self.most_retries, clients.retries)
        most = int(flights.attempt[flights.live()].max(initial=0))
        expect(most <= self.most_retries, f"attempt {most + 1} of at most {self.most_retries + 1}")

    def _bounds(self) -> None:
        """No more wait than the greatest bound there has been allows (those that wait stay when it is lowered)."""
        world = self.world
        for tier, stations, queue in (
            ("web", world.web.stations, world.web.queue), ("db", world.database.stations, world.database.queue)
        ):  # fmt: skip
            most = self.most_waiting[tier] = max(self.most_waiting[tier], queue) if queue and self.most_waiting[tier] else 0
            if most:
                waiting = stations.queued(world.core.now)
                expect(bool((waiting <= most).all()), f"{tier}: {waiting.tolist()} wait, {most} may")

    def _sync(self) -> bool:
        """Do all commits wait for a standby?"""
        db = self.world.database
        return db.mode == "sync" and all(shard.standby >= 0 for shard in db.shards if shard.primary >= 0)

    def _no_sync_loss(self) -> None:
        """Synchronous from the beginning, and never without a standby: no failover loses an acknowledged write."""
        self.always_sync = self.always_sync and self._sync()
        lost = self.world.database.meters.totals["lost"]
        expect(not self.always_sync or not lost, f"synchronous, and {lost} acknowledged writes are lost")

    def _positions(self) -> None:
        """Within an epoch a replica's position does not go back."""
        db, now = self.world.database, self.world.core.now
        for shard in db.shards:
            for node, follower in shard.log.followers.items():
                position = shard.log.position(node, now)
                before, epoch, was = self.positions.get(node, (follower, shard.epoch, 0))
                same = before is follower and epoch == shard.epoch
                expect(not same or position >= was, f"{db.nodes.names[node]} goes back from {was} to {position}")
                self.positions[node] = (follower, shard.epoch, position)


class Checked:
    """A world that is judged after every step and, as a whole, every `every` steps. Fits wherever a world does."""

    def __init__(self, world: World, every: int = 0) -> None:
        """every: 0 = once a virtual second."""
        self.world = world
        self.every = every or max(1, round(1.0 / world.dt))
        self.checker = Checker(world)
        self.checker.check()

    @property
    def step_no(self) -> int:
        """Steps done."""
        return self.world.step_no

    @property
    def dt(self) -> float:
        """Length of a step, seconds."""
        return self.world.dt

    @property
    def now(self) -> float:
        """Virtual seconds."""
        return self.world.now

    @property
    def agents(self) -> Mapping[str, AgentState]:
        """The world's."""
        return self.world.agents

    def step(self, orders: Sequence[Order] = ()) -> None:
        """A step of the world; InvariantError if an invariant is broken."""
        self.world.step(orders)
        self.checker.step()
        if self.world.step_no % self.every == 0:
            self.checker.check()

    def view(self) -> View:
        """The world's."""
        return self.world.view()

    def snapshot(self) -> Snapshot:
        """The world's."""
        return self.world.snapshot()

    def inspect(self, target: str) -> Inspection | None:
        """The world's."""
        return self.world.inspect(target)

    def follow(self, key: int | None, user: int | None) -> None:
        """The world's."""
        self.world.follow(key, user)

    def digest(self) -> str:
        """The world's."""
        return self.world.digest()
