"""The whole path of a request told again, one event at a time, with a heap, dicts and objects, for being obviously right.

client -> (hosts file) -> balancer -> web server -> cache -> database -> back. It shares with the engine tables only: distances,
which cache node is home to a key, which shard owns it, the hash of a user.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from slow_queue import Agenda, SlowQueue

from engine.policies.hashing import mix
from engine.world import World

OK, FAILED, SHED = 1, 2, 3


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


class SlowWorld:
    """`twin`: an engine's world, of which only configuration and tables are read. Results: root -> (t, outcome, version)."""

    def __init__(self, twin: World) -> None:
        self.agenda = Agenda()
        self.at = self.agenda.at
        self.config = c = twin.core.config
        fabric = twin.core.fabric
        self.zone = {tier: nodes.zone.tolist() for tier, nodes in fabric.tiers.items()}
        self.between, self.from_city = fabric.zone_one_way.tolist(), fabric.city_one_way.tolist()
        self.city_of = lambda user: int(twin.traffic.city_of(np.array([user]))[0])
        self.homes, self.owner = twin.cache.homes, twin.database.places.owner.tolist()
        self.results: dict[int, tuple[float, int, int]] = {}
        self.rows: list[Row] = []
        self.balancer = SlowQueue(self.agenda, c.balancer.workers, self.dispatch)
        self.webs = [SlowQueue(self.agenda, c.web.workers, self.worked, c.web.queue) for _ in range(c.web.nodes)]
        self.up = [True] * c.web.nodes
        self.open = [0] * c.web.nodes
        self.epoch = [0] * c.web.nodes
        self.last, self.turn = -1, 0
        self.caches = [SlowQueue(self.agenda, 1, self.handled) for _ in range(c.cache.nodes)]
        self.entries: list[dict[int, tuple[int, float]]] = [{} for _ in self.caches]  # key -> version, end; oldest use first
        self.leases: list[dict[int, int]] = [{} for _ in self.caches]
        self.waiting: dict[int, list[Row]] = {}
        self.tokens = 0
        self.primary = [shard.primary for shard in twin.database.shards]
        self.replicas = [[n for n in shard.nodes if n != shard.primary] for shard in twin.database.shards]
        self.dbs = [SlowQueue(self.agenda, c.database.workers, self.stored) for _ in twin.database.nodes.names]
        self.issued: dict[int, int] = {}
        self.seen: list[dict[int, int]] = [{} for _ in self.dbs]  # per node: key -> version applied
        self.appliers = [SlowQueue(self.agenda, 1, self.applied) for _ in self.dbs]
        self.turns = [0] * len(self.primary)

    def far(self, a: str, i: int, b: str, j: int) -> float:
        return float(self.between[self.zone[a][i]][self.zone[b][j]])

    def to_city(self, tier: str, node: int, row: Row) -> float:
        return float(self.from_city[self.city_of(row.user)][self.zone[tier][node]])

    # ---- clients

    def launch(self, t: float, row: Row) -> None:
        self.rows.append(row)
        row.deadline = t + self.config.client.timeout
        self.at(row.deadline, self.end, row, FAILED, 0)
        self.at(t + self.to_city("balancer", 0, row), self.at_balancer, row)

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
            self.at(t + pause, self.launch, again)
        else:
            self.results[row.root] = (t, outcome, version)

    # ---- balancer

    def at_balancer(self, t: float, row: Row) -> None:
        self.balancer.arrive(t, row, self.config.balancer.service.mean_ms / 1e3)

    def dispatch(self, t: float, row: Row) -> None:
        server = self.choose(row)
        self.open[server] += 1
        row.conn = (server, self.epoch[server])
        way = self.far("balancer", 0, "web", server)
        if self.up[server]:
            row.web = server
            self.at(t + way, self.at_web, row)
        else:
            self.at(t + 2.0 * way, self.refused, row)

    def choose(self, row: Row) -> int:
        n, policy = len(self.webs), self.config.balancer.policy
        if policy == "round_robin":
            self.last = (self.last + 1) % n
            return self.last
        if policy == "ip_hash":
            return int(mix(np.array([row.user]))[0] % np.uint64(n))
        least = min(self.open)
        ties = [i for i in range(n) if self.open[i] == least]
        server = next((i for i in ties if i >= self.turn), ties[0])
        self.turn = server + 1
        return server

    def hang_up(self, t: float, row: Row) -> None:
        if row.conn is not None and row.conn[1] == self.epoch[row.conn[0]]:
            self.open[row.conn[0]] -= 1
        row.conn = None

    def refused(self, t: float, row: Row) -> None:
        self.hang_up(t, row)
        self.at(t + self.to_city("balancer", 0, row), self.end, row, FAILED, 0)

    # ---- web servers

    def at_web(self, t: float, row: Row) -> None:
        if not self.up[row.web]:
            row.outcome = FAILED
            self.from_web(t, row)
        elif not self.webs[row.web].arrive(t, row, row.web_work):
            row.outcome = SHED
            self.from_web(t, row)

    def worked(self, t: float, row: Row) -> None:
        route = self.config.route[row.route]
        if route.kind == "read" and route.cached and self.caches:
            row.home = self.homes.home(row.key)
            self.post(t, row.web, row.home, ("look", row))
        else:
            self.to_database(t, row)

    def from_web(self, t: float, row: Row) -> None:
        if row.orphan:
            return
        row.web_out = t
        at = t + self.far("web", row.web, "balancer", 0)
        self.at(at, self.hang_up, row)
        self.at(at + self.to_city("balancer", 0, row), self.end, row, row.outcome, row.version)

    def crash(self, t: float, server: int) -> None:
        self.up[server] = False
        self.webs[server].crash()
        self.open[server] = 0
        self.epoch[server] += 1
        for row in self.rows:
            if row.web == server and row.web_out > t and not row.orphan:
                row.orphan = True
                if row.client:
                    self.at(t + self.to_city("web", server, row), self.end, row, FAILED, 0)

    # ---- cache

    def post(self, t: float, web: int, node: int, message: tuple[Any, ...]) -> None:
        self.at(t + self.far("web", web, "cache", node), self.at_cache, node, message)

    def at_cache(self, t: float, node: int, message: tuple[Any, ...]) -> None:
        self.caches[node].arrive(t, (node, *message), self.config.cache.service_us * 1e-6)

    def handled(self, t: float, job: tuple[Any, ...]) -> None:
        node, what, *about = job
        getattr(self, what)(t, node, *about)

    def look(self, t: float, node: int, row: Row) -> None:
        entries, back = self.entries[node], t + self.far("cache", node, "web", row.web)
        entry = entries.get(row.key)
        if entry is not None and t < entry[1]:
            entries[row.key] = entries.pop(row.key)
            row.version = entry[0]
            self.at(back, self.from_web, row)
            return
        entries.pop(row.key, None)
        if self.config.cache.single_flight:
            lease = self.leases[node].get(row.key)
            if lease is not None:
                self.waiting.setdefault(lease, []).append(row)
                return
            self.tokens += 1
            row.token = self.leases[node][row.key] = self.tokens
        row.fills = True
        self.at(back, self.to_database, row)

    def fill(self, t: float, node: int, key: int, version: int, token: int) -> None:
        for row in self.waiting.pop(token, []):
            row.version = version
            self.at(t + self.far("cache", node, "web", row.web), self.from_web, row)
        if token >= 0 and self.leases[node].get(key) != token:
            return  # a write has voided the lease
        if token >= 0:
            del self.leases[node][key]
        entries = self.entries[node]
        entries.pop(key, None)
        if len(entries) >= self.config.cache.capacity:
            del entries[next(iter(entries))]
        entries[key] = (version, t + self.config.cache.ttl)

    def write(self, t: float, node: int, key: int, version: int) -> None:
        self.leases[node].pop(key, None)
        self.fill(t, node, key, version, -1)

    def delete(self, t: float, node: int, key: int) -> None:
        self.entries[node].pop(key, None)
        self.leases[node].pop(key, None)

    # ---- database

    def to_database(self, t: float, row: Row) -> None:
        shard = self.owner[row.key]
        node = self.primary[shard]
        if self.config.route[row.route].kind == "read":
            pool = self.replicas[shard] if self.config.database.replication.read_from == "replicas" else []
            if pool:
                node = pool[self.turns[shard] % len(pool)]
            self.turns[shard] += 1
        self.at(t + self.far("web", row.web, "db", node), self.at_database, node, row)

    def at_database(self, t: float, node: int, row: Row) -> None:
        self.dbs[node].arrive(t, (node, row), row.db_work)

    def stored(self, t: float, job: tuple[int, Row]) -> None:
        node, row = job
        if self.config.route[row.route].kind == "write":
            version = self.issued[row.key] = self.issued.get(row.key, 0) + 1
            self.seen[node][row.key] = version
            for replica in self.replicas[self.owner[row.key]]:
                self.at(t + self.far("db", node, "db", replica), self.shipped, replica, row.key, version)
        row.version = self.seen[node].get(row.key, 0)
        self.at(t + self.far("db", node, "web", row.web), self.back_at_web, row)

    def shipped(self, t: float, node: int, key: int, version: int) -> None:
        self.appliers[node].arrive(t, (node, key, version), 1.0 / self.config.database.replication.apply_per_second)

    def applied(self, t: float, job: tuple[int, int, int]) -> None:
        node, key, version = job
        self.seen[node][key] = version

    def back_at_web(self, t: float, row: Row) -> None:
        if not row.orphan and self.caches:
            if self.config.route[row.route].kind == "write":
                home = self.homes.home(row.key)
                through = self.config.cache.write_mode == "through"
                self.post(t, row.web, home, ("write", row.key, row.version) if through else ("delete", row.key))
            elif row.fills:
                self.post(t, row.web, row.home, ("fill", row.key, row.version, row.token))
        self.from_web(t, row)
