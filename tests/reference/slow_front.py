"""The front of the slow model: clients with their time-outs and retries, and the balancer with its choices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from slow_names import SlowNames
from slow_queue import Agenda, Rank, SlowQueue

from engine.policies.hashing import mix
from engine.world import World

OK, FAILED, SHED = 1, 2, 3
NEVER = -float("inf")
BEFORE = 1e-9  # the end of a step comes before what happens at its boundary


@dataclass(eq=False)
class Row:
    """One attempt. `client`: does it still wait? `orphan`: was its connection reset?"""

    root: int
    user: int
    key: int
    route: int
    web_work: float
    db_work: float
    attempt: int
    deadline: float = 0.0
    client: bool = True
    orphan: bool = False
    web: int = -1
    web_out: float = float("inf")
    conn: tuple[int, int] | None = None
    outcome: int = OK
    version: int = 0
    fills: bool = False
    token: int = -1
    home: int = -1
    rank: Rank = ()  # as the engine numbers its rows: by the step of their making, retries last


def rank_of(row: Row) -> Rank:
    return row.rank


class SlowFront:
    """`twin`: an engine's world, of which only configuration and tables are read. Results: root -> (t, outcome, version)."""

    def __init__(self, twin: World) -> None:
        self.agenda = Agenda() if twin.core.config.dns.hosts_file else SlowNames(twin)
        self.at = self.agenda.at
        self.config = c = twin.core.config
        fabric = twin.core.fabric
        self.zone = {tier: nodes.zone.tolist() for tier, nodes in fabric.tiers.items()}
        self.between, self.from_city = fabric.zone_one_way.tolist(), fabric.city_one_way.tolist()
        self.city_of = lambda user: int(twin.traffic.city_of(np.array([user]))[0])
        self.results: dict[int, tuple[float, int, int]] = {}
        self.rows: list[Row] = []
        self.balancer = SlowQueue(self.agenda, c.balancer.workers, self.dispatch, rank=rank_of)
        self.up = [True] * c.web.nodes
        self.open = [0] * c.web.nodes
        self.epoch = [0] * c.web.nodes
        self.last, self.turn = -1, 0
        self.begun = 0.0  # the present step
        self.refusals: list[tuple[int, float, int, Row, int]] = []  # server, t, number, row, tries before
        self.fails = [(0, NEVER)] * c.web.nodes  # failed connections of late, and when the first of them was
        self.aside = [NEVER] * c.web.nodes  # until when a server is not asked
        self.at(self.boundary(1) - BEFORE, self.step_ends, 1)

    def boundary(self, number: int) -> float:
        return number * self.config.step_ms / 1e3

    def far(self, a: str, i: int, b: str, j: int) -> float:
        return float(self.between[self.zone[a][i]][self.zone[b][j]])

    def to_city(self, tier: str, node: int, row: Row) -> float:
        return float(self.from_city[self.city_of(row.user)][self.zone[tier][node]])

    # ---- clients

    def launch(self, t: float, row: Row) -> None:
        row.rank = row.rank or (t * 1e3 // self.config.step_ms, 0, t, row.root)
        self.rows.append(row)
        row.deadline = t + self.config.client.timeout
        self.at(row.deadline, self.end, row, FAILED, 0)
        if isinstance(self.agenda, SlowNames):
            self.agenda.ask(row.user, self.city_of(row.user), self.named, row)
        else:
            self.named(t, row, True)

    def named(self, t: float, row: Row, found: bool) -> None:
        """The look-up of the name has ended."""
        if not found:
            self.end(t, row, FAILED, 0)
        elif row.client and t < row.deadline:
            self.at(t + self.to_city("balancer", 0, row), self.at_balancer, row, rank=row.rank)

    def end(self, t: float, row: Row, outcome: int, version: int) -> None:
        """An answer, a reset or the time-out; the first one counts."""
        if not row.client:
            return
        row.client = False
        client = self.config.client
        if outcome != OK and row.attempt < client.retries:
            pause = min(client.backoff_cap, client.backoff * 2.0**row.attempt)
            write = self.config.route[row.route].kind == "write"
            part = self.config.database.write if write else self.config.database.read
            again = Row(row.root, row.user, row.key, row.route, self.config.web.service.mean_ms / 1e3, part.mean_ms / 1e3,
                        row.attempt + 1)  # fmt: skip
            again.rank = (t * 1e3 // self.config.step_ms, 1, t, *row.rank)
            self.at(t + pause, self.launch, again)
        else:
            self.results[row.root] = (t, outcome, version)

    # ---- balancer

    def at_balancer(self, t: float, row: Row) -> None:
        self.balancer.arrive(t, row, self.config.balancer.service.mean_ms / 1e3)

    def dispatch(self, t: float, row: Row) -> None:
        self.connect(t, row, self.choose(row, self.eligible(self.begun)), 0)

    def connect(self, t: float, row: Row, server: int, tried: int) -> None:
        self.open[server] += 1
        row.conn = (server, self.epoch[server])
        way = self.far("balancer", 0, "web", server)
        if self.up[server]:
            row.web = server
            self.at(t + way, self.at_web, row, rank=row.rank)
        else:
            self.at(t + 2.0 * way, self.refused, row, server, tried)

    def eligible(self, moment: float) -> list[int]:
        """Whom the balancer thinks alive at a moment; with nobody left, it asks them all."""
        good = [server for server, until in enumerate(self.aside) if until <= moment]
        return good or list(range(len(self.aside)))

    def choose(self, row: Row, eligible: list[int]) -> int:
        n, policy = len(eligible), self.config.balancer.policy
        if policy == "round_robin":
            self.last = next((server for server in eligible if server > self.last), eligible[0])
            return self.last
        if policy == "ip_hash":
            return eligible[int(mix(np.array([row.user]))[0] % np.uint64(n))]
        least = min(self.open[server] for server in eligible)
        ties = [i for i in range(n) if self.open[eligible[i]] == least]
        place = next((i for i in ties if i >= self.turn), ties[0])
        self.turn = place + 1
        return eligible[place]

    def hang_up(self, t: float, row: Row) -> None:
        if row.conn is not None and row.conn[1] == self.epoch[row.conn[0]]:
            self.open[row.conn[0]] -= 1
        row.conn = None

    def refused(self, t: float, row: Row, server: int, tried: int) -> None:
        self.hang_up(t, row)
        self.refusals.append((server, t, len(self.refusals), row, tried))

    def step_ends(self, t: float, number: int) -> None:
        """The balancer looks at what it believes once a step; who was refused in it is sent to another server then, if at all."""
        self.begun = self.boundary(number)
        self.at(self.boundary(number + 1) - BEFORE, self.step_ends, number + 1)
        refusals, self.refusals = self.refusals, []
        for server, at, *_ in sorted(refusals, key=lambda refusal: refusal[1]):
            self.believe(at, server)
        for server, at, _, row, tried in sorted(refusals, key=lambda refusal: refusal[:3]):
            if tried == self.config.balancer.redispatch:
                self.at(at + self.to_city("balancer", 0, row), self.end, row, FAILED, 0)
            else:
                eligible = self.eligible(self.begun)
                others = [other for other in eligible if other != server]
                self.connect(at, row, self.choose(row, others or eligible), tried + 1)

    def believe(self, t: float, server: int) -> None:
        """A connection to a server failed."""
        health = self.config.balancer.health
        if not health.passive:
            return
        fails, first = self.fails[server]
        if t - first > health.fail_timeout:
            fails, first = 0, t
        self.fails[server] = fails + 1, first
        if fails + 1 >= health.max_fails and t >= self.aside[server]:
            self.aside[server], self.fails[server] = t + health.fail_timeout, (0, NEVER)

    def at_web(self, t: float, row: Row) -> None:
        raise NotImplementedError
