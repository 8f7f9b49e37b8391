"""The whole world under any order of commands, by people and by misled agents, with its own agents at work in between.

What is always true is the engine's own checker (invariants 1 to 11, 17 to 19, 23, 24, 26, 27); at the end all faults are healed
and nobody asks any more: then everything comes to rest in bounded time (14).
"""

from __future__ import annotations

import msgspec
from apply_rig import effects
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from world_rig import QUICK, Rig

from engine.apply.dispatch import apply
from engine.commands import (
    AddNode,
    Demote,
    Drain,
    Heal,
    HealAll,
    Inject,
    MoveAddress,
    Order,
    Promote,
    RemoveNode,
    Resize,
    Restart,
    Separate,
    SetHealth,
    SetMember,
    SetOption,
    Undo,
    Undrain,
)
from engine.faults import FAULTS
from engine.faults.targets import NODE_TIERS, names
from engine.options import OPTIONS
from engine.state import copy, fingerprint

FEW = st.integers(0, 30)
LASTING = sorted(name for name, row in FAULTS.items() if not row.info.one_shot)
# amounts and settings whose effects pass within the patience of a test
MOST = {"traffic_x2": 3.0, "traffic_x10": 10.0, "flash_crowd": 500.0, "slow": 50.0, "latency": 300.0,
        "slow_code": 30.0, "slow_query": 30.0, "disk_slow": 20.0, "jitter": 300.0, "one_way_latency": 300.0, "city_surge": 10.0,
        "write_storm": 500.0, "scrapers": 500.0}  # fmt: skip
RANGES = {
    "client.timeout": (0.05, 0.6), "client.retries": (0, 3), "client.backoff": (0.0, 0.1), "client.budget": (0.0, 1.0),
    "traffic.requests_per_second": (20.0, 250.0), "replication.apply_per_second": (100.0, 1_000.0),
    "replication.semi_sync_timeout": (0.05, 0.5), "database.rebalance_mb_s": (5.0, 100.0), "cache.ttl": (0.0, 2.0),
    "dns.ttl": (0.0, 5.0), "web.queue": (0, 40), "database.queue": (0, 40), "cache.capacity": (1, 30),
    "balancer.slow_start": (0.0, 1.0), "cache.stale_while_revalidate": (0.0, 1.0), "queue.visibility": (0.1, 1.0),
    "queue.max_receives": (1, 5), "queue.capacity": (0, 60), "queue.most_workers": (1, 6),
}  # fmt: skip
DEFAULTS = ("replication.fencing", "replication.automatic", "replication.mode", "client.timeout", "database.rebalance_mb_s",
            "queue.visibility", "queue.max_receives")


