"""Hash functions that placement rests on, each as its inventors published it.

Integer keys of the world are hashed by the finaliser of SplitMix64 (Steele, Lea and Flood 2014; constants of Stafford's
"mix 13"), vectorised; ring points come from md5 as in libketama; slots from CRC16 as in Redis Cluster; jump hash is Lamping
and Veach (arXiv 1406.2294).  None of them depends on the machine, the process or Python's own hash seed.
"""

import binascii
import hashlib

import numpy as np
from numpy.typing import NDArray

I8 = NDArray[np.int64]
U8 = NDArray[np.uint64]
U4 = NDArray[np.uint32]

GOLDEN_GAMMA = 0x9E3779B97F4A7C15  # 2**64 / golden ratio, odd: the step of SplitMix64
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB
JUMP_MULTIPLIER = 2862933555777941757  # the linear congruential generator of the jump hash paper
REDIS_SLOTS = 16_384
KETAMA_DIGESTS = 40  # md5 digests a server, four points each
_MASK = (1 << 64) - 1


def mix(keys: I8, seed: int = 0) -> U8:
    """64-bit hash of integer keys (n,), a bijection for each seed: seed 0 is the first output of SplitMix64 from that key."""
    h = keys.astype(np.uint64)
    h += np.uint64((seed + 1) * GOLDEN_GAMMA & _MASK)  # wraps modulo 2**64, as it should
    h ^= h >> np.uint64(30)
    h *= np.uint64(MIX_1)
    h ^= h >> np.uint64(27)
    h *= np.uint64(MIX_2)
    h ^= h >> np.uint64(31)
    return h


def mix_one(key: int, seed: int = 0) -> int:
    """The same hash of one key, without numpy's cost a call."""
    h = (key + (seed + 1) * GOLDEN_GAMMA) & _MASK
    h = (h ^ (h >> 30)) * MIX_1 & _MASK
    h = (h ^ (h >> 27)) * MIX_2 & _MASK
    return h ^ (h >> 31)


def ketama_points(server: str, points: int = 4 * KETAMA_DIGESTS) -> U4:
    """The first points (points,) of a server on the 32-bit circle: md5 of "server-i", four little-endian words a digest."""
    digests = [hashlib.md5(f"{server}-{i}".encode(), usedforsecurity=False).digest() for i in range(-(-points // 4))]
    words: U4 = np.frombuffer(b"".join(digests), dtype="<u4").astype(np.uint32)
    return words[:points]


def ketama_hash(key: str) -> int:
    """Where libketama puts a text key on the circle: the first word of its md5."""
    return int.from_bytes(hashlib.md5(key.encode(), usedforsecurity=False).digest()[:4], "little")


def redis_slot(key: str | bytes) -> int:
    """Slot of a key in Redis Cluster: CRC16 (XMODEM) modulo 16,384 of the key, or of its hash tag if it has one.

    The tag is what stands between the first "{" and the next "}", unless that is nothing.
    """
    data = key.encode() if isinstance(key, str) else key
    opening = data.find(b"{")
    if opening >= 0:
        closing = data.find(b"}", opening + 1)
        if closing > opening + 1:
            data = data[opening + 1 : closing]
    return binascii.crc_hqx(data, 0) % REDIS_SLOTS


def jump_one(key: int, buckets: int) -> int:
    """Bucket of a 64-bit key among `buckets` (>= 1) by jump consistent hash."""
    if buckets < 1:
        raise ValueError(f"jump hash needs at least one bucket, not {buckets}")
    state, bucket, jump = key & _MASK, -1, 0
    while jump < buckets:
        bucket = jump
        state = (state * JUMP_MULTIPLIER + 1) & _MASK
        jump = int((bucket + 1) * (float(1 << 31) / float((state >> 33) + 1)))
    return bucket


def jump(keys: U8, buckets: int) -> I8:
    """Buckets (n,) of 64-bit keys (n,) by jump consistent hash; about ln(buckets) rounds over those still jumping."""
    if buckets < 1:
        raise ValueError(f"jump hash needs at least one bucket, not {buckets}")
    state = keys.astype(np.uint64)
    bucket: I8 = np.full(state.shape, -1, dtype=np.int64)
    going = np.arange(state.size)
    landing = np.zeros(state.size, dtype=np.int64)
    while going.size:
        bucket[going] = landing
        state = state * np.uint64(JUMP_MULTIPLIER) + np.uint64(1)
        stretch = float(1 << 31) / ((state >> np.uint64(33)) + np.uint64(1)).astype(np.float64)
        landing = ((landing + 1) * stretch).astype(np.int64)
        still = landing < buckets
        going, landing, state = going[still], landing[still], state[still]
    return bucket
