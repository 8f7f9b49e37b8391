"""The engine against the slow model, request by request: when each ended, how, and which version it saw.

Steps that keep the look-ahead rule (shorter than any way round a loop) must give the very same; so must any step where there is
no loop at all. What longer steps cost where there are loops is measured.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from twins import births, by_engine, by_model, compare, same, scenario

from engine.config import CachePart

RARE = settings(max_examples=6, deadline=None, derandomize=True, phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck))  # fmt: skip
POLICIES = st.sampled_from(["round_robin", "ip_hash", "least_connections"])


@RARE
@given(
    seed=st.integers(0, 10**6), rate=st.sampled_from([60, 300, 700]), policy=POLICIES, single=st.booleans(),
    read_from=st.sampled_from(["replicas", "primary"]), cache=st.sampled_from([0, 2]), queue=st.sampled_from([0, 3]),
    timeout=st.sampled_from([0.06, 0.3]), write_mode=st.sampled_from(["invalidate", "through"]),
)  # fmt: skip
def test_every_request_ends_as_in_the_model(
    hosts: Path, seed: int, rate: int, policy: str, single: bool, read_from: str, cache: int, queue: int, timeout: float,
    write_mode: str,
) -> None:  # fmt: skip
    """Policies, single flight or not, invalidation and write-through, lagging replicas, bounded queues, time-outs, zombies."""
    base = scenario(hosts)
    replication = msgspec.structs.replace(base.database.replication, read_from=read_from)
    config = scenario(
        hosts, balancer=msgspec.structs.replace(base.balancer, policy=policy),
        cache=msgspec.structs.replace(base.cache, nodes=cache, single_flight=single, write_mode=write_mode),
        web=msgspec.structs.replace(base.web, queue=queue), client=msgspec.structs.replace(base.client, timeout=timeout),
        database=msgspec.structs.replace(base.database, replication=replication),
    )  # fmt: skip
    world, engine = by_engine(config, births(seed, rate))
    assert world.core.ledger.late.sum[0] == 0
    assert len(engine) > rate // 2
    compare(world, engine, by_model(world))


@RARE
@given(
    seed=st.integers(0, 10**6), policy=POLICIES, crash=st.tuples(st.integers(100, 500), st.integers(0, 2), st.floats(0.05, 0.4)),
    slow=st.tuples(st.integers(100, 500), st.floats(0.05, 0.4)),
)  # fmt: skip
def test_web_servers_that_crash_come_back_and_slow_down(
    hosts: Path, seed: int, policy: str, crash: tuple[int, int, float], slow: tuple[int, float]
) -> None:
    """Without a cache (what a dead server was to set there may be on the wire already when it dies) and without retries (a crash
    resets many at the very same instant; who of them is served first is nobody's right)."""
    base = scenario(hosts)
    config = scenario(
        hosts, balancer=msgspec.structs.replace(base.balancer, policy=policy), cache=CachePart(nodes=0),
        client=msgspec.structs.replace(base.client, retries=0),
    )  # fmt: skip
    deeds = [(crash[0], "crash", crash[1], crash[2]), (slow[0], "slow", (crash[1] + 1) % 3, slow[1])]
    world, engine = by_engine(config, births(seed, 400), deeds)
    compare(world, engine, by_model(world, deeds))


@pytest.mark.parametrize("step_ms", [1.0, 10.0, 50.0])
def test_without_loops_any_step_is_exact(hosts: Path, step_ms: float) -> None:
    base = scenario(hosts)
    config = scenario(
        hosts, step_ms=step_ms, balancer=msgspec.structs.replace(base.balancer, policy="round_robin"), cache=CachePart(nodes=0),
        client=msgspec.structs.replace(base.client, retries=0),
    )  # fmt: skip
    world, engine = by_engine(config, births(5, 500))
    compare(world, engine, by_model(world))


@pytest.mark.parametrize(("step_ms", "parts"), [(1.0, 1), (4.0, 1), (8.0, 1), (24.0, 3), (24.0, 24)])
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("write_mode", ["invalidate", "through"])
def test_the_loop_of_cache_and_database_is_exact_in_parts_as_long_as_it_is(
    hosts: Path, step_ms: float, parts: int, single: bool, write_mode: str
) -> None:
    """Four wires of 2 ms and a demand of 1 ms at least: in parts of up to 9 ms nothing is decided too early."""
    base = scenario(hosts)
    config = scenario(
        hosts, step_ms=step_ms, loop_parts=parts, balancer=msgspec.structs.replace(base.balancer, policy="round_robin"),
        cache=msgspec.structs.replace(base.cache, single_flight=single, write_mode=write_mode),
    )  # fmt: skip
    world, engine = by_engine(config, births(13, 700))
    assert world.core.ledger.late.sum[0] == 0
    compare(world, engine, by_model(world))


def test_a_part_longer_than_the_loop_is_counted_as_late(hosts: Path) -> None:
    base = scenario(hosts)
    balancer = msgspec.structs.replace(base.balancer, policy="round_robin")
    world, _ = by_engine(scenario(hosts, step_ms=30.0, loop_parts=2, balancer=balancer), births(13, 700))
    assert world.core.ledger.late.sum[0] > 0


def test_what_longer_steps_cost_where_there_are_loops(hosts: Path, record_property: object) -> None:
    """The share of requests that end as in the model, by step; the engine itself counts decisions that came too late."""
    shares = {}
    for step_ms in (1.0, 5.0, 10.0, 25.0):
        world, engine = by_engine(scenario(hosts, step_ms=step_ms), births(9, 500))
        model = by_model(world)
        shares[step_ms] = sum(same(engine.get(n), model.get(n)) for n in model) / len(model)
        assert (shares[step_ms] == 1.0) or world.core.ledger.late.sum[0] > 0, f"{step_ms} ms: {shares}"
    record_property("identical", shares)  # type: ignore[operator]
    print(shares)  # noqa: T201
    assert shares[1.0] == 1.0
    assert shares[5.0] > shares[25.0] * 0.9
