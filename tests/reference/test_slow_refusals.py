"""The engine against the slow model where connections are refused: other servers are tried, and those that fail are put aside.

Both look once a step at what the balancer believes; between two looks it may send requests to a server that has just failed.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from twins import Deeds, births, by_engine, by_model, compare, scenario

from engine.config import CachePart, Health

RARE = settings(max_examples=8, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate),
                suppress_health_check=list(HealthCheck))  # fmt: skip
CRASHES = st.lists(
    st.tuples(st.integers(50, 900), st.just("crash"), st.integers(0, 2), st.floats(0.05, 0.5)),
    min_size=1, max_size=3, unique_by=lambda deed: deed[2],
)  # fmt: skip


@RARE
@example(  # first and second tries that one server refuses in one step
    seed=84, policy="round_robin", redispatch=4, passive=False, max_fails=3, fail_timeout=0.3,
    deeds=[(54, "crash", 1, 0.28), (251, "crash", 2, 0.26), (727, "crash", 0, 0.19)],
)
@given(
    seed=st.integers(0, 10**6), policy=st.sampled_from(["round_robin", "ip_hash", "least_connections"]), deeds=CRASHES,
    redispatch=st.integers(0, 3), passive=st.booleans(), max_fails=st.sampled_from([1, 3]),
    fail_timeout=st.sampled_from([0.05, 0.3]),
)  # fmt: skip
def test_refused_requests_end_as_in_the_model(
    hosts: Path, seed: int, policy: str, deeds: Deeds, redispatch: int, passive: bool, max_fails: int, fail_timeout: float
) -> None:
    """Some servers crash and come back, perhaps all at once. No cache, no retries: why is told in test_slow_world."""
    base = scenario(hosts)
    health = Health(passive=passive, max_fails=max_fails, fail_timeout=fail_timeout)
    balancer = msgspec.structs.replace(base.balancer, policy=policy, redispatch=redispatch, health=health)
    client = msgspec.structs.replace(base.client, retries=0)
    config = scenario(hosts, balancer=balancer, cache=CachePart(nodes=0), client=client)
    world, engine = by_engine(config, births(seed, 400), deeds)
    compare(world, engine, by_model(world, deeds))
