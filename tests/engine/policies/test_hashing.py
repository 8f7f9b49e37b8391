"""The hash functions answer what their inventors' own programs answer (row H3), scalar and vectorised alike."""

from bisect import bisect_left

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.policies.hashing import jump, jump_one, ketama_hash, ketama_points, mix, mix_one, redis_slot

UINT64 = st.integers(0, 2**64 - 1)


def ketama_look_up(server_digests: dict[str, int], key: str) -> tuple[int, int, str]:
    """(hash, first point at or after it, its server) on the ring of libketama."""
    points = sorted((int(p), server) for server, digests in server_digests.items() for p in ketama_points(server, 4 * digests))
    hashed = ketama_hash(key)
    point, server = points[bisect_left(points, (hashed, "")) % len(points)]
    return hashed, point, server


def test_ketama_weighted_ring_of_the_reference_implementation() -> None:
    """Eight weighted servers; libketama gives each floor(weight / sum * 40 * servers) digests."""
    weights = [600, 300, 200, 350, 1000, 800, 950, 100]
    servers = {f"10.0.1.{i + 1}": int(w / sum(weights) * 40 * len(weights)) for i, w in enumerate(weights)}
    for key, hashed, point, server in [
        ("SVa_]_V41)", 443691461, 445379617, "10.0.1.7"),
        ("30C1*Z*S/_", 1473165754, 1480075959, "10.0.1.2"),
        ("D[HE+cFXDK", 2117036136, 2117124014, "10.0.1.3"),
        ("(bEIQJ:E./", 2922607787, 2925521819, "10.0.1.6"),
        ("431cBF8,YO", 1679726993, 1685224295, "10.0.1.7"),
        ("CTR74,J+N.", 137446045, 146633907, "10.0.1.8"),
    ]:
        assert ketama_look_up(servers, key) == (hashed, point, server)


def test_ketama_even_ring_of_five_servers() -> None:
    servers = {f"127.0.0.1:{10000 + i}": 40 for i in range(5)}
    ports = [int(ketama_look_up(servers, key)[2][-1]) for key in ("36", "10037", "22051", "49044")]
    assert ports == [2, 3, 1, 4]
    assert ketama_points("127.0.0.1:10000").size == 160


@pytest.mark.parametrize(
    ("key", "slot"),
    [
        ("foo", 12182),
        ("bar", 5061),
        ("123456789", 12739),  # CRC16/XMODEM's check value 0x31C3
        ("{123456789}.x", 12739),
        ("x{123456789}{foo}", 12739),  # the first tag counts
        (b"foo", 12182),
    ],
)
def test_redis_slots(key: str | bytes, slot: int) -> None:
    assert redis_slot(key) == slot


def test_redis_keys_without_a_proper_tag_are_hashed_whole() -> None:
    assert redis_slot("foo{}{bar}") not in (redis_slot("bar"), redis_slot("foo"))
    assert redis_slot("foo{bar") != redis_slot("bar")
    assert redis_slot("foo{{bar}}zap") == redis_slot("{bar")


@pytest.mark.parametrize(
    ("key", "buckets", "bucket"),
    [
        (10863919174838991, 11, 6),
        (2016238256797177309, 11, 3),
        (1673758223894951030, 11, 5),
        (2, 100001, 80343),
        (2201, 100001, 22152),
        (2202, 100001, 15018),
    ],
)
def test_jump_hash_golden_vectors(key: int, buckets: int, bucket: int) -> None:
    assert jump_one(key, buckets) == bucket
    assert jump(np.array([key], dtype=np.uint64), buckets).tolist() == [bucket]


@given(st.lists(UINT64, max_size=50), st.integers(1, 3000))
def test_jump_hash_of_many_is_that_of_each_and_moves_only_to_the_new_bucket(keys: list[int], buckets: int) -> None:
    array = np.array(keys, dtype=np.uint64)
    now, then = jump(array, buckets), jump(array, buckets + 1)
    assert now.tolist() == [jump_one(key, buckets) for key in keys]
    assert ((then == now) | (then == buckets)).all()
    with pytest.raises(ValueError, match="at least one bucket"):
        jump(array, 0)


def test_mix_is_splitmix64() -> None:
    """First outputs of the published generator from the states 0 and 1234567."""
    assert [mix_one(0), mix_one(1234567)] == [0xE220A8397B1DCDAF, 6457827717110365317]


@given(st.lists(st.integers(0, 2**63 - 1), max_size=50), st.integers(0, 2**32))
def test_mix_of_many_is_that_of_each(keys: list[int], seed: int) -> None:
    assert mix(np.array(keys, dtype=np.int64), seed).tolist() == [mix_one(key, seed) for key in keys]


def test_mix_flips_half_of_the_bits() -> None:
    """Avalanche: one input bit changed changes each output bit with probability 1/2 (sd .005 over 10,000 keys)."""
    keys = np.arange(10_000)
    for bit in (0, 5, 20):
        changed = mix(keys) ^ mix(keys ^ (1 << bit))
        shares = [float((changed >> np.uint64(out) & np.uint64(1)).mean()) for out in range(64)]
        assert max(abs(share - 0.5) for share in shares) < 0.03
