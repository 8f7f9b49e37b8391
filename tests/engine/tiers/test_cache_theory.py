"""The cache tier against closed forms: time-to-live (C3), stampedes (C4), losing a node (C5), and its own books."""

import math

import numpy as np
import pytest
from cache_rig import Rig
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.config import CachePart
from engine.flights import Flights
from engine.tiers.cache.desk import Desk, Verdict
from engine.tiers.cache.mail import FILL, Kind, Mail
from engine.tiers.cache.shelf import Shelf


@pytest.mark.parametrize(
    ("rate_x_ttl", "sliding", "published"), [(1, False, 0.500), (10, False, 0.909), (1, True, 0.632), (10, True, 0.99995)]
)
def test_c3_time_to_live(rate_x_ttl: float, sliding: bool, published: float) -> None:
    """One key, Poisson look-ups, fills at once: fixed 1 - 1/(1 + lambda T), sliding 1 - exp(-lambda T).

    Look-ups are a renewal process; the variance of the hit ratio is below h(1 - h) x 2 / n: sd .0016 at 200,000 look-ups.
    """
    theory = 1 - math.exp(-rate_x_ttl) if sliding else rate_x_ttl / (1 + rate_x_ttl)
    assert theory == pytest.approx(published, abs=5e-4)
    n = 200_000
    t = np.cumsum(np.random.default_rng(rate_x_ttl).standard_exponential(n))
    mail = Mail()
    desk = Desk(CachePart(ttl=float(rate_x_ttl), sliding=sliding), mail, Flights(), np.random.default_rng(1))
    desk.shelves.append(Shelf("lru", 10, np.random.default_rng(2)))
    desk.evicted.append(0)
    one = np.zeros(1, dtype=np.int64)
    ask, fill = mail.add(Kind.LOOK_UP, one, one), mail.add(Kind.SET, one, one)
    mail.token[fill] = FILL
    hits = 0
    for at in t.reshape(-1, 1):
        hit = desk.serve(at, ask, one).verdict[0] == Verdict.HIT
        hits += hit
        if not hit:
            desk.serve(at, fill, one)
    assert hits / n == pytest.approx(theory, abs=0.005)


RECOMPUTE = 0.5


def stampede(look_ups: int, **part: object) -> np.ndarray:
    """Reads behind in each burst: 200 look-ups a second of each key, .5 s from miss to fill, 3 s to live.

    The database stands 20 ms away, so that steps of 20 ms keep the look-ahead rule. 16 keys side by side, none hears of
    another.
    """
    far = np.array([[0.0001, 0.02], [0.02, 0.0001]])
    rig = Rig(
        step_ms=20.0, nodes=1, keys=16, read_s=RECOMPUTE - 0.0402, ttl=3.0, service_us=0.0, one_way=far, quiet=True,
        **part,  # type: ignore[arg-type]
    )  # fmt: skip
    rng = np.random.default_rng(11)
    t = np.cumsum(rng.standard_exponential(look_ups) / (16 * 200.0))
    rig.load(t, rng.integers(0, 16, look_ups), np.zeros(look_ups, dtype=bool))
    rig.run(rig.script[-1][0])
    assert rig.core.ledger.late.sum[0] == 0
    counted = []
    for key in range(16):
        bursts, ends = [], -1.0
        for at in sorted(at for at, k in rig.database.filling if k == key):
            if at > ends:  # the first to miss; its fill ends the burst
                bursts.append(0)
                ends = at + RECOMPUTE
            bursts[-1] += 1
        counted += bursts[1:-1]
    return np.array(counted)


def test_c4_stampede_without_protection() -> None:
    """1 + rate x time to read = 101; 50 bursts of Poisson size have a mean with sd 1.4, so 10 % is 7 of them."""
    bursts = stampede(80_000)
    assert bursts.size > 50
    assert bursts.mean() == pytest.approx(101, rel=0.10)


@pytest.mark.parametrize("part", [{"single_flight": True}, {"stale_while_revalidate": 10.0}])
def test_c4_one_read_an_expiry(part: dict[str, object]) -> None:
    bursts = stampede(80_000, **part)
    assert bursts.size > 50
    assert (bursts == 1).all()


def test_c4_early_expiry() -> None:
    """XFetch at beta 1: e fetches an expiry.

    With u ~ Exp(1) the chance that nobody was early enough, 1 + Poisson(u (e - 1)) fetch: mean e, variance (e - 1) e = 4.67.
    1,600 bursts put three standard deviations at 6 %.
    """
    bursts = stampede(460_000, early_expiry_beta=1.0)
    assert bursts.size > 1500
    assert bursts.mean() == pytest.approx(math.e, rel=0.06)
    assert bursts.var() == pytest.approx((math.e - 1) * math.e, rel=0.25)


