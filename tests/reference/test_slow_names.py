"""The engine against the slow models joined: what a request takes with the walk for its name before it."""

from __future__ import annotations

from pathlib import Path

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from twins import births, by_engine, by_model, compare, scenario

from engine.config import Dns

RARE = settings(max_examples=8, deadline=None, derandomize=True, phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck))  # fmt: skip


@RARE
@given(
    seed=st.integers(0, 10**6), rate=st.sampled_from([60, 400]), ttl=st.sampled_from([0.0, 0.11, 0.4, 30.0]),
    browser=st.sampled_from([0.0, 0.05, 30.0]), os=st.sampled_from([0.07, 30.0]), delegation=st.sampled_from([0.23, 30.0]),
    resolvers=st.integers(2, 5), timeout=st.sampled_from([0.2, 0.6]),
    policy=st.sampled_from(["round_robin", "ip_hash", "least_connections"]),
)  # fmt: skip
def test_requests_that_walk_for_the_name_end_as_in_the_models(
    hosts: Path, seed: int, rate: int, ttl: float, browser: float, os: float, delegation: float, resolvers: int, timeout: float,
    policy: str,
) -> None:  # fmt: skip
    """From cold caches; lives so short that names are asked for again and again, and patience that the longest walk exceeds.

    Who waits for one answer sets out at one moment with others: whose turn is first goes by their numbers, at every station.
    """
    base = scenario(hosts)
    dns = Dns(
        ttl=ttl, browser_cap=browser, os_cap=os, delegation_ttl=delegation, resolvers=resolvers, warm=False, root_ttl=0.6
    )
    balancer = msgspec.structs.replace(base.balancer, policy=policy)
    client = msgspec.structs.replace(base.client, timeout=timeout)
    # second tries are all as long: on wires of round lengths what they fill and what others look up would meet at one moment
    network = msgspec.structs.replace(base.network, same_zone_rtt_ms=4.11, cross_zone_rtt_ms=6.13)
    world, engine = by_engine(scenario(hosts, network=network, dns=dns, balancer=balancer, client=client), births(seed, rate))
    assert int(world.dns.counts.queries.sum.sum()) > 0
    compare(world, engine, by_model(world))
