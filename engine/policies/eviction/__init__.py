"""Eviction policies of a cache node, one row each: what goes when room is needed.

To add a policy: write the class and add its row here; menus, scenarios, tests and the self-check follow the table.
"""

from engine.policies.eviction.arc import ARC
from engine.policies.eviction.base import EvictionPolicy
from engine.policies.eviction.lfu import LFU
from engine.policies.eviction.queues import CLOCK, FIFO, LRU
from engine.policies.eviction.s3fifo import S3FIFO
from engine.policies.eviction.sieve import SIEVE
from engine.policies.eviction.uniform import RANDOM

EVICTION: dict[str, type[EvictionPolicy]] = {
    policy.name: policy for policy in (LRU, LFU, FIFO, RANDOM, CLOCK, SIEVE, S3FIFO, ARC)
}

__all__ = ["ARC", "CLOCK", "EVICTION", "FIFO", "LFU", "LRU", "RANDOM", "S3FIFO", "SIEVE", "EvictionPolicy"]
