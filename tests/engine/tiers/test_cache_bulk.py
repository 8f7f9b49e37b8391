"""A cache node's desk does the same with a batch by gathers as message by message, whatever comes and whatever is evicted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.config import CachePart
from engine.flights import Flights
from engine.policies.eviction import EVICTION
from engine.policies.eviction.queues import LRU
from engine.tiers.cache import bulk as cache_bulk
from engine.tiers.cache import stamped
from engine.tiers.cache.bulk import BulkDesk
from engine.tiers.cache.desk import COUNTERS, Desk
from engine.tiers.cache.index import Index
from engine.tiers.cache.mail import FILL, WRITER, Kind, Mail
from engine.tiers.cache.shelf import Shelf

KEYS, NODES = 12, 2
KINDS = (Kind.LOOK_UP,) * 6 + (Kind.SET,) * 3 + (Kind.DELETE, Kind.BURNT, Kind.FAULTY)
messages = st.tuples(st.sampled_from(KINDS), st.integers(0, KEYS - 1), st.integers(0, NODES - 1), st.sampled_from([FILL, WRITER]))
batches = st.lists(st.lists(messages, max_size=40), min_size=1, max_size=6)


def desk_of(kind: type[Desk], policy: str, part: CachePart) -> Desk:
    desk = kind(part, Mail(), Flights(), np.random.default_rng(1), KEYS)
    for node in range(NODES):
        rng = np.random.default_rng(node)
        index = desk.index if kind is BulkDesk else None
        desk.shelves.append(Shelf(policy, part.capacity, rng, index, node))
        desk.evicted.append(0)
    return desk


def serve(desk: Desk, batch: list[tuple[Kind, int, int, int]], begin: float) -> tuple[object, ...]:
    """One batch at a message every 0.1 s; everything that it led to."""
    mail, n = desk.mail, len(batch)
    rows = mail.add(int(Kind.LOOK_UP), np.array([b[2] for b in batch], np.int64), np.array([b[1] for b in batch], np.int64))
    mail.kind[rows] = [int(b[0]) for b in batch]
    mail.token[rows] = [b[3] for b in batch]
    mail.version[rows] = np.arange(n) + int(begin * 10)
    mail.slot[rows] = np.arange(n)
    served = desk.serve(begin + np.arange(n) * 0.1, rows, mail.node[rows].astype(np.int64))
    mail.free(rows)
    return served.verdict.tolist(), served.version.tolist(), served.leased, served.answered, served.failed, served.leading


@pytest.mark.parametrize("policy", sorted(EVICTION))
@given(
    batches=batches, capacity=st.integers(1, 14), leases=st.booleans(), ttl=st.sampled_from([0.0, 1.5, 4.0]), few=st.booleans(),
)  # fmt: skip
@settings(max_examples=120, deadline=None)
def test_a_batch_at_once_equals_one_message_after_the_other(policy, batches, capacity, leases, ttl, few) -> None:
    """Same verdicts, versions, leases, counts, contents and order of eviction, with keys on one node and on both.

    few: in the manner of small batches instead of big ones.
    """
    part = CachePart(capacity=capacity, ttl=ttl, single_flight=leases, stale_while_revalidate=0.5 * leases)
    slow, fast = desk_of(Desk, policy, part), desk_of(BulkDesk, policy, part)
    begin = 0.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache_bulk, "BULK_FROM", 1_000 if few else 0)
        patch.setattr(cache_bulk, "AT_ONCE_FROM", 1)
        for batch in batches:
            assert serve(slow, batch, begin) == serve(fast, batch, begin)
            begin += 0.1 * len(batch)
            assert [getattr(slow, name) for name in COUNTERS] == [getattr(fast, name) for name in COUNTERS]
            assert slow.evicted == fast.evicted
            for one, other in zip(slow.shelves, fast.shelves, strict=True):
                assert one.entries == other.entries
                assert one.leases == other.leases
                assert list(one.policy.keys()) == list(other.policy.keys())
        check_index(fast)


def check_index(desk: Desk) -> None:
    """The index says where every key is."""
    for key in range(KEYS):
        holders = [node for node, shelf in enumerate(desk.shelves) if key in shelf.entries]
        place = int(desk.index.place[key])
        assert desk.index.copies.get(key, 0) == (len(holders) if place < 0 else 0)
        if not holders:
            assert place == 0
        elif place > 0:
            assert holders == [place - 1]
            assert key not in desk.shelves[place - 1].own
        else:
            assert all(key in desk.shelves[node].own for node in holders)
    for node, shelf in enumerate(desk.shelves):
        assert desk.index.held[node] == np.count_nonzero(desk.index.place == node + 1)
        assert len(shelf.policy) == len(shelf.entries) == len(list(shelf.entries))


DEEDS = ("access", "access", "remove", "resize", "idle", "policy", "empty")
steps = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.integers(0, 9), st.integers(0, 1)),
    max_size=80,
)


@given(steps=steps, capacity=st.integers(1, 6), ahead=st.integers(1, 3))
@settings(max_examples=300, deadline=None)
def test_stamps_evict_what_the_textbook_queue_evicts(steps, capacity, ahead) -> None:
    """Two nodes that share an index, each against an LRU of its own, with queues of victims as short as can be."""
    index = Index(10)
    rng = np.random.default_rng(1)
    real, book = [Shelf("lru", capacity, rng, index, node) for node in range(2)], [LRU(capacity) for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stamped, "AT_LEAST", ahead)
        for what, key, node in steps:
            shelf, queue = real[node], book[node]
            if what == "access":
                assert (key in shelf.entries) == (key in queue)
                if queue.access(key):
                    shelf.policy.touch(key)
                else:
                    shelf.store(key, (1, 2.0, 3.0))
            elif what == "remove":
                assert shelf.forget(key) == queue.remove(key)
            elif what == "resize":
                assert shelf.resize(key + 1) == len(queue.resize(key + 1))
            elif what == "idle":
                count = min(len(queue), 1 + key // 3)
                oldest = list(queue.keys())[:count]
                gone = shelf.policy.evict_idle(count, lambda k, key=key: k == key)
                assert gone == ([] if key in oldest else oldest)
                assert all(queue.remove(k) for k in gone)
            elif what == "policy":
                shelf.change_policy("fifo", rng)
                shelf.change_policy("lru", rng)
            else:
                assert shelf.empty(rng) == len(queue)
                book[node] = LRU(queue.capacity)
            for one, other in zip(real, book, strict=True):
                assert list(one.policy.keys()) == list(other.keys())
                assert len(one.policy) == len(other) == len(one.entries)
