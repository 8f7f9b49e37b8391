"""The cache tier against the event-by-event model, request by request: same answers, same versions, same instants."""

from typing import Any

import numpy as np
import pytest
from cache_rig import ONE_WAY, Rig
from slow_cache import LEASE_S, SlowCache, exponentials

from engine.core import generator
from engine.state import copy, fingerprint

BASE = {"capacity": 60, "ttl": 0.5, "service_us": 200.0}
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "sliding": {"sliding": True},
    "no expiry": {"ttl": 0.0},
    "single flight": {"single_flight": True},
    "slow reads in single flight": {"single_flight": True, "read_s": 0.2, "ttl": 0.1},
    "lease runs out": {"single_flight": True, "read_s": 10.5},
    "early expiry": {"early_expiry_beta": 1.5, "read_s": 0.05},
    "early expiry in single flight": {"early_expiry_beta": 3.0, "single_flight": True, "read_s": 0.05},
    "stale while revalidate": {"stale_while_revalidate": 0.3, "read_s": 0.1},
    "write through": {"write_mode": "through"},
    "write through, leases": {"write_mode": "through", "single_flight": True, "read_s": 0.05},
    "busy nodes": {"service_us": 1900.0},
    "modulo": {"mode": "modulo", "nodes": 2},
}


def script(rig: Rig, seed: int, seconds: float, rate: float = 1000.0, keys: int = 300) -> None:
    rng = np.random.default_rng(seed)
    n = rng.poisson(rate * seconds)
    p = np.arange(1, keys + 1) ** -1.0
    rig.load(np.sort(rng.random(n) * seconds), rng.choice(keys, n, p=p / p.sum()), rng.random(n) < 0.05)


def oracle(rig: Rig, read_s: float, part: dict[str, Any]) -> SlowCache:
    zones = rig.cache.nodes.zone
    return SlowCache(
        lambda key: int(rig.cache.homes.placement.owner(np.array([key]))[0]),
        lambda node: float(ONE_WAY[0, zones[node]]),
        exponentials(generator(rig.core.seed, "cache")),
        web_db=float(ONE_WAY[0, 1]), read_s=read_s, write_s=0.006, service_s=part["service_us"] * 1e-6,
        capacity=part["capacity"], ttl=part["ttl"] or float("inf"), sliding=part.get("sliding", False),
        single_flight=part.get("single_flight", False), beta=part.get("early_expiry_beta", 0.0),
        swr=part.get("stale_while_revalidate", 0.0), through=part.get("write_mode") == "through",
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_request_by_request(case: str) -> None:
    """Steps of .4 ms are shorter than any loop (a delete takes .5 ms from its commit to the node), so nothing may differ:

    not one answer, version or instant (1e-9 s).
    """
    part = {**BASE, **CASES[case]}
    read_s = part.pop("read_s", 0.004)
    seconds = 1.2
    rig = Rig(step_ms=0.4, read_s=read_s, keys=300, **part)
    script(rig, seed=17, seconds=seconds)
    end = seconds + 25.0 if read_s > 1 else seconds + 1.0
    got = rig.run(end)
    expected = oracle(rig, read_s, part).run(rig.script, end)
    ids = sorted(got)
    assert ids == sorted(expected)
    assert [got[i].version for i in ids] == [expected[i][1] for i in ids]
    at = [got[i].at for i in ids]
    np.testing.assert_allclose(at, [expected[i][0] for i in ids], rtol=0, atol=1e-9)
    np.testing.assert_allclose([got[i].born + got[i].spent for i in ids], at, rtol=0, atol=1e-9)  # wire + wait + service
    assert rig.core.ledger.late.sum[0] == 0
    if read_s < LEASE_S:  # else holder after holder is too slow, and the last in line still waits
        assert ids == list(range(len(rig.script)))
        assert rig.core.flights.used == 0
    else:
        assert rig.cache.counts.total("refused_fills") > 0


def test_a_step_longer_than_the_loop_is_counted_late() -> None:
    """Reads of .2 ms in steps of 20 ms: some look-ups are decided before a fill that came first, and are counted."""
    part = {**BASE, "ttl": 0.05}
    rig = Rig(step_ms=20.0, read_s=0.0002, keys=300, **part)
    script(rig, seed=4, seconds=2.0, rate=4000.0)
    got = rig.run(3.0)
    expected = oracle(rig, 0.0002, part).run(rig.script, 3.0)
    differ = sum(abs(got[i].at - expected[i][0]) > 1e-9 for i in expected)
    late = int(rig.core.ledger.late.sum[0])
    assert 0.01 * len(got) < late
    assert differ > 0
    assert differ < 20 * late


@pytest.mark.parametrize("case", ["slow reads in single flight", "early expiry in single flight", "stale while revalidate"])
def test_the_state_is_a_value(case: str) -> None:
    """A copy taken midway (leases out, fills on the wire, random victims drawn ahead) goes on to the same end."""
    part = {**BASE, **CASES[case], "eviction": "random"}
    rig = Rig(keys=300, read_s=part.pop("read_s", 0.05), **part)
    script(rig, seed=5, seconds=2.0)
    rig.run(1.0)
    assert any(shelf.leases for shelf in rig.cache.desk.shelves)
    twin = copy(rig)
    assert twin.run(3.0) == rig.run(3.0)
    assert twin.cache.record() == rig.cache.record()
    assert fingerprint(twin) == fingerprint(rig)
