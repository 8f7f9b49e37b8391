"""A small world twice: the engine's and the slow model's, on the same requests and the same deeds."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from slow_front import OK, Row
from slow_world import SlowWorld

from engine.checks import Checked
from engine.commands import Heal, Inject, Order
from engine.config import (
    BalancerPart,
    CachePart,
    Client,
    DatabasePart,
    Dns,
    Health,
    Network,
    ReplicationPart,
    Route,
    Scenario,
    Service,
    Traffic,
    Users,
    WebPart,
    Zone,
)
from engine.tiers.traffic import Births
from engine.world import World

KEYS, USERS, SECONDS = 12, 40, 1.5
FIXED = {"cv2": 0.0}
Result = dict[int, tuple[float, int, int]]
Deeds = list[tuple[int, str, int, float]]  # step of 1 ms, which of DOING, index of the node, for how many seconds
DOING: dict[str, tuple[str, str, float | None]] = {  # -> fault, its tier, amount
    "crash": ("crash", "web", None), "slow": ("slow", "web", 5.0),
    "cut": ("cut_replication", "db", None), "lag": ("throttle_applier", "db", 20.0),
}  # fmt: skip


def scenario(hosts: Path, **parts: object) -> Scenario:
    base = Scenario(
        name="twin", step_ms=1.0, users=Users(USERS, ("Washington", "London")), traffic=Traffic(0.0, keys=KEYS),
        route=(Route("item"), Route("plain", cached=False), Route("save", kind="write")),
        client=Client(timeout=0.3, retries=2, backoff=0.03, jitter="none", budget=0.0),
        network=Network((Zone("a"), Zone("b")), 4.0, 6.0), dns=Dns(resolvers=2, hosts_file=str(hosts)),
        balancer=BalancerPart(nodes=1, redispatch=0, health=Health(passive=False)),
        web=WebPart(3, 2, Service(5.0, **FIXED), 3), cache=CachePart(2, capacity=4, ttl=0.2, service_us=50.0, timeout=30.0),
        database=DatabasePart(
            2, 2, 2, Service(4.0, **FIXED), Service(6.0, **FIXED), 0, timeout=30.0,
            replication=ReplicationPart(apply_per_second=60.0),
        ),
    )  # fmt: skip
    return msgspec.structs.replace(base, **parts)


MIX = (0.6, 0.15, 0.25)  # shares of the routes: cached reads, plain reads, writes


def births(seed: int, rate: float, mix: tuple[float, float, float] = MIX) -> Births:
    """Requests of one second, with demands of their own."""
    draw = np.random.default_rng(seed)
    n = int(rate)
    return Births(
        np.sort(draw.random(n)), draw.integers(0, USERS, n), draw.integers(0, KEYS, n), draw.choice(3, n, p=mix),
        0.001 + draw.exponential(0.004, n), 0.001 + draw.exponential(0.004, n),
    )  # fmt: skip


def by_engine(config: Scenario, script: Births, deeds: Deeds = ()) -> tuple[World, Result]:  # type: ignore[assignment]
    world = World(config)
    world.traffic.script = [script]
    world.traffic.recorded = []
    results: Result = {}
    seal = world.core.ledger.seal

    def tell(root: np.ndarray, t: np.ndarray, done: np.ndarray, version: np.ndarray) -> None:
        for one in zip(root.tolist(), t.tolist(), done.tolist(), version.tolist(), strict=True):
            results[one[0]] = (one[1], one[2], one[3])
        seal(root, t, done, version)

    world.core.ledger.seal = tell  # type: ignore[method-assign]
    orders: dict[int, list[Order]] = {}
    for number, (step, what, node, lasts) in enumerate(deeds):
        fault, tier, amount = DOING[what]
        target = world.core.fabric.tiers[tier].names[node]
        orders.setdefault(step, []).append(Order("a", number, Inject(fault, target, amount)))
        orders.setdefault(step + round(lasts * 1e3), []).append(Order("b", number, Heal(target)))
    checked = Checked(world, every=200)
    for step in range(round(SECONDS / world.dt)):
        checked.step(orders.get(step, ()))
    return world, results


def by_model(world: World, deeds: Deeds = ()) -> Result:  # type: ignore[assignment]
    slow = SlowWorld(world)
    for ids, rows in world.traffic.recorded or ():
        for number, t, *rest in zip(ids.tolist(), *(column.tolist() for column in rows), strict=True):
            slow.at(t, slow.launch, Row(number, *rest, attempt=0))
    changes = [(step, what, node, True) for step, what, node, _ in deeds]
    changes += [(step + round(lasts * 1e3), what, node, False) for step, what, node, lasts in deeds]
    for step, what, node, begins in sorted(changes):
        slow.agenda.run(step / 1e3)
        slow.happens(step / 1e3, what, node, begins)
    slow.agenda.run(SECONDS)
    return slow.results


def same(one: tuple[float, int, int] | None, other: tuple[float, int, int] | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one[0] - other[0]) < 1e-6 and one[1] == other[1] and (one[1] != OK or one[2] == other[2])


def compare(world: World, engine: Result, model: Result) -> None:
    ended = sorted(engine.keys() | model.keys())
    wrong = [(n, engine.get(n), model.get(n)) for n in ended if not same(engine.get(n), model.get(n))]
    assert not wrong, f"{len(wrong)} of {len(ended)} differ; (id, engine, model): {wrong[:3]}; late {world.core.ledger.late.sum}"
