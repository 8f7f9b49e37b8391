"""The whole path of a request told again, one event at a time, with a heap, dicts and objects, for being obviously right.

client -> hosts file, or the model of DNS -> balancer -> web server -> cache -> database -> back. It shares with the engine tables
only: distances, which cache node is home to a key, which shard owns it, the hash of a user, who asks which resolver.
"""

from __future__ import annotations

from typing import Any

from slow_front import FAILED, SHED, Row, SlowFront, rank_of
from slow_log import SlowLog
from slow_queue import SlowQueue

from engine.world import World


class SlowWorld(SlowFront):
    """Behind the balancer: web servers, caches, databases."""

    def __init__(self, twin: World) -> None:
        super().__init__(twin)
        c = self.config
        self.homes, self.owner = twin.cache.homes, twin.database.places.owner.tolist()
        self.webs = [SlowQueue(self.agenda, c.web.workers, self.worked, c.web.queue, rank_of) for _ in range(c.web.nodes)]
        self.caches = [SlowQueue(self.agenda, 1, self.handled) for _ in range(c.cache.nodes)]
        self.entries: list[dict[int, tuple[int, float]]] = [{} for _ in self.caches]  # key -> version, end; oldest use first
        self.leases: list[dict[int, int]] = [{} for _ in self.caches]
        self.waiting: dict[int, list[Row]] = {}
        self.tokens = 0
        self.primary = [shard.primary for shard in twin.database.shards]
        self.replicas = [[n for n in shard.nodes if n != shard.primary] for shard in twin.database.shards]
        self.dbs = [
            SlowQueue(self.agenda, c.database.workers, self.stored, rank=lambda job: job[1].rank)
            for _ in twin.database.nodes.names
        ]
        self.issued: dict[int, int] = {}
        self.seen: list[dict[int, int]] = [{} for _ in self.dbs]  # per node: key -> version shown
        zones = self.zone["db"]
        self.logs = [
            SlowLog(
                self.agenda, c.database.replication, node, {r: self.far("db", node, "db", r) for r in replicas},
                min(replicas, key=lambda r: (zones[r] == zones[node], r), default=-1), self.committed, self.show,
            )
            for node, replicas in zip(self.primary, self.replicas, strict=True)
        ]  # fmt: skip
        self.turns = [0] * len(self.primary)
        if c.database.replication.mode == "semi_sync":
            self.at(self.boundary(1), self.look_round, 1)

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
        if self.open[server]:
            self.believe(t, server)
        self.open[server] = 0
        self.epoch[server] += 1
        for row in self.rows:
            if row.web == server and row.web_out > t and not row.orphan:
                row.orphan = True
                if row.client:
                    self.at(t + self.to_city("web", server, row), self.end, row, FAILED, 0)

    def happens(self, t: float, what: str, node: int, begins: bool) -> None:
        """A fault begins or ends."""
        if what == "crash":
            self.crash(t, node) if begins else self.revive(node)
        elif what == "slow":
            self.webs[node].set_speed(t, 0.2 if begins else 1.0)
        else:
            log = next(log for log in self.logs if node in log.ways)
            if what == "lag":
                log.appliers[node].set_speed(t, 0.2 if begins else 1.0)
            else:
                (log.cut if begins else log.mend)(t, node)

    def revive(self, server: int) -> None:
        self.up[server] = True

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
        self.at(t + self.far("web", row.web, "db", node), self.at_database, node, row, rank=row.rank)

    def at_database(self, t: float, node: int, row: Row) -> None:
        self.dbs[node].arrive(t, (node, row), row.db_work)

    def stored(self, t: float, job: tuple[int, Row]) -> None:
        node, row = job
        if self.config.route[row.route].kind == "write":
            version = self.issued[row.key] = self.issued.get(row.key, 0) + 1
            row.version = version
            self.logs[self.owner[row.key]].write(t, row.key, version, row)
            return
        row.version = self.seen[node].get(row.key, 0)
        self.at(t + self.far("db", node, "web", row.web), self.back_at_web, row)

    def committed(self, t: float, primary: int, row: Row) -> None:
        self.at(t + self.far("db", primary, "web", row.web), self.back_at_web, row)

    def look_round(self, _: float, step: int) -> None:
        """What looks now and then does so at the boundaries of steps."""
        for log in self.logs:
            log.look(self.boundary(step))
        self.at(self.boundary(step + 1), self.look_round, step + 1)

    def show(self, node: int, key: int, version: int) -> None:
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