@pytest.mark.parametrize(("mode", "expected"), [("ring", 2.9), ("modulo", 18.1)])
def test_c5_lose_one_of_ten(mode: str, expected: float) -> None:
    """At a hit ratio of .95: (.05 x .9 + 1 x .1) / .05 on a ring, (.05 x .1 + 1 x .9) / .05 by modulo.

    Averaged over the ten nodes that may be lost, every key is at home on the lost one exactly once.
    """
    keys = 4000
    rng = np.random.default_rng(2)
    misses = 0
    for lost in range(10):
        rig = Rig(step_ms=10.0, nodes=10, keys=keys, read_s=1e3, mode=mode, ttl=0.0, service_us=0.0)
        warm = np.flatnonzero(rng.random(keys) < 0.95)
        for node in range(10):
            for key in warm[rig.cache.homes.owners(warm)[0] == node].tolist():
                rig.cache.desk.shelves[node].store(key, (0, math.inf, 0.0))
        rig.cache.nodes.up[lost] = False
        rig.cache.effects_changed()
        rig.cache.set_member(lost, False)
        rig.load(np.linspace(0.0, 0.05, keys), np.arange(keys), np.zeros(keys, dtype=bool))
        rig.run(0.2)
        misses += rig.database.reads
    assert misses / (10 * keys) / 0.05 == pytest.approx(expected, rel=0.05)


DEEDS = ("crash", "heal", "freeze", "eject", "join", "flush", "resize", "add")


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    mode=st.sampled_from(["ring", "modulo", "pair"]),
    eviction=st.sampled_from(["lru", "lfu", "fifo", "random", "clock", "sieve", "s3fifo", "arc"]),
    single_flight=st.booleans(),
    swr=st.sampled_from([0.0, 0.05]),
    deeds=st.lists(st.tuples(st.integers(5, 95), st.sampled_from(DEEDS))),
)
def test_the_books_balance_through_any_chaos(
    seed: int, mode: str, eviction: str, single_flight: bool, swr: float, deeds: list[tuple[int, str]]
) -> None:
    """Every request is answered exactly once; look-ups = hits + misses; occupancy within capacity; no message left over."""
    rig = Rig(
        nodes=3, keys=200, capacity=20, ttl=0.03, timeout=0.02, mode=mode, eviction=eviction, single_flight=single_flight,
        stale_while_revalidate=swr, service_us=300.0,
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    n = 400
    rig.load(np.sort(rng.random(n) * 0.1), rng.zipf(1.3, n) % 200, rng.random(n) < 0.1)
    cache, nodes = rig.cache, rig.cache.nodes
    for at, deed in sorted(deeds):
        rig.run(at * 1e-3)
        node = int(rng.integers(0, len(nodes)))
        if deed == "crash":
            nodes.up[node] = False
        elif deed == "heal":
            nodes.up[node], nodes.speed[node] = True, 1.0
        elif deed == "freeze":
            nodes.speed[node] = 0.0
        elif deed in ("eject", "join"):
            cache.set_member(node, deed == "join")
        elif deed == "flush":
            cache.flush(node)
        elif deed == "resize":
            cache.set_option("capacity", int(rng.integers(1, 30)))
        else:
            cache.add_node()
        cache.effects_changed()
    rig.run(0.1)
    nodes.up[:], nodes.speed[:] = True, 1.0
    cache.effects_changed()
    # a lease whose holder died runs 10 s, then the first who waits takes it over, and its timer runs 10 s more
    got = rig.run(22.0 if single_flight or swr else 1.0)
    assert sorted(got) == list(range(n))
    assert all(a.at - a.born == pytest.approx(a.spent, abs=1e-9) for a in got.values())
    assert rig.core.flights.used == 0
    assert cache.mail.used == 0
    counts = cache.record()
    assert counts["look_ups"] == counts["hits"] + counts["misses"]
    for shelf in cache.desk.shelves:
        assert sorted(shelf.entries) == sorted(shelf.policy.keys())
        assert len(shelf.entries) <= shelf.policy.capacity
        assert not shelf.waiting
    cache.second()
    pane = cache.reading()
    assert sum(node.key_share for node in pane.nodes) == pytest.approx(1.0 if cache.homes.copies else 0.0)
    assert pane.entries == sum(len(shelf.entries) for shelf in cache.desk.shelves)
