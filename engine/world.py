"""The world: all tiers in the order in which a request meets them, stepped by one call that changes everything.

    world = World(scenario, seed)
    world.step(orders)          # orders: sorted commands with their givers
    world.snapshot(), world.digest(), world.view()

The world is synchronous and pure: no clock, no files, no threads. It is also a value: see engine.state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from .agents import AGENTS, agents_for
from .agents.base import AgentState, settle
from .apply.dispatch import apply
from .apply.effects import TINY, rebuild
from .apply.machines import Boot, end_boots
from .apply.regions import left
from .apply.separate import Move, carry_on
from .apply.undo import UndoBook
from .commands import Order
from .config import Scenario
from .core import Core, generator
from .fabric import Fabric
from .faults import FaultBook
from .geo import city_table, one_way, zone_one_way
from .history import History
from .ladder import Climber
from .monitoring import Monitoring
from .replies import Replies
from .showing import snapshot
from .showing.inspect import inspection
from .snapshot import Inspection, Snapshot
from .tiers.automation import Automation
from .tiers.balancer import Balancer
from .tiers.base import Tier
from .tiers.cache import Cache
from .tiers.cdn import Cdn
from .tiers.clients import Clients
from .tiers.database import Database
from .tiers.dns import Dns
from .tiers.queue import Queue
from .tiers.regions import RegionTier
from .tiers.sessions import Sessions
from .tiers.traffic import Traffic
from .tiers.web import Web
from .view import View


def _nobody(_share: float) -> None:
    """Who is told nothing."""


class World:
    """A running system. `seed` None takes the scenario's. progress: is told the share made, 0..1, tier by tier."""

    def __init__(self, config: Scenario, seed: int | None = None, progress: Callable[[float], None] | None = None) -> None:
        seed = config.seed if seed is None else seed
        told = progress if progress is not None else _nobody
        cities = city_table(config.users.cities)
        fabric = Fabric(
            zone_one_way(config.network),
            one_way(cities, tuple(z.region for z in config.network.zones)),
            [c.name for c in cities],
            [z.name for z in config.network.zones],
            generator(seed, "fabric"),
        )
        self.core = Core(config, seed, fabric)
        self.replies = Replies(self.core)
        self.traffic = Traffic(self.core, cities)
        told(0.5)  # where there are millions, half of the time goes to the popularity of keys, a third to their homes
        self.clients = Clients(self.core)
        self.dns = Dns(self.core, self.replies, cities)
        told(0.6)
        self.cdn = Cdn(self.core, self.replies, cities)
        self.balancer = Balancer(self.core, self.replies)
        self.web = Web(self.core, self.replies)
        self.automation = Automation(self.core, self.replies)
        self.sessions = Sessions(self.core, self.replies)
        self.cache = Cache(self.core, self.replies)
        told(0.65)
        self.database = Database(self.core, self.replies)
        self.queue = Queue(self.core, self.replies)
        self.regions = RegionTier(self.core)
        told(1.0)
        self.faults = FaultBook()
        self.undo = UndoBook()
        self.move: Move | None = None  # of the database to another machine
        self.boots: list[Boot] = []  # machines that come back in another size
        self.whole_second = 0
        self.history = History()
        self.monitoring = Monitoring(config.monitoring.on)
        self.climber = Climber(config.ladder.stage) if config.ladder.stage else None
        self._wire()
        self.agents: dict[str, AgentState] = agents_for(self)
        rebuild(self)
        self.core.log.tell(0.0, "scenario", f"{config.name}: {config.title}", level="good")

    def _wire(self) -> None:
        self.replies.balancer, self.replies.clients = self.balancer, self.clients
        self.traffic.clients = self.clients
        self.clients.dns, self.clients.traffic = self.dns, self.traffic
        self.dns.balancer = self.cdn if self.cdn.present else self.balancer
        self.cdn.balancer, self.cdn.dns, self.cdn.clients, self.cdn.traffic = self.balancer, self.dns, self.clients, self.traffic
        self.clients.cdn = self.cdn
        self.balancer.web, self.balancer.dns = self.web, self.dns
        self.web.sessions, self.sessions.web, self.sessions.database = self.sessions, self.web, self.database
        self.database.guard = self.replies.guard = self.automation.queries
        self.automation.threads = self.replies.threads = self.web.threads
        self.balancer.guard, self.web.codel = self.automation.door, self.automation.codel
        self.web.counts = self.automation.counts
        self.sessions.balancer, self.balancer.choice.affinity = self.balancer, self.sessions.affinity
        self.web.balancer, self.web.cache, self.web.database = self.balancer, self.cache, self.database
        self.cache.database = self.database
        self.database.cache, self.database.web = self.cache, self.web
        if self.core.config.machines.shared:
            self.database.lodge(0)
        self.replies.queue = self.web.photos = self.queue
        self.clients.regions, regions = self.regions, self.regions
        regions.dns, regions.balancer, regions.web, regions.traffic = self.dns, self.balancer, self.web, self.traffic
        regions.cache, regions.database = self.cache, self.database

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """All tiers in the order of a step."""
        front = (self.traffic, self.clients, self.dns, self.cdn, self.balancer, self.web, self.automation, self.sessions)
        return (*front, self.cache, self.database, self.queue, self.regions)

    # ---- time

    @property
    def step_no(self) -> int:
        """Steps done."""
        return self.core.step_no

    @property
    def dt(self) -> float:
        """Length of a step, seconds."""
        return self.core.dt

    @property
    def now(self) -> float:
        """Virtual seconds at the last step boundary."""
        return self.core.now

    def step(self, orders: Sequence[Order] = ()) -> None:
        """Apply `orders` in the order given, then run one step. AssertionError = a bug, with scenario, seed and step."""
        core = self.core
        try:
            if self.boots:
                end_boots(self)
            if self.move is not None:
                carry_on(self, self.move)
            if self.faults.turn_at <= core.now + TINY:
                rebuild(self)
            for order in orders:
                apply(self, order)
            core.open_window()
            self.clients.begin()
            self.traffic.step()
            self.dns.step()
            if self.cdn.present:
                self.cdn.step()
            self.balancer.step()
            self.web.step()
            self.sessions.step()
            self._loop()
            if self.queue.there:
                self.queue.step()
            self.replies.step()
            self.clients.step()
            core.close_window()
            if int(core.now + 1e-9) > self.whole_second:
                self.whole_second = int(core.now + 1e-9)
                self._second()
            settle(self.agents, AGENTS, self.is_up, core.step_no)
        except AssertionError as error:
            error.add_note(f"scenario {core.config.name}, seed {core.seed}, step {core.step_no}")
            raise

    def _loop(self) -> None:
        """Caches and database, who wait for each other: in parts of a step, each as far ahead as the other allows."""
        core, cache, database = self.core, self.cache, self.database
        cache.begin()
        database.begin()
        for part in range(core.parts):
            core.open_part(part)
            ahead = database.leads()
            if ahead:
                cache.give_up()
                database.run_ahead()
            cache.step()
            if not ahead or part == core.parts - 1:
                database.run()
        core.open_window()
        cache.judge()

    def _second(self) -> None:
        for tier in self.tiers:
            tier.second()
        self.replies.second()
        self.core.ledger.second()
        self.monitoring.second(self)
        left(self)
        self.history.push(self)

    def is_up(self, name: str) -> bool:
        """Whether the process of a node runs, by name (agents live and die by it)."""
        for nodes in self.core.fabric.tiers.values():
            index = nodes.index(name)
            if index >= 0:
                return bool(nodes.up[index] & nodes.member[index])
        return False

    # ---- looking

    def view(self) -> View:
        """What agents see."""
        return View(self)

    def snapshot(self) -> Snapshot:
        """What viewers see; changes nothing."""
        return snapshot(self)

    def inspect(self, target: str) -> Inspection | None:
        """All there is to say of a node, link or tier by name; None if there is no such thing."""
        return inspection(self, target)

    def follow(self, key: int | None, user: int | None) -> None:
        """Keep the full spans of the next request for `key` or of `user`."""
        self.core.tracer.want_key = -1 if key is None else key
        self.core.tracer.want_user = -1 if user is None else user

    def digest(self) -> str:
        """Hash of every ended request (who, when, how, which version) and every event so far."""
        h = hashlib.blake2b(self.core.ledger.chain, digest_size=16)
        h.update(self.core.log.chain_hash)
        h.update(f"{self.core.step_no} {self.core.seed} {self.core.flights.next_id}".encode())
        return h.hexdigest()