class CommandsMachine(RuleBasedStateMachine):
    """Orders are given one by one and take effect when the world runs on."""

    config = QUICK

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig(self.config)
        self.defaults = {name: OPTIONS[name].value(self.rig.world) for name in DEFAULTS}

    def _node(self, number: int, *tiers: str) -> str:
        """A node that is there, or "web-9", which never is."""
        found = [name for tier in tiers or NODE_TIERS for name in names(self.rig.world, tier)]
        return found[number % len(found)] if found else "web-9"

    def _inject(self, name: str, number: int, share: float) -> Inject:
        row = FAULTS[name]
        targets = [target for kind in row.info.targets for target in names(self.rig.world, kind)]
        low, high = row.low, min(row.high, MOST.get(name, row.high))
        amount = low + (high - low) * share if row.info.unit else None
        return Inject(name, targets[number % len(targets)] if targets else "", amount)

    # ---- people

    @rule(name=st.sampled_from(sorted(FAULTS)), number=FEW, share=st.floats(0, 1), steps=st.integers(0, 30))
    def inject(self, name: str, number: int, share: float, steps: int) -> None:
        self.rig.give(self._inject(name, number, share))
        self.rig.run(steps)

    @rule(number=FEW)
    def heal_one(self, number: int) -> None:
        active = self.rig.world.faults.active()
        self.rig.give(Heal(fault_id=active[number % len(active)].id) if active else Heal("web-1"))
        self.rig.run(1)

    @rule()
    def heal_all(self) -> None:
        self.rig.give(HealAll())
        self.rig.run(1)

    @rule(times=st.integers(1, 3))
    def undo(self, times: int) -> None:
        for _ in range(times):
            self.rig.give(Undo(), by="you:ada")
        self.rig.run(1)

    @rule(name=st.sampled_from(sorted(OPTIONS)), share=st.floats(0, 1))
    def option(self, name: str, share: float) -> None:
        info = OPTIONS[name].info
        value: str | float | bool
        if info.kind == "choice":
            value = info.choices[int(share * (len(info.choices) - 1))]
        elif info.kind == "bool":
            value = share < 0.5
        elif info.kind == "text":
            value = "203.0.113.77" if share < 0.5 else "no address"
        else:
            low, high = RANGES.get(name, (info.low, min(info.high, 10.0)))
            value = low + (high - low) * share
            value = float(round(value)) if OPTIONS[name].whole else value
        self.rig.give(SetOption(name, value))
        self.rig.run(1)

    @rule(tier=st.sampled_from(["web", "cache", "replica", "shard", "balancer"]), shard=st.integers(1, 3))
    def add(self, tier: str, shard: int) -> None:
        if len(self.rig.world.database.nodes) < 16:
            self.rig.give(AddNode(tier, f"s{shard}" if tier == "replica" else ""))
        self.rig.run(5)

    @rule(number=FEW, shard=st.booleans())
    def remove(self, number: int, shard: bool) -> None:
        self.rig.give(RemoveNode(f"s{1 + number % 3}" if shard else self._node(number)))
        self.rig.run(5)

    @rule(number=FEW, size=st.sampled_from(["up", "down", "m5.4xlarge", "c5.large", "z9"]))
    def other_size(self, number: int, size: str) -> None:
        self.rig.give(Resize(self._node(number), size))
        self.rig.run(3)

    @rule(back=st.booleans())
    def move_the_database(self, back: bool) -> None:
        self.rig.give(Separate(back=back))
        self.rig.run(20)

    @rule(number=FEW, what=st.sampled_from([Restart, Drain, Undrain]))
    def tend(self, number: int, what: type[Restart] | type[Drain] | type[Undrain]) -> None:
        self.rig.give(what(self._node(number) if what is Restart else self._node(number, "web")))
        self.rig.run(3)

    # ---- agents that may be wrong

    @rule(number=FEW, other=FEW, yes=st.booleans(), what=st.integers(0, 4))
    def misled_agent(self, number: int, other: int, yes: bool, what: int) -> None:
        world = self.rig.world
        db = self._node(number, "db")
        shard = world.core.fabric.tiers["db"].group[world.database.nodes.index(db)]
        balancer = self._node(other, "balancer")
        command = (
            SetHealth(balancer, self._node(number, "web"), yes),
            MoveAddress(world.balancer.door.addresses[0], balancer),
            SetMember(self._node(number, "cache"), yes),
            Promote(shard, db, yes),
            Demote(shard, db),
        )[what]
        self.rig.give(command, by="agent:misled")
        self.rig.run(4)

    # ---- time, and what it cannot change

    @rule(steps=st.integers(1, 150))
    def run(self, steps: int) -> None:
        self.rig.run(steps)

    @rule()
    def saved_and_loaded(self) -> None:
        fork = copy(self.rig.world)
        assert fingerprint(fork) == fingerprint(self.rig.world)
        self.rig.take(fork)

    @rule(name=st.sampled_from(LASTING), number=FEW, share=st.floats(0, 1))
    def inject_and_heal_is_nothing(self, name: str, number: int, share: float) -> None:
        """22: on a fork, so that what the fault destroys at once is not missed here."""
        fork = copy(self.rig.world)
        before, last = effects(fork), fork.faults.next_id
        apply(fork, Order("you", 0, self._inject(name, number, share)))
        if fork.faults.next_id > last:
            apply(fork, Order("you", 1, Heal(fault_id=last)))
        assert effects(fork) == before

    def teardown(self) -> None:
        """14: faults stopped and nobody asks: queues empty, replicas equal, nothing in flight, within seconds."""
        rig = self.rig
        rig.give(HealAll())
        rig.give(SetOption("traffic.requests_per_second", 0.0))
        for name, value in self.defaults.items():
            rig.give(SetOption(name, value))
        for _ in range(60):  # seconds; a lease holder who is lost keeps those who wait for his fill for 10 s
            rig.run(200)
            if not rig.unequal():
                break
        rig.run(round(1.0 / QUICK.step_ms * 1e3))
        assert rig.unequal() == []
        rig.checked.checker.check()


class PartsMachine(CommandsMachine):
    """The same where cache and database are taken in parts of a step so short that the database runs ahead.

    With queues that have no bound it counts on the least service too (parts of 1.25 ms); a rule may bound them.
    """

    config = msgspec.structs.replace(QUICK, loop_parts=4, database=msgspec.structs.replace(QUICK.database, queue=0))


class SharedMachine(CommandsMachine):
    """One machine for the web server and the database, who may part and come together again."""

    config = msgspec.structs.replace(
        QUICK,
        machines=msgspec.structs.replace(QUICK.machines, shared=True),
        web=msgspec.structs.replace(QUICK.web, nodes=1),
        cache=msgspec.structs.replace(QUICK.cache, nodes=0),
        database=msgspec.structs.replace(QUICK.database, shards=1, replicas=0),
    )


TestSharedMachine = SharedMachine.TestCase
TestSharedMachine.settings = settings(
    phases=(Phase.generate,), max_examples=4, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck),
    derandomize=True,
)  # fmt: skip
TestPartsMachine = PartsMachine.TestCase
TestPartsMachine.settings = settings(
    phases=(Phase.generate,), max_examples=4, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck),
    derandomize=True,
)  # fmt: skip
TestCommandsMachine = CommandsMachine.TestCase
TestCommandsMachine.settings = settings(
    phases=(Phase.generate,),  # making an example smaller would run the world for minutes; it is the same one each time
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
