"""The engine against the slow model where commits wait: for the first replica (not for ever), or for the standby."""

from __future__ import annotations

from pathlib import Path

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from twins import Deeds, births, by_engine, by_model, compare, scenario

from engine.config import Scenario

RARE = settings(max_examples=8, deadline=None, derandomize=True, phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck))  # fmt: skip
REPLICAS = (1, 2, 4, 5)  # two shards of a primary and two replicas
WRITERS = (0.25, 0.15, 0.6)
CUTS = st.lists(
    st.tuples(st.integers(50, 900), st.sampled_from(["cut", "lag"]), st.sampled_from(REPLICAS), st.floats(0.05, 0.5)),
    min_size=1, max_size=5, unique_by=lambda deed: deed[2],
)  # fmt: skip


def replicating(hosts: Path, mode: str, timeout: float, read_from: str, cache: int) -> Scenario:
    base = scenario(hosts)
    replication = msgspec.structs.replace(
        base.database.replication, mode=mode, semi_sync_timeout=timeout, read_from=read_from, automatic=False
    )
    # a retried read takes 4 ms: on wires of 2 ms it would end at the very moment of a commit, and nobody is first
    network = msgspec.structs.replace(base.network, same_zone_rtt_ms=4.11, cross_zone_rtt_ms=6.13)
    return scenario(
        hosts, network=network, database=msgspec.structs.replace(base.database, replication=replication),
        cache=msgspec.structs.replace(base.cache, nodes=cache),
    )  # fmt: skip


@RARE
@given(
    seed=st.integers(0, 10**6), rate=st.sampled_from([200, 700]), mode=st.sampled_from(["semi_sync", "sync"]), deeds=CUTS,
    timeout=st.sampled_from([0.03, 0.15]), read_from=st.sampled_from(["replicas", "primary"]), cache=st.sampled_from([0, 2]),
)  # fmt: skip
def test_commits_wait_as_in_the_model(
    hosts: Path, seed: int, rate: int, mode: str, deeds: Deeds, timeout: float, read_from: str, cache: int
) -> None:
    """Replicas are cut off and come back, appliers are throttled."""
    world, engine = by_engine(replicating(hosts, mode, timeout, read_from, cache), births(seed, rate, WRITERS), deeds)
    assert world.core.ledger.late.sum[0] == 0
    compare(world, engine, by_model(world, deeds))


def test_without_replicas_commits_go_on_alone_and_wait_again(hosts: Path) -> None:
    """Semi-sync, both replicas of a shard cut off: one wait, then none; back in time, they are waited for again."""
    deeds: Deeds = [(at, "cut", node, 0.1 + 0.01 * node) for at in range(80, 900, 200) for node in REPLICAS]
    world, engine = by_engine(replicating(hosts, "semi_sync", 0.03, "replicas", 2), births(3, 900, WRITERS), deeds)
    told = [event.text for event in world.core.log.events if event.target == world.database.shards[0].name]
    assert any("no longer wait" in text for text in told)
    assert any("wait again" in text for text in told)
    compare(world, engine, by_model(world, deeds))
